"""What can go wrong with sealed bytes and their stores. Messages never hold key or paper bytes."""


class StorageError(Exception):
    """Base of everything that this package raises on purpose."""


class SealBroken(StorageError):
    """Sealed bytes do not authenticate: changed, cut, moved, or opened with another key or context."""


class OtherRootKey(SealBroken):
    """Wrapped under a root key that is not at hand."""


class KeyUnusable(StorageError):
    """A key, or the file or token that should hold one, is not what it must be."""


class KeyMissing(KeyUnusable):
    """There is no key where one should be."""


class KeyUnavailable(StorageError):
    """The token that holds a key does not answer, or not as it should."""


class BlobMissing(StorageError):
    """No blob of that name is in the store."""


class BlobExists(StorageError):
    """A blob of that name is already in the store, and `if_absent` was asked."""


class StoreFull(StorageError):
    """No space or quota is left for what was to be written."""


class StoreUnavailable(StorageError):
    """The store cannot be reached, is read-only or reports broken hardware."""
