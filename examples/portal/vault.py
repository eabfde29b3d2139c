"""The vault from outside: how a portal asks for papers, receives them, opens one, asks for more.

OAuth is spoken by requests_oauth2client: pushed requests (RFC 9126), PKCE (RFC 7636), `private_key_jwt`, proofs of the
key with the server's nonces (DPoP, RFC 9449) and the check of `iss` (RFC 9207) are all its work. What is written here
is what the portal wants: `authorization_details` (RFC 9396). See docs/portals.md.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import requests
from requests_oauth2client import (
    AuthorizationRequest,
    AuthorizationResponseError,
    BearerToken,
    DPoPKey,
    DPoPToken,
    InvalidAuthResponse,
    OAuth2Client,
    OAuth2Error,
    PrivateKeyJwt,
)
from requests_oauth2client.dpop import InvalidUseDPoPNonceResponse
from requests_oauth2client.exceptions import EndpointError

from examples.portal import keys
from examples.portal.dossiers import Attached, Dossier, Pending
from examples.portal.keys import Keys, Registration
from examples.portal.settings import Settings
from sharing.errors import KeysInvalid
from sharing.keys import KeySet, parse_jwks

PATIENCE_S = 10
DETAIL = "docvault_dossier"
CHUNK = 64 * 1024


class VaultError(Exception):
    """The vault did not do what was asked. `code` is its word for why, or one of ours; never a secret."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Refused(VaultError):
    """The citizen did not agree."""


class Ended(VaultError):
    """What was shared is shared no longer: withdrawn, or over."""


class Vault:
    """One portal's connection to one vault; finds the vault when it is first needed, and again when it has moved."""

    def __init__(self, settings: Settings, own: Keys) -> None:
        self._settings, self._own = settings, own
        self._key = DPoPKey(own.proof)  # remembers the nonce that each server gave it last
        self._found: tuple[Registration, OAuth2Client] | None = None

    @property
    def registration(self) -> Registration:
        """Raises `NotRegistered`."""
        return keys.registration(self._settings.folder)

    @property
    def key_thumbprint(self) -> str:
        """The RFC 7638 thumbprint of the key that the portal's tokens and grants are bound to (`cnf.jkt`)."""
        return str(self._own.proof.thumbprint())

    def push(self, dossier: Dossier, purpose: str) -> tuple[str, Pending]:
        """Lays the request down at the vault: the address to send the citizen to, and what must come back.

        Without `components` and `fields` the request is for all that is registered for the procedure.
        """
        wanted = {
            "type": DETAIL,
            "procedure": dossier.procedure,
            "dossier": dossier.reference,
            "purpose": purpose,
        }
        with _plain_errors():
            client = self._client()
            request = self._request(client, authorization_details=json.dumps([wanted]))
            pushed = client.pushed_authorization_request(request, requests_kwargs={"timeout": PATIENCE_S})
        return pushed.uri, Pending(str(request.state), str(request.code_verifier))

    def receive(self, pending: Pending, query: Mapping[str, str]) -> Attached:
        """What the citizen agreed to, for what came back to the redirect URI. Raises `Refused`, `VaultError`."""
        answer = {name: query[name] for name in ("code", "state", "iss", "error") if name in query}
        with _plain_errors():
            client = self._client()
            request = self._request(client, state=pending.state, code_verifier=pending.verifier)
            response = request.validate_callback(f"{request.redirect_uri}?{urlencode(answer)}")
            token = client.authorization_code(response, requests_kwargs={"timeout": PATIENCE_S})
        return _attached(token)

    def dossier(self, attached: Attached) -> dict[str, Any]:
        """The dossier as the vault knows it now: what it refers to, what was added, what was withdrawn.

        The grant's own token sees most; where that has ended, the agency's token still sees that it has.
        """
        path = f"/agency/dossiers/{quote(attached.dossier_id)}"
        try:
            return self._ask("GET", path, self._token(attached.token))
        except Ended:
            return self._ask("GET", path, self._agency_token())

    def ask_for_more(self, attached: Attached, components: list[str], note: str) -> None:
        """Asks the citizen to add papers to the dossier; they answer in their wallet."""
        path = f"/agency/dossiers/{quote(attached.dossier_id)}/supplements"
        self._ask("POST", path, self._token(attached.token), {"components": components, "note": note})

    @contextmanager
    def opened(self, attached: Attached, grant_id: str, version: str) -> Iterator[Iterator[bytes]]:
        """The bytes of a granted paper as they arrive. What they are worth, `proof.checked` says."""
        url = f"{self.registration.issuer}/agency/grants/{quote(grant_id)}/documents/{quote(version)}"
        with (
            _plain_errors(),
            requests.get(url, auth=self._token(attached.token), timeout=PATIENCE_S, stream=True) as got,
        ):
            _accepted(got)
            yield got.iter_content(CHUNK)

    def published_keys(self) -> KeySet:
        """The keys that the vault signs grants with: from the portal's own copy, so that a vault that is away changes
        nothing; `renew_keys` fetches them. Raises `VaultError` where there was never a copy.
        """
        copy = self._copy
        if not copy.exists():
            self.renew_keys()
        return parse_jwks(copy.read_bytes())

    def renew_keys(self) -> None:
        """Keeps a copy of the vault's published keys."""
        with _plain_errors():
            got = requests.get(f"{self.registration.issuer}/.well-known/jwks.json", timeout=PATIENCE_S)
            _accepted(got)
        try:
            parse_jwks(got.content)
        except KeysInvalid:
            raise VaultError("keys-unusable") from None
        partial = self._copy.with_suffix(".new")
        partial.write_bytes(got.content)
        partial.replace(self._copy)  # whole or not at all, whenever the portal stops

    @property
    def _copy(self) -> Path:
        return self._settings.folder / "vault-jwks.json"

    def _client(self) -> OAuth2Client:
        registration = self.registration
        if self._found is None or self._found[0] != registration:
            self._found = registration, self._discover(registration)
        return self._found[1]

    def _discover(self, registration: Registration) -> OAuth2Client:
        """Reads what the server says of itself (RFC 8414), which must name the issuer that registered this portal."""
        issuer = registration.issuer
        got = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=PATIENCE_S)
        _accepted(got)
        return OAuth2Client.from_discovery_document(
            got.json(),
            issuer=issuer,
            auth=PrivateKeyJwt(registration.client_id, self._own.client, aud=issuer),
            redirect_uri=self._settings.redirect_uri,
            dpop_bound_access_tokens=True,
            testing=issuer.startswith("http://127.0.0.1"),  # lets the demo's vault be without TLS, and no other
        )

    def _request(self, client: OAuth2Client, **values: Any) -> AuthorizationRequest:
        return client.authorization_request(
            scope=None, dpop_key=self._key, authorization_response_iss_parameter_supported=True, **values
        )

    def _token(self, token: str) -> DPoPToken:
        return DPoPToken(token, _dpop_key=self._key)

    def _agency_token(self) -> BearerToken:
        """A token of the portal itself, which sees its dossiers but none of the papers in them."""
        with _plain_errors():
            return self._client().client_credentials(dpop_key=self._key)

    def _ask(self, method: str, path: str, token: BearerToken, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self.registration.issuer}{path}"
        with _plain_errors():
            got = requests.request(method, url, json=body, auth=token, timeout=PATIENCE_S)
            _accepted(got)
            answer: dict[str, Any] = got.json()
        return answer


def _attached(token: BearerToken) -> Attached:
    """The token's response, whose members are listed in docs/portals.md."""
    (granted,) = token.authorization_details
    return Attached(
        token.access_token, token.grant, token.grant_id, token.dossier_id, granted["components"], token.form or []
    )


def _accepted(got: requests.Response) -> None:
    """Raises `Ended` or `VaultError` with the code at the end of the type of the problem details (RFC 9457)."""
    if got.ok:
        return
    try:
        code = str(got.json()["type"]).rpartition("/")[2]
    except (ValueError, KeyError, TypeError):
        code = f"http-{got.status_code}"
    raise Ended(code) if got.status_code in {401, 403, 404} else VaultError(code)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """The library's exceptions hold requests and answers, tokens among them: nothing of that goes further than here."""
    try:
        yield
    except AuthorizationResponseError as error:
        code = str(error.error)
        raise (Refused(code) if code == "access_denied" else VaultError(code)) from None
    except InvalidAuthResponse as error:
        raise VaultError(f"answer-not-ours ({type(error).__name__})") from None
    except EndpointError as error:
        raise VaultError(str(error.error)) from None
    except InvalidUseDPoPNonceResponse:
        raise Ended("token-refused") from None
    except (OAuth2Error, requests.RequestException) as error:
        raise VaultError(f"vault-away ({type(error).__name__})") from None
