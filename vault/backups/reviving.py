"""What a restored vault must do before it serves: end what must not live on, queue what was not read."""

from sqlalchemy import Connection
from sqlmodel import Session, col, select

from storage.errors import KeyUnusable, SealBroken
from storage.keys import Key
from storage.rootkey import RootKey
from vault import accesslog, grants, jobs, wallets
from vault.accesslog import Kind
from vault.models import Grant, GrantHolder, Holder, JobKind, ReadingState, Version, Wallet

UNREAD = (ReadingState.waiting, ReadingState.reading)


def revive(connection: Connection, root: RootKey, worker_key: RootKey, set_id: str) -> list[str]:
    """Part of the transaction that puts the rows in. Returns what to tell the operator."""
    with Session(connection, expire_on_commit=False) as session:
        ended, queued = _end_unused(session), _queue_unread(session, root, worker_key)
        accesslog.record(session, Kind.vault_restored, detail=set_id)
        session.flush()
    told = ["All sessions and all access tokens of agencies' systems have ended."]
    told += [f"Links and codes that nobody had used yet have ended: {ended}."] if ended else []
    told += [f"Papers that wait to be read: {queued}."] if queued else []
    return told


def _end_unused(session: Session) -> int:
    """A link is good once. Whether it was used after the backup was made nobody knows, so it must not work again."""
    taken_over = select(GrantHolder.grant_id).where(col(GrantHolder.holder).in_((Holder.agency, Holder.dossier)))
    unused = (col(Grant.revoked_at).is_(None), col(Grant.id).not_in(taken_over))
    ended = session.exec(select(Grant).where(*unused)).all()
    for grant in ended:
        grants.end(session, grant)
        accesslog.record(
            session,
            Kind.revoked,
            citizen_id=grant.citizen_id,
            agency_id=grant.agency_id,
            grant_id=grant.id,
            detail=Kind.vault_restored,
        )
    return len(ended)


def _queue_unread(session: Session, root: RootKey, worker_key: RootKey) -> int:
    """Also pages whose tiles were not cut. A version whose key does not open is left alone: the doctor tells of it."""
    queued = 0
    for version_id in _unfinished(session):
        version = session.get_one(Version, version_id)
        try:
            wallet = wallets.unlock_wallet(session.get_one(Wallet, version.citizen_id), root)
            _queue(session, worker_key, version, wallet.document_key(version))
        except (SealBroken, KeyUnusable):
            continue
        queued += 1
    return queued


def _queue(session: Session, worker_key: RootKey, version: Version, key: Key) -> None:
    if version.state not in UNREAD:
        jobs.enqueue(session, worker_key, version.id, version.citizen_id, key, JobKind.sheets)
        return
    version.state, version.pages_read = ReadingState.waiting, 0
    session.add(version)
    jobs.enqueue_all(session, worker_key, version, key)


def _unfinished(session: Session) -> list[str]:
    """A wallet's versions one after the other."""
    columns = (Version.id, Version.state, Version.sheets, Version.sheets_cut)
    rows = session.exec(select(*columns).order_by(Version.citizen_id)).all()
    return [version_id for version_id, state, sheets, cut in rows if state in UNREAD or cut < len(sheets)]
