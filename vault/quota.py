"""How much one citizen keeps, and whether more fits: all versions, also in the bin, and what is announced to come."""

from collections.abc import Iterable, Iterator

from sqlmodel import Session, col, func, select

from vault.errors import QuotaExceeded
from vault.models import Upload, Version


class NoRoom(Exception):
    """What is made of the papers of this wallet would take more than its quota."""


def used(session: Session, citizen_id: str, *, but: str = "") -> int:
    """Bytes. An unfinished upload counts with its whole length; `but` names one that does not count."""
    kept = select(func.coalesce(func.sum(Version.size), 0)).where(Version.citizen_id == citizen_id)
    coming = select(func.coalesce(func.sum(Upload.length), 0)).where(
        Upload.citizen_id == citizen_id, col(Upload.document_id).is_(None), Upload.id != but
    )
    return int(session.exec(kept).one()) + int(session.exec(coming).one())


def check(session: Session, citizen_id: str, needed: int, quota: int, *, but: str = "") -> None:
    """Raises `QuotaExceeded` when `needed` more bytes do not fit.

    Only the holder of the wallet's lock (`wallets.lock_wallet`) may rely on it.
    """
    taken = used(session, citizen_id, but=but)
    if taken + needed > quota:
        raise QuotaExceeded(used=taken, quota=quota, needed=needed)


def left_for_made(session: Session, citizen_id: str, quota: int) -> int:
    """Bytes that tiles of large pages and searchable copies may still take: all of a wallet's as much as its papers."""
    each = col(Version.sheet_bytes) + col(Version.copy_bytes)
    made = select(func.coalesce(func.sum(each), 0)).where(Version.citizen_id == citizen_id)
    return quota - int(session.exec(made).one())


def fitting(chunks: Iterable[bytes], room: int) -> Iterator[bytes]:
    """The same chunks. Raises `NoRoom` where they are more bytes than that."""
    for chunk in chunks:
        room -= len(chunk)
        if room < 0:
            raise NoRoom
        yield chunk
