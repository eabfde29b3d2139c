"""The calls of S3 that blobs need, through the `minio` client: told in our errors, tried again where that may help.

Conditional writes and single parts have no public method there, so its own steps are used; the suite of blobs, run on a
real store, holds them. https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from secrets import SystemRandom
from typing import TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.datatypes import ListMultipartUploadsResult, Object, Part, Upload
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.helpers import DictType, check_bucket_name, md5sum_hash

from storage.errors import BlobExists, BlobMissing, StorageError, StoreFull, StoreUnavailable

ATTEMPTS = 4
"""Times that one request is tried before the store counts as away."""
FIRST_WAIT_S = 0.2
"""Longest wait before the second try; each further one may wait twice as long (with jitter: any time up to that)."""
CONNECTIONS = 64
"""Kept open at most, for as many threads at once."""
PAGE = 1000
"""Names asked for at once in listings; no store gives more."""
WRITE_MARK = "x-amz-meta-write"
"""Metadata that tells one write from another, to know one's own after an answer was lost."""

_MISSING = {"NoSuchKey"}
_TAKEN = {"PreconditionFailed"}
_GONE = {"NoSuchUpload"}
_BEYOND = {"InvalidRange"}
_FULL = {"StorageFull", "XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "EntityTooLarge"}
_AGAIN = {
    "SlowDown", "SlowDownRead", "SlowDownWrite", "InternalError", "ServiceUnavailable", "RequestTimeout",
    "OperationAborted", "ConditionalRequestConflict",
}  # fmt: skip
_AGAIN_STATUS = {408, 429, 500, 502, 503, 504}
_FULL_STATUS = {507}
_UNREADABLE = (MinioException, urllib3.exceptions.HTTPError, ElementTree.ParseError, OSError, ValueError, TypeError)
_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?/?")
_CODE = re.compile(r"[A-Za-z0-9]{1,60}")

T = TypeVar("T")


class UploadGone(StoreUnavailable):
    """The parts of a write were removed under it, or it was completed before."""


class RangeBeyond(StorageError):
    """The range begins where the blob has ended."""


@dataclass(frozen=True)
class Place:
    """A bucket, and with what it is opened. Raises `ValueError` for an address or a bucket's name that cannot be."""

    endpoint: str
    bucket: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    connect_timeout_s: float = 5
    timeout_s: float = 30
    """Longest silence of the store, and the time after which nothing is tried again."""

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.endpoint):
            raise ValueError("the address of an object store is http:// or https://, a host, and perhaps a port")
        check_bucket_name(self.bucket)

    @property
    def host(self) -> str:
        """With its port, where one is named."""
        return urlsplit(self.endpoint).netloc

    @property
    def secure(self) -> bool:
        return self.endpoint.startswith("https:")


@dataclass(frozen=True)
class Found:
    """What a store tells about a blob: bytes, and the mark of the write that made it (empty where there is none)."""

    size: int
    mark: str


class Client(Minio):
    """One bucket. Every method raises `StoreUnavailable`, `StoreFull`, and what it names; nothing of `minio`'s."""

    def __init__(self, place: Place) -> None:
        self._bucket, self._patience_s = place.bucket, place.timeout_s
        pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=place.connect_timeout_s, read=place.timeout_s),
            retries=urllib3.Retry(0),
            ssl_context=ssl.create_default_context() if place.secure else None,
        )
        super().__init__(
            place.host, place.access_key, place.secret_key, secure=place.secure, region=place.region, http_client=pool
        )

    def put(self, name: str, body: bytearray, headers: Mapping[str, str]) -> None:
        """PutObject. Raises `BlobExists`."""
        self._tried(name, lambda: self._sent(name, body, headers, {}))

    def find(self, name: str) -> Found | None:
        """HeadObject; None also where the bucket itself is missing."""
        try:
            found = self._tried(name, lambda: self.stat_object(self._bucket, name))
        except BlobMissing:
            return None
        return Found(found.size or 0, (found.metadata or {}).get(WRITE_MARK, ""))

    def get(self, name: str, offset: int, length: int) -> bytes:
        """GetObject of a range of at least one byte. Raises `BlobMissing`, `RangeBeyond`."""
        return self._tried(name, lambda: self._get(name, offset, length))

    def delete(self, name: str) -> None:
        """DeleteObject. Some stores raise `BlobMissing`."""
        self._tried(name, lambda: self.remove_object(self._bucket, name))

    def page(self, prefix: str, after: str | None) -> list[Object]:
        """ListObjectsV2: up to `PAGE` objects in order; fewer mean that these are the last."""
        return self._tried(prefix, lambda: self._page(prefix, after))

    def there(self) -> bool:
        """HeadBucket."""
        return self._tried("", lambda: self.bucket_exists(self._bucket))

    def begin(self, name: str, headers: Mapping[str, str]) -> str:
        """CreateMultipartUpload; the id of the upload."""
        return self._tried(name, lambda: self._create_multipart_upload(self._bucket, name, dict(headers)))

    def part(self, name: str, upload: str, number: int, body: bytearray) -> Part:
        """UploadPart. Raises `UploadGone`."""
        about = {"partNumber": str(number), "uploadId": upload}
        sent = self._tried(name, lambda: self._sent(name, body, {}, about))
        return Part(number, sent)

    def complete(self, name: str, upload: str, parts: Sequence[Part], headers: Mapping[str, str]) -> None:
        """CompleteMultipartUpload. Raises `BlobExists`, `UploadGone`."""
        self._tried(name, lambda: self._complete(name, upload, _manifest(parts), headers))

    def abort(self, name: str, upload: str) -> None:
        """AbortMultipartUpload. Raises `UploadGone`."""
        self._tried(name, lambda: self._abort(name, upload))

    def uploads(self, after: Upload | None) -> tuple[list[Upload], bool]:
        """ListMultipartUploads: what comes after one of them, and whether there are more."""
        return self._tried("", lambda: self._uploads(after))

    def parts(self, name: str, upload: str) -> list[Part]:
        """ListParts, the first thousand. Raises `UploadGone`."""
        return self._tried(name, lambda: self._list_parts(self._bucket, name, upload).parts)

    def _sent(self, name: str, body: bytearray, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        """The ETag. (`_put_object` hands the body on as it is: any buffer will do.)"""
        sent = self._put_object(self._bucket, name, body, dict(headers), dict(query))  # type: ignore[arg-type]
        return sent.etag or ""

    def _get(self, name: str, offset: int, length: int) -> bytes:
        with closing(self.get_object(self._bucket, name, offset, length)) as answer:
            if answer.status != 206 and offset:
                raise StoreUnavailable("the object store gives no ranges")
            parts = []
            while length and (part := answer.read(length, decode_content=False)):
                parts.append(part)
                length -= len(part)
            return b"".join(parts)

    def _page(self, prefix: str, after: str | None) -> list[Object]:
        found = self._list_objects(self._bucket, prefix=prefix, start_after=after, max_keys=PAGE, encoding_type="url")
        return list(islice(found, PAGE))

    def _uploads(self, after: Upload | None) -> tuple[list[Upload], bool]:
        query: DictType = {"uploads": "", "max-uploads": str(PAGE), "encoding-type": "url"}
        if after:
            query |= {"key-marker": after.object_name, "upload-id-marker": after.upload_id or ""}
        # The client's own step sends an empty delimiter, by which Swift takes every upload for a folder.
        found = ListMultipartUploadsResult(self._execute("GET", self._bucket, query_params=query))
        return found.uploads, found.is_truncated and bool(found.uploads)

    def _abort(self, name: str, upload: str) -> None:
        self._abort_multipart_upload(self._bucket, name, upload)

    def _complete(self, name: str, upload: str, body: bytes, headers: Mapping[str, str]) -> None:
        own: DictType = {"Content-Type": "application/xml", "Content-MD5": md5sum_hash(body) or "", **headers}
        answer = self._execute("POST", self._bucket, name, body=body, headers=own, query_params={"uploadId": upload})
        root = ElementTree.fromstring(answer.data)  # noqa: S314 - the operator chose the store, and expat has limits
        # The status was sent before the outcome was known: what counts is what the body says.
        if root.tag.rpartition("}")[2] != "CompleteMultipartUploadResult":
            raise S3Error.fromxml(answer)

    def _tried(self, name: str, call: Callable[[], T]) -> T:
        """The call's result, at the first try that has one. Only what may pass by itself is tried again."""
        begun, attempt = time.monotonic(), 1
        while True:
            try:
                return call()
            except _UNREADABLE as error:
                late = attempt == ATTEMPTS or time.monotonic() - begun > self._patience_s
                if late or not passing(error):
                    # Without its cause: that may hold whole answers of the store.
                    raise verdict(error, name) from None
            time.sleep(_random.uniform(0, FIRST_WAIT_S * 2 ** (attempt - 1)))
            attempt += 1


_random = SystemRandom()


def verdict(error: Exception, name: str) -> StorageError:
    """Our error for one of the client's; its words hold the store's code at most."""
    code, status = _told(error)
    if code in _MISSING:
        return BlobMissing(name)
    if code in _TAKEN or status == 412:
        return BlobExists(name)
    if code in _BEYOND:
        return RangeBeyond(name)
    if code in _GONE:
        return UploadGone("the parts of a write were removed while it was under way")
    if code in _FULL or status in _FULL_STATUS:
        return StoreFull("no space is left for blobs")
    if code == "NoSuchBucket":
        return StoreUnavailable("the object store has no such bucket")
    if code or status:
        return StoreUnavailable(f"the object store answers {code if _CODE.fullmatch(code) else status}")
    return StoreUnavailable(f"the object store cannot be used: {type(error).__name__}")


def passing(error: Exception) -> bool:
    """Whether the same request may succeed a moment later."""
    code, status = _told(error)
    if not code and not status:
        return isinstance(error, urllib3.exceptions.HTTPError | OSError)
    return code in _AGAIN or status in _AGAIN_STATUS


def _told(error: Exception) -> tuple[str, int]:
    """S3's code of an error, and the status of its answer; empty and 0 where there is none."""
    if isinstance(error, S3Error):
        return error.code or "", error.response.status
    if isinstance(error, ServerError):
        return "", error.status_code
    if isinstance(error, InvalidResponseError):
        return "", error._code
    return "", 0


def _manifest(parts: Sequence[Part]) -> bytes:
    root = ElementTree.Element("CompleteMultipartUpload", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    for part in parts:
        entry = ElementTree.SubElement(root, "Part")
        ElementTree.SubElement(entry, "PartNumber").text = str(part.part_number)
        ElementTree.SubElement(entry, "ETag").text = f'"{part.etag}"'
    return ElementTree.tostring(root)
