"""Blobs as objects of one bucket of a store that speaks S3 (docs/formats/storage.md#stores).

A blob has the name of its object. What fits into one part is written by one request; more is a multipart upload, which
S3 shows only when it is completed, and of which a crash leaves nothing but parts that `temporary` lists.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from secrets import token_hex

from minio.datatypes import Part, Upload

from storage.blobs import BlobInfo, check_name, check_prefix, is_name
from storage.errors import BlobExists, BlobMissing, StorageError, StoreUnavailable
from storage.s3client import WRITE_MARK, Client, Place
from storage.s3errors import RangeBeyond, UploadGone

PART = 8 * 1024 * 1024
"""Bytes of the first parts; S3 takes none below 5 MiB but the last. A write holds one part in memory, and an eighth."""
LARGEST_PART = 64 * 1024 * 1024
GROWTH = 200
"""So many parts, then they double. The 1000 parts that Swift allows hold 36 GiB, and no write up to 1.5 GiB grows."""
EMPTY_PAGES = 100
"""Of a listing, one after another: some stores give such where much was removed."""
AGAIN = "the object store lists the same again and again"
BETWEEN = "?"
"""Stands between a blob's name, which has none, and an upload's id."""

_UPLOAD_ID = re.compile(r"[\x21-\x7e]{1,1000}")


class S3Blobs:
    """The `Blobs` of one bucket; made without a request. Safe in any number of threads and processes."""

    at_once = 4 * 1024 * 1024

    def __init__(self, place: Place) -> None:
        self._place, self._client = place, Client(place)

    def __repr__(self) -> str:
        return f"<S3Blobs {self._place.bucket} at {self._place.host}>"

    def put(self, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
        """As `Blobs.put`. Of the stream one part is held at a time; parts go one after another."""
        # Asked first for stores that overlook the condition; those that know it decide again when they write.
        if if_absent and self._client.find(check_name(name)):
            raise BlobExists(name)
        return _Write(self._client, check_name(name), if_absent).send(cut(chunks))

    def read(self, name: str, offset: int, length: int) -> bytes:
        """As `Blobs.read`."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length are not negative")
        if not length:
            self.size(name)
            return b""
        try:
            return self._client.get(check_name(name), offset, length)
        except RangeBeyond:
            return b""
        except BlobMissing:
            raise self._missing(name) from None

    def size(self, name: str) -> int:
        """As `Blobs.size`."""
        found = self._client.find(check_name(name))
        if found is None:
            raise self._missing(name)
        return found.size

    def delete(self, name: str) -> None:
        """As `Blobs.delete`."""
        try:
            self._client.delete(check_name(name))
        except BlobMissing:
            missing = self._missing(name)
            if not isinstance(missing, BlobMissing):
                raise missing from None

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        """As `Blobs.list`."""
        return self._listed(check_prefix(prefix))

    def temporary(self) -> Iterator[BlobInfo]:
        """As `Blobs.temporary`: multipart uploads that were neither completed nor aborted."""
        last, more, ends = None, True, set()
        while more:
            uploads, more = self._client.uploads(last)
            for last in uploads:
                with suppress(UploadGone, ValueError):  # completed meanwhile, or no put of ours
                    yield self._leftover(last)
            end = last and (last.object_name, last.upload_id)
            if more and end in ends:
                raise StoreUnavailable(AGAIN)
            ends.add(end)

    def discard(self, name: str) -> None:
        """As `Blobs.discard`."""
        blob, upload = _unfinished(name)
        with suppress(UploadGone):
            self._client.abort(blob, upload)

    def _listed(self, prefix: str) -> Iterator[BlobInfo]:
        token, empty, ends = None, 0, set[str]()
        while True:
            page, token = self._client.page(prefix, token)
            for found in page:
                name = found.object_name or ""
                if is_name(name):  # else no put of ours made it
                    yield BlobInfo(name, found.size or 0, found.last_modified or datetime.now(UTC))
            if token is None:
                return
            # Not by their order, which some stores have of their own where folders are concerned.
            end, empty = (page[-1].object_name or "", 0) if page else ("", empty + 1)
            if empty > EMPTY_PAGES or (page and end in ends):
                raise StoreUnavailable(AGAIN)
            ends.add(end)

    def _leftover(self, upload: Upload) -> BlobInfo:
        name = f"{upload.object_name}{BETWEEN}{upload.upload_id}"
        parts = self._client.parts(*_unfinished(name))
        return BlobInfo(name, sum(part.size or 0 for part in parts), upload.initiated_time or datetime.now(UTC))

    def _missing(self, name: str) -> StorageError:
        # Without its bucket it is the store that is missing, and no blob should be taken for lost.
        there = self._client.there()
        return BlobMissing(name) if there else StoreUnavailable("the object store has no such bucket")


def _unfinished(name: str) -> tuple[str, str]:
    """The blob and the id of the upload that a name of `temporary` is made of. Raises `ValueError` for other names."""
    blob, _, upload = name.partition(BETWEEN)
    if not is_name(blob) or not _UPLOAD_ID.fullmatch(upload):
        raise ValueError("not the name of a temporary write")
    return blob, upload


class _Write:
    """One put under way. Its mark tells it from every other, where an answer was lost and the try after it failed."""

    def __init__(self, client: Client, name: str, if_absent: bool) -> None:
        self._client, self._name, self._mark = client, name, token_hex(16)
        self._condition = {"If-None-Match": "*"} if if_absent else {}
        self._about = {"Content-Type": "application/octet-stream", WRITE_MARK: self._mark}

    def send(self, parts: Iterator[bytearray]) -> int:
        """All of them. The size of the blob."""
        first = next(parts, bytearray())
        if len(first) < PART:
            return self._whole(first)
        upload = self._client.begin(self._name, self._about)
        try:
            sent, size = [self._client.part(self._name, upload, 1, first)], len(first)
            del first  # its memory is for the next
            size += self._rest(upload, parts, sent)
            self._complete(upload, sent)
        except BaseException:
            with suppress(StorageError):  # what stays is no blob: the sweep finds it
                self._client.abort(self._name, upload)
            raise
        return size

    def _whole(self, body: bytearray) -> int:
        try:
            self._client.put(self._name, body, self._about | self._condition)
        except BlobExists:
            if not self._is_there():
                raise
        return len(body)

    def _rest(self, upload: str, parts: Iterator[bytearray], sent: list[Part]) -> int:
        size = 0
        while body := next(parts, None):
            sent.append(self._client.part(self._name, upload, len(sent) + 1, body))
            size += len(body)
            del body  # before the next is gathered
        return size

    def _complete(self, upload: str, sent: list[Part]) -> None:
        try:
            self._client.complete(self._name, upload, sent, self._condition)
        except (BlobExists, UploadGone):
            if not self._is_there():
                raise

    def _is_there(self) -> bool:
        found = self._client.find(self._name)
        return found is not None and found.mark == self._mark


def cut(chunks: Iterable[bytes]) -> Iterator[bytearray]:
    """The stream in parts, of which only the last may be shorter than `part_size` says."""
    held, number = bytearray(), 1
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            room = part_size(number) - len(held)
            held += rest[:room]
            rest = rest[room:]
            if len(held) == part_size(number):
                yield held
                held, number = bytearray(), number + 1
    if held:
        yield held


def part_size(number: int) -> int:
    """Bytes of a part, the first being number 1."""
    return min(PART << ((number - 1) // GROWTH), LARGEST_PART)
