"""What a crash left: blobs without a row, previews of destroyed versions, writes that were cut off."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from secrets import token_hex

from storage.blobs import BlobInfo, Blobs
from vault.care import belonging, owners
from vault.care.findings import Finding, Severity
from vault.db import Database, now

PROBE = "doctor"


def moment(db: Database, blobs: Blobs) -> datetime:
    """Now, by the clock that is furthest behind: this machine's, the database's, or the store's.

    By one that is days ahead of the store's, what is just arriving would look old, and its row comes a moment later.
    """
    name = f"{PROBE}/{token_hex(16)}"
    blobs.put(name, [b"what time is it?"])
    try:
        told = [blob.modified for blob in blobs.list(name)]
    finally:
        blobs.delete(name)
    with db.read() as session:
        return min(datetime.now(UTC), now(session), *told)


def orphans(db: Database, blobs: Blobs, sweep: bool, before: datetime, *, even_most: bool = False) -> Iterator[Finding]:
    """Those last written before then; with `sweep` they are removed, unless the store seems to be another vault's."""
    doubt = belonging.seems_strange(blobs, db, before) if sweep and not even_most else None
    if doubt:
        yield Finding(Severity.damage, doubt)
        return
    found, freed = 0, 0
    for blob in _without_row(db, (blob for blob in blobs.list() if blob.modified <= before)):
        found, freed = found + 1, freed + blob.size
        if sweep:
            blobs.delete(blob.name)
    for blob in (blob for blob in blobs.temporary() if blob.modified <= before):
        found, freed = found + 1, freed + blob.size
        if sweep:
            blobs.discard(blob.name)
    if not found:
        yield Finding(Severity.fine, "Nothing is left over from a crash.")
        return
    done = "Removed" if sweep else "Run `docvault doctor --sweep` to remove"
    yield Finding(Severity.remark, f"{done} {found} files that belong to no paper ({freed} bytes).")


def _without_row(db: Database, blobs: Iterable[BlobInfo]) -> Iterator[BlobInfo]:
    for batch in owners.batches(blobs):
        there = owners.named(db, batch)
        yield from (blob for blob in batch if owners.of(blob) not in there)
