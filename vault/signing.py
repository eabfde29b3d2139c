"""The service's own keys that sign grants: made, rotated, published, unlocked when needed."""

from datetime import datetime, timedelta
from threading import Lock

from sqlmodel import Session, col, func, select

from sharing.grants import sign
from sharing.keys import SigningKey
from sharing.terms import Terms
from storage.errors import SealBroken
from storage.keys import Key, context
from storage.rootkey import RootKey
from vault import accesslog, rootwraps
from vault.db import now
from vault.models import Grant, ServiceKey

OVERLAP = timedelta(days=1)
"""A retired key is published at least so much longer than it is needed: others' clocks and caches lag behind."""


def ensure_key(session: Session, root: RootKey) -> ServiceKey:
    """The current key; a first one is made where there is none. Needs a write transaction."""
    return current(session) or _add(session, root, now(session))


def opens(session: Session, root: RootKey) -> bool:
    """Whether this is the root key that the current key was wrapped under."""
    key = current(session)
    return key is not None and opens_wrapped(root, key.kid, key.private_under_root)


def opens_wrapped(root: RootKey, kid: str, wrapped: bytes) -> bool:
    """Whether the root key wrapped this private key."""
    try:
        return bool(root.unwrap(wrapped, root_context(kid)))
    except SealBroken:
        return False


def rotate(session: Session, root: RootKey) -> ServiceKey:
    """Retires what signs today and adds a new key. Grants signed before stay verifiable: see `published`."""
    at = now(session)
    for key in session.exec(select(ServiceKey).where(col(ServiceKey.retired_at).is_(None))):
        key.retired_at = at
    return _add(session, root, at)


def current(session: Session) -> ServiceKey | None:
    """The key that signs today."""
    unretired = select(ServiceKey).where(col(ServiceKey.retired_at).is_(None))
    return session.exec(unretired.order_by(col(ServiceKey.created_at).desc(), ServiceKey.kid)).first()


def published(session: Session, longest_grant: timedelta) -> dict[str, list[object]]:
    """The JWK set (RFC 7517) of every key whose grants may still be in use.

    A retired key stays while a grant made in its time still runs, and in any case for `longest_grant` after its
    retirement: a grant of a wallet erased since is still in its agency's hands.
    """
    at = now(session)
    keys = session.exec(select(ServiceKey).order_by(col(ServiceKey.created_at).desc())).all()
    return {"keys": [key.public_jwk for key in keys if _in_use(session, key, at, longest_grant)]}


def all_public(session: Session) -> dict[str, list[object]]:
    """The JWK set of every key that ever signed here, so that an old grant can still be checked."""
    keys = session.exec(select(ServiceKey).order_by(col(ServiceKey.created_at).desc())).all()
    return {"keys": [key.public_jwk for key in keys]}


class Signer:
    """Signs grants with the newest key. A key is unlocked through the root key once, when it is first needed.

    The newest key is looked up at each signature, so that a running server follows a rotation made elsewhere.
    """

    def __init__(self, root: RootKey) -> None:
        self._root = root
        self._unlocked: dict[str, SigningKey] = {}
        self._lock = Lock()

    def sign(self, session: Session, terms: Terms) -> str:
        """The signed grant. Raises `LookupError` before the first start has made a key."""
        row = current(session)
        if row is None:
            raise LookupError("no key to sign grants with: the first start makes one")
        return sign(terms, self._unlock(row))

    def nonce_secret(self, session: Session) -> bytes:
        """What nonces are made with (32 bytes): the same in every process, another one after a rotation."""
        row = current(session)
        if row is None:
            raise LookupError("no key to make nonces with: the first start makes one")
        return Key.from_bytes(self._unlock(row).private_bytes()).mac(b"", context("dpop-nonces"))

    def _unlock(self, row: ServiceKey) -> SigningKey:
        with self._lock:
            key = self._unlocked.get(row.kid)
            if key is None:
                seed = self._root.unwrap(row.private_under_root, root_context(row.kid)).expose()
                key = self._unlocked[row.kid] = SigningKey.from_private_bytes(seed)
            return key


def _add(session: Session, root: RootKey, at: datetime) -> ServiceKey:
    key = SigningKey.generate()
    wrapped = rootwraps.wrap(session, root, Key.from_bytes(key.private_bytes()), root_context(key.kid))
    row = ServiceKey(kid=key.kid, public_jwk=dict(key.public_jwk()), private_under_root=wrapped, created_at=at)
    session.add(row)
    accesslog.record(session, accesslog.Kind.service_key_added, at=at, detail=key.kid)
    session.flush()
    return row


def _in_use(session: Session, key: ServiceKey, at: datetime, longest_grant: timedelta) -> bool:
    if key.retired_at is None or at < key.retired_at + longest_grant + OVERLAP:
        return True
    made_then = select(func.max(Grant.expires_at)).where(col(Grant.created_at) <= key.retired_at + OVERLAP)
    last_end = session.exec(made_then).one()
    return last_end is not None and at < last_end + OVERLAP


def root_context(kid: str) -> bytes:
    return context("service-key", kid)
