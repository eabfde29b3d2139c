"""The compact form of a JWS (RFC 7515 §3.1), read strictly. The algorithms are joserfc's, the decisions our own.

Nothing here decides whether a token may be believed: `grants`, `assertions` and `proofs` do, each in its own numbered
order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from sharing.encoding import b64url_decode, b64url_encode, parse_object, write_object
from sharing.errors import EncodingInvalid
from sharing.limits import HEADER_BYTES

JoseKey = OKPKey | ECKey | RSAKey

ED25519 = "Ed25519"
PREFERRED = (ED25519, "EdDSA", "ES256", "PS256")
ALGORITHMS = frozenset(PREFERRED)
"""What is believed anywhere, the preferred one first. `EdDSA` (RFC 8037) is the older name of `Ed25519` (RFC 9864)
where the key is Ed25519."""

_registry = JWSRegistry(algorithms=[ED25519, "ES256", "PS256"])


@dataclass(frozen=True, slots=True)
class Jws:
    """A token taken apart, nothing of it checked: the payload is bytes until the signature is verified."""

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signing_input: bytes

    def text(self, name: str) -> str | None:
        """A header member if it is there and a string."""
        value = self.header.get(name)
        return value if isinstance(value, str) else None


def parse(token: str, most: int, header_most: int = HEADER_BYTES) -> Jws:
    """Take a compact JWS of at most `most` characters apart, its header at most `header_most` bytes of JSON.

    Raises EncodingInvalid.
    """
    if len(token) > most:
        raise EncodingInvalid(f"Longer than {most} characters.")
    parts = token.split(".")
    if len(parts) != 3 or not parts[0] or not parts[1]:
        raise EncodingInvalid("Not a compact JWS of three parts.")
    header, payload, signature = map(b64url_decode, parts)
    if len(header) > header_most:
        raise EncodingInvalid(f"The header is longer than {header_most} bytes.")
    signing_input = token[: token.rindex(".")].encode("ascii")
    return Jws(parse_object(header), payload, signature, signing_input)


def sign(header: Mapping[str, Any], payload: Mapping[str, Any], key: JoseKey) -> str:
    """The compact JWS over `payload`, signed with `key` by the algorithm that the header names."""
    signing_input = f"{b64url_encode(write_object(header))}.{b64url_encode(write_object(payload))}"
    algorithm = _algorithm(header["alg"])
    algorithm.check_key(key)
    return f"{signing_input}.{b64url_encode(algorithm.sign(signing_input.encode('ascii'), key))}"


def signed_by(jws: Jws, name: str, key: JoseKey) -> bool:
    """Whether `key` made the signature with the algorithm `name`, which the caller has already allowed for it."""
    algorithm = _algorithm(name)
    try:
        algorithm.check_key(key)
        return bool(algorithm.verify(jws.signing_input, jws.signature, key))
    except JoseError:
        return False


def _algorithm(name: str) -> Any:
    return _registry.get_alg(ED25519 if name == "EdDSA" else name)
