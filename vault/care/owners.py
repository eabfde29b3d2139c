"""To which row a blob belongs, by its name."""

from collections.abc import Iterable, Iterator
from itertools import islice

from sqlmodel import col, select, union_all

from storage.blobs import BlobInfo
from vault import papers
from vault.db import Database
from vault.export import preparing
from vault.models import Export, UploadPart, Version
from vault.resumable import parts

BATCH = 500


def batches(blobs: Iterable[BlobInfo]) -> Iterator[list[BlobInfo]]:
    """As many as are asked for at once."""
    rest = iter(blobs)
    while batch := list(islice(rest, BATCH)):
        yield batch


def named(db: Database, batch: Iterable[BlobInfo]) -> set[str]:
    """Ids of the owners of these blobs that have a row.

    Asked in one statement, which sees one moment: the part that becomes a version meanwhile has the one row or the
    other.
    """
    ids = {of(blob) for blob in batch}
    columns = (col(Version.id), col(Export.id), col(UploadPart.id))
    asked = union_all(*(select(column).where(column.in_(ids)) for column in columns))
    with db.read() as session:
        return set(session.connection().execute(asked).scalars())


def of(blob: BlobInfo) -> str:
    """The id of a version, an export or an upload's part, which may lie as an original does; empty for other names."""
    match blob.name.split("/"):
        case [parts.FOLDER, _, part_id]:
            return part_id
        case [_, owner, last] if blob.name in (papers.folder(owner) + last, preparing.written_name(owner, last)):
            return owner
    return ""
