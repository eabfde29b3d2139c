"""Agencies' systems over HTTP: an access token as `DPoP`, the proof of its key, and nonces (RFC 9449)."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.security.http import HTTPBase

from vault import accesstokens, proving
from vault.api.principals import ServicesDep
from vault.errors import NotProved, ProofInvalid, TokenInvalid
from vault.principals import TokenBearer
from vault.services import Services

PROOF_HEADER = "DPoP"
NO_ONE_PROOF = 1
"""Several proofs are none: the step of the list is that of a malformed one."""

_scheme = HTTPBase(
    scheme="DPoP",
    scheme_name="accessToken",
    description="Access token of an agency's system, with the proof of its key in the header field `DPoP` (RFC 9449)",
    auto_error=False,
)


def nonce_for_next(services: ServicesDep) -> Iterator[None]:
    """What fails for want of a proof, here or in the route, carries a nonce for the next try (section 8)."""
    try:
        yield
    except NotProved as error:
        error.values["nonce"] = proving.new_nonce(services)
        raise


NonceDep = Annotated[None, Depends(nonce_for_next)]


def proof_of(request: Request) -> str | None:
    """The proof that came with a request, None without one. Raises `ProofInvalid` for several (section 4.3)."""
    found = request.headers.getlist(PROOF_HEADER)
    if len(found) > 1:
        raise ProofInvalid(step=NO_ONE_PROOF)
    return found[0] if found else None


def key_of(request: Request, services: Services, access_token: str | None = None) -> str:
    """The thumbprint of the key that this request proves. Raises the `NotProved` of what is wrong.

    Whatever calls it depends on `NonceDep` too, so that the answer to a failure has a nonce.
    """
    path: str = request.scope["path"]
    return proving.prove(services, request.method, path, proof_of(request), access_token)


def bearer(
    request: Request,
    services: ServicesDep,
    _nonce: NonceDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)],
) -> TokenBearer | None:
    """Whoever shows an access token and proves its key; None where no `Authorization` came.

    Raises `TokenInvalid` for a token that never was, and for any other scheme, `Bearer` above all: a token alone proves
    nothing (section 7.2). Two `Authorization` are none: a proxy in front may have looked at the other one.
    """
    shown = len(request.headers.getlist("authorization"))
    if not shown:
        return None
    if (
        shown > 1
        or credentials is None
        or credentials.scheme.lower() != "dpop"
        or not credentials.credentials.isascii()
    ):
        raise TokenInvalid
    token = credentials.credentials
    with services.db.read() as session:
        if accesstokens.known(session, token) is None:  # a stranger's proofs are not worth remembering
            raise TokenInvalid
    return TokenBearer(token, key_of(request, services, token))


BearerDep = Annotated[TokenBearer | None, Depends(bearer)]
