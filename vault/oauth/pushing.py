"""Pushed authorisation requests (RFC 9126): what a portal asks is checked here, before any person sees it."""

import re

from sharing import pkce
from vault import agencies
from vault.models import Agency
from vault.oauth import parsing, requests
from vault.oauth.clients import Client, Form, needed
from vault.oauth.details import Asked
from vault.oauth.refusals import InvalidProof, InvalidRequest, InvalidScope, UnsupportedResponseType
from vault.oauth.requests import Pushed
from vault.services import Services

STATE_CHARS = 1024

_STATE = re.compile(rf"[\x20-\x7e]{{1,{STATE_CHARS}}}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def push(services: Services, client: Client, form: Form) -> str:
    """The request URI of what the client pushed. Raises a `Refusal` by the first thing that is wrong."""
    needed(form, "client_id")
    _check_flow(form)
    challenge, state, key = _challenge(form), _state(form), _key(client, form)
    with services.db.read() as session:
        agency = agencies.get(session, client.agency_id)
    redirect_uri = _redirect_uri(agency, form)
    asked = _asked(services, agency, form)
    with services.db.write() as session:
        return requests.push(session, Pushed(agency.id, redirect_uri, state, challenge, key, asked))


def _check_flow(form: Form) -> None:
    for name in ("request", "request_uri"):
        if name in form:
            raise InvalidRequest(f"{name} is not taken: push the parameters themselves")
    if needed(form, "response_type") != "code":
        raise UnsupportedResponseType("response_type is code")
    if form.get("response_mode", "query") != "query":
        raise InvalidRequest("response_mode is query")
    if "scope" in form:
        raise InvalidScope("there are no scopes: authorization_details say what is asked")


def _challenge(form: Form) -> str:
    """By S256 alone: a missing method would mean `plain` (RFC 7636 section 4.3)."""
    challenge = needed(form, "code_challenge")
    if needed(form, "code_challenge_method") != pkce.METHOD:
        raise InvalidRequest(f"code_challenge_method is {pkce.METHOD}")
    if not pkce.is_challenge(challenge):
        raise InvalidRequest("code_challenge is no SHA-256 in base64url")
    return challenge


def _state(form: Form) -> str | None:
    state = form.get("state")
    if state is not None and _STATE.fullmatch(state) is None:
        raise InvalidRequest(f"state has 1 to {STATE_CHARS} printable ASCII characters")
    return state


def _key(client: Client, form: Form) -> str | None:
    """The key that the code shall be bound to: of `dpop_jkt` or of a proof, which agree (RFC 9449 section 10.1)."""
    named = form.get("dpop_jkt")
    if named is not None and _THUMBPRINT.fullmatch(named) is None:
        raise InvalidRequest("dpop_jkt is no thumbprint by SHA-256 (RFC 7638)")
    if named is not None and client.key is not None and named != client.key:
        raise InvalidProof("dpop_jkt is not the key that the proof is of")
    return client.key or named


def _redirect_uri(agency: Agency, form: Form) -> str:
    """Compared character by character (RFC 9700 section 4.1.3)."""
    redirect_uri = needed(form, "redirect_uri")
    if redirect_uri not in agency.redirect_uris:
        raise InvalidRequest("redirect_uri is not registered for this client")
    return redirect_uri


def _asked(services: Services, agency: Agency, form: Form) -> Asked:
    text = needed(form, "authorization_details")
    return parsing.parse(text, agency.procedures, services.procedures, services.kinds)
