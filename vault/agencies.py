"""Agencies and their officers: added by the operator, named to citizens, recognised by their systems' signatures."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from sharing import jws
from sharing.assertions import verify_assertion
from sharing.encoding import parse_object
from sharing.errors import AssertionRefused, EncodingInvalid, KeysInvalid
from sharing.keys import jwks, parse_jwks
from sharing.limits import ASSERTION_BYTES
from storage.keys import context
from storage.rootkey import RootKey
from vault import accesslog, accounts, models, wallets
from vault.db import Database, now
from vault.errors import Invalid, NotFound, SignInNeeded
from vault.models import AccessToken, Account, Agency, Grant, GrantHolder, Holder, UsedProof
from vault.procedures import Procedures

NAME_MAX = 200
REDIRECT_URI_MAX = 500
PORT_MAX = 65535
LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})

_REDIRECT_URI = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[::1\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[A-Za-z0-9._~!$&'()+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()+,;=:@%/?-]*)?"
)
"""Absolute, in the ASCII that RFC 3986 allows, with neither user, fragment nor `*`: nothing that reads as a pattern."""

Jwks = bytes | str | Mapping[str, Any]


@dataclass(frozen=True)
class AgencySystem:
    """An agency's own software, known by a client assertion for the length of one request."""

    agency_id: str
    name: str


@dataclass(frozen=True)
class Recognised:
    """A client assertion that verified: whose it is, and what `take` remembers of it."""

    system: AgencySystem
    used_id: bytes
    expires_at: datetime


def add(session: Session, root: RootKey, name: str, keys: Jwks | None = None) -> Agency:
    """A new agency; without `keys` only its officers act for it. Raises `Invalid` (name, jwks)."""
    name = " ".join(name.split())
    if not name:
        raise Invalid("name", "missing")
    if len(name) > NAME_MAX:
        raise Invalid("name", "too-long", most=NAME_MAX)
    if session.exec(select(Agency.id).where(Agency.name == name)).first() is not None:
        raise Invalid("name", "taken")
    agency = wallets.create_agency(session, root, name, _checked(keys))
    accesslog.record(session, accesslog.Kind.agency_added, agency_id=agency.id)
    return agency


def replace_keys(session: Session, agency_id: str, keys: Jwks) -> Agency:
    """From now on these keys, and no others, speak for the agency's systems; the access tokens of the old ones end.

    What was shared stays open to the agency's officers. Raises `NotFound`, `Invalid`.
    """
    agency = get(session, agency_id)
    agency.jwks = _checked(keys)
    session.add(agency)
    shared = select(Grant.id).where(Grant.agency_id == agency.id)
    tokens = (col(GrantHolder.grant_id).in_(shared), col(GrantHolder.holder) == Holder.token)
    session.exec(delete(GrantHolder).where(*tokens))
    session.exec(delete(AccessToken).where(col(AccessToken.agency_id) == agency.id))
    accesslog.record(session, accesslog.Kind.agency_keys_changed, agency_id=agency.id)
    return agency


def register_portal(
    session: Session, agency_id: str, redirect_uris: Sequence[str], codes: Sequence[str], procedures: Procedures
) -> Agency:
    """From now on the agency's portal may ask papers for these procedures, answered to these addresses, and no others.

    Raises `NotFound`, `Invalid` (redirect-uri, procedure).
    """
    agency = get(session, agency_id)
    for address in redirect_uris:
        _check_redirect_uri(address)
    for code in codes:
        if code not in procedures:
            raise Invalid("procedure", "no-such-procedure", procedure=code)
    agency.redirect_uris, agency.procedures = list(dict.fromkeys(redirect_uris)), list(dict.fromkeys(codes))
    session.add(agency)
    accesslog.record(session, accesslog.Kind.portal_registered, agency_id=agency.id)
    return agency


def get(session: Session, agency_id: str) -> Agency:
    """Raises `NotFound`."""
    agency = session.get(Agency, agency_id)
    if agency is None:
        raise NotFound
    return agency


def find(session: Session, name_or_id: str) -> Agency:
    """The agency of that id or exact name, for commands. Raises `NotFound`."""
    either = (Agency.id == name_or_id) | (Agency.name == name_or_id)
    agency = session.exec(select(Agency).where(either)).first()
    if agency is None:
        raise NotFound
    return agency


def listed(session: Session) -> list[Agency]:
    """All agencies by name, for the citizen to choose from."""
    return list(session.exec(select(Agency).order_by(col(Agency.name))))


def add_officer(session: Session, agency_id: str, login: str, password_hash: str, name: str = "") -> Account:
    """An officer's sign-in; `password_hash` is made by `Passwords.hash`. Raises `NotFound`, `Invalid`, `LoginTaken`."""
    agency = get(session, agency_id)
    account = accounts.add_account(session, login, password_hash, name=name, agency_id=agency.id)
    accesslog.record(session, accesslog.Kind.officer_added, agency_id=agency.id, account_id=account.id)
    return account


def recognise(db: Database, issuer: str, assertion: str) -> Recognised:
    """The agency whose system signed this client assertion for `issuer`; `take` must follow, which uses it up.

    Raises `SignInNeeded`, and tells the sender nothing of why: its own log knows what it signed.
    """
    client_id = _claimed_client(assertion)
    with db.read() as session:
        agency = session.get(Agency, client_id)
        if agency is None:
            raise SignInNeeded
        try:
            keys = parse_jwks(agency.jwks)
            accepted = verify_assertion(assertion, keys, client_id=agency.id, audience=issuer, now=now(session))
        except (AssertionRefused, KeysInvalid):
            raise SignInNeeded from None
        used_id = _used_id(agency.id, accepted.jti)
        if session.get(UsedProof, used_id) is not None:
            raise SignInNeeded
        return Recognised(AgencySystem(agency.id, agency.name), used_id, accepted.expires_at)


def take(db: Database, recognised: Recognised) -> None:
    """Each assertion is good for one use: the primary key lets one of two equal ones through. Raises `SignInNeeded`."""
    try:
        with db.write() as session:
            session.add(UsedProof(id=recognised.used_id, expires_at=recognised.expires_at))
    except IntegrityError:
        raise SignInNeeded from None


def _checked(keys: Jwks | None) -> dict[str, object]:
    if keys is None:
        return {"keys": []}
    try:
        return dict(jwks(parse_jwks(keys)))
    except KeysInvalid as error:
        raise Invalid("jwks", "unusable", why=str(error)) from None


def _check_redirect_uri(address: str) -> None:
    """Compared as it stands later (RFC 9700 section 4.1.3); the way there is encrypted, or never leaves the machine."""
    found = _REDIRECT_URI.fullmatch(address)
    if found is None or len(address) > REDIRECT_URI_MAX or int(found["port"] or 0) > PORT_MAX:
        raise Invalid("redirect-uri", "not-an-address")
    if found["scheme"] == "http" and found["host"] not in LOOPBACK:
        raise Invalid("redirect-uri", "not-encrypted")


def _claimed_client(assertion: str) -> str:
    """Whose keys to check with; believed only once they have verified."""
    try:
        claims = parse_object(jws.parse(assertion, ASSERTION_BYTES).payload)
    except EncodingInvalid:
        raise SignInNeeded from None
    client_id = claims.get("iss")
    if not isinstance(client_id, str) or len(client_id) != len(models.new_id()) or not client_id.isprintable():
        raise SignInNeeded
    return client_id


def _used_id(agency_id: str, jti: str) -> bytes:
    return hashlib.sha256(context("client-assertion", agency_id, jti)).digest()
