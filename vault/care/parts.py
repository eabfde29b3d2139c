"""One version looked at whole: each of its parts opens with its key, and its bytes have its hash."""

import hashlib
from collections.abc import Callable, Generator, Iterator

from storage.blobs import Blobs
from storage.errors import BlobMissing, SealBroken, StoreUnavailable
from storage.keys import Key
from storage.sealed import sealed_size
from vault import papers, readings
from vault.models import ReadingState, Version
from vault.tiles import StoredSheet
from vault.wallets import Wallet

Spend = Callable[[int], None]
UNREAD = "cannot be read"
"""In the phrases about what the store did not give: perhaps nothing is wrong with it."""


def faults(blobs: Blobs, wallet: Wallet, version: Version, spend: Spend) -> Iterator[str]:
    """What is wrong with which part, each a phrase without a word of the paper; `spend` is told every byte opened."""
    try:
        key = wallet.document_key(version)
    except SealBroken:
        yield "its key does not open with its wallet's"
        return
    sha256 = yield from _label(key, version)
    yield from _in_row(key, version)
    yield from _original(blobs, key, version, sha256, spend)
    for page in range(1, version.pages + 1):
        for thumbnail in (False, True):
            yield from _preview(blobs, key, version, page, thumbnail, spend)
    for page in version.sheets[: version.sheets_cut]:
        yield from _sheet(blobs, key, version, page, spend)
    if version.copy_state is not None and version.copy_bytes:
        yield from _searchable(blobs, key, version, version.copy_state, spend)


def original_faults(blobs: Blobs, version_id: str, size: int) -> Iterator[str]:
    """The cheap look: is the original there, in full length?"""
    try:
        stored = blobs.size(papers.original_name(version_id))
    except BlobMissing:
        yield "its original is missing"
    except StoreUnavailable as error:
        yield f"its original {UNREAD} ({error})"
    else:
        if stored != sealed_size(size):
            yield f"its original has {stored} bytes, not {sealed_size(size)}"


def _label(key: Key, version: Version) -> Generator[str, None, bytes | None]:
    """Returns the hash of the original."""
    try:
        return papers.open_label(key, version.id, version.label).sha256
    except SealBroken:
        yield "its label is damaged"
        return None


def _in_row(key: Key, version: Version) -> Iterator[str]:
    try:
        if version.reading is not None:
            papers.open_reading(key, version.id, version.reading, pages=False)
    except SealBroken:
        yield "its reading is damaged"
    try:
        readings.opened_values(key, version)
    except SealBroken:
        yield "its confirmed values are damaged"


def _original(blobs: Blobs, key: Key, version: Version, sha256: bytes | None, spend: Spend) -> Iterator[str]:
    short = list(original_faults(blobs, version.id, version.size))
    if short:
        yield from short
        return
    digest = hashlib.sha256()
    try:
        for block in papers.open_original(blobs, key, version.id).stream():
            digest.update(block)
            spend(len(block))
    except BlobMissing:
        yield "its original is missing"
    except SealBroken as error:
        yield f"its original is damaged ({error})"
    except StoreUnavailable as error:
        yield f"its original {UNREAD} ({error})"
    else:
        if sha256 is not None and digest.digest() != sha256:
            yield "its original has another hash than its label names"


def _preview(blobs: Blobs, key: Key, version: Version, page: int, thumbnail: bool, spend: Spend) -> Iterator[str]:
    what = f"the {'thumbnail' if thumbnail else 'preview'} of page {page}"
    try:
        spend(len(papers.open_preview(blobs, key, version.id, page, thumbnail=thumbnail)))
    except BlobMissing:
        if version.state == ReadingState.done and page <= version.pages_read:
            yield f"{what} is missing (reading it again makes it anew)"
    except SealBroken:
        yield f"{what} is damaged (reading it again makes it anew)"
    except StoreUnavailable as error:
        yield f"{what} {UNREAD} ({error})"


def _sheet(blobs: Blobs, key: Key, version: Version, page: int, spend: Spend) -> Iterator[str]:
    try:
        reader = papers.open_sheet(blobs, key, version.id, page)
        StoredSheet(reader)
        for block in reader.stream():
            spend(len(block))
    except BlobMissing:
        yield f"the tiles of page {page} are missing (reading it again makes them anew)"
    except SealBroken:
        yield f"the tiles of page {page} are damaged (reading it again makes them anew)"
    except StoreUnavailable as error:
        yield f"the tiles of page {page} {UNREAD} ({error})"


def _searchable(blobs: Blobs, key: Key, version: Version, state: bytes, spend: Spend) -> Iterator[str]:
    """One that is missing is made again when somebody asks for it: backups hold none."""
    try:
        for block in papers.open_searchable(blobs, key, version.id, state).stream():
            spend(len(block))
    except BlobMissing:
        return
    except SealBroken:
        yield "its searchable copy is damaged (asking for it again makes it anew)"
    except StoreUnavailable as error:
        yield f"its searchable copy {UNREAD} ({error})"
