"""Whether a store holds this vault's papers, asked before anything is swept from it.

A database that was just made, or another vault's, names nothing of what lies there: to a sweep all of it would look
left over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from storage.blobs import BlobInfo, Blobs
from vault.care import owners
from vault.db import Database
from vault.models import Event, ServiceKey, Version

FIRST_PAGE = "/page-1"
"""What tells a paper from an upload that broke off: that has no picture yet when its bytes are there."""
FEW = 10
"""So many papers that nobody knows may always be left over from crashes."""


@dataclass
class Share:
    """Papers in the store: those that rows name, and those that this database never heard of."""

    named: int = 0
    unheard: int = 0


def seems_strange(blobs: Blobs, db: Database, before: datetime) -> str | None:
    """Why the store should rather be left alone, in a sentence; None where it is this vault's. Looks at all names."""
    with db.read() as session:
        begun = session.exec(select(ServiceKey.kid).limit(1)).first() is not None
        papers = session.exec(select(Version.id).limit(1)).first() is not None
    share = counted(db, (blob for blob in blobs.list() if blob.name.endswith(FIRST_PAGE)), before)
    if not is_strange(share, begun=begun, papers=papers):
        return None
    return (
        f"Nothing was removed: the database knows {share.named} of the papers in the store and never heard of "
        f"{share.unheard}. Is it the right database, and the right store? If it is: docvault doctor --sweep --even-most"
    )


def is_strange(share: Share, *, begun: bool, papers: bool) -> bool:
    """`begun`: the vault was started once; `papers`: it has some."""
    if not share.unheard:
        return False
    lost = papers and not share.named
    return not begun or lost or share.unheard > max(share.named, FEW)


def counted(db: Database, pages: Iterable[BlobInfo], before: datetime) -> Share:
    """Those that nobody names count where they were written before then."""
    share = Share()
    for batch in owners.batches(pages):
        named = owners.named(db, batch)
        share.named += sum(owners.of(blob) in named for blob in batch)
        old = {owners.of(blob) for blob in batch if blob.modified <= before} - named
        share.unheard += len(old - _heard_of(db, old)) if old else 0
    return share


def _heard_of(db: Database, version_ids: set[str]) -> set[str]:
    """Those in the access logs, which outlive papers: what was destroyed may still be on its way out of the store."""
    heard = select(Event.version_id).where(col(Event.version_id).in_(version_ids)).distinct()
    with db.read() as session:
        return {version_id for version_id in session.exec(heard) if version_id}
