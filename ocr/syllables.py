"""Which words could be Vietnamese? A syllable is an onset and a rime (a closed set), whatever its tone."""

import re

from ocr.folding import fold

_ONSETS = "ngh|ng|nh|gh|gi|kh|ch|ph|th|tr|qu|b|c|d|g|h|k|l|m|n|p|r|s|t|v|x|"
_RIMES = (
    "a|ac|ach|ai|am|an|ang|anh|ao|ap|at|au|ay|e|ec|ech|em|en|eng|enh|eo|ep|et|eu|i|ia|ich|iec|iem|ien|ieng|iep|iet|ieu|"
    "im|in|inh|ip|it|iu|o|oa|oac|oach|oai|oam|oan|oang|oanh|oao|oat|oay|oc|oe|oen|oet|oeo|oi|om|on|ong|oong|op|ot|u|ua|"
    "uan|uang|uat|uay|uc|ue|uech|uenh|ui|um|un|ung|uo|uoc|uoi|uom|uon|uong|uop|uot|uou|up|ut|uu|uy|uya|uych|uyen|uyet|"
    "uynh|uyt|uyu|y|yem|yen|yet|yeu"
)
_SYLLABLE = re.compile(rf"(?:{_ONSETS})(?:{_RIMES})\Z")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEAST_WORDS = 12
_MARKED_LEAST = 0.15  # share of words with marks; Vietnamese text has about two thirds
_FOREIGN_LEAST = 0.4  # share of words in plain letters that are no syllables; Vietnamese without marks has few


def is_syllable(word: str) -> bool:
    """Whether `word`, in any case and with or without marks, is built like a Vietnamese syllable."""
    return _SYLLABLE.match(fold(word)) is not None


def looks_english(text: str) -> bool:
    """Few words with marks and many in plain letters that no Vietnamese syllable is built like."""
    words = _WORD.findall(text)
    if len(words) < _LEAST_WORDS:
        return False
    marked = sum(not word.isascii() for word in words)
    foreign = sum(word.isascii() and not is_syllable(word) for word in words)
    return marked < _MARKED_LEAST * len(words) and foreign >= _FOREIGN_LEAST * len(words)
