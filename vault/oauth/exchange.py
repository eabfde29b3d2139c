"""The token endpoint: a code becomes a grant, and a token bound to a key (docs/formats/authorization.md)."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select, update

from sharing import pkce
from sharing.terms import Terms
from vault import accesslog, accesstokens, grantkeys, grants, redeeming, tokens
from vault.accesslog import Kind
from vault.db import now
from vault.models import AccessToken, AuthorizationCode, Grant, GrantHolder, Holder
from vault.oauth import granted
from vault.oauth.clients import Client, Form, needed, proved
from vault.oauth.codes import form_context
from vault.oauth.metadata import GRANT_TYPES
from vault.oauth.refusals import InvalidGrant, InvalidRequest, InvalidScope, UnsupportedGrantType
from vault.services import Services

AGENCY_TOKEN = timedelta(minutes=10)
"""How long a token for an agency's own lists lasts; it gets another by the same key at any time."""

NOT_GOOD = "the code is unknown, over, used, another client's, or not proved by its verifier, key or redirect_uri"


@dataclass(frozen=True)
class Exchange:
    """One attempt to redeem a code."""

    client: Client
    key: str
    code: bytes = field(repr=False)
    redirect_uri: str
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Issued:
    """What a code turned into; `form` is what the citizen confirmed, as the consent wrote it."""

    access_token: str = field(repr=False)
    expires_in: int
    signed: str = field(repr=False)
    terms: Terms
    dossier_id: str
    form: Sequence[dict[str, Any]] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The token response (RFC 6749 section 5.1) with `authorization_details` as granted and the signed grant."""
        return {
            "access_token": self.access_token,
            "token_type": "DPoP",
            "expires_in": self.expires_in,
            "authorization_details": granted.details(self.terms, [value["name"] for value in self.form]),
            "grant": self.signed,
            "grant_id": self.terms.grant_id,
            "dossier_id": self.dossier_id,
            "form": list(self.form),
        }


def token(services: Services, client: Client, form: Form) -> dict[str, Any]:
    """The token response. Raises a `Refusal`."""
    grant_type = needed(form, "grant_type")
    if grant_type not in GRANT_TYPES:
        raise UnsupportedGrantType(f"grant_type is one of {', '.join(GRANT_TYPES)}")
    key = proved(client)
    if "scope" in form:
        raise InvalidScope("there are no scopes here")
    if "authorization_details" in form:
        raise InvalidRequest("authorization_details belong into the pushed request; what was granted cannot be changed")
    if grant_type == "client_credentials":
        return _agency_token(services, client, key)
    code = tokens.decode(needed(form, "code"))
    redirect_uri, verifier = needed(form, "redirect_uri"), needed(form, "code_verifier")
    if code is None:
        raise InvalidGrant(NOT_GOOD)
    return redeem(services, Exchange(client, key, code, redirect_uri, verifier)).to_json()


def redeem(services: Services, exchange: Exchange) -> Issued:
    """What the citizen granted, for whoever proves to be the client that asked. Raises `InvalidGrant`.

    A code works once. Whoever uses it again, however soon, ends what it gave (RFC 6749 section 4.1.2).
    """
    with services.db.write() as session:
        issued = _redeem(session, services, exchange)
    if issued is None:  # only now, so that what the refusal did is committed
        raise InvalidGrant(NOT_GOOD)
    return issued


def _redeem(session: Session, services: Services, exchange: Exchange) -> Issued | None:
    code = _find(session, exchange)
    if code is None:
        return None
    grant = session.exec(select(Grant).where(Grant.id == code.grant_id).with_for_update()).one()
    session.refresh(code)  # as whoever had the lock before has left it
    at = now(session)
    sealed_form, reason = code.sealed_form, _why_not(exchange, code, grant, at)
    if code.used_at is not None:
        _end(session, grant)
    elif reason is not None:
        _record(session, Kind.refused, grant, reason)
    elif not _take(session, code, at):
        _end(session, grant)
    else:
        return _hand_over(session, services, exchange, code, grant, sealed_form or b"")
    return None


def _find(session: Session, exchange: Exchange) -> AuthorizationCode | None:
    """The client's own code. Another client's stays as it is, for its owner to use."""
    wanted = tokens.digest(exchange.code)
    own = (AuthorizationCode.code_hash == wanted, AuthorizationCode.agency_id == exchange.client.agency_id)
    row = session.exec(select(AuthorizationCode).where(*own)).first()
    return row if row is not None and hmac.compare_digest(row.code_hash, wanted) else None


def _why_not(exchange: Exchange, code: AuthorizationCode, grant: Grant, at: datetime) -> str | None:
    if grant.revoked_at is not None:
        return "revoked"
    if at >= min(code.expires_at, grant.expires_at):
        return "expired"
    proofs = (
        hmac.compare_digest(exchange.redirect_uri.encode(), code.redirect_uri.encode()),
        pkce.matches(exchange.verifier, code.code_challenge),
        code.key is None or hmac.compare_digest(exchange.key.encode(), code.key.encode()),
    )
    return None if all(proofs) else "code-not-proved"


def _take(session: Session, code: AuthorizationCode, at: datetime) -> bool:
    """One statement decides who was first."""
    unused = (col(AuthorizationCode.code_hash) == code.code_hash, col(AuthorizationCode.used_at).is_(None))
    spent = {"used_at": at, "sealed_form": None}
    return session.exec(update(AuthorizationCode).where(*unused).values(spent)).rowcount == 1


def _hand_over(
    session: Session, services: Services, exchange: Exchange, code: AuthorizationCode, grant: Grant, sealed_form: bytes
) -> Issued:
    """The code's hold on the grant key becomes the agency's and the token's."""
    holder = session.get_one(GrantHolder, (grant.id, Holder.code))
    key = grantkeys.open_by_code(holder, exchange.code)
    form = json.loads(key.open(sealed_form, form_context(grant.id)))["form"]
    redeemed = redeeming.hand_over(session, services.signer, grant, key, key=exchange.key)
    received, issued = redeemed.received, redeemed.access_token
    if received.signed is None or received.terms is None or issued is None:
        raise LookupError("a grant that was handed over to a key lacks its token")
    left = int((grant.expires_at - now(session)).total_seconds())
    return Issued(issued, left, received.signed, received.terms, code.dossier_id, form)


def _end(session: Session, grant: Grant) -> None:
    """Two hold the code, and nobody knows which of them is the thief: the citizen's papers are closed to both."""
    live = select(AccessToken).where(AccessToken.grant_id == grant.id, col(AccessToken.revoked_at).is_(None))
    for row in session.exec(live).all():
        accesstokens.revoke(session, row)
    if grant.revoked_at is None:
        grants.end(session, grant)
    _record(session, Kind.code_replayed, grant)


def _agency_token(services: Services, client: Client, key: str) -> dict[str, Any]:
    """For what lies in the clear about the agency's own dossiers; it opens no paper (RFC 6749 section 4.4)."""
    with services.db.write() as session:
        ends = now(session) + AGENCY_TOKEN
        issued = accesstokens.issue(session, agency_id=client.agency_id, key=key, expires_at=ends)
    return {"access_token": issued, "token_type": "DPoP", "expires_in": int(AGENCY_TOKEN.total_seconds())}


def _record(session: Session, kind: Kind, grant: Grant, detail: str | None = None) -> None:
    accesslog.record(
        session, kind, citizen_id=grant.citizen_id, agency_id=grant.agency_id, grant_id=grant.id, detail=detail
    )
