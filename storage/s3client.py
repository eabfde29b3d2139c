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
from secrets import SystemRandom
from typing import TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.datatypes import ListMultipartUploadsResult, Object, Part, Upload, parse_list_objects
from minio.error import S3Error
from minio.helpers import DictType, check_bucket_name, md5sum_hash

from storage.errors import BlobMissing, StoreUnavailable
from storage.s3errors import UNREADABLE, Cut, passing, verdict
from storage.s3wire import Wire

ATTEMPTS = 4
"""Times that one request is tried before the store counts as away."""
FIRST_WAIT_S = 0.2
"""Longest wait before the second try; each further one may wait twice as long (with jitter: any time up to that)."""
CONNECTIONS = 64
"""Kept open at most, for as many threads at once."""
PAGE = 1000
"""Names asked for at once in listings; no store gives more."""
LONGEST = 1 << 48
"""Bytes that no store has in one object."""
WRITE_MARK = "x-amz-meta-write"
"""Metadata that tells one write from another, to know one's own after an answer was lost."""

_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?/?")
_GIVEN = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")

T = TypeVar("T")


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
        tls = ssl.create_default_context() if place.secure else None
        pool = Wire(place.connect_timeout_s, place.timeout_s, CONNECTIONS, tls)
        super().__init__(
            place.host, place.access_key, place.secret_key, secure=place.secure, region=place.region, http_client=pool
        )

    def put(self, name: str, body: bytearray, headers: Mapping[str, str]) -> None:
        """PutObject. Raises `BlobExists`."""
        self._tried(name, lambda: self._sent(name, body, headers, {}))

    def find(self, name: str) -> Found | None:
        """HeadObject; None also where the bucket itself is missing."""
        try:
            found = self._tried(name, lambda: self._stat(name), of_one=True)
        except BlobMissing:
            return None
        return Found(found.size or 0, (found.metadata or {}).get(WRITE_MARK, ""))

    def get(self, name: str, offset: int, length: int) -> bytes:
        """GetObject of a range of at least one byte. Raises `BlobMissing`, `RangeBeyond`."""
        return self._tried(name, lambda: self._get(name, offset, length), of_one=True)

    def delete(self, name: str) -> None:
        """DeleteObject. Some stores raise `BlobMissing`."""
        self._tried(name, lambda: self.remove_object(self._bucket, name), of_one=True)

    def page(self, prefix: str, token: str | None) -> tuple[list[Object], str | None]:
        """ListObjectsV2: up to `PAGE` objects in order, and with what to ask for those after them."""
        return self._tried(prefix, lambda: self._page(prefix, token))

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
        if not sent.etag:
            raise Cut
        return sent.etag

    def _stat(self, name: str) -> Object:
        found = self.stat_object(self._bucket, name)
        if not found.etag or not 0 <= (-1 if found.size is None else found.size) < LONGEST:
            raise Cut
        return found

    def _get(self, name: str, offset: int, length: int) -> bytes:
        with closing(self.get_object(self._bucket, name, offset, length)) as answer:
            promised = _promised(answer.status, answer.headers, offset, length)
            parts, size = [], 0
            while size < length and (part := answer.read(length - size, decode_content=False)):
                parts.append(part)
                size += len(part)
            if promised is not None and size != promised:
                raise Cut
            return b"".join(parts)

    def _page(self, prefix: str, token: str | None) -> tuple[list[Object], str | None]:
        query: DictType = {"list-type": "2", "max-keys": str(PAGE), "prefix": prefix, "encoding-type": "url"}
        if token:
            query["continuation-token"] = token
        answer = self._execute("GET", self._bucket, query_params=query)
        _refuse_other(answer, "ListBucketResult")
        found, more, following, _ = parse_list_objects(answer)
        return found, following if more else None

    def _uploads(self, after: Upload | None) -> tuple[list[Upload], bool]:
        query: DictType = {"uploads": "", "max-uploads": str(PAGE), "encoding-type": "url"}
        if after:
            query |= {"key-marker": after.object_name, "upload-id-marker": after.upload_id or ""}
        # The client's own step sends an empty delimiter, by which Swift takes every upload for a folder.
        answer = self._execute("GET", self._bucket, query_params=query)
        _refuse_other(answer, "ListMultipartUploadsResult")
        found = ListMultipartUploadsResult(answer)
        return found.uploads, found.is_truncated and bool(found.uploads)

    def _abort(self, name: str, upload: str) -> None:
        self._abort_multipart_upload(self._bucket, name, upload)

    def _complete(self, name: str, upload: str, body: bytes, headers: Mapping[str, str]) -> None:
        own: DictType = {"Content-Type": "application/xml", "Content-MD5": md5sum_hash(body) or "", **headers}
        answer = self._execute("POST", self._bucket, name, body=body, headers=own, query_params={"uploadId": upload})
        # The status was sent before the outcome was known: what counts is what the body says.
        _refuse_other(answer, "CompleteMultipartUploadResult")

    def _tried(self, name: str, call: Callable[[], T], *, of_one: bool = False) -> T:
        """The call's result, at the first try that has one. Only what may pass by itself is tried again.

        Only a request `of_one` object that is there raises `BlobMissing`: whoever writes can miss none.
        """
        begun, attempt = time.monotonic(), 1
        while True:
            try:
                return call()
            except UNREADABLE as error:
                late = attempt == ATTEMPTS or time.monotonic() - begun > self._patience_s
                if late or not passing(error):
                    # Without its cause: that may hold whole answers of the store.
                    raise verdict(error, name, of_one=of_one) from None
            time.sleep(_random.uniform(0, FIRST_WAIT_S * 2 ** (attempt - 1)))
            attempt += 1


_random = SystemRandom()


def _promised(status: int, headers: Mapping[str, str], offset: int, length: int) -> int | None:
    """Bytes that an answer to a range must hold; None where only its end tells. Raises `StoreUnavailable`.

    RFC 9110 section 14.4; fewer bytes than were asked for are given only where the blob ends.
    """
    if status != 206:
        if offset:
            raise StoreUnavailable("the object store gives no ranges")
        return None
    given = _GIVEN.fullmatch(headers.get("content-range", ""))
    first, last, whole = map(int, given.groups()) if given else (-1, -1, -1)
    if first != offset or last + 1 != min(offset + length, whole):
        raise StoreUnavailable("the object store gives another range than it was asked for")
    return last + 1 - first


def _refuse_other(answer: urllib3.BaseHTTPResponse, wanted: str) -> None:
    """Raises `S3Error` for XML that is something else, whatever the status."""
    root = ElementTree.fromstring(answer.data.decode())  # noqa: S314 - the wire lets no entities pass, and little else
    if root.tag.rpartition("}")[2] != wanted:
        raise S3Error.fromxml(answer)


def _manifest(parts: Sequence[Part]) -> bytes:
    root = ElementTree.Element("CompleteMultipartUpload", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    for part in parts:
        entry = ElementTree.SubElement(root, "Part")
        ElementTree.SubElement(entry, "PartNumber").text = str(part.part_number)
        ElementTree.SubElement(entry, "ETag").text = f'"{part.etag}"'
    return ElementTree.tostring(root)
