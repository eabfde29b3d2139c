"""Lines of text that somebody else reads: nothing in them may paint over what stands around them."""

import unicodedata

MARKS = 2
"""Most combining marks in a row that no letter of its own exists for; more would reach into the lines next to them."""


def is_stacked(text: str) -> bool:
    """Whether more than MARKS marks stand in a row."""
    in_a_row = 0
    for character in text:
        in_a_row = in_a_row + 1 if unicodedata.category(character).startswith("M") else 0
        if in_a_row > MARKS:
            return True
    return False
