"""What a restored vault must do before it serves: end what must not live on, queue what was not read."""

from collections.abc import Iterator

from sqlalchemy import Connection
from sqlmodel import Session, col, select

from storage.errors import KeyUnusable, SealBroken
from storage.rootkey import RootKey
from vault import accesslog, grants, jobs, wallets
from vault.accesslog import Kind
from vault.models import Grant, GrantHolder, Holder, ReadingState, Version, Wallet

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
    """A version whose key does not open is left alone: the doctor tells of it."""
    queued = 0
    for version_id, citizen_id in _unread(session):
        version, wallet = session.get_one(Version, version_id), session.get_one(Wallet, citizen_id)
        try:
            key = wallets.unlock_wallet(wallet, root).document_key(version)
        except (SealBroken, KeyUnusable):
            continue
        version.state, version.pages_read = ReadingState.waiting, 0
        session.add(version)
        jobs.enqueue_all(session, worker_key, version, key)
        queued += 1
    return queued


def _unread(session: Session) -> Iterator[tuple[str, str]]:
    query = select(Version.id, Version.citizen_id).where(col(Version.state).in_(UNREAD)).order_by(Version.citizen_id)
    yield from session.exec(query).all()
