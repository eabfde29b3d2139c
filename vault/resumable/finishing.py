"""An upload whose bytes are all there becomes a paper: one sealed object, its row and its reading job."""

from dataclasses import dataclass

from sqlmodel import Session

from storage.keys import Key
from vault import intake, papers, wallets
from vault.channels import ahead
from vault.db import taken_back_by
from vault.documents import by_fingerprint
from vault.errors import Duplicate, Invalid, NotFound, PaperRefused, TypeNotTaken, UploadLocked
from vault.intake import Digest, Entry, Received
from vault.models import Upload, UploadPart, Version, new_id
from vault.papers import Remains
from vault.principals import Citizen
from vault.resumable import metadata, parts, rows
from vault.resumable.holding import Holding
from vault.services import Services

REFUSALS = (TypeNotTaken, PaperRefused, Invalid, NotFound)
"""After these nothing of an upload is kept. Of a duplicate all is, so that it can still be kept as well."""


@dataclass(frozen=True)
class _Whole:
    """All bytes as one sealed object that has no row yet; `parts` are to be removed once it has one."""

    version_id: str
    key: Key
    sha256: bytes
    size: int
    parts: list[UploadPart]


def finish(
    services: Services,
    citizen: Citizen,
    held: Holding,
    *,
    sha256: bytes | None = None,
    keep_duplicate: bool = False,
) -> None:
    """Re-seals the parts under a fresh key, looks the whole over, and puts it into the wallet in one transaction.

    A single part that was announced as the whole lies as an original already, under a key of its own, and is taken as
    it is. `sha256` is known where all bytes have just passed by. A crash anywhere leaves the parts: finishing is done
    again by whoever asks next. Raises what `intake` raises.
    """
    with services.db.write() as session:
        upload = held.locked(session)
        existing = list(rows.parts_of(session, upload.id))
        about = metadata.about(rows.header(citizen.wallet, upload))
        keep = keep_duplicate or about.keep_duplicate
        if upload.fingerprint is not None and not keep:
            _refuse_known(session, citizen, upload.fingerprint)
        session.expunge_all()
    whole = _whole(services, citizen, upload, existing, sha256)
    entry = Entry(about.document_id, about.title, about.file_name, about.kind, keep)
    try:
        with taken_back_by(lambda: _take_back(services, held, whole)):
            _look_over_and_enter(services, citizen, held, whole, entry)
    except REFUSALS:
        forget(services, citizen, held)
        raise
    except Duplicate:
        _remember(services, citizen, held, whole.sha256)
        raise
    parts.remove(services.blobs, whole.parts)


def forget(services: Services, citizen: Citizen, held: Holding) -> None:
    """Leaves nothing of a refused upload."""
    with services.db.write() as session:
        left = rows.drop(session, [held.locked(session)])
    parts.remove(services.blobs, left)


def _whole(
    services: Services, citizen: Citizen, upload: Upload, existing: list[UploadPart], sha256: bytes | None
) -> _Whole:
    sealed = rows.opened(services, citizen.wallet, upload)
    only = existing[0] if len(existing) == 1 else None
    key = sealed.document_key(only) if only else None
    digest = Digest()
    if only and key:
        if sha256 is None:
            for _ in digest.passing(ahead(sealed.stream(existing))):
                pass
        return _Whole(only.id, key, sha256 or digest.sha256(), only.size, [])
    version_id, key = new_id(), Key.generate()
    stream = ahead(sealed.stream(existing))
    papers.put_original(services.blobs, key, version_id, ahead(digest.passing(stream)))
    return _Whole(version_id, key, digest.sha256(), digest.size, existing)


def _take_back(services: Services, held: Holding, whole: _Whole) -> None:
    """Of a single part, which is the whole, only its pictures: it is still the upload's.

    Not even those where this request came too late: another one makes, or has made, the paper of the same part.
    """
    if whole.parts or not _is_anothers(services, held, whole):
        papers.remove(services.blobs, Remains(whole.version_id, 1), original=bool(whole.parts))


def _is_anothers(services: Services, held: Holding, whole: _Whole) -> bool:
    with services.db.write() as session:
        try:
            held.locked(session)
        except UploadLocked:
            return True
        except NotFound:
            return session.get(Version, whole.version_id) is not None
    return False


def _look_over_and_enter(services: Services, citizen: Citizen, held: Holding, whole: _Whole, entry: Entry) -> None:
    inspection = intake.inspect(services, whole.key, whole.version_id)
    received = Received(whole.version_id, whole.key, whole.sha256, whole.size, inspection)
    with services.db.write() as session:
        wallets.lock_wallet(session, citizen.citizen_id)
        upload = held.locked(session)
        upload.document_id = intake.enter(services, session, citizen, received, entry, upload_id=upload.id)
        upload.version_id = received.version_id
        for part in rows.parts_of(session, upload.id):
            session.delete(part)


def _remember(services: Services, citizen: Citizen, held: Holding, sha256: bytes) -> None:
    with services.db.write() as session:
        held.locked(session).fingerprint = intake.fingerprint(citizen, sha256)


def _refuse_known(session: Session, citizen: Citizen, fingerprint: bytes) -> None:
    there = by_fingerprint(session, citizen.citizen_id, fingerprint)
    if there is not None:
        raise Duplicate(document_id=there)
