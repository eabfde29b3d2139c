"""The documents of a wallet: listed, opened, changed, put into the bin, destroyed. Every query names the owner."""

import base64
import binascii
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import tuple_
from sqlmodel import Session, col, delete, func, select, update

from storage.blobs import Blobs
from storage.errors import BlobMissing
from storage.keys import Key
from storage.sealed import SealedReader
from vault import accesslog, papers, wallets
from vault.accesslog import Kind
from vault.db import now
from vault.errors import InBin, Invalid, NotFound, NotReadYet, SignInNeeded
from vault.models import Document, Export, GrantItem, Job, Upload, Version
from vault.papers import Label, Remains
from vault.principals import Citizen
from vault.tiles import StoredSheet
from vault.wallets import Wallet

TITLE_MAX = 200


@dataclass(frozen=True)
class Paper:
    """One version of a document with what its key opened."""

    document: Document
    version: Version
    label: Label
    key: Key

    @property
    def id(self) -> str:
        return self.document.id


@dataclass(frozen=True)
class Cursor:
    """Where the next page of a list begins: after this document."""

    created_at: datetime
    document_id: str

    def encode(self) -> str:
        raw = f"{self.created_at.isoformat()} {self.document_id}".encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises `Invalid` for anything that `encode` did not make."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
            moment, document_id = raw.split(" ")
            created_at = datetime.fromisoformat(moment)
        except (binascii.Error, ValueError, UnicodeDecodeError):
            raise Invalid("cursor", "malformed") from None
        if created_at.utcoffset() != timedelta():  # only UTC is ever encoded, and only UTC surely has this moment
            raise Invalid("cursor", "malformed")
        return cls(created_at, document_id)


def listed(
    session: Session, wallet: Wallet, *, kind: str | None = None, after: Cursor | None = None, limit: int | None = None
) -> list[Paper]:
    """The wallet's papers, newest first, without those in the bin."""
    query = _current(wallet.citizen_id).where(col(Document.deleted_at).is_(None))
    if kind:
        query = query.where(Document.kind == kind)
    if after:
        place = tuple_(col(Document.created_at), col(Document.id))
        query = query.where(place < tuple_(after.created_at, after.document_id))
    query = query.order_by(col(Document.created_at).desc(), col(Document.id).desc()).limit(limit)
    return [_open(wallet, document, version) for document, version in session.exec(query)]


def in_bin(session: Session, wallet: Wallet) -> list[Paper]:
    """Deleted papers that can still be restored, the last deleted first."""
    query = _current(wallet.citizen_id).where(col(Document.deleted_at).is_not(None))
    rows = session.exec(query.order_by(col(Document.deleted_at).desc()))
    return [_open(wallet, document, version) for document, version in rows]


def get(session: Session, wallet: Wallet, document_id: str, version_id: str | None = None) -> Paper:
    """A paper (also one in the bin) at its current or the named version. Raises `NotFound`."""
    if version_id is None:
        query = _current(wallet.citizen_id).where(Document.id == document_id)
    else:
        query = _all(wallet.citizen_id).where(Document.id == document_id, Version.id == version_id)
    row = session.exec(query).first()
    if row is None:
        raise NotFound
    return _open(wallet, *row)


def get_live(session: Session, wallet: Wallet, document_id: str, version_id: str | None = None) -> Paper:
    """As `get`, but raises `InBin` for a paper in the bin."""
    paper = get(session, wallet, document_id, version_id)
    if paper.document.deleted_at is not None:
        raise InBin
    return paper


def held(session: Session, citizen: Citizen, document_id: str) -> Paper:
    """As `get`, for a change: whoever else changes something in this wallet waits until the transaction ends.

    Raises `SignInNeeded` too, for a wallet that was erased.
    """
    wallets.lock_wallet(session, citizen.citizen_id)
    return get(session, citizen.wallet, document_id)


def held_live(session: Session, citizen: Citizen, document_id: str) -> Paper:
    """As `get_live`, for a change."""
    wallets.lock_wallet(session, citizen.citizen_id)
    return get_live(session, citizen.wallet, document_id)


def versions(session: Session, wallet: Wallet, document_id: str) -> list[Paper]:
    """All versions of a document, the newest first. Raises `NotFound`."""
    query = _all(wallet.citizen_id).where(Document.id == document_id).order_by(col(Version.number).desc())
    found = [_open(wallet, document, version) for document, version in session.exec(query)]
    if not found:
        raise NotFound
    return found


def of_versions(session: Session, wallet: Wallet, version_ids: Collection[str]) -> list[Paper]:
    """The papers of those of the versions that are in this wallet and not in the bin, in no order."""
    query = _all(wallet.citizen_id).where(col(Version.id).in_(version_ids), col(Document.deleted_at).is_(None))
    return [_open(wallet, document, version) for document, version in session.exec(query)]


def content(blobs: Blobs, paper: Paper) -> SealedReader:
    return papers.open_original(blobs, paper.key, paper.version.id)


def preview(blobs: Blobs, paper: Paper, page: int, *, thumbnail: bool = False) -> bytes:
    """One page as WebP. Raises `NotFound` beyond the last page, `NotReadYet` while it is being made."""
    if not 1 <= page <= paper.version.pages:
        raise NotFound
    try:
        return papers.open_preview(blobs, paper.key, paper.version.id, page, thumbnail=thumbnail)
    except BlobMissing:
        raise NotReadYet from None


def sheet(blobs: Blobs, paper: Paper, page: int) -> StoredSheet:
    """The tiles of one page. Raises `NotFound` where it has none, `NotReadYet` while they are being cut."""
    return papers.stored_sheet(blobs, paper.key, paper.version, page)


def retitle(session: Session, citizen: Citizen, document_id: str, title: str) -> None:
    """Gives the current version a title of the citizen's own; an empty one goes back to the name of its kind."""
    title = title.strip()
    if len(title) > TITLE_MAX:
        raise Invalid("title", "too-long", most=TITLE_MAX)
    paper = held_live(session, citizen, document_id)
    label = replace(paper.label, title=title)
    paper.version.label = papers.seal_label(paper.key, paper.version.id, label)
    session.add(paper.version)
    _record(session, Kind.document_changed, citizen, document_id, detail="title")


def set_kind(session: Session, citizen: Citizen, document_id: str, kind: str) -> None:
    """The citizen says what the paper is; a later reading does not change it."""
    paper = held_live(session, citizen, document_id)
    paper.document.kind, paper.document.kind_confirmed, paper.document.kind_sure = kind, True, True
    session.add(paper.document)
    _record(session, Kind.document_changed, citizen, document_id, detail="kind")


def delete_to_bin(session: Session, citizen: Citizen, document_id: str) -> None:
    """From the next request on nobody but the owner can open it. Deleting twice changes nothing."""
    document = held(session, citizen, document_id).document
    if document.deleted_at is None:
        document.deleted_at = now(session)
        session.add(document)
        _record(session, Kind.document_deleted, citizen, document_id)


def restore(session: Session, citizen: Citizen, document_id: str) -> None:
    document = held(session, citizen, document_id).document
    if document.deleted_at is not None:
        document.deleted_at = None
        session.add(document)
        _record(session, Kind.document_restored, citizen, document_id)


def destroy(session: Session, citizen: Citizen, document_id: str) -> list[Remains]:
    """Empties one paper out of the bin now. Returns what the caller then removes from the store."""
    document = held(session, citizen, document_id).document
    if document.deleted_at is None:
        raise Invalid("document", "not-in-bin")
    return _destroy(session, document)


def destroy_expired(session: Session, bin_days: int) -> list[Remains]:
    """Destroys what has rested in the bin for `bin_days`. Returns what `destroy` returns.

    Each wallet is held first, in a fixed order: what its owner takes out of the bin at this very moment is kept.
    """
    rested = col(Document.deleted_at) <= now(session) - timedelta(days=bin_days)
    found: list[Remains] = []
    for owner in sorted(session.exec(select(Document.citizen_id).where(rested).limit(100)).unique()):
        with suppress(SignInNeeded):  # erased meanwhile
            wallets.lock_wallet(session, owner)
            theirs = session.exec(select(Document).where(Document.citizen_id == owner, rested).limit(100)).all()
            found += [remains for document in theirs for remains in _destroy(session, document)]
    return found


def destroy_all(session: Session, citizen_id: str) -> list[Remains]:
    """Every paper of a wallet that is being erased."""
    mine = session.exec(select(Document).where(Document.citizen_id == citizen_id)).all()
    return [remains for document in mine for remains in _destroy(session, document)]


def destroy_versions(session: Session, owner: str, found: Sequence[Version]) -> list[Remains]:
    """Every key that opens one of them, wherever it is wrapped, and whatever holds what was read from it."""
    pages = {version.id: version.pages for version in found}
    ids = list(pages)
    session.exec(delete(Job).where(col(Job.version_id).in_(ids)))
    session.exec(update(GrantItem).where(col(GrantItem.version_id).in_(ids)).values(wrapped_key=None))
    session.exec(delete(Upload).where(col(Upload.version_id).in_(ids)))  # its key opens copies of the parts it came in
    exported = _end_exports(session, owner)
    session.exec(delete(Version).where(col(Version.id).in_(ids)))
    return [Remains(version_id, count, exported) for version_id, count in pages.items()]


def is_current(session: Session, version: Version) -> bool:
    """Is there no newer version of its document?"""
    newer = (Version.document_id == version.document_id, Version.number > version.number)
    return session.exec(select(Version.id).where(*newer)).first() is None


def by_fingerprint(session: Session, citizen_id: str, fingerprint: bytes) -> str | None:
    """The id of the document in this wallet that has the same bytes already; one in the bin where there is no other."""
    same = (Version.citizen_id == citizen_id, Version.fingerprint == fingerprint)
    having = select(Document.id).join(Version, col(Version.document_id) == Document.id).where(*same)
    return session.exec(having.order_by(col(Document.deleted_at).is_not(None))).first()


def _destroy(session: Session, document: Document) -> list[Remains]:
    found = session.exec(select(Version).where(Version.document_id == document.id)).all()
    remains = destroy_versions(session, document.citizen_id, found)
    session.exec(delete(Document).where(col(Document.id) == document.id))
    owner = document.citizen_id
    accesslog.record(session, Kind.document_destroyed, citizen_id=owner, document_id=document.id)
    return remains


def _end_exports(session: Session, citizen_id: str) -> tuple[str, ...]:
    """A wallet that was made ready to be taken along holds the readings of all its papers under a key of its own."""
    mine = delete(Export).where(col(Export.citizen_id) == citizen_id)
    gone = session.exec(mine.returning(col(Export.id), col(Export.part)))
    return tuple(papers.export_name(export_id, part) for export_id, part in gone if part)


def _all(citizen_id: str):  # type: ignore[no-untyped-def]  # the select's own type says nothing that helps
    return (
        select(Document, Version)
        .join(Version, col(Version.document_id) == col(Document.id))
        .where(Document.citizen_id == citizen_id, Version.citizen_id == citizen_id)
    )


def _current(citizen_id: str):  # type: ignore[no-untyped-def]
    newest = (
        select(func.max(Version.number)).where(Version.document_id == Document.id).correlate(Document).scalar_subquery()
    )
    return _all(citizen_id).where(Version.number == newest)


def _open(wallet: Wallet, document: Document, version: Version) -> Paper:
    key = wallet.document_key(version)
    return Paper(document, version, papers.open_label(key, version.id, version.label), key)


def _record(session: Session, kind: Kind, citizen: Citizen, document_id: str, detail: str | None = None) -> None:
    accesslog.record(
        session,
        kind,
        citizen_id=citizen.citizen_id,
        account_id=citizen.account_id,
        document_id=document_id,
        detail=detail,
    )
