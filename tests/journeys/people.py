"""The other side of a grant: an agency with a system and keys of its own, and an officer at its counter."""

import hashlib
import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from sharing import grants
from sharing.assertions import sign_assertion
from sharing.keys import SigningKey, jwks, parse_jwks
from sharing.terms import Terms
from tests.dpop import Dpop
from tests.servers import PASSWORD, Server

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AGENCY, OFFICER = "Sở Tư pháp", "canbo"


@dataclass
class AgencySystem:
    """An agency's program: it knows the vault's address, its own id and its own key, and nothing else."""

    server: Server
    id: str
    key: SigningKey
    client: httpx.Client

    def redeem(self, link: str, assertion: str | None = None) -> httpx.Response:
        body = {
            "link": link,
            "client_assertion": assertion or self.assertion(),
            "client_assertion_type": ASSERTION_TYPE,
        }
        return self.client.post("/agency/grants/redeem", json=body, auth=self.proved())

    def assertion(self) -> str:
        now = datetime.now(UTC)
        return sign_assertion(self.key, client_id=self.id, audience=self.server.url, now=now)

    def verify(self, signed: str, *, later: timedelta = timedelta(0)) -> Terms:
        """Offline, but for the keys."""
        keys = parse_jwks(self.client.get("/.well-known/jwks.json").raise_for_status().json())
        return grants.verify(signed, keys, self.id, datetime.now(UTC) + later, issuer=self.server.url)

    def fetch(self, grant_id: str, version: str, token: str, **headers: str) -> httpx.Response:
        address = f"/agency/grants/{grant_id}/documents/{version}"
        return self.client.get(address, headers=headers, auth=self.proved(token))

    def proved(self, token: str | None = None) -> Dpop:
        """Each request with a proof of the system's key, as its access tokens demand."""
        return Dpop(self.key, token)


def open_agency(server: Server, folder: Path) -> AgencySystem:
    """The operator adds the agency with its public key, and an officer; both by command."""
    key = SigningKey.generate()
    file = folder / "agency.jwks"
    file.write_text(json.dumps(jwks([key])))
    agency_id = run(server, "agency", "add", AGENCY, "--jwks", str(file)).strip()
    run(server, "officer", "add", AGENCY, OFFICER, "--password-stdin", stdin=PASSWORD)
    return AgencySystem(server, agency_id, key, server.client())


def run(server: Server, *arguments: str, stdin: str = "") -> str:
    done = server.run(*arguments, stdin=stdin)
    assert done.returncode == 0, f"docvault {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


def repr_digest(answer: httpx.Response) -> bytes:
    """The SHA-256 that the header `Repr-Digest` promises (RFC 9530 section 3)."""
    return b64decode(answer.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":"))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
