"""What may go wrong with a request to a store, in our errors, and what of it may pass by itself."""

import re
from xml.etree import ElementTree

import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from storage.errors import BlobExists, BlobMissing, StorageError, StoreFull, StoreUnavailable

UNREADABLE = (MinioException, urllib3.exceptions.HTTPError, ElementTree.ParseError, OSError, ValueError, TypeError)

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
_CODE = re.compile(r"[A-Za-z0-9]{1,60}")


class UploadGone(StoreUnavailable):
    """The parts of a write were removed under it, or it was completed before."""


class Cut(urllib3.exceptions.HTTPError):
    """An answer that lacks what every answer has: a store that went in the middle of it, or no store."""


class RangeBeyond(StorageError):
    """The range begins where the blob has ended."""


def verdict(error: Exception, name: str, *, of_one: bool) -> StorageError:
    """Our error for one of the client's; its words hold the store's code at most."""
    code, status = _told(error)
    if code in _MISSING and of_one:
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
