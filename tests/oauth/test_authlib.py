"""Authlib goes all the way, by its documented points of extension.

Authlib 1.9 knows neither PAR nor DPoP nor, as a client, the `iss` of RFC 9207. Its session, its PKCE, its client
assertion and its calls for tokens, introspection and revocation are used as they are. Proofs (made by our `sharing`)
go in where it lets a client authentication method and a token type be added; the request is pushed with the
parameters that it would have put into the address.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Auth, OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

from sharing import grants
from sharing.keys import SigningKey, parse_jwks
from sharing.proofs import sign_proof
from tests import attaching
from tests.oauth.conftest import REDIRECT_URI, Register
from tests.servers import Server

DOSSIER = "H17.34-261123-0101"


class Proofs:
    """Signs a proof for each request, with the nonce that the server gave last (RFC 9449 §8)."""

    def __init__(self) -> None:
        self.key, self.nonce = SigningKey.generate(), ""

    def sign(self, method: str, url: str, token: str | None = None) -> str:
        at, nonce = datetime.now(UTC), self.nonce or None
        return sign_proof(self.key, method=method, url=url, now=at, nonce=nonce, access_token=token)

    def note(self, answer: requests.Response) -> requests.Response:
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer


class ProvedPrivateKeyJwt(PrivateKeyJWT):  # type: ignore[misc]  # Authlib has no types
    """`private_key_jwt` as Authlib signs it, with a proof beside it: for `register_client_auth_method`."""

    def __init__(self, issuer: str, kid: str, proofs: Proofs) -> None:
        super().__init__(issuer, headers={"kid": kid}, alg="ES256")
        self._proofs = proofs

    def __call__(self, auth: Any, method: str, uri: str, headers: Any, body: Any) -> Any:
        headers["DPoP"] = self._proofs.sign(method, uri)
        return super().__call__(auth, method, uri, headers, body)


def session_of(issuer: str, client_id: str, jwk: dict[str, Any], proofs: Proofs) -> OAuth2Session:
    class ProvedToken(OAuth2Auth):  # type: ignore[misc]
        """A token of the type `DPoP` in a request: what `token_auth_class` is for."""

        def __call__(self, req: requests.PreparedRequest) -> requests.PreparedRequest:
            token = self.token["access_token"]
            req.headers["Authorization"] = f"DPoP {token}"
            req.headers["DPoP"] = proofs.sign(str(req.method), str(req.url), token)
            return req

    class Session(OAuth2Session):  # type: ignore[misc]
        token_auth_class = ProvedToken

    method = ProvedPrivateKeyJwt(issuer, jwk["kid"], proofs)
    session = Session(
        client_id,
        ECKey.import_key(jwk),
        token_endpoint_auth_method=method.name,
        revocation_endpoint_auth_method=method.name,
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    )
    session.register_client_auth_method(method)
    session.register_compliance_hook("access_token_response", proofs.note)
    return session


def push(session: OAuth2Session, server: dict[str, Any], details: list[dict[str, Any]], proofs: Proofs) -> Any:
    """The parameters of Authlib's own address, pushed (RFC 9126 §2): the answer, the state and the verifier."""
    verifier = generate_token(48)
    address, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier, authorization_details=json.dumps(details)
    )
    data = dict(parse_qsl(urlsplit(address).query))
    auth = session.client_auth(session.token_endpoint_auth_method)
    for _ in range(2):
        answer = session.post(server["pushed_authorization_request_endpoint"], data=data, auth=auth, timeout=10)
        proofs.note(answer)
        if answer.ok:
            break
    assert answer.status_code == 201, answer.text
    query = {"client_id": session.client_id, "request_uri": answer.json()["request_uri"]}
    return f"{server['authorization_endpoint']}?{urlencode(query)}", state, verifier


def once_more_with_the_nonce(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except OAuthError as error:
        assert error.error == "use_dpop_nonce", error
        return call()


def fetch(session: OAuth2Session, url: str, proofs: Proofs) -> requests.Response:
    answer: requests.Response = proofs.note(session.get(url, timeout=10))
    return proofs.note(session.get(url, timeout=10)) if answer.status_code == 401 else answer


@pytest.fixture
def discovered(vault: Server) -> dict[str, Any]:
    answer = httpx.get(f"{vault.url}/.well-known/oauth-authorization-server").raise_for_status()
    server: dict[str, Any] = answer.json()
    return server


def test_authlib_goes_from_discovery_to_the_opened_paper_and_gives_its_token_back(
    vault: Server, citizen: httpx.Client, register: Register, discovered: dict[str, Any]
) -> None:
    client_id, jwk = register("Authlib")
    proofs = Proofs()
    session = session_of(discovered["issuer"], client_id, jwk, proofs)
    purpose, procedure = "Cấp phiếu lý lịch tư pháp", "criminal-record-certificate"
    wanted = {"type": "docvault_dossier", "procedure": procedure, "dossier": DOSSIER, "purpose": purpose}
    address, state, verifier = push(session, discovered, [wanted], proofs)
    callback = attaching.agree(citizen, address)
    assert attaching.returned(callback)["iss"] == discovered["issuer"], "Authlib leaves this check to its caller"

    issued = once_more_with_the_nonce(
        lambda: session.fetch_token(
            discovered["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
        )
    )
    keys = parse_jwks(httpx.get(discovered["jwks_uri"]).content)
    terms = grants.verify(issued["grant"], keys, client_id, datetime.now(UTC), issuer=vault.url)
    assert (terms.procedure, terms.dossier, terms.key) == (procedure, DOSSIER, proofs.key.kid)

    (item,) = [each for each in terms.items if "applicant-identity" in each.components]
    paper = fetch(session, f"{vault.url}/agency/grants/{issued['grant_id']}/documents/{item.version}", proofs)
    grants.check_file(item, [paper.content])

    asked = session.introspect_token(discovered["introspection_endpoint"], token=issued["access_token"])
    assert asked.json()["active"] is True
    given_back = session.revoke_token(discovered["revocation_endpoint"], token=issued["access_token"])
    assert given_back.status_code == 200
    asked = session.introspect_token(discovered["introspection_endpoint"], token=issued["access_token"])
    assert asked.json() == {"active": False}


def test_authlib_notices_an_answer_to_somebody_elses_request(
    citizen: httpx.Client, register: Register, discovered: dict[str, Any]
) -> None:
    client_id, jwk = register("Authlib, for another state")
    proofs = Proofs()
    session = session_of(discovered["issuer"], client_id, jwk, proofs)
    wanted = {"type": "docvault_dossier", "procedure": "marriage-registration", "dossier": "1", "purpose": "Thử"}
    address, _, verifier = push(session, discovered, [wanted], proofs)
    callback = attaching.agree(citizen, address)
    with pytest.raises(Exception, match="mismatching_state"):
        session.fetch_token(
            discovered["token_endpoint"], authorization_response=callback, state="another", code_verifier=verifier
        )
