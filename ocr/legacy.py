"""Text layers from before Unicode: detected by what becomes Vietnamese, converted, or found to be rubbish.

Three ways in which a page that looks right holds letters that are not there: TCVN3 (TCVN 5712:1993, VN3; the ABC fonts
`.VnTime`, …), VNI for Windows (fonts `VNI-Times`, …; after VNI Software's table of 1993, as UniKey and xvnkb have it),
and UTF-8 taken for Windows-1252. A table is believed when legal Vietnamese syllables come out where none were before.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from ocr.syllables import is_syllable

_VOWELS = "aăâeêioôơuưy"
_TONES = "\u0300\u0301\u0309\u0303\u0323"  # grave, acute, hook, tilde, dot: combining marks


def _toned(vowel: str) -> str:
    """The vowel with each of the tones, in their order above."""
    return "".join(unicodedata.normalize("NFC", vowel + tone) for tone in _TONES)


_LETTERS = frozenset("abcdeghiklmnopqrstvxyđ" + _VOWELS + "".join(map(_toned, _VOWELS)) + "fjwz")

# vowel: its codes without a tone and with each; capitals have codes only where they bear none
_TCVN3_ROWS = """
    a aµ¸¶·¹ ă ¨»¾¼½Æ â ©ÇÊÈÉË e eÌÐÎÏÑ ê ªÒÕÓÔÖ i i×ÝØÜÞ o oßãáâä ô «åèæçé ơ ¬êíëìî u uïóñòô ư \u00adõøö÷ù
    y yúýûüþ
"""
_TCVN3_CAPITALS = "ĂÂÊÔƠƯĐđ", "¡¢£¤¥¦§®"
# a vowel with a mark is its letter and a sign; signs by vowel, without a tone and with each of them
_VNI_SIGNS = {"a": " øùûõï", "ă": "êèéúüë", "â": "âàáåãä"}
_VNI_ALONE = {"í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ"}
_VNI_BASES = {
    "a": ("a", "a"), "ă": ("a", "ă"), "â": ("a", "â"), "e": ("e", "a"), "ê": ("e", "â"), "o": ("o", "a"),
    "ô": ("o", "â"), "ơ": ("ô", "a"), "u": ("u", "a"), "ư": ("ö", "a"), "y": ("y", "a"),
}  # fmt: skip
"""Vowel → the letter that it is written with, and whose row of signs it takes."""


def _tcvn3() -> Iterator[tuple[str, str]]:
    rows = _TCVN3_ROWS.split()
    for vowel, codes in zip(rows[::2], rows[1::2], strict=True):
        yield from zip(codes, vowel + _toned(vowel), strict=True)
    yield from zip(_TCVN3_CAPITALS[1], _TCVN3_CAPITALS[0], strict=True)


def _vni() -> Iterator[tuple[str, str]]:
    for vowel, (letter, row) in _VNI_BASES.items():
        for sign, meant in zip(_VNI_SIGNS[row], vowel + _toned(vowel), strict=True):
            yield from _in_capitals(letter + sign.strip(), meant)
    for letter, meant in _VNI_ALONE.items():
        yield from _in_capitals(letter, meant)


def _in_capitals(code: str, meant: str) -> Iterator[tuple[str, str]]:
    """Fonts show the sign of either case over either letter."""
    head, sign = code[0], code[1:]
    for one in {sign, sign.upper()}:
        yield head + one, meant
        yield head.upper() + one, meant.upper()


TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType({"tcvn3": dict(_tcvn3()), "vni": dict(_vni())})
"""Legacy encoding → what stands for a letter in it, as the characters of Windows-1252 → the letter."""

_CODES = {
    name: re.compile("|".join(sorted(map(re.escape, table), key=len, reverse=True))) for name, table in TABLES.items()
}
_HINTS = re.compile(r"(?:[A-Z]{6}\+)?(?:(?P<tcvn3>\.Vn)|(?P<vni>VNI[-_ ]))")
_CAPITALS = re.compile(r"\.Vn\w*H(?:[, -]|\Z)")  # ABC's fonts of capitals: small letters are drawn as large ones
_SYMBOLS = 0xF000  # where a symbol font's codes of one byte lie in Unicode's private area
_SPLIT = re.compile(r"[\W\d_]+")

_MARKED_LEAST = 4  # words that must speak for an encoding
_HINTED_LEAST = 1  # where the font's name does, too
_LEGAL_LEAST = 0.7  # share of them that are syllables afterwards
_GAIN_LEAST = 0.3  # more than before
_RUBBISH_SIGNS = 0.1  # share of signs that stand for nothing
_RUBBISH_WORDS = 0.2  # share of words with a symbol between letters
_WORDS_LEAST = 5
_VOWELLESS = 0.5  # share of words without a vowel; tables of abbreviations have fewer
_VOWELLESS_LEAST = 12
_COMMON = frozenset("…·•–—‐‑°º’‘“”«»\u00ad\u200b\u200c\u200d\u2060\ufeff")  # what may stand between letters
_ODD_WORD = re.compile(r"[^\W\d_]([^\w\s\x00-\x7f]|[¹²³¼½¾])+[^\W\d_]")


def repaired(words: Sequence[str], fonts: Sequence[str]) -> list[str]:
    """The words of a page in Unicode (NFC); each with the name of its font, "" where it has none."""
    plain = ["".join(map(_of_symbol_font, word)) for word in words]
    chosen = {font: _encoding([plain[at] for at in _places(fonts, font)], font) for font in set(fonts)}
    known = {name for name in chosen.values() if name}
    for font in (font for font, name in chosen.items() if not name and len(known) == 1):
        chosen[font] = _by_company([plain[at] for at in _places(fonts, font)], *known)
    return [_converted(word, chosen[font], font) for word, font in zip(plain, fonts, strict=True)]


def is_rubbish(words: Sequence[str]) -> bool:
    """Signs without a meaning, symbols in the midst of words, or hardly a vowel: nobody could read this text."""
    signs = "".join(words)
    nothing = sum(unicodedata.category(sign) in ("Cc", "Cn", "Co", "Cs") or sign == "\ufffd" for sign in signs)
    if nothing > _RUBBISH_SIGNS * max(len(signs), 1):
        return True
    lettered = [word for word in words if any(sign.isalpha() for sign in word)]
    odd = sum(_is_odd(word) for word in lettered)
    return (odd >= _WORDS_LEAST and odd > _RUBBISH_WORDS * len(lettered)) or _has_no_vowels(words)


def decoded(word: str, encoding: str) -> str:
    """`word` in Unicode; what the table does not know stays. `encoding`: a name of TABLES, or utf-8."""
    return _DECODERS[encoding](word)


def _encoding(words: Sequence[str], font: str) -> str:
    """The one that makes Vietnamese of them; "" where they are Unicode already, or nothing does."""
    hint = _HINTS.match(font)
    hinted = hint.lastgroup if hint else None
    best = max(_DECODERS, key=lambda name: (_gain(words, name)[0], name == hinted))
    gain, legal, marked = _gain(words, best)
    enough = marked >= (_HINTED_LEAST if best == hinted else _MARKED_LEAST)
    return best if enough and legal >= _LEGAL_LEAST and gain >= _GAIN_LEAST else ""


def _by_company(words: Sequence[str], encoding: str) -> str:
    """Few words in a font of their own, a heading perhaps, on a page that is in `encoding` otherwise."""
    gain, legal, marked = _gain(words, encoding)
    return encoding if marked and gain > 0 and legal >= _LEGAL_LEAST else ""


def _gain(words: Sequence[str], encoding: str) -> tuple[float, float, int]:
    """By how much the share of legal syllables grows, the share then, and the words counted: those that change."""
    both = [(word, new) for word in words if (new := decoded(word, encoding)) != word or not word.isascii()]
    before, after = (sum(map(_is_vietnamese, side)) for side in zip(*both, strict=True)) if both else (0, 0)
    return (after - before) / max(len(both), 1), after / max(len(both), 1), len(both)


def _is_vietnamese(word: str) -> bool:
    """Every run of letters in it is a syllable in Vietnamese letters with one tone at most."""
    runs = [run for run in _SPLIT.split(unicodedata.normalize("NFC", word)) if run]
    return bool(runs) and all(map(_is_legal, runs)) and not _is_odd(word)


def _is_legal(run: str) -> bool:
    tones = sum(sign in _TONES for sign in unicodedata.normalize("NFD", run))
    return tones <= 1 and is_syllable(run) and all(letter in _LETTERS for letter in run.lower())


def _converted(word: str, encoding: str, font: str) -> str:
    text = decoded(word, encoding) if encoding else word
    if encoding == "tcvn3" and _CAPITALS.search(font):
        text = text.upper()
    return unicodedata.normalize("NFC", text)


def _by_table(word: str, encoding: str) -> str:
    table = TABLES[encoding]
    return _CODES[encoding].sub(lambda found: table[found[0]], word)


def _tcvn3_word(word: str) -> str:
    """Its ư is the soft hyphen, for which PDF says hyphen (ISO 32000-1, D.2): ư is meant where it makes a syllable."""
    text = _by_table(word, "tcvn3")
    if "-" not in text:
        return text
    with_u = text.replace("-", "ư")
    return with_u if _is_vietnamese(with_u) and any(sign.isalpha() for sign in text) else text


def _utf8_word(word: str) -> str:
    """UTF-8 whose bytes were taken for Windows-1252, or for Latin-1 where that has no character; once or twice."""
    for _ in range(2):
        try:
            word = b"".join(map(_byte, word)).decode()
        except (UnicodeError, ValueError):
            break
    return word


def _byte(sign: str) -> bytes:
    try:
        return sign.encode("cp1252")
    except UnicodeEncodeError:
        return sign.encode("latin-1")


def _of_symbol_font(sign: str) -> str:
    """A font without names for its letters puts their codes into the private area."""
    code = ord(sign) - _SYMBOLS
    return bytes([code]).decode("cp1252", "replace") if 0x20 <= code <= 0xFF else sign


def _is_odd(word: str) -> bool:
    return any(set(found[0][1:-1]) - _COMMON for found in _ODD_WORD.finditer(word))


def _has_no_vowels(words: Sequence[str]) -> bool:
    """Letters moved by some steps in the alphabet, as subsets of fonts without a map of their codes have them."""
    plain = [word for word in words if word.isascii() and sum(map(str.isalpha, word)) > 2]
    without = sum(not set(word.lower()) & set("aeiouy") for word in plain)
    return len(plain) >= _VOWELLESS_LEAST and without > _VOWELLESS * len(plain)


def _places(fonts: Sequence[str], font: str) -> list[int]:
    return [at for at, name in enumerate(fonts) if name == font]


_DECODERS: Mapping[str, Callable[[str], str]] = {
    "tcvn3": _tcvn3_word, "vni": lambda word: _by_table(word, "vni"), "utf-8": _utf8_word,
}  # fmt: skip
