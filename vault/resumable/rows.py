"""Uploads as rows: begun, looked at, taken back, swept. Every query names the owner."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, or_, select

from storage.keys import Key, context
from vault import documents, models, quota, wallets
from vault.db import now
from vault.errors import Invalid, NotFound, PaperRefused, TooLarge, UploadLocked, UploadsOpen
from vault.models import Upload, UploadPart, Version
from vault.principals import Citizen
from vault.resumable import metadata
from vault.resumable.metadata import About
from vault.resumable.parts import Parts
from vault.services import Services
from vault.wallets import Wallet

OPEN_MAX = 20
"""Unfinished uploads that one citizen may have."""
SWEPT_AT_ONCE = 100
LEASE = timedelta(seconds=4)
"""A request that holds an upload and is silent for so long is taken for dead."""


@dataclass(frozen=True)
class State:
    """Where an upload stands: `received` of `length` bytes are sealed and durable.

    `quality`: what is wrong with the photograph that it became.
    """

    id: str
    length: int
    received: int
    expires_at: datetime
    held: bool
    document_id: str | None
    version_id: str | None
    metadata: str = field(repr=False)
    quality: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        return self.document_id is not None


def begin(services: Services, citizen: Citizen, length: int, said: str) -> State:
    """Announces a paper of `length` bytes; `said` is what `Upload-Metadata` says of it.

    Raises `TooLarge`, `PaperRefused` (empty), `Invalid`, `NotFound` and `InBin` (the paper that it is a newer version
    of), `UploadsOpen`, `QuotaExceeded`.
    """
    settings = services.settings
    if length > settings.max_upload_bytes:
        raise TooLarge(limit=settings.max_upload_bytes)
    if length == 0:
        raise PaperRefused(reason="empty-paper")
    about = metadata.about(said)
    if about.kind and about.kind not in services.kinds:
        raise Invalid("kind", "unknown")
    upload_id, key = models.new_id(), Key.generate()
    with services.db.write() as session:
        wallets.lock_wallet(session, citizen.citizen_id)
        if about.document_id is not None:
            documents.get_live(session, citizen.wallet, about.document_id)
        if len(unfinished(session, citizen.citizen_id)) >= OPEN_MAX:
            raise UploadsOpen(most=OPEN_MAX)
        quota.check(session, citizen.citizen_id, length, settings.quota_bytes)
        at = now(session)
        upload = Upload(
            id=upload_id,
            citizen_id=citizen.citizen_id,
            created_at=at,
            expires_at=expiry(services, at),
            length=length,
            wrapped_key=citizen.wallet.key.wrap(key, _key_context(citizen.citizen_id, upload_id)),
            about=key.seal(said.encode(), _about_context(upload_id)),
        )
        session.add(upload)
        session.flush()
        return _state(citizen.wallet, upload, at)


def look(services: Services, citizen: Citizen, upload_id: str, *, ask: bool = False) -> State:
    """Where it stands. With `ask` a request that holds it is asked to give way. Raises `NotFound`."""
    with services.db.read() as session:
        state = _state(citizen.wallet, owned(session, citizen.citizen_id, upload_id), now(session))
        if state.version_id is not None:
            state = replace(state, quality=_quality(session, citizen.citizen_id, state.version_id))
    if ask and state.held:
        with services.db.write() as session:
            owned(session, citizen.citizen_id, upload_id, lock=True).wanted = True  # whoever takes it next clears it
    return state


def terminate(services: Services, citizen: Citizen, upload_id: str) -> list[UploadPart]:
    """Takes an upload back, also one that is just being sent. Returns what the caller removes from the store.

    A finished one is forgotten; its paper stays. Raises `NotFound`, and `UploadLocked` while it becomes a paper.
    """
    with services.db.write() as session:
        upload = owned(session, citizen.citizen_id, upload_id, lock=True)
        if upload.received == upload.length and is_held(upload, now(session)):
            raise UploadLocked
        return drop(session, [upload])


def unfinished(session: Session, citizen_id: str) -> Sequence[Upload]:
    mine = (Upload.citizen_id == citizen_id, col(Upload.document_id).is_(None))
    return session.exec(select(Upload).where(*mine).order_by(col(Upload.created_at).desc())).all()


def shown(services: Services, citizen: Citizen) -> list[tuple[State, About]]:
    """The unfinished uploads, the last begun first, each with what it is."""
    with services.db.read() as session:
        at = now(session)
        states = [_state(citizen.wallet, upload, at) for upload in unfinished(session, citizen.citizen_id)]
    return [(state, metadata.about(state.metadata)) for state in states]


def sweep(session: Session) -> list[UploadPart]:
    """Forgets what was not finished in time, and what was finished long ago. Returns what `terminate` returns."""
    at = now(session)
    free = or_(col(Upload.held_until).is_(None), col(Upload.held_until) <= at, col(Upload.held_until) > at + 2 * LEASE)
    over = select(Upload).where(Upload.expires_at < at, free).limit(SWEPT_AT_ONCE)
    return drop(session, session.exec(over.with_for_update(skip_locked=True)).all())


def destroy_all(session: Session, citizen_id: str) -> list[UploadPart]:
    """All uploads of a wallet that is being erased."""
    return drop(session, session.exec(select(Upload).where(Upload.citizen_id == citizen_id).with_for_update()).all())


def drop(session: Session, uploads: Sequence[Upload]) -> list[UploadPart]:
    ids = [upload.id for upload in uploads]
    found = list(session.exec(select(UploadPart).where(col(UploadPart.upload_id).in_(ids))).all())
    for row in (*uploads, *found):
        session.expunge(row)
    session.exec(delete(UploadPart).where(col(UploadPart.upload_id).in_(ids)))
    session.exec(delete(Upload).where(col(Upload.id).in_(ids)))
    return found


def owned(session: Session, citizen_id: str, upload_id: str, *, lock: bool = False) -> Upload:
    """The row, locked until the transaction ends where `lock` says so. Raises `NotFound`; one that is over is gone."""
    query = select(Upload).where(Upload.id == upload_id, Upload.citizen_id == citizen_id)
    upload = session.exec(query.with_for_update() if lock else query).first()
    if upload is None or upload.expires_at < now(session):
        raise NotFound
    return upload


def parts_of(session: Session, upload_id: str) -> Sequence[UploadPart]:
    """In their order."""
    query = select(UploadPart).where(UploadPart.upload_id == upload_id).order_by(col(UploadPart.number))
    return session.exec(query).all()


def expiry(services: Services, at: datetime) -> datetime:
    return at + timedelta(hours=services.settings.upload_hours)


def opened(services: Services, wallet: Wallet, upload: Upload) -> Parts:
    return Parts(services.blobs, wallet, upload.id, _key(wallet, upload))


def header(wallet: Wallet, upload: Upload) -> str:
    """What the sender said of the file, as it was sent."""
    return _key(wallet, upload).open(upload.about, _about_context(upload.id)).decode()


def _state(wallet: Wallet, upload: Upload, at: datetime) -> State:
    return State(
        id=upload.id,
        length=upload.length,
        received=upload.received,
        expires_at=upload.expires_at,
        held=is_held(upload, at),
        document_id=upload.document_id,
        version_id=upload.version_id,
        metadata=header(wallet, upload),
    )


def _quality(session: Session, citizen_id: str, version_id: str) -> tuple[str, ...]:
    mine = (Version.id == version_id, Version.citizen_id == citizen_id)
    return tuple(session.exec(select(Version.quality).where(*mine)).first() or ())


def is_held(upload: Upload, at: datetime) -> bool:
    """A lease that ends far beyond the longest was taken before the clock went back: it holds nobody off."""
    return upload.holder is not None and upload.held_until is not None and at < upload.held_until <= at + 2 * LEASE


def _key(wallet: Wallet, upload: Upload) -> Key:
    return wallet.key.unwrap(upload.wrapped_key, _key_context(wallet.citizen_id, upload.id))


def _key_context(citizen_id: str, upload_id: str) -> bytes:
    return context("upload-key", citizen_id, upload_id)


def _about_context(upload_id: str) -> bytes:
    return context("upload-about", upload_id)
