"""What an export says about one paper: its metadata, its text, its reading. Pure; all of it JSON or plain text."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ocr.kinds import Kind
from ocr.reading import Reading
from vault.documents import Paper
from vault.export import names
from vault.export.zipform import ZONE
from vault.grants import Given
from vault.readings import ReadingView

FORMAT, VERSION = "docvault-paper", 1
NUMBERS = ("number", "register-number", "serial", "id-number")
"""Fields that are a paper's own number, the best first."""
ISSUERS = ("issuer", "clinic")


@dataclass(frozen=True)
class Copy:
    """One version as it goes along. `crc32` is None when its bytes cannot be read any more."""

    paper: Paper
    crc32: int | None
    confirmed: Mapping[str, str]
    reading: Reading | None


@dataclass(frozen=True)
class Sheet:
    """One paper with all its versions, the oldest first, and the values that count of its newest one."""

    kind: Kind
    code: str
    title: str
    values: Mapping[str, str]
    copies: tuple[Copy, ...]
    given: tuple[Given, ...]

    @property
    def newest(self) -> Copy:
        return self.copies[-1]

    @property
    def folder(self) -> str:
        return names.BIN if self.newest.paper.document.deleted_at else names.PAPERS

    @property
    def stem(self) -> str:
        created = self.newest.paper.document.created_at.astimezone(ZONE).date()
        return names.stem(self.code, day_of(self.values.get("issued-on", "")) or created, self.title)

    @property
    def last_number(self) -> int:
        return self.newest.paper.version.number

    def original(self, copy: Copy) -> str:
        version = copy.paper.version
        return names.original(self.folder, self.stem, version.media_type, version.number, self.last_number)

    def beside(self, copy: Copy, end: str) -> str:
        return names.beside(self.folder, self.stem, end, copy.paper.version.number, self.last_number)


def described(seen: ReadingView) -> tuple[str, dict[str, str]]:
    """What a paper is called, and the values that count."""
    label, kind = seen.paper.label, seen.kind
    values = {fact.spec.name: fact.value for fact in seen.facts if fact.value}
    named = "" if kind.code == "other" else kind.names["vi"]
    found = (seen.reading.title if seen.reading else "") or label.file_name.rpartition(".")[0]
    return label.title or named or found or kind.names["vi"], values


def alone(seen: ReadingView) -> Sheet:
    """One version of a paper by itself."""
    (title, values), paper = described(seen), seen.paper
    code = names.code(paper.document.kind, paper.id, set())
    return Sheet(seen.kind, code, title, values, (Copy(paper, None, {}, None),), ())


def metadata(sheet: Sheet) -> dict[str, Any]:
    """The paper's JSON (docs/formats/export.md#a-paper)."""
    document = sheet.newest.paper.document
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": document.id,
        "archive": archive_fields(sheet),
        "kind": document.kind,
        "kind_confirmed": document.kind_confirmed,
        "kind_name": dict(sheet.kind.names),
        "title": sheet.newest.paper.label.title,
        "fields": dict(sheet.values),
        "created_at": _moment(document.created_at),
        "deleted_at": _moment(document.deleted_at),
        "expires_on": document.expires_on.isoformat() if document.expires_on else None,
        "versions": [_version(sheet, copy) for copy in sheet.copies],
        "shared_with": [_shared(given) for given in sheet.given],
    }


def archive_fields(sheet: Sheet) -> dict[str, str]:
    """The seven fields of the recommended archive profile; empty where the paper does not say it.

    A number such as 12/UBND-GKS is the number 12 with the notation UBND-GKS.
    """
    values = sheet.values
    number, _, notation = _first(values, NUMBERS).partition("/")
    return {
        "DocCode": sheet.code,
        "TypeName": sheet.kind.names["vi"],
        "CodeNumber": number.strip(),
        "CodeNotation": notation.strip(),
        "IssuedDate": values.get("issued-on", ""),
        "OrganName": _first(values, ISSUERS),
        "Subject": sheet.title,
    }


def reading_json(copy: Copy) -> bytes:
    """What was read (docs/formats/reading.md) and what its owner confirmed."""
    reading = json.loads(copy.reading.to_json()) if copy.reading else None
    return as_json({"reading": reading, "confirmed": dict(copy.confirmed)})


def text(copy: Copy) -> bytes:
    """The text of all pages, a form feed between two."""
    pages = copy.reading.pages if copy.reading else ()
    return "\n\f\n".join(page.text for page in pages).encode()


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def day_of(value: str) -> date | None:
    """The day of a canonical date; none for anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _version(sheet: Sheet, copy: Copy) -> dict[str, Any]:
    version, label = copy.paper.version, copy.paper.label
    return {
        "id": version.id,
        "number": version.number,
        "created_at": _moment(version.created_at),
        "file": sheet.original(copy) if copy.crc32 is not None else None,
        "file_name": label.file_name,
        "media_type": version.media_type,
        "size": version.size,
        "sha256": label.sha256.hex(),
        "pages": version.pages,
        "tier": version.tier,
        "title": label.title,
        "confirmed": dict(copy.confirmed),
        "text": sheet.beside(copy, "txt") if copy.reading else None,
        "reading": sheet.beside(copy, "reading.json"),
    }


def _shared(given: Given) -> dict[str, Any]:
    return {"agency": given.agency_name, "purpose": given.terms.purpose, "grant": given.grant.id, "state": given.state}


def _first(values: Mapping[str, str], candidates: Sequence[str]) -> str:
    return next((values[name] for name in candidates if values.get(name)), "")


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
