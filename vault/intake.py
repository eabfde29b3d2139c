"""Putting a paper in: sealed while it arrives, looked over in the sandbox, then a row and a job in one transaction."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from sqlmodel import Session

import ocr
from ocr import media
from ocr.errors import OcrError, UnsupportedType
from storage.keys import Key, context
from vault import accesslog, documents, jobs, papers, photographs, quota, readings, wallets
from vault.accesslog import Kind
from vault.db import now, taken_back_by
from vault.documents import TITLE_MAX
from vault.errors import Duplicate, Invalid, PaperRefused, TypeNotTaken
from vault.models import Document, ReadingState, Version, new_id
from vault.papers import Label, Remains
from vault.principals import Citizen
from vault.services import SealedSource, Services
from vault.uploads import Incoming
from vault.wallets import document_key_context

HEAD = 4096


@dataclass(frozen=True)
class Received:
    """Sealed bytes that were looked over and have no row yet."""

    version_id: str
    key: Key
    sha256: bytes
    size: int
    inspection: ocr.Inspection


@dataclass(frozen=True)
class Entry:
    """What a paper comes in as: a new one, or a newer version of `document_id`.

    It takes the place of the version `replaces`, where that is a poor photograph that nobody else was given.
    """

    document_id: str | None = None
    title: str = ""
    file_name: str = ""
    kind: str = ""
    keep_duplicate: bool = False
    replaces: str = ""


@dataclass(frozen=True)
class Entered:
    """The paper that it became, and what the caller removes from the store once that is certain."""

    document_id: str
    remains: tuple[Remains, ...] = ()


def add_document(services: Services, citizen: Citizen, incoming: Incoming, *, keep_duplicate: bool = False) -> str:
    """Takes a new paper in and returns its document id.

    Raises `TypeNotTaken`, `PaperRefused` (empty, cut off, broken, locked …), `TooLarge`, `Duplicate`, `BadUpload`,
    `QuotaExceeded`; none of them leaves anything behind.
    """
    received = _receive(services, citizen, incoming)
    return _add(services, citizen, received, lambda: _entry(incoming, keep_duplicate=keep_duplicate))


def add_version(services: Services, citizen: Citizen, document_id: str, incoming: Incoming) -> str:
    """Takes a newer version of a paper in and returns its id; grants keep pointing at what they named.

    The older versions stay, but for a poor photograph that the sender's field `replaces` names.
    """
    with services.db.read() as session:
        documents.get_live(session, citizen.wallet, document_id)
    received = _receive(services, citizen, incoming)
    _add(services, citizen, received, lambda: _entry(incoming, document_id))
    return received.version_id


def enter(
    services: Services, session: Session, citizen: Citizen, received: Received, entry: Entry, *, upload_id: str = ""
) -> Entered:
    """Rows of a paper whose bytes are in the store, and its reading job, in the caller's transaction.

    The quota counts these bytes once, also where `upload_id` has announced them. Raises `SignInNeeded`, `Duplicate`,
    `QuotaExceeded`, `Invalid`, `NotFound`, `InBin`.
    """
    owner = citizen.citizen_id
    wallets.lock_wallet(session, owner)
    quota.check(session, owner, received.size, services.settings.quota_bytes, but=upload_id)
    _refuse_duplicate(session, citizen, received, entry.keep_duplicate)
    place = _newer(session, citizen, received, entry) if entry.document_id else _new(services, session, owner, entry)
    label = Label(place.title, entry.file_name, received.sha256)
    _add_version(services, session, citizen, place, received, label)
    added = Kind.version_added if entry.document_id else Kind.document_added
    detail = "retaken" if place.remains else None
    _record(session, added, citizen, place.document.id, received.version_id, detail)
    return Entered(place.document.id, place.remains)


def read_again(services: Services, citizen: Citizen, document_id: str) -> None:
    """Queues the current version for another reading, and its large pages for new tiles. What the citizen confirmed
    stays.
    """
    with services.db.write() as session:
        paper = documents.held_live(session, citizen, document_id)
        version = paper.version
        jobs.enqueue_all(session, services.worker_key, version, paper.key, again=True)  # as workers do: the job first
        version.state, version.failure, version.pages_read = ReadingState.waiting, None, 0
        version.sheets_cut = 0
        session.add(version)
        _record(session, Kind.reading_retried, citizen, document_id, version.id)


def _add(services: Services, citizen: Citizen, received: Received, entry: Callable[[], Entry]) -> str:
    remains = Remains(received.version_id, 1)
    with taken_back_by(lambda: papers.remove(services.blobs, remains)), services.db.write() as session:
        entered = enter(services, session, citizen, received, entry())
    for left in entered.remains:
        papers.remove(services.blobs, left)
    return entered.document_id


def _entry(incoming: Incoming, document_id: str | None = None, *, keep_duplicate: bool = False) -> Entry:
    kind = "" if document_id else incoming.fields.get("kind", "")
    replaces = incoming.fields.get("replaces", "") if document_id else ""
    return Entry(document_id, _title(incoming), incoming.file_name, kind, keep_duplicate, replaces)


@dataclass(frozen=True)
class _Place:
    """Where a version goes: its paper, its title and its number, what its owner confirmed of the photograph that it
    takes the place of, and what is left of that one.
    """

    document: Document
    title: str
    number: int
    confirmed: bytes | None = None
    remains: tuple[Remains, ...] = ()


def _new(services: Services, session: Session, owner: str, entry: Entry) -> _Place:
    document = Document(citizen_id=owner, created_at=now(session))
    _choose_kind(services, document, entry.kind)
    session.add(document)
    session.flush()
    return _Place(document, entry.title, 1)


def _newer(session: Session, citizen: Citizen, received: Received, entry: Entry) -> _Place:
    """A place above the current version, or its very place where that is the poor photograph to be replaced."""
    paper = documents.get_live(session, citizen.wallet, entry.document_id or "")
    title, number = entry.title or paper.label.title, paper.version.number
    if entry.replaces == paper.version.id:
        confirmed = readings.carried_over(paper, received.key, received.version_id)
        remains = photographs.destroy_retaken(session, citizen, paper)
        if remains:
            return _Place(paper.document, title, number, confirmed, tuple(remains))
    return _Place(paper.document, title, number + 1)


def _receive(services: Services, citizen: Citizen, incoming: Incoming) -> Received:
    version_id, key = new_id(), Key.generate()
    chunks = incoming.chunks()
    head = _head(chunks)
    if media.sniff(head) is None:
        if not head:
            raise PaperRefused(reason="empty-paper")
        raise TypeNotTaken
    digest = Digest()
    try:
        papers.put_original(services.blobs, key, version_id, digest.passing(chain((head,), chunks)))
        original = SealedSource(papers.open_original(services.blobs, key, version_id))
        inspection = inspect(services, citizen.citizen_id, key, version_id, original)
    except BaseException:
        papers.remove(services.blobs, Remains(version_id, 1))
        raise
    return Received(version_id, key, digest.sha256(), digest.size, inspection)


def inspect(services: Services, citizen_id: str, key: Key, version_id: str, source: ocr.Source) -> ocr.Inspection:
    """What the sandboxed child finds in a citizen's paper; the picture of page 1 is kept.

    Raises `TypeNotTaken`, `PaperRefused`.
    """
    try:
        with services.inspecting.taken_by(citizen_id):
            found = ocr.inspect(source, services.inspect_limits)
    except UnsupportedType:
        raise TypeNotTaken from None
    except OcrError as error:
        raise PaperRefused(reason=error.code) from None
    if found.preview:
        papers.put_previews(services.blobs, key, version_id, 1, found.preview, found.thumbnail)
    return found


def _head(chunks: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD:
            break
    return head


class Digest:
    """SHA-256 and size of the bytes that pass through."""

    def __init__(self) -> None:
        self._hash, self.size = hashlib.sha256(), 0

    def passing(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._hash.update(chunk)
            self.size += len(chunk)
            yield chunk

    def sha256(self) -> bytes:
        return self._hash.digest()


def fingerprint(citizen: Citizen, sha256: bytes) -> bytes:
    """Finds the same bytes again within one wallet, and tells nobody without its key what they are."""
    return citizen.wallet.key.mac(sha256, context("fingerprint", citizen.citizen_id))


def _refuse_duplicate(session: Session, citizen: Citizen, received: Received, keep: bool) -> None:
    there = documents.by_fingerprint(session, citizen.citizen_id, fingerprint(citizen, received.sha256))
    if there is not None and not keep:
        raise Duplicate(document_id=there)


def _choose_kind(services: Services, document: Document, kind: str) -> None:
    if not kind:
        return
    if kind not in services.kinds:
        raise Invalid("kind", "unknown")
    document.kind, document.kind_confirmed, document.kind_sure = kind, True, True


def _title(incoming: Incoming) -> str:
    title = incoming.fields.get("title", "")
    if len(title) > TITLE_MAX:
        raise Invalid("title", "too-long", most=TITLE_MAX)
    return title


def _add_version(
    services: Services,
    session: Session,
    citizen: Citizen,
    place: _Place,
    received: Received,
    label: Label,
) -> None:
    owner, version_id = citizen.citizen_id, received.version_id
    wrapped = citizen.wallet.key.wrap(received.key, document_key_context(owner, version_id))
    version = Version(
        id=version_id,
        document_id=place.document.id,
        citizen_id=owner,
        number=place.number,
        created_at=now(session),
        wrapped_key=wrapped,
        fingerprint=fingerprint(citizen, received.sha256),
        size=received.size,
        media_type=received.inspection.media_type,
        pages=received.inspection.pages,
        pages_shown=1 if received.inspection.preview else 0,
        sheets=list(received.inspection.sheets),
        quality=list(received.inspection.quality),
        confirmed=place.confirmed,
        label=papers.seal_label(received.key, version_id, label),
    )
    session.add(version)
    session.flush()
    jobs.enqueue_all(session, services.worker_key, version, received.key)


def _record(
    session: Session, kind: Kind, citizen: Citizen, document_id: str, version_id: str, detail: str | None = None
) -> None:
    accesslog.record(
        session,
        kind,
        citizen_id=citizen.citizen_id,
        account_id=citizen.account_id,
        document_id=document_id,
        version_id=version_id,
        detail=detail,
    )
