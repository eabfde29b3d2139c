"""Everything that an export holds, in its order, as far as it has to be written for it."""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from ocr.errors import OcrError
from storage.errors import SealBroken
from vault import documents, grants, readings, signing
from vault.documents import Paper
from vault.errors import NotFound
from vault.export import index, names, sheets, surroundings
from vault.export.index import Card
from vault.export.layout import Layout
from vault.export.sheets import Copy, Sheet
from vault.export.surroundings import File
from vault.export.zipform import Entry
from vault.grants import Given
from vault.models import Document
from vault.principals import Citizen
from vault.readings import Kinds

FORMAT, VERSION = "docvault-export", 1

Checksums = Mapping[str, int | None]
"""CRC-32 by version id; None for one whose bytes cannot be read any more."""


@dataclass(frozen=True)
class Source:
    """Where an entry's bytes come from: the original of a version, or (without one) what was written, from `offset`."""

    version_id: str = ""
    offset: int = 0


@dataclass(frozen=True)
class Placed:
    """An entry of the ZIP, where its bytes come from, and their SHA-256 in hex."""

    entry: Entry
    source: Source
    sha256: str


class Writer:
    """Writes the files of one export. `placed` holds all entries once `chunks` is used up, in the ZIP's order."""

    def __init__(
        self, session: Session, kinds: Kinds, citizen: Citizen, checksums: Checksums, *, vault: str, at: datetime
    ) -> None:
        self._session, self._kinds, self._citizen, self._checksums = session, kinds, citizen, checksums
        self._vault, self._at, self._offset = vault, at, 0
        self._placed: list[Placed] = []
        self._left_out: list[str] = []
        self._codes: set[str] = set()

    @property
    def placed(self) -> list[Placed]:
        """The manifest and the page first: who reads the file as it arrives knows at once what comes."""
        *others, page, manifest = self._placed
        return [manifest, page, *others]

    def chunks(self) -> Iterator[bytes]:
        """What was written, one file after the other."""
        wallet = self._citizen.wallet
        given = grants.mine(self._session, wallet)
        runs: list[dict[str, Any]] = []
        cards: list[Card] = []
        for sheet in self._sheets(given):
            before = len(self._placed)
            yield from self._paper(sheet)
            paths = [placed.entry.name for placed in self._placed[before:]]
            runs.append({"id": sheet.newest.paper.id, "in_bin": sheet.folder == names.BIN, "files": paths})
            cards.append(index.card(sheet))
        for file in self._beside(given):
            yield self._add(file)
        yield self._add(File(names.INDEX, index.render(self._citizen.login, self._at, cards, given)))
        yield self._add(File(names.MANIFEST, json.dumps(self._manifest(runs), ensure_ascii=False).encode()))

    def _sheets(self, given: Sequence[Given]) -> Iterator[Sheet]:
        mine = select(Document.id).where(Document.citizen_id == self._citizen.citizen_id)
        for document_id in self._session.exec(mine.order_by(col(Document.created_at), col(Document.id))).all():
            try:
                found = self._sheet(document_id, given)
            except NotFound:  # destroyed in the meantime, and with it this export
                continue
            except SealBroken:
                self._left_out.append(document_id)
                continue
            if found is not None:
                yield found

    def _sheet(self, document_id: str, given: Sequence[Given]) -> Sheet | None:
        """None for a paper that came after everything was looked over."""
        papers = documents.versions(self._session, self._citizen.wallet, document_id)[::-1]
        copies = tuple(self._copy(paper) for paper in papers if paper.version.id in self._checksums)
        if not copies:
            return None
        newest = copies[-1].paper
        seen = readings.view(self._kinds, newest, pages=False)
        title, values = sheets.described(seen)
        code = names.code(newest.document.kind, document_id, self._codes)
        who = tuple(one for one in given if document_id in one.papers.values())
        return Sheet(seen.kind, code, title, values, copies, who)

    def _copy(self, paper: Paper) -> Copy:
        try:
            reading = readings.load(paper) if paper.version.reading is not None else None
        except OcrError:
            reading = None
        return Copy(paper, self._checksums[paper.version.id], readings.confirmed_values(paper), reading)

    def _paper(self, sheet: Sheet) -> Iterator[bytes]:
        """Its metadata, then the originals, the oldest first, then what was read in them."""
        yield self._add(File(sheet.beside(sheet.newest, "json"), sheets.as_json(sheets.metadata(sheet))))
        for copy in sheet.copies:
            self._add_original(sheet, copy)
        for copy in sheet.copies:
            if copy.reading is not None:
                yield self._add(File(sheet.beside(copy, "txt"), sheets.text(copy)))
            yield self._add(File(sheet.beside(copy, "reading.json"), sheets.reading_json(copy)))

    def _beside(self, given: Sequence[Given]) -> Iterator[File]:
        session, wallet = self._session, self._citizen.wallet
        yield from surroundings.grants(given, signing.all_public(session))
        yield surroundings.attestations()
        yield surroundings.all_dossiers(session, wallet)
        yield from surroundings.access_log(session, wallet.citizen_id)

    def _manifest(self, runs: list[dict[str, Any]]) -> dict[str, Any]:
        files = [
            {"path": placed.entry.name, "size": placed.entry.size, "sha256": placed.sha256}
            for placed in (self._placed[-1], *self._placed[:-1])
        ]
        return {
            "format": FORMAT,
            "version": VERSION,
            "created_at": self._at.isoformat(),
            "vault": self._vault,
            "left_out": self._left_out,
            "papers": runs,
            "files": files,
        }

    def _add(self, file: File) -> bytes:
        entry = Entry(file.path, len(file.data), zlib.crc32(file.data), self._at)
        self._placed.append(Placed(entry, Source(offset=self._offset), hashlib.sha256(file.data).hexdigest()))
        self._offset += len(file.data)
        return file.data

    def _add_original(self, sheet: Sheet, copy: Copy) -> None:
        version = copy.paper.version
        if copy.crc32 is not None:
            entry = Entry(sheet.original(copy), version.size, copy.crc32, version.created_at)
            self._placed.append(Placed(entry, Source(version.id), copy.paper.label.sha256.hex()))


class Manifest:
    """What a prepared export keeps of its entries: from it alone all its bytes follow, as long as they are there."""

    def __init__(self, placed: Sequence[Placed]) -> None:
        self.entries = tuple(one.entry for one in placed)
        self.sources = tuple(one.source for one in placed)
        self.layout = Layout(self.entries)

    @property
    def size(self) -> int:
        """Of the ZIP, in bytes."""
        return self.layout.size

    def pack(self) -> bytes:
        """To be sealed."""
        rows = [
            [entry.name, entry.size, entry.crc32, int(entry.at.timestamp()), source.version_id, source.offset]
            for entry, source in zip(self.entries, self.sources, strict=True)
        ]
        return zlib.compress(json.dumps(rows, ensure_ascii=False).encode())

    @classmethod
    def unpack(cls, packed: bytes) -> "Manifest":
        rows = json.loads(zlib.decompress(packed))
        return cls(
            [
                Placed(Entry(name, size, crc32, datetime.fromtimestamp(at, UTC)), Source(version_id, offset), "")
                for name, size, crc32, at, version_id, offset in rows
            ]
        )
