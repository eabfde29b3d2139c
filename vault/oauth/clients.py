"""Clients of the authorisation server: agencies' systems by their assertions (private_key_jwt) and proofs of keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vault import agencies, proving
from vault.agencies import AgencySystem
from vault.errors import NonceNeeded, ProofInvalid, SignInNeeded
from vault.oauth.refusals import InvalidClient, InvalidProof, InvalidRequest, UseNonce
from vault.services import Services

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Form = Mapping[str, str]


@dataclass(frozen=True)
class Asking:
    """A request to an endpoint: its path, its parameters and the proofs of keys in its header fields `DPoP`."""

    path: str
    form: Form
    proofs: Sequence[str] = ()


@dataclass(frozen=True)
class Client:
    """Who asks, and the thumbprint of the key that the request proved, if it proved any."""

    system: AgencySystem
    key: str | None = None

    @property
    def agency_id(self) -> str:
        return self.system.agency_id


def issuer(services: Services) -> str:
    """The one value of `iss` and of an assertion's `aud`."""
    return services.settings.public_url


def authenticate(services: Services, asking: Asking) -> Client:
    """Who asks, by client assertion, and which key was proved. Raises `InvalidClient`, `InvalidProof`, `UseNonce`.

    In this order: the assertion verifies, the proof verifies and is used up, the assertion is used up. Nobody unknown
    makes the vault remember anything, and a request that lacks a nonce can be sent again with the same assertion.
    """
    try:
        recognised = agencies.recognise(services.db, issuer(services), _assertion(asking.form))
        if asking.form.get("client_id", recognised.system.agency_id) != recognised.system.agency_id:
            raise InvalidClient("client_id is not the client of the assertion")
        key = _proved(services, asking)
        agencies.take(services.db, recognised)
    except SignInNeeded:
        raise InvalidClient("the client assertion does not verify, was used before, or is for another server") from None
    return Client(recognised.system, key)


def _assertion(form: Form) -> str:
    if "client_secret" in form:
        raise InvalidRequest("clients authenticate by private_key_jwt alone")
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise InvalidClient("send client_assertion and client_assertion_type (RFC 7523)")
    return form["client_assertion"]


def _proved(services: Services, asking: Asking) -> str | None:
    if not asking.proofs:
        return None
    if len(asking.proofs) > 1:
        raise InvalidProof("send one DPoP header field")
    try:
        return proving.prove(services, "POST", asking.path, asking.proofs[0])
    except NonceNeeded:
        raise UseNonce("make the proof again with the nonce in DPoP-Nonce") from None
    except ProofInvalid as error:
        raise InvalidProof(f"the proof does not verify: step {error.values['step']} failed") from None


def proved(client: Client) -> str:
    """The key that the request proved. Raises `InvalidProof` when it proved none."""
    if client.key is None:
        raise InvalidProof("send a proof of your key in the header field DPoP")
    return client.key


def needed(form: Form, name: str) -> str:
    """A parameter that must be there. Raises `InvalidRequest`."""
    if name not in form:
        raise InvalidRequest(f"{name} is missing")
    return form[name]
