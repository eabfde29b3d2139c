"""What was found in a paper, and its JSON (docs/formats/reading.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ocr.errors import ReadingMalformed
from ocr.limits import CODES, LINE_LETTERS, LINE_WORDS, PAGE_LINES, TITLE_LETTERS, VALUE_LETTERS, WORD_LETTERS
from ocr.strict import Members

VERSION = 2
_FIRST = 1  # its fields said nothing of being sure
SOURCES: tuple[str, ...] = ("citizen", "qr", "mrz", "text", "ocr")  # best first
PAGE_SOURCES: tuple[str, ...] = ("text-layer", "ocr")

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 as fractions of the upright page
Corners = tuple[tuple[float, float], ...]  # 4 of (x, y) as fractions of the picture, from the page's top left clockwise


@dataclass(frozen=True)
class Word:
    text: str
    box: Box
    confidence: float  # 0..1

    def as_dict(self) -> dict[str, Any]:
        return {"text": self.text, "box": _rounded(self.box), "confidence": round(self.confidence, 3)}

    @classmethod
    def from_dict(cls, data: object) -> "Word":
        members = Members(data, {"text", "box", "confidence"})
        return cls(members.text("text", WORD_LETTERS), members.box("box"), members.fraction("confidence"))


@dataclass(frozen=True)
class Line:
    text: str
    box: Box
    confidence: float
    words: tuple[Word, ...]

    def as_dict(self) -> dict[str, Any]:
        words = [word.as_dict() for word in self.words]
        return {"text": self.text, "box": _rounded(self.box), "confidence": round(self.confidence, 3), "words": words}

    @classmethod
    def from_dict(cls, data: object) -> "Line":
        members = Members(data, {"text", "box", "confidence", "words"})
        words = tuple(Word.from_dict(word) for word in members.items("words", LINE_WORDS))
        return cls(members.text("text", LINE_LETTERS), members.box("box"), members.fraction("confidence"), words)


@dataclass(frozen=True)
class Page:
    """One page; `width` and `height` in pixels as it was read, `error` a code when this page could not be read.

    `corners`: where the page lies in the picture of its paper, None where it is the whole picture.
    """

    number: int  # from 1
    width: int
    height: int
    source: str  # one of PAGE_SOURCES
    language: str  # tesseract's name: vie, eng
    lines: tuple[Line, ...]
    error: str | None = None
    corners: Corners | None = None

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def words(self) -> int:
        return sum(len(line.words) for line in self.lines)

    def as_dict(self) -> dict[str, Any]:
        found = {
            "number": self.number, "width": self.width, "height": self.height, "source": self.source,
            "language": self.language, "lines": [line.as_dict() for line in self.lines], "error": self.error,
        }  # fmt: skip
        return found if self.corners is None else {**found, "corners": [list(corner) for corner in self.corners]}

    @classmethod
    def from_dict(cls, data: object) -> "Page":
        names = {"number", "width", "height", "source", "language", "lines", "error"}
        flattened = isinstance(data, dict) and "corners" in data
        members = Members(data, names | {"corners"} if flattened else names)
        return cls(
            members.whole("number", 1, 100_000), members.whole("width", 0, 1_000_000),
            members.whole("height", 0, 1_000_000), members.one_of("source", PAGE_SOURCES), members.code("language"),
            tuple(Line.from_dict(line) for line in members.items("lines", PAGE_LINES)), members.optional_code("error"),
            members.corners("corners") if flattened else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A named value; `value` is canonical (ocr.checks.normalise), `printed` is as it stands on the paper.

    `sure` says that nobody needs to look: proved by a code or check digits, or read without any doubt (ocr.sureness).
    """

    name: str
    value: str
    printed: str
    source: str  # one of SOURCES
    confidence: float
    page: int | None = None  # from 1
    box: Box | None = None
    sure: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name, "value": self.value, "printed": self.printed, "source": self.source,
            "confidence": round(self.confidence, 3), "page": self.page, "box": self.box and _rounded(self.box),
            "sure": self.sure,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: object) -> "Field":
        members = Members(data, {"name", "value", "printed", "source", "confidence", "page", "box", "sure"})
        return cls(
            members.code("name"), members.text("value", VALUE_LETTERS), members.text("printed", VALUE_LETTERS),
            members.one_of("source", SOURCES), members.fraction("confidence"),
            members.optional_whole("page", 1, 100_000), members.optional_box("box"), members.flag("sure"),
        )  # fmt: skip


@dataclass(frozen=True)
class Code:
    """A bar code or QR as it was decoded, raw."""

    format: str
    text: str
    page: int
    box: Box

    def as_dict(self) -> dict[str, Any]:
        return {"format": self.format, "text": self.text, "page": self.page, "box": _rounded(self.box)}

    @classmethod
    def from_dict(cls, data: object) -> "Code":
        members = Members(data, {"format", "text", "page", "box"})
        return cls(
            members.text("format", 40), members.text("text", 8000), members.whole("page", 1, 100_000),
            members.box("box"),
        )  # fmt: skip


@dataclass(frozen=True)
class Disagreement:
    """Two things on a paper that cannot both be right; `detail` never holds values of fields."""

    code: str
    fields: tuple[str, ...]
    detail: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "fields": list(self.fields), "detail": dict(self.detail)}

    @classmethod
    def from_dict(cls, data: object) -> "Disagreement":
        members = Members(data, {"code", "fields", "detail"})
        return cls(members.code("code"), members.codes("fields", 50), members.texts("detail", 50))


@dataclass(frozen=True)
class Reading:
    """Everything that was found in one paper."""

    pages: tuple[Page, ...]
    kind: str
    kind_confidence: float
    title: str
    fields: tuple[Field, ...] = ()
    codes: tuple[Code, ...] = ()
    warnings: tuple[Disagreement, ...] = ()

    def findings(self) -> dict[str, Any]:
        """All but the pages."""
        return {
            "kind": self.kind, "kind_confidence": round(self.kind_confidence, 3), "title": self.title,
            "fields": [item.as_dict() for item in self.fields], "codes": [code.as_dict() for code in self.codes],
            "warnings": [warning.as_dict() for warning in self.warnings],
        }  # fmt: skip

    @classmethod
    def from_findings(cls, pages: tuple[Page, ...], data: object) -> "Reading":
        members = Members(data, {"kind", "kind_confidence", "title", "fields", "codes", "warnings"})
        return cls(
            pages, members.code("kind"), members.fraction("kind_confidence"), members.text("title", TITLE_LETTERS),
            tuple(Field.from_dict(item) for item in members.items("fields", 500)),
            tuple(Code.from_dict(item) for item in members.items("codes", CODES)),
            tuple(Disagreement.from_dict(item) for item in members.items("warnings", 500)),
        )  # fmt: skip

    def to_json(self) -> bytes:
        """UTF-8 JSON; from_json gives back an equal reading (boxes to 1/10000 of the page)."""
        pages = [page.as_dict() for page in self.pages]
        whole = {"version": VERSION, "pages": pages, **self.findings()}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes, *, pages: bool = True) -> "Reading":
        """Raises ReadingMalformed for anything that to_json of this version or of the first cannot have written.

        Without `pages` the text is passed over, unchecked: what was found in it alone is there at a tenth of the time.
        """
        try:
            whole = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ReadingMalformed from error
        if not isinstance(whole, dict) or type(version := whole.pop("version", None)) is not int:
            raise ReadingMalformed
        if version == _FIRST:
            whole = _with_doubt(whole)
        elif version != VERSION:
            raise ReadingMalformed
        found = Members({"pages": whole.pop("pages", None)}, {"pages"}).items("pages", 100_000)
        return cls.from_findings(tuple(Page.from_dict(page) for page in found) if pages else (), whole)


def _with_doubt(whole: dict[str, Any]) -> dict[str, Any]:
    """A reading of the first version as one of today: it was not sure of any field."""
    fields = whole.get("fields")
    if not isinstance(fields, list) or any(not isinstance(item, dict) or "sure" in item for item in fields):
        raise ReadingMalformed
    return {**whole, "fields": [{**item, "sure": False} for item in fields]}


def _rounded(box: Box) -> list[float]:
    return [round(side, 4) for side in box]
