"""What recognition does to values, undone where no doubt is left; never done to what people write. Pure."""

import re
from collections.abc import Iterator

from ocr.folding import fold, squeeze
from ocr.kinds import FieldSpec
from ocr.places import mended
from ocr.syllables import is_vietnamese

_SPECK = re.compile(r"(?<=[^\W\d_])[.'’`](?=[^\W\d_])|(?<=\s)['’`](?=[^\W\d_])")  # within a word, or at its beginning
_SWAPS = (("T", "I"), ("I", "T"), ("1", "I"), ("l", "I"), ("|", "I"), ("II", "U"), ("0", "O"), ("Ï", "I"), ("¡", "I"))
_STROKE = re.compile(r"(?<=\d)[JIl|](?=\d)")  # of a house's number
_EDGES = " .,:;_-–—"


def repaired(spec: FieldSpec, printed: str) -> str:
    """A value as it must have been printed.

    name: a syllable that cannot be one, and with one letter taken for its like can only be one other, is that other, if
    all other words are syllables. place: strokes, commas, words before names and provinces (ocr.places.mended).
    Any: the spelling of the field's usual value that it is but for marks.
    """
    text = squeeze(printed)
    if spec.type == "name":
        text = _name(text)
    elif spec.type == "place":
        text = _STROKE.sub("/", text)
        text = mended(re.sub(r"\s*,\s*", ", ", text).strip(_EDGES))
    usual = next((usual for usual in spec.values if fold(usual) == fold(text.strip(_EDGES))), text)
    return usual.upper() if text.isupper() else usual


def _name(text: str) -> str:
    words = _SPECK.sub("", text).split()
    odd = [word for word in words if not is_vietnamese(word)]
    if len(odd) != 1 or len(words) < 2:
        return " ".join(words)
    legal = {likely for likely in _likely(odd[0]) if is_vietnamese(likely)}
    return " ".join(legal.copy().pop() if word == odd[0] and len(legal) == 1 else word for word in words)


def _likely(word: str) -> Iterator[str]:
    """The word with each letter once, and each like it, swapped; and with a doubled vowel single."""
    for read, meant in _SWAPS:
        for found in re.finditer(re.escape(read), word):
            yield word[: found.start()] + meant + word[found.end() :]
    for at in range(1, len(word)):
        if fold(word[at]) == fold(word[at - 1]):
            yield word[:at] + word[at + 1 :]
            yield word[: at - 1] + word[at:]
