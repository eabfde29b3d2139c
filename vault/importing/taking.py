"""Papers of an export put into a wallet: each through the ordinary intake, none twice, and a word about every one."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from sqlmodel import Session

from vault import accesslog, documents, intake, readings
from vault.accesslog import Kind
from vault.documents import TITLE_MAX, Paper
from vault.errors import (
    BadUpload,
    Invalid,
    NotAnExport,
    NotFound,
    SignInNeeded,
    TooLarge,
    UploadStalled,
    VaultError,
)
from vault.export import names
from vault.importing import shapes
from vault.importing.reader import Archive, Opened
from vault.models import Document
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import clean_file_name

ENDS = (BadUpload, NotAnExport, SignInNeeded, UploadStalled)
"""What ends an import. Anything else concerns one paper alone: it stays outside, the others come in."""


class Outcome(StrEnum):
    """What became of a paper."""

    added = "added"
    there = "there"
    """It was in the wallet already."""
    refused = "refused"
    binned = "binned"
    """It was in the bin, there or here, and is left there."""


class Note(StrEnum):
    """What did not come along with a paper."""

    kind_unknown = "kind-unknown"
    value_not_taken = "value-not-taken"
    version_damaged = "version-damaged"
    version_refused = "version-refused"
    title_shortened = "title-shortened"
    in_bin_here = "in-bin-here"
    """It is in this wallet, where nobody should rely on it."""


@dataclass
class Line:
    """About one paper. `why` is the first refusal; `notes` say what is missing."""

    title: str
    kind: str
    document_id: str | None = None
    added: int = 0
    there: int = 0
    in_bin: bool = False
    why: VaultError | None = None
    notes: list[Note] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        if self.added:
            return Outcome.added
        if self.in_bin:
            return Outcome.binned
        return Outcome.there if self.there else Outcome.refused

    def note(self, note: Note) -> None:
        if note not in self.notes:
            self.notes.append(note)


@dataclass
class Report:
    """Paper by paper; `left_out` are ids of those that could not be taken along."""

    lines: list[Line] = field(default_factory=list)
    left_out: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        return sum(line.added > 0 for line in self.lines)


@dataclass(frozen=True)
class _Incoming:
    """A version on its way to the intake, which keeps nothing unless it has the SHA-256 that the metadata says."""

    file_name: str
    fields: Mapping[str, str]
    opened: Opened
    sha256: str

    def chunks(self) -> Iterator[bytes]:
        yield from self.opened.chunks()
        if self.opened.sha256() != self.sha256:
            raise NotAnExport(reason="checksum-wrong")


def take_all(services: Services, citizen: Citizen, chunks: Iterator[bytes]) -> Report:
    """A whole ZIP as it arrives. Killed in the middle and begun again it goes on: what is there is not put in twice.

    Raises `NotAnExport`, with the number of papers that came in before, and what ends an upload or the store raises.
    """
    report = Report()
    try:
        _take_all(services, citizen, Archive(chunks), report)
    except NotAnExport as error:
        raise NotAnExport(str(error.values["reason"]), report.added) from None
    finally:
        if report.added:
            _record(services, citizen)
    return report


def take_run(services: Services, citizen: Citizen, chunks: Iterator[bytes]) -> Line:
    """One paper's entries alone, cut out of the ZIP: what a page sends one after the other. Raises as `take_all`."""
    archive, report = Archive(chunks), Report()
    _take_paper(services, citizen, iter(archive.next, None), report)
    archive.end()
    return report.lines[0]


def _take_all(services: Services, citizen: Citizen, archive: Archive, report: Report) -> None:
    manifest = _manifest(archive)
    report.left_out = tuple(manifest.left_out)
    expected = _Expected(archive, manifest)
    expected.next(names.INDEX).drain()
    for run in manifest.papers:
        _take_paper(services, citizen, map(expected.next, run.files), report)
    expected.drain()
    archive.finish()


def _manifest(archive: Archive) -> shapes.Manifest:
    first = archive.next()
    if first is None or first.name != names.MANIFEST:
        raise NotAnExport(reason="export-malformed")
    return shapes.parse(shapes.Manifest, first.whole(shapes.MANIFEST_BYTES))


class _Expected:
    """Entries that must be the ones that the manifest lists, in its order."""

    def __init__(self, archive: Archive, manifest: shapes.Manifest) -> None:
        self._archive, self._files = archive, iter(manifest.files)
        self._last: tuple[Opened, str] | None = None

    def next(self, path: str) -> Opened:
        """The next one, which is to be at that path. The one before must be used up, and have its hash."""
        self._check_last()
        file, opened = next(self._files, None), self._archive.next()
        if file is None or opened is None or not path == file.path == opened.name or file.size != opened.entry.size:
            raise NotAnExport(reason="export-malformed")
        self._last = opened, file.sha256
        return opened

    def drain(self) -> None:
        """All that is left."""
        for file in self._files:
            opened = self._archive.next()
            if opened is None or opened.name != file.path or opened.entry.size != file.size:
                raise NotAnExport(reason="export-malformed")
            self._check_last()
            self._last = opened, file.sha256
            opened.drain()
        self._check_last()

    def _check_last(self) -> None:
        if self._last is not None and self._last[0].sha256() != self._last[1]:
            raise NotAnExport(reason="checksum-wrong")


def _take_paper(services: Services, citizen: Citizen, entries: Iterator[Opened], report: Report) -> None:
    """The metadata, then the versions that it names; what else was written about it is passed over."""
    first = next(entries, None)
    if first is None:
        raise NotAnExport(reason="export-malformed")
    shape = shapes.parse(shapes.Paper, first.whole(shapes.PAPER_BYTES))
    taking = _Taking(services, citizen, shape)
    report.lines.append(taking.line)
    waiting = {version.file: version for version in shape.versions if version.file}
    for opened in entries:
        version = waiting.pop(opened.name, None)
        if version is None:
            opened.drain()
        else:
            taking.take(version, opened)
    if waiting:  # the metadata names files that did not come
        raise NotAnExport(reason="export-malformed")


class _Taking:
    """One paper on its way in, version by version, the oldest first."""

    def __init__(self, services: Services, citizen: Citizen, shape: shapes.Paper) -> None:
        self._services, self._citizen, self._shape = services, citizen, shape
        self.line = Line(shape.title, shape.kind, in_bin=shape.deleted_at is not None)
        if any(version.file is None for version in shape.versions):
            self.line.note(Note.version_damaged)

    def take(self, version: shapes.Version, opened: Opened) -> None:
        if opened.entry.size != version.size:
            raise NotAnExport(reason="export-malformed")
        if self.line.in_bin:
            opened.drain()
        elif self._is_there(version):
            opened.drain()
            self.line.there += 1
        else:
            self._put_in(version, opened)
        if opened.sha256() != version.sha256:
            raise NotAnExport(reason="checksum-wrong")
        if self.line.document_id is not None:
            with suppress(NotFound):  # destroyed from another window
                self._complete(version)

    def _is_there(self, version: shapes.Version) -> bool:
        fingerprint = intake.fingerprint(self._citizen, bytes.fromhex(version.sha256))
        with self._services.db.read() as session:
            there = documents.by_fingerprint(session, self._citizen.citizen_id, fingerprint)
            document = session.get(Document, there) if there else None
        if document is None:
            return False
        self.line.document_id = document.id
        if document.deleted_at is not None:
            self.line.in_bin = True
            self.line.note(Note.in_bin_here)
        return True

    def _put_in(self, version: shapes.Version, opened: Opened) -> None:
        """A paper that is not taken is read to its end all the same: the next one stands behind it."""
        try:
            self._add(version, opened)
        except VaultError as error:
            if isinstance(error, ENDS):
                raise
            opened.drain()
            self.line.why = self.line.why or error
            self.line.note(Note.version_refused)
        else:
            self.line.added += 1

    def _add(self, version: shapes.Version, opened: Opened) -> None:
        limit = self._services.settings.max_upload_bytes
        if version.size > limit:
            raise TooLarge(limit=limit)
        fields = {"title": self._title(version)}
        incoming = _Incoming(clean_file_name(version.file_name), fields, opened, version.sha256)
        if self.line.document_id is None:
            self.line.document_id = intake.add_document(self._services, self._citizen, incoming)
        else:
            intake.add_version(self._services, self._citizen, self.line.document_id, incoming)

    def _title(self, version: shapes.Version) -> str:
        if len(version.title) > TITLE_MAX:
            self.line.note(Note.title_shortened)
        return version.title[:TITLE_MAX].strip()

    def _complete(self, version: shapes.Version) -> None:
        """Fills in what is missing in the wallet, of what its owner once said; what was said here since stays."""
        with self._services.db.write() as session:
            paper = documents.held(session, self._citizen, self.line.document_id or "")
            if paper.document.deleted_at is None and paper.label.sha256.hex() == version.sha256:
                self._complete_kind(session, paper)
                if version.title and not paper.label.title:
                    documents.retitle(session, self._citizen, paper.id, self._title(version))
                session.flush()
                self._complete_values(session, paper, version)

    def _complete_kind(self, session: Session, paper: Paper) -> None:
        kind = self._shape.kind
        if kind not in self._services.kinds:
            self.line.note(Note.kind_unknown)
        elif self._shape.kind_confirmed and not paper.document.kind_confirmed:
            documents.set_kind(session, self._citizen, paper.id, kind)
        elif paper.document.kind == "other" and not paper.document.kind_confirmed:
            paper.document.kind = kind  # until it is read here
            session.add(paper.document)

    def _complete_values(self, session: Session, paper: Paper, version: shapes.Version) -> None:
        said = readings.confirmed_values(paper)
        kind = self._services.kinds.get(paper.document.kind) or self._services.kinds["other"]
        values = {}
        for name, text in version.confirmed.items():
            try:
                if name not in said:
                    values[name] = readings.checked(kind, name, text)
            except Invalid:
                self.line.note(Note.value_not_taken)
        if values:
            readings.confirm(session, self._services.kinds, self._citizen, paper.id, values)


def _record(services: Services, citizen: Citizen) -> None:
    with services.db.write() as session:
        accesslog.record(session, Kind.wallet_imported, citizen_id=citizen.citizen_id, account_id=citizen.account_id)
