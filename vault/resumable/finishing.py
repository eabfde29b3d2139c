"""An upload whose bytes are all there becomes a paper: one sealed object, its row and its reading job."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlmodel import Session

from storage.keys import Key
from vault import intake, papers, wallets
from vault.channels import ahead
from vault.db import taken_back_by
from vault.documents import by_fingerprint
from vault.errors import Duplicate, Invalid, NotFound, PaperRefused, TypeNotTaken, UploadLocked
from vault.intake import Digest, Entered, Entry, Received
from vault.models import UploadPart, Version, new_id
from vault.papers import Remains
from vault.principals import Citizen
from vault.resumable import metadata, parts, rows
from vault.resumable.holding import Holding
from vault.resumable.parts import Parts
from vault.services import Services

REFUSALS = (TypeNotTaken, PaperRefused, Invalid, NotFound)
"""After these nothing of an upload is kept. Of a duplicate all is, so that it can still be kept as well."""


@dataclass(frozen=True)
class _Whole:
    """The paper that is to be; `parts` are to be removed once it has a row, none where the only one becomes it."""

    version_id: str
    key: Key
    parts: list[UploadPart]


def finish(
    services: Services,
    citizen: Citizen,
    held: Holding,
    *,
    sha256: bytes | None = None,
    keep_duplicate: bool = False,
) -> None:
    """Re-seals the parts under a fresh key while it looks them over, and puts the whole into the wallet in one
    transaction.

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
    sealed = rows.opened(services, citizen.wallet, upload)
    whole = _whole(sealed, existing)
    entry = Entry(about.document_id, about.title, about.file_name, about.kind, keep, about.replaces)
    try:
        with taken_back_by(lambda: _take_back(services, held, whole)):
            received = _received(services, whole, sealed, existing, sha256)
            entered = _enter(services, citizen, held, received, entry)
    except REFUSALS:
        forget(services, citizen, held)
        raise
    except Duplicate:
        _remember(services, citizen, held, received.sha256)
        raise
    parts.remove(services.blobs, whole.parts)
    for left in entered.remains:
        papers.remove(services.blobs, left)


def forget(services: Services, citizen: Citizen, held: Holding) -> None:
    """Leaves nothing of a refused upload."""
    with services.db.write() as session:
        left = rows.drop(session, [held.locked(session)])
    parts.remove(services.blobs, left)


def _whole(sealed: Parts, existing: list[UploadPart]) -> _Whole:
    only = existing[0] if len(existing) == 1 else None
    key = sealed.document_key(only) if only else None
    return _Whole(only.id, key, []) if only and key else _Whole(new_id(), Key.generate(), existing)


def _received(
    services: Services, whole: _Whole, sealed: Parts, existing: list[UploadPart], sha256: bytes | None
) -> Received:
    """Sealed as one object and looked over, both at once: whoever sent it waits for its first page."""
    with ThreadPoolExecutor(1, "looking") as beside:
        source = sealed.joined(existing)
        looking = beside.submit(intake.inspect, services, sealed.wallet.citizen_id, whole.key, whole.version_id, source)
        if whole.parts or sha256 is None:
            sha256 = _sealed(services, whole, sealed, existing)
        return Received(whole.version_id, whole.key, sha256, source.size, looking.result())


def _sealed(services: Services, whole: _Whole, sealed: Parts, existing: list[UploadPart]) -> bytes:
    """Its SHA-256; the bytes are one object then, as a single part is already."""
    digest = Digest()
    stream = digest.passing(ahead(sealed.stream(existing)))
    if whole.parts:
        papers.put_original(services.blobs, whole.key, whole.version_id, ahead(stream))
    else:
        for _ in stream:
            pass
    return digest.sha256()


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


def _enter(services: Services, citizen: Citizen, held: Holding, received: Received, entry: Entry) -> Entered:
    with services.db.write() as session:
        wallets.lock_wallet(session, citizen.citizen_id)
        upload = held.locked(session)
        entered = intake.enter(services, session, citizen, received, entry, upload_id=upload.id)
        upload.document_id, upload.version_id = entered.document_id, received.version_id
        for part in rows.parts_of(session, upload.id):
            session.delete(part)
    return entered


def _remember(services: Services, citizen: Citizen, held: Holding, sha256: bytes) -> None:
    with services.db.write() as session:
        held.locked(session).fingerprint = intake.fingerprint(citizen, sha256)


def _refuse_known(session: Session, citizen: Citizen, fingerprint: bytes) -> None:
    there = by_fingerprint(session, citizen.citizen_id, fingerprint)
    if there is not None:
        raise Duplicate(document_id=there)
