"""Where the parts of a version lie and under which context they are sealed (docs/formats.md#contexts-of-the-vault)."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from ocr.reading import Reading
from storage.blobs import Blobs
from storage.errors import BlobMissing
from storage.keys import Key, context
from storage.sealed import SealedReader, seal, sealed_size
from vault.errors import NotFound, NotReadYet
from vault.models import Version
from vault.tiles import StoredSheet

FOLDER = "versions"
PREVIEW_MAX = 8 * 1024 * 1024


@dataclass(frozen=True)
class Label:
    """What a version is called and what its bytes hash to; `title` is empty until somebody chooses one."""

    title: str
    file_name: str
    sha256: bytes


def folder(version_id: str) -> str:
    return f"{FOLDER}/{version_id}/"


def original_name(version_id: str) -> str:
    return folder(version_id) + "original"


def preview_name(version_id: str, page: int, *, thumbnail: bool = False) -> str:
    return folder(version_id) + ("thumbnail" if thumbnail else "page") + f"-{page}"


def preview_names(version_id: str, page: int) -> tuple[str, str]:
    return preview_name(version_id, page), preview_name(version_id, page, thumbnail=True)


def sheet_name(version_id: str, page: int) -> str:
    return folder(version_id) + f"sheet-{page}"


def searchable_name(version_id: str) -> str:
    return folder(version_id) + "searchable"


def put_original(blobs: Blobs, key: Key, version_id: str, chunks: Iterable[bytes]) -> int:
    """Seals while the chunks arrive; nothing is left behind when they raise."""
    return blobs.put(original_name(version_id), seal(key, context("original", version_id), chunks), if_absent=True)


def open_original(blobs: Blobs, key: Key, version_id: str) -> SealedReader:
    name = original_name(version_id)
    return _reader(blobs, key, context("original", version_id), name)


def put_preview(blobs: Blobs, key: Key, version_id: str, page: int, image: bytes, *, thumbnail: bool) -> None:
    sealed = seal(key, _preview_context(version_id, page, thumbnail), (image,))
    blobs.put(preview_name(version_id, page, thumbnail=thumbnail), sealed)


def put_previews(blobs: Blobs, key: Key, version_id: str, page: int, preview: bytes, thumbnail: bytes) -> None:
    put_preview(blobs, key, version_id, page, preview, thumbnail=False)
    put_preview(blobs, key, version_id, page, thumbnail, thumbnail=True)


def open_preview(blobs: Blobs, key: Key, version_id: str, page: int, *, thumbnail: bool = False) -> bytes:
    """WebP bytes, read at once: a reading may put others in their place. Raises `BlobMissing` while there are none."""
    name = preview_name(version_id, page, thumbnail=thumbnail)
    sealed = blobs.read(name, 0, sealed_size(PREVIEW_MAX))
    reader = SealedReader(
        key, _preview_context(version_id, page, thumbnail), len(sealed), lambda at, length: sealed[at : at + length]
    )
    return reader.read(0, reader.size)


def put_sheet(blobs: Blobs, key: Key, version_id: str, page: int, chunks: Iterable[bytes]) -> int:
    """Seals a page's tiles while they are cut (vault.tiles): bytes in the store. Nothing stays when they raise."""
    return blobs.put(sheet_name(version_id, page), seal(key, _sheet_context(version_id, page), chunks))


def open_sheet(blobs: Blobs, key: Key, version_id: str, page: int) -> SealedReader:
    """Raises `BlobMissing` while the page has not been cut."""
    return _reader(blobs, key, _sheet_context(version_id, page), sheet_name(version_id, page))


def put_searchable(blobs: Blobs, key: Key, version_id: str, state: bytes, chunks: Iterable[bytes]) -> int:
    """Seals a searchable copy while it is made: bytes in the store. Nothing stays when the chunks raise.

    It opens for the state of the paper alone that it was made of.
    """
    return blobs.put(searchable_name(version_id), seal(key, _searchable_context(version_id, state), chunks))


def open_searchable(blobs: Blobs, key: Key, version_id: str, state: bytes) -> SealedReader:
    """Raises `BlobMissing`, `SealBroken`."""
    return _reader(blobs, key, _searchable_context(version_id, state), searchable_name(version_id))


def stored_sheet(blobs: Blobs, key: Key, version: Version, page: int) -> StoredSheet:
    """The tiles of one page. Raises `NotFound` where it has none, `NotReadYet` while they are being cut."""
    if page not in version.sheets:
        raise NotFound
    if not version.has_tiles(page):
        raise NotReadYet
    try:
        return StoredSheet(open_sheet(blobs, key, version.id, page))
    except BlobMissing:
        raise NotReadYet from None


@dataclass(frozen=True)
class Remains:
    """The blobs of a version whose row is gone, and of an export that held what was read from it.

    Noise without their keys, still to be deleted.
    """

    version_id: str
    pages: int = 0
    exported: tuple[str, ...] = ()


def names(version_id: str, pages: int) -> list[str]:
    """Every blob that a version of so many pages can have, but its searchable copy, which is made again when asked."""
    numbered = range(1, pages + 1)
    previews = [name for n in numbered for name in preview_names(version_id, n)]
    return [original_name(version_id), *previews, *(sheet_name(version_id, n) for n in numbered)]


def export_name(export_id: str, part: str) -> str:
    """Where what was written for an export lies."""
    return f"exports/{export_id}/{part}"


def remove(blobs: Blobs, remains: Remains, *, original: bool = True) -> None:
    """All that there is of it, or all but its original."""
    kept = () if original else (original_name(remains.version_id),)
    made = searchable_name(remains.version_id)
    for name in (*names(remains.version_id, remains.pages), made, *remains.exported):
        if name not in kept:
            blobs.delete(name)


def seal_label(key: Key, version_id: str, label: Label) -> bytes:
    fields = {"title": label.title, "file_name": label.file_name, "sha256": label.sha256.hex()}
    return key.seal(json.dumps(fields, ensure_ascii=False).encode(), context("label", version_id))


def open_label(key: Key, version_id: str, sealed: bytes) -> Label:
    fields = json.loads(key.open(sealed, context("label", version_id)))
    return Label(fields["title"], fields["file_name"], bytes.fromhex(fields["sha256"]))


def seal_reading(key: Key, version_id: str, reading: Reading) -> bytes:
    return key.seal(zlib.compress(reading.to_json()), context("reading", version_id))


def open_reading(key: Key, version_id: str, sealed: bytes, *, pages: bool = True) -> Reading:
    return Reading.from_json(zlib.decompress(key.open(sealed, context("reading", version_id))), pages=pages)


def _reader(blobs: Blobs, key: Key, ctx: bytes, name: str) -> SealedReader:
    size = blobs.size(name)
    return SealedReader(key, ctx, size, lambda offset, length: blobs.read(name, offset, length), blobs.at_once)


def _preview_context(version_id: str, page: int, thumbnail: bool) -> bytes:
    return context("thumbnail" if thumbnail else "page", version_id, str(page))


def _searchable_context(version_id: str, state: bytes) -> bytes:
    return context("searchable", version_id, state.hex())


def _sheet_context(version_id: str, page: int) -> bytes:
    return context("sheet", version_id, str(page))
