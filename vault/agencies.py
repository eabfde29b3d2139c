"""Agencies and their officers: added by the operator, named to citizens, recognised by their systems' signatures."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
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

NAME_MAX = 200

Jwks = bytes | str | Mapping[str, Any]


@dataclass(frozen=True)
class AgencySystem:
    """An agency's own software, known by a client assertion for the length of one request."""

    agency_id: str
    name: str


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


def authenticate(db: Database, issuer: str, assertion: str) -> AgencySystem:
    """The agency whose system signed this client assertion for `issuer`. Each assertion is good for one use.

    Raises `SignInNeeded`, and tells the sender nothing of why: its own log knows what it signed.
    """
    client_id = _claimed_client(assertion)
    with db.write() as session:
        agency = session.get(Agency, client_id)
        if agency is None:
            raise SignInNeeded
        try:
            keys = parse_jwks(agency.jwks)
            accepted = verify_assertion(assertion, keys, client_id=agency.id, audience=issuer, now=now(session))
        except (AssertionRefused, KeysInvalid):
            raise SignInNeeded from None
        session.add(UsedProof(id=_used_id(agency.id, accepted.jti), expires_at=accepted.expires_at))
        try:
            session.flush()  # the primary key lets one of two equal assertions through
        except IntegrityError:
            raise SignInNeeded from None
        return AgencySystem(agency.id, agency.name)


def _checked(keys: Jwks | None) -> dict[str, object]:
    if keys is None:
        return {"keys": []}
    try:
        return dict(jwks(parse_jwks(keys)))
    except KeysInvalid as error:
        raise Invalid("jwks", "unusable", why=str(error)) from None


def _claimed_client(assertion: str) -> str:
    """Whose keys to check with; believed only once they have verified."""
    try:
        claims = parse_object(jws.parse(assertion, ASSERTION_BYTES).payload)
    except EncodingInvalid:
        raise SignInNeeded from None
    client_id = claims.get("iss")
    if not isinstance(client_id, str) or len(client_id) != len(models.new_id()):
        raise SignInNeeded
    return client_id


def _used_id(agency_id: str, jti: str) -> bytes:
    return hashlib.sha256(context("client-assertion", agency_id, jti)).digest()
