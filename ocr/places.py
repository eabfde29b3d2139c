"""Names of Vietnamese places: the provinces of yesterday and today, and addresses whose words were nearly read."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from rapidfuzz import fuzz

from ocr.folding import fold

DATA = Path(__file__).parent / "data" / "places.yaml"
_ALIKE = 88  # per cent at which a misread name after "tỉnh" is still that province's
_MARGIN = 8  # per cent by which no other province may be as like
_PROVINCE_WORDS = ("tinh", "thanh pho")


@dataclass(frozen=True)
class Places:
    provinces: Mapping[str, str]  # folded name → name, of both divisions
    ids: Mapping[str, str]  # three digits at the start of a citizen id → name
    words: Mapping[str, str]  # folded → what stands before a name


@lru_cache(maxsize=1)
def places() -> Places:
    data = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    names = [*data["before"].values(), *data["since"]]
    return Places({fold(name): name for name in names}, data["before"], {fold(word): word for word in data["words"]})


def mended(place: str) -> str:
    """An address with a comma before each part, the words before names and the province's name as they are written.

    Only what is certain changes: a word such as "tỉnh" that lost or changed marks, the first letter of the name
    after it, and a province whose name differs in marks or a single letter.
    """
    words = "|".join(sorted(places().words, key=len, reverse=True))
    parts, at = [], 0
    for found in re.finditer(rf"(?:\s*[.;,]\s*|(?<!thi)\s+)(?=(?:{words})\s)", fold(place)):
        lost = not found.group().strip()  # a comma, certainly only between one named part and the next
        if lost and not (_word_of(place[at : found.start()]) and place[found.end()].islower()):
            continue
        parts.append(place[at : found.start()])
        at = found.end()
    place = ", ".join([*parts, place[at:]])
    return ", ".join(_part(part) for part in place.split(", "))


def names_province(place: str) -> bool:
    """Whether an address ends with a province that is or was, in exactly its spelling."""
    return _written(_name_of(place.rsplit(", ", 1)[-1])) is not None


def province_of_id(number: str) -> str | None:
    """The province in which a citizen id was registered; none for one of abroad or misread."""
    return places().ids.get(number[:3])


def _part(part: str) -> str:
    word = _word_of(part)
    if not word or not part[0].islower():
        return _with_province(part, "")
    name = part[len(word) + 1 :]
    return _with_province(f"{places().words[word]} {name[:1].upper()}{name[1:]}", word)


def _with_province(part: str, word: str) -> str:
    name = _name_of(part)
    known = _province(name) if word in _PROVINCE_WORDS else places().provinces.get(fold(name))
    if known is None or _same_marks(name, known) or not name:
        return part
    return part[: len(part) - len(name)] + (known.upper() if name.isupper() else known)


def _word_of(part: str) -> str:
    """The folded word before the name, or nothing."""
    folded = fold(part)
    return next((word for word in places().words if folded.startswith(word + " ")), "")


def _name_of(part: str) -> str:
    word = _word_of(part)
    name = part[len(word) + 1 :] if word else part
    return re.sub(r"^(?:TP\.?|T\.)\s*", "", name.strip())


def _province(name: str) -> str | None:
    folded = fold(name)
    ranked = sorted(((fuzz.ratio(folded, key), key) for key in places().provinces), reverse=True)[:2]
    (best, key), (second, _) = ranked
    return places().provinces[key] if best >= _ALIKE and (best == 100 or best - second >= _MARGIN) else None


def _written(name: str) -> str | None:
    known = places().provinces.get(fold(name))
    return known if known and _same_marks(name, known) else None


def _same_marks(name: str, known: str) -> bool:
    """Equal but for capitals and for where the tone stands: Hoà Bình is Hòa Bình."""
    return _marks(name) == _marks(known)


def _marks(name: str) -> tuple[list[str], str]:
    parts = [sorted(unicodedata.normalize("NFD", word.lower().replace("đ", "d\u0335"))) for word in name.split()]
    return ["".join(part) for part in parts], fold(name)
