"""A portal's program and a citizen's browser as scripts: from the pushed request to the grant, over HTTP alone."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from sharing.assertions import sign_assertion
from sharing.keys import SigningKey
from sharing.pkce import challenge_of
from tests.dpop import Dpop

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REDIRECT_URI = "https://portal.example/callback"


@dataclass
class Attempt:
    """One walk through the protocol: what the portal remembers between its steps."""

    request_uri: str
    verifier: str = field(repr=False)
    state: str


@dataclass
class Portal:
    """An agency's portal. `http` has the vault's address as its base; the DPoP key is the portal's own."""

    http: httpx.Client
    client_id: str
    signing: SigningKey
    issuer: str
    redirect_uri: str = REDIRECT_URI

    def __post_init__(self) -> None:
        self.dpop = Dpop(SigningKey.generate())

    def assertion(self) -> dict[str, str]:
        """The members that say who the client is: good for one use."""
        signed = sign_assertion(self.signing, client_id=self.client_id, audience=self.issuer, now=datetime.now(UTC))
        return {"client_id": self.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    def post(self, path: str, form: dict[str, str]) -> httpx.Response:
        """To an endpoint of the authorisation server, with a fresh assertion; once more when a nonce is wanted."""
        for _ in range(2):
            headers = self.dpop.headers("POST", f"{self.issuer}{path}")
            answer = self.http.post(path, data=form | self.assertion(), headers=headers)
            self.dpop.nonce = answer.headers.get("dpop-nonce", self.dpop.nonce)
            if "use_dpop_nonce" not in answer.text:
                break
        return answer

    def push(self, procedure: str, dossier: str, **more: Any) -> Attempt:
        """The request pushed; `more` are members of the authorization detail, such as `components`."""
        detail = {"type": "docvault_dossier", "procedure": procedure, "dossier": dossier, "purpose": "Nộp hồ sơ"} | more
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        form = {
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps([detail], ensure_ascii=False),
        }
        answer = self.post("/oauth/par", form)
        assert answer.status_code == 201, answer.text
        return Attempt(answer.json()["request_uri"], verifier, state)

    def address(self, attempt: Attempt) -> str:
        """Where the portal sends the citizen's browser."""
        query = {"client_id": self.client_id, "request_uri": attempt.request_uri}
        return f"/oauth/authorize?{urlencode(query)}"

    def exchange(self, attempt: Attempt, code: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        return self.post("/oauth/token", form)

    def attach(self, browser: httpx.Client, procedure: str, dossier: str, **more: Any) -> dict[str, Any]:
        """From the pushed request to the token response, with a citizen who agrees to what is proposed."""
        attempt = self.push(procedure, dossier, **more)
        answer = returned(agree(browser, self.address(attempt)))
        assert answer["state"] == attempt.state
        assert answer["iss"] == self.issuer
        issued = self.exchange(attempt, answer["code"])
        assert issued.status_code == 200, issued.text
        found: dict[str, Any] = issued.json()
        return found


def agree(browser: httpx.Client, address: str) -> str:
    """What a signed-in citizen's browser does who agrees to what is proposed; returns where it is sent then."""
    return answer(browser, address, "agree")


def answer(browser: httpx.Client, address: str, decision: str, **changes: str) -> str:
    """Opens the portal's address and sends the form there as it stands, with `changes` by the names of controls."""
    page = browser.get(address, follow_redirects=True)
    assert page.status_code == 200, page.text
    form = controls(page.text) | changes | {"decision": decision}
    sent = browser.post(page.url.path, data=form, headers={"Origin": origin(page.url)})
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def returned(address: str) -> dict[str, str]:
    """The parameters with which the browser comes back to the portal."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


def controls(html: str) -> dict[str, str]:
    """What a browser would send of the consent's form as it stands (HTML, form submission)."""
    parser = _Form()
    parser.feed(html)
    return parser.values


class _Form(HTMLParser):
    """Collects the successful controls of consent forms by name."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text")
        wanted = name.startswith(("component.", "field."))
        if tag == "select" and wanted:
            self._select = name
        elif tag == "textarea" and wanted:
            self._area = name
            self.values[name] = ""
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value", "")
        elif tag == "input" and wanted and (kind not in {"radio", "checkbox"} or "checked" in given):
            self.values[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] += data
