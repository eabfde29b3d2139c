"""A system that proves its key with each request (DPoP), as an agency's program would."""

from collections.abc import Generator
from datetime import UTC, datetime

import httpx

from sharing.keys import SigningKey
from sharing.proofs import sign_proof


class Dpop(httpx.Auth):
    """Signs each request of an httpx client, and once more when the server wants its nonce in the proof.

    >>> client.get(url, auth=Dpop(key, access_token))
    """

    def __init__(self, key: SigningKey, token: str | None = None, nonce: str | None = None) -> None:
        self.key, self.token, self.nonce = key, token, nonce

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.update(self.headers(request.method, str(request.url)))
        response = yield request
        self.nonce = response.headers.get("dpop-nonce", self.nonce)
        if response.status_code in {400, 401} and wants_nonce(response):
            request.headers.update(self.headers(request.method, str(request.url)))
            yield request

    def headers(self, method: str, url: str) -> dict[str, str]:
        """The headers of one request: good for one use."""
        proof = self.proof(method, url)
        return {"DPoP": proof} | ({"Authorization": f"DPoP {self.token}"} if self.token else {})

    def proof(self, method: str, url: str) -> str:
        at = datetime.now(UTC)
        return sign_proof(self.key, method=method, url=url, now=at, nonce=self.nonce, access_token=self.token)


def wants_nonce(response: httpx.Response) -> bool:
    """Whether the server refused because its nonce was missing (RFC 9449 sections 8 and 9). Reads a refusal's body."""
    response.read()
    return "use_dpop_nonce" in response.headers.get("www-authenticate", "") + response.text
