"""An agency's portal that speaks to the authorisation server by hand, so that each word of it can be changed."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from fastapi import FastAPI

from sharing.assertions import sign_assertion
from sharing.keys import SigningKey, jwks
from sharing.pkce import challenge_of
from sharing.proofs import sign_proof
from tests.vault import visitors
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import agencies, dossiers, grants, proving
from vault.db import now
from vault.models import Grant
from vault.oauth import codes, requests
from vault.oauth.clients import ASSERTION_TYPE
from vault.oauth.requests import Opened, Pending
from vault.principals import Citizen, Officer

CALLBACK = "https://portal.example/callback"
PROCEDURE = "marriage-registration"
DETAIL: Mapping[str, Any] = {
    "type": "docvault_dossier",
    "procedure": PROCEDURE,
    "dossier": "H10.01.02-261123-0001",
    "purpose": "Đăng ký kết hôn",
}
FORM = ({"name": "applicant-name", "value": "Nguyễn Văn An", "source": None, "tier": "self"},)
"""Form values as a consent hands them over; the authorisation server passes them on as they are."""

Changes = str | None


@dataclass
class Portal:
    """One agency's portal: how it signs in (`signing`), the key that it proves (`proving`), what it remembers."""

    world: World
    client_id: str
    signing: SigningKey
    http: httpx.Client
    key: SigningKey = field(default_factory=SigningKey.generate)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def assertion(self, audience: str = URL, client_id: str | None = None) -> str:
        at = datetime.now(UTC)
        return sign_assertion(self.signing, client_id=client_id or self.client_id, audience=audience, now=at)

    def proof(self, path: str, *, key: SigningKey | None = None, **changes: Any) -> str:
        """A proof with a nonce of the server, as after its first answer."""
        claims = {"method": "POST", "url": URL + path, "now": datetime.now(UTC)}
        claims |= {"nonce": proving.new_nonce(self.world.services)} | changes
        return sign_proof(key or self.key, **claims)  # type: ignore[arg-type]

    def signed(self, form: Mapping[str, Changes]) -> dict[str, str]:
        """The form with a fresh assertion; what is None is left out."""
        own = {"client_id": self.client_id, "client_assertion_type": ASSERTION_TYPE}
        own |= {"client_assertion": self.assertion()} if "client_assertion" not in form else {}
        return {name: value for name, value in (own | dict(form)).items() if value is not None}

    def post(self, path: str, form: Mapping[str, Changes], proofs: Sequence[str] = ()) -> httpx.Response:
        headers = [("DPoP", proof) for proof in proofs]
        return self.http.post(path, data=self.signed(form), headers=headers)

    def push_form(self, detail: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Changes]:
        form: dict[str, Changes] = {
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "state": self.state,
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps([dict(DETAIL) | dict(detail or {})], ensure_ascii=False),
        }
        return form | changes

    def push(
        self, detail: Mapping[str, Any] | None = None, proofs: Sequence[str] = (), **changes: Any
    ) -> httpx.Response:
        return self.post("/oauth/par", self.push_form(detail, **changes), proofs)

    def request_uri(self, detail: Mapping[str, Any] | None = None, **changes: Any) -> str:
        answer = self.push(detail, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def authorize(self, request_uri: str, **query: str) -> httpx.Response:
        """As a browser that nobody is signed in with."""
        given = {"client_id": self.client_id, "request_uri": request_uri} | query
        return self.http.get("/oauth/authorize", params=given)

    def code(self, citizen: Citizen | None = None, **changes: Any) -> str:
        """A code from a consent to one paper; the page where a citizen consents has tests of its own."""
        return self.code_for(self.request_uri(**changes), citizen)

    def code_for(self, request_uri: str, citizen: Citizen | None = None) -> str:
        services, who = self.world.services, citizen or self.world.an
        paper = self.world.put_in(who)
        opened = requests.open_(services.db, self.client_id, request_uri)
        with services.db.write() as session:
            pending = requests.pending(session, opened.request_id, opened.secret, who)
            requests.claim(session, pending, who)
            asked, version = pending.pushed.asked, paper.version.id
            offer = grants.Offer(self.client_id, (version,), asked.purpose, 14, 10)
            attachment = grants.Attachment(asked.procedure, asked.dossier, {version: ("applicant-identity",)})
            made = grants.make(session, services.signer, services.settings, who, offer, attachment)
            dossier = dossiers.attach(
                session,
                who,
                agency_id=self.client_id,
                procedure=asked.procedure,
                reference=asked.dossier,
                grant=made.grant,
                terms=made.terms,
                asked_at=pending.row.created_at,
            )
            return codes.issue(session, pending, made.grant, made.key, FORM, dossier_id=dossier.id)

    def exchange(self, code: str | None, *, key: SigningKey | None = None, **changes: Any) -> httpx.Response:
        form: dict[str, Changes] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        return self.post("/oauth/token", form | changes, [self.proof("/oauth/token", key=key)])

    def attached(self, **changes: Any) -> dict[str, Any]:
        """The token response after a whole attach."""
        answer = self.exchange(self.code(**changes))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def lists_token(self) -> str:
        """A token for the agency's own lists."""
        form = {"grant_type": "client_credentials"}
        return str(self.post("/oauth/token", form, [self.proof("/oauth/token")]).json()["access_token"])

    def introspect(self, token: str) -> dict[str, Any]:
        answer = self.post("/oauth/introspect", {"token": token})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def portal(world: World, app: FastAPI, officer: Officer | None = None) -> Portal:
    """The registry's portal unless told otherwise, registered for everything that it needs."""
    who, signing = officer or world.registry, SigningKey.generate()
    services = world.services
    with services.db.write() as session:
        agencies.replace_keys(session, who.agency_id, jwks([signing]))
        agencies.register_portal(session, who.agency_id, [CALLBACK], [PROCEDURE], services.procedures)
    return Portal(world, who.agency_id, signing, visitors.visitor(world, app))


def opened(portal: Portal, request_uri: str | None = None) -> Opened:
    return requests.open_(portal.world.services.db, portal.client_id, request_uri or portal.request_uri())


def pending(world: World, found: Opened, citizen: Citizen | None, *, claim: bool = False) -> Pending:
    with world.services.db.write() as session:
        waiting = requests.pending(session, found.request_id, found.secret, citizen)
        if claim and citizen is not None:
            requests.claim(session, waiting, citizen)
        return waiting


def grant_of(world: World, token_response: Mapping[str, Any]) -> Grant:
    found: Grant = world.row(Grant, token_response["grant_id"])
    return found


def later(world: World, kind: type[Any], key: Any, **back: Any) -> None:
    """Moves the moment at which a row ends into the past."""
    with world.services.db.read() as session:
        at = now(session)
    world.change(kind, key, expires_at=at, **back)


def refusal(answer: httpx.Response, error: str, status: int = 400) -> None:
    """An error of the authorisation server, and nothing but one."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    allowed = set(map(chr, range(0x20, 0x7F))) - {'"', "\\"}  # RFC 6749 section 5.2
    assert set(answer.json()["error_description"]) <= allowed


def returned(address: str) -> dict[str, str]:
    """What a browser brings back to the portal."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
