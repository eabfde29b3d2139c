"""What an agency may learn of its own access tokens (RFC 7662), and how it gives one up (RFC 7009)."""

from typing import Any

from sqlmodel import Session

from sharing.terms import Terms
from vault import accesstokens, grantkeys, grants, tokens
from vault.agencykeys import TokenReader
from vault.db import now
from vault.models import AccessToken, Grant
from vault.oauth import granted
from vault.oauth.clients import Client, Form, needed
from vault.services import Services

INACTIVE = {"active": False}
"""The same for a token that never was, has ended or is another agency's (RFC 7662 section 2.2)."""


def revoke(services: Services, client: Client, form: Form) -> None:
    """Ends the client's token; anybody else's is left alone, without a word (RFC 7009 section 2.2).

    What was shared stays open to the agency's officers: the system gave up its own way in, not theirs.
    """
    token = needed(form, "token")
    with services.db.write() as session:
        row = accesstokens.known(session, token)
        if row is not None and row.agency_id == client.agency_id:
            accesstokens.revoke(session, row)


def introspect(services: Services, client: Client, form: Form) -> dict[str, Any]:
    """The members of RFC 7662 section 2.2, with `cnf` (RFC 9449 section 6.2) and `authorization_details` (RFC 9396)."""
    token = needed(form, "token")
    with services.db.read() as session:
        row = accesstokens.find(session, token, now(session))
        if row is None or row.agency_id != client.agency_id:
            return dict(INACTIVE)
        found = _members(row) | {"iss": services.settings.public_url}
        if row.grant_id is None:
            return found
        terms = _terms(session, row, token)
        return found | {"authorization_details": granted.details(terms)} if terms else dict(INACTIVE)


def _members(row: AccessToken) -> dict[str, Any]:
    return {
        "active": True,
        "client_id": row.agency_id,
        "token_type": "DPoP",
        "iat": int(row.created_at.timestamp()),
        "exp": int(row.expires_at.timestamp()),
        "cnf": {"jkt": row.key},
    }


def _terms(session: Session, row: AccessToken, token: str) -> Terms | None:
    """What the token's grant says, which the token itself opens; None once the grant was revoked."""
    grant, secret = session.get(Grant, row.grant_id), tokens.decode(token)
    if grant is None or row.grant_id is None or secret is None or grant.revoked_at is not None:
        return None
    key = TokenReader(row.agency_id, row.grant_id, secret).key(session, grant)
    return grants.read_terms(grantkeys.open_grant(key, grant)) if key else None
