"""What a crash left: blobs without a row, previews of destroyed versions, writes that were cut off."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from sqlmodel import col, select

from storage.blobs import BlobInfo, Blobs
from vault import papers
from vault.care.findings import Finding, Severity
from vault.db import Database
from vault.export import preparing
from vault.models import Export, UploadPart, Version
from vault.resumable import parts

BATCH = 500


def orphans(db: Database, blobs: Blobs, sweep: bool, before: datetime) -> Iterator[Finding]:
    """Those last written before then; with `sweep` they are removed."""
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
    rest = iter(blobs)
    while batch := list(islice(rest, BATCH)):
        owners = {_owner(blob) for blob in batch}
        with db.read() as session:
            there = set(session.exec(select(Version.id).where(col(Version.id).in_(owners))))
            there |= set(session.exec(select(Export.id).where(col(Export.id).in_(owners))))
            there |= set(session.exec(select(UploadPart.id).where(col(UploadPart.id).in_(owners))))
        yield from (blob for blob in batch if _owner(blob) not in there)


def _owner(blob: BlobInfo) -> str:
    """The id of a version, an export or an upload's part, which may lie as an original does; empty for other names."""
    match blob.name.split("/"):
        case [parts.FOLDER, _, part_id]:
            return part_id
        case [_, owner, last] if blob.name in (papers.folder(owner) + last, preparing.written_name(owner, last)):
            return owner
    return ""
