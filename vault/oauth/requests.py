"""Authorisation requests: pushed by a portal (RFC 9126), opened by one browser, answered once by one citizen.

What a request says lies sealed under a secret of which the database holds the hash alone: until it is opened, the
request URI; from then on, a fresh one in the cookie of the browser that opened it.
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select, update

from storage.errors import SealBroken
from storage.keys import Key, context
from vault import models, tokens
from vault.db import Database, now
from vault.errors import RequestOver
from vault.models import Agency, AuthorizationRequest
from vault.oauth.details import Asked
from vault.principals import Citizen
from vault.settings import Settings

COOKIE = "consent"
URN = "urn:ietf:params:oauth:request_uri:"
PUSHED_FOR = timedelta(seconds=90)
"""How long a request URI is good for."""
OPENED_FOR = timedelta(hours=2)
"""How long the citizen has for signing in, for putting a missing paper in and waiting until it is read."""


@dataclass(frozen=True)
class Pushed:
    """What a portal asks, checked; `key` is the thumbprint of the key that the code shall be bound to, if it said."""

    agency_id: str
    redirect_uri: str
    state: str | None = field(repr=False)
    code_challenge: str
    key: str | None
    asked: Asked


@dataclass(frozen=True)
class Opened:
    """A request in one browser's hands: `secret` goes into its cookie."""

    request_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Pending:
    """A request that waits for its answer."""

    row: AuthorizationRequest
    pushed: Pushed


def cookie_name(settings: Settings) -> str:
    """Of the cookie that holds an opened request's secret; its path is the one page `cookie_path`."""
    return f"__Secure-{COOKIE}" if settings.over_tls else COOKIE


def cookie_path(request_id: str) -> str:
    return f"/consent/{request_id}"


def push(session: Session, pushed: Pushed) -> str:
    """The request URI: good for one use, within `PUSHED_FOR`."""
    request_id, secret, at = models.new_id(), tokens.new(), now(session)
    session.add(
        AuthorizationRequest(
            id=request_id,
            agency_id=pushed.agency_id,
            created_at=at,
            expires_at=at + PUSHED_FOR,
            secret_hash=tokens.digest(secret),
            sealed=_seal(secret, request_id, _to_json(pushed)),
        )
    )
    session.flush()
    return URN + tokens.encode(secret)


def open_(db: Database, client_id: str, request_uri: str) -> Opened:
    """Of any number of browsers that bring this request URI, one gets the request. Raises `RequestOver`.

    The wrong client_id spends nothing: the request is still there for its own client.
    """
    secret = tokens.decode(request_uri.removeprefix(URN)) if request_uri.startswith(URN) else None
    if secret is None:
        raise RequestOver
    with db.write() as session:
        at, fresh = now(session), tokens.new()
        row = _by_secret(session, col(AuthorizationRequest.opened_at).is_(None), secret)
        if row is None or row.agency_id != client_id or at >= row.expires_at:
            raise RequestOver
        content = _open(secret, row)
        values: dict[str, object] = {
            "opened_at": at,
            "expires_at": at + OPENED_FOR,
            "secret_hash": tokens.digest(fresh),
            "sealed": _seal(fresh, row.id, content),
        }
        unopened = (col(AuthorizationRequest.id) == row.id, col(AuthorizationRequest.opened_at).is_(None))
        if session.exec(update(AuthorizationRequest).where(*unopened).values(values)).rowcount != 1:
            raise RequestOver
        return Opened(row.id, tokens.encode(fresh))


def pending(session: Session, request_id: str, secret: str, citizen: Citizen | None) -> Pending:
    """The request for the browser whose cookie holds `secret`, and for the citizen who claimed it.

    Raises `RequestOver`: unknown, over, answered, another citizen's, another browser's, or of a portal that may not
    ask this any more, all alike.
    """
    decoded = tokens.decode(secret)
    row = _by_secret(session, AuthorizationRequest.id == request_id, decoded) if decoded else None
    if row is None or decoded is None or not _is_waiting(row, now(session)):
        raise RequestOver
    if citizen is not None and row.citizen_id not in (None, citizen.citizen_id):
        raise RequestOver
    found = Pending(row, _from_json(_open(decoded, row)))
    if not _is_registered(session, found.pushed):
        raise RequestOver
    return found


def claim(session: Session, pending: Pending, citizen: Citizen) -> None:
    """From now on the request is this citizen's, and nobody else can answer it. Twice changes nothing.

    Raises `RequestOver`. Of any number of citizens at once, one gets it.
    """
    free = col(AuthorizationRequest.citizen_id).is_(None) | (col(AuthorizationRequest.citizen_id) == citizen.citizen_id)
    _change(session, pending, free, citizen_id=citizen.citizen_id)


def answer(session: Session, pending: Pending, citizen_id: str) -> None:
    """Marks the request answered, by the citizen who claimed it, once. What it said is gone. Raises `RequestOver`."""
    own = col(AuthorizationRequest.citizen_id) == citizen_id
    _change(session, pending, own, answered_at=now(session), sealed=b"", draft=None)


def _change(session: Session, pending: Pending, condition: Any, **values: object) -> None:
    waiting = (
        col(AuthorizationRequest.id) == pending.row.id,
        col(AuthorizationRequest.secret_hash) == pending.row.secret_hash,
        col(AuthorizationRequest.answered_at).is_(None),
        col(AuthorizationRequest.expires_at) > now(session),
        condition,
    )
    if session.exec(update(AuthorizationRequest).where(*waiting).values(values)).rowcount != 1:
        raise RequestOver


def _by_secret(session: Session, condition: Any, secret: bytes) -> AuthorizationRequest | None:
    wanted = tokens.digest(secret)
    query = select(AuthorizationRequest).where(AuthorizationRequest.secret_hash == wanted, condition)
    row = session.exec(query).first()
    return row if row is not None and hmac.compare_digest(row.secret_hash, wanted) else None


def _is_registered(session: Session, pushed: Pushed) -> bool:
    """Asked again at each use: the operator may have taken back meanwhile what the portal was registered for."""
    agency = session.get_one(Agency, pushed.agency_id)
    return pushed.redirect_uri in agency.redirect_uris and pushed.asked.procedure in agency.procedures


def _is_waiting(row: AuthorizationRequest, at: datetime) -> bool:
    return row.opened_at is not None and row.answered_at is None and at < row.expires_at


def _seal(secret: bytes, request_id: str, content: dict[str, Any]) -> bytes:
    plain = json.dumps(content, ensure_ascii=False).encode("utf-8")
    return _key(secret, request_id).seal(plain, _context(request_id))


def _open(secret: bytes, row: AuthorizationRequest) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(_key(secret, row.id).open(row.sealed, _context(row.id)))
    except SealBroken:
        raise RequestOver from None
    return content


def _key(secret: bytes, request_id: str) -> Key:
    return Key.derive(secret, _context(request_id))


def _context(request_id: str) -> bytes:
    return context("authorization-request", request_id)


def _to_json(pushed: Pushed) -> dict[str, Any]:
    names = ("agency_id", "redirect_uri", "state", "code_challenge", "key")
    return {name: getattr(pushed, name) for name in names} | {"asked": pushed.asked.to_json()}


def _from_json(value: dict[str, Any]) -> Pushed:
    return Pushed(**(value | {"asked": Asked.from_json(value["asked"])}))
