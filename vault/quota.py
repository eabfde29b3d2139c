"""How much one citizen keeps, and whether more fits: all versions, also in the bin, and what is announced to come."""

from sqlmodel import Session, col, func, select

from vault.errors import QuotaExceeded
from vault.models import Upload, Version


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


def left_for_tiles(session: Session, citizen_id: str, quota: int) -> int:
    """Bytes that the tiles of large pages may still take: all of a wallet's together as much as its papers may."""
    made = select(func.coalesce(func.sum(Version.sheet_bytes), 0)).where(Version.citizen_id == citizen_id)
    return quota - int(session.exec(made).one())
