"""Vietnamese without its marks, for matching what a scan or a person wrote differently."""

import unicodedata


def fold(text: str) -> str:
    """Lower case without tone and vowel marks, đ→d; letter by letter, so offsets in NFC text stay valid."""
    return "".join(_fold_letter(letter) for letter in unicodedata.normalize("NFC", text))


def squeeze(text: str) -> str:
    """NFC with each run of white space as one space and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _fold_letter(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    bare = "".join(part for part in unicodedata.normalize("NFD", letter.lower()) if not unicodedata.combining(part))
    bare = bare.replace("đ", "d")
    return bare if len(bare) == 1 else letter
