"""Authorisation codes (RFC 6749 section 4.1.2): a citizen's answer on its way to the portal, and the way itself."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session

from sharing.encoding import write_object
from storage.keys import Key, context
from vault import grantkeys, tokens
from vault.db import now
from vault.models import AuthorizationCode, Grant
from vault.oauth import requests
from vault.oauth.requests import Pending, Pushed

LASTS = timedelta(seconds=60)
REFUSED = "access_denied"
"""All that a portal learns when the citizen refuses (RFC 6749 section 4.1.2.1)."""


def issue(
    session: Session,
    pending: Pending,
    grant: Grant,
    grant_key: Key,
    form: Sequence[Mapping[str, Any]],
    *,
    dossier_id: str,
) -> str:
    """A code for `grant`, whose rows are flushed already: good for one use by the client that asked, within `LASTS`.

    The code's hold on the grant key lets the grant be handed over; `form` lies sealed until then. Marks the request
    answered by the grant's citizen; raises `RequestOver` when it was answered before, is over or another's.
    """
    requests.answer(session, pending, grant.citizen_id)
    secret, at, pushed = tokens.new(), now(session), pending.pushed
    session.add(grantkeys.hold_by_code(grant_key, grant.id, secret))
    session.add(
        AuthorizationCode(
            code_hash=tokens.digest(secret),
            agency_id=grant.agency_id,
            grant_id=grant.id,
            dossier_id=dossier_id,
            created_at=at,
            expires_at=at + LASTS,
            redirect_uri=pushed.redirect_uri,
            code_challenge=pushed.code_challenge,
            key=pushed.key,
            sealed_form=grant_key.seal(write_object({"form": list(form)}), form_context(grant.id)),
        )
    )
    session.flush()
    return tokens.encode(secret)


def answer_url(pushed: Pushed, issuer: str, *, code: str | None = None, error: str | None = None) -> str:
    """Where the browser goes with the answer: `code` or `error`, the portal's `state`, and `iss` (RFC 9207)."""
    members = {"code": code, "error": error, "state": pushed.state, "iss": issuer}
    query = urlencode({name: value for name, value in members.items() if value is not None})
    return f"{pushed.redirect_uri}{'&' if '?' in pushed.redirect_uri else '?'}{query}"


def form_context(grant_id: str) -> bytes:
    return context("form", grant_id)
