"""Keys that sign and keys that are published: Ed25519 of our own; Ed25519, P-256 and RSA of agencies.

JWK and JWKS are RFC 7517, the Ed25519 form RFC 8037, the `kid` of our own keys the thumbprint of RFC 7638.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from sharing import points
from sharing.encoding import b64url_decode, parse_object
from sharing.errors import EncodingInvalid, KeysInvalid
from sharing.jws import ED25519, JoseKey
from sharing.limits import ID_CHARS, JWKS_BYTES, JWKS_KEYS, RSA_BITS_LEAST, RSA_BITS_MOST

_ALGORITHMS = {"OKP": frozenset({ED25519, "EdDSA"}), "EC": frozenset({"ES256"}), "RSA": frozenset({"PS256"})}
_CURVES = {"OKP": "Ed25519", "EC": "P-256"}
_CLASSES: dict[str, type[JoseKey]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}
_PUBLIC = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
_SECRET = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that may verify signatures by `algorithms`, and by no other."""

    kid: str
    algorithms: frozenset[str]
    jose: JoseKey = field(repr=False, compare=False)
    members: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def thumbprint(self) -> str:
        """RFC 7638, by SHA-256: 43 characters of base64url, whatever the key's `kid` is."""
        return self.jose.thumbprint()

    def public_jwk(self) -> dict[str, str]:
        """The JWK as it was published, reduced to what is understood here."""
        return {**dict(self.members), "kid": self.kid, "use": "sig"}


class SigningKey:
    """An Ed25519 private key. Its bytes are in no repr and no pickle; `private_bytes` is the one way to them."""

    __slots__ = ("_jose", "_private", "kid")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._jose = OKPKey.import_key(private)
        self.kid: str = self._jose.thumbprint()
        """RFC 7638 thumbprint (SHA-256) of the public key, base64url."""

    @classmethod
    def generate(cls) -> Self:
        """A new key from the system's random numbers."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, data: bytes) -> Self:
        """The key of a 32-byte seed (RFC 8032 §5.1.5); raises KeysInvalid for any other length."""
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(data))
        except ValueError:
            raise KeysInvalid("A private key has 32 bytes.") from None

    def private_bytes(self) -> bytes:
        """The 32-byte seed, to be sealed by whoever keeps it."""
        return self._private.private_bytes_raw()

    @property
    def jose(self) -> OKPKey:
        """The key as joserfc takes it."""
        return self._jose

    def public_jwk(self) -> dict[str, str]:
        """The public JWK, with `kid`, `use` and `alg`."""
        public = cast(dict[str, str], self._jose.as_dict(private=False))
        return {"kty": "OKP", "crv": "Ed25519", "x": public["x"], "kid": self.kid, "use": "sig", "alg": ED25519}

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A signing key is not pickled or copied.")


class KeySet:
    """Public keys by `kid`, as parsed by `parse_jwks`. Read-only."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = {key.kid: key for key in keys}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[PublicKey]:
        return iter(self._keys.values())

    def __repr__(self) -> str:
        return f"KeySet({sorted(self._keys)})"

    def find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """The key that `kid` names if it is one for `algorithm`, else None."""
        key = self._keys.get(kid) if kid is not None else None
        return key if key is not None and algorithm in key.algorithms else None

    def only(self, algorithm: str) -> PublicKey | None:
        """The one key for `algorithm`; None when there is none or more than one."""
        fitting = [key for key in self if algorithm in key.algorithms]
        return fitting[0] if len(fitting) == 1 else None


def jwks(keys: Iterable[SigningKey | PublicKey]) -> dict[str, list[dict[str, str]]]:
    """The JWK set (RFC 7517 §5) that publishes these keys; never a private part."""
    return {"keys": [key.public_jwk() for key in keys]}


def parse_jwks(data: bytes | str | Mapping[str, Any]) -> KeySet:
    """Read a published JWK set; raises KeysInvalid with a plain sentence for who has to mend it.

    Keys for encryption, of other types or for other algorithms are passed over (RFC 7517 §5). Refused are: private or
    symmetric keys anywhere, a repeated member or `kid`, a key without `kid`, a malformed or weak key, and a set
    of which no key is left.
    """
    entries = _members(data).get("keys")
    if not isinstance(entries, list) or not 0 < len(entries) <= JWKS_KEYS:
        raise KeysInvalid(f"A JWK set has 'keys', a list of 1 to {JWKS_KEYS} keys.")
    keys = [key for key in map(_public_key, entries) if key is not None]
    if len({key.kid for key in keys}) != len(keys):
        raise KeysInvalid("Two keys have the same 'kid'.")
    if not keys:
        raise KeysInvalid("No key here can verify signatures by Ed25519, ES256 or PS256.")
    return KeySet(keys)


def parse_public_key(jwk: object) -> PublicKey:
    """One public JWK that stands alone, as in the header of a proof; its `kid` is its thumbprint. Raises KeysInvalid.

    Refused are private and symmetric keys, keys that are not for signatures, and those that `parse_jwks` refuses.
    """
    if not isinstance(jwk, Mapping):
        raise KeysInvalid("A key is a JSON object.")
    _refuse_secrets(jwk)
    algorithms = _usable(jwk)
    if not algorithms:
        raise KeysInvalid("The key cannot verify signatures by Ed25519, ES256 or PS256.")
    members = _public_members(jwk)
    key = _import(members)
    return PublicKey(key.thumbprint(), algorithms, key, tuple(members.items()))


def _members(data: bytes | str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(data, Mapping):
        return data
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > JWKS_BYTES:
        raise KeysInvalid(f"A JWK set has at most {JWKS_BYTES} bytes.")
    try:
        return parse_object(raw)
    except EncodingInvalid as error:
        raise KeysInvalid(f"The JWK set cannot be read: {error}") from error


def _public_key(jwk: object) -> PublicKey | None:
    if not isinstance(jwk, Mapping):
        raise KeysInvalid("Each key is a JSON object.")
    _refuse_secrets(jwk)
    algorithms = _usable(jwk)
    if not algorithms:
        return None
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= ID_CHARS:
        raise KeysInvalid(f"Each key needs a 'kid' of 1 to {ID_CHARS} characters.")
    members = _public_members(jwk)
    return PublicKey(kid, algorithms, _import(members), tuple(members.items()))


def _refuse_secrets(jwk: Mapping[str, Any]) -> None:
    if _SECRET & jwk.keys():
        raise KeysInvalid("This is a private or symmetric key. Publish public parts alone, and replace that key.")


def _public_members(jwk: Mapping[str, Any]) -> dict[str, str]:
    kty = jwk["kty"]
    return {"kty": kty, **{name: _text(jwk, name) for name in _PUBLIC[kty]}}


def _usable(jwk: Mapping[str, Any]) -> frozenset[str]:
    """The algorithms that the key may be used with here; empty for a key that is not meant for us."""
    kty, alg, operations = jwk.get("kty"), jwk.get("alg"), jwk.get("key_ops", ["verify"])
    if not isinstance(kty, str) or kty not in _ALGORITHMS or jwk.get("crv") != _CURVES.get(kty):
        return frozenset()
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return frozenset()
    return _ALGORITHMS[kty] if alg is None or alg in _ALGORITHMS[kty] else frozenset()


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise KeysInvalid(f"A key lacks {name!r}.")
    return value


def _import(members: dict[str, str]) -> JoseKey:
    _check_lengths(members)
    try:
        return _CLASSES[members["kty"]].import_key(cast(Any, members))
    except (JoseError, ValueError) as error:
        raise KeysInvalid("A key is not a valid public key.") from error


def _check_lengths(members: dict[str, str]) -> None:
    """Full-length coordinates (RFC 8037 §2, RFC 7518 §6.2.1), and RSA neither weak nor slow to verify with."""
    try:
        sizes = {name: len(b64url_decode(members[name])) for name in members if name in {"x", "y", "n"}}
    except EncodingInvalid as error:
        raise KeysInvalid("A key is not written in canonical base64url.") from error
    if any(size != 32 for name, size in sizes.items() if name != "n"):
        raise KeysInvalid("A coordinate of a key has not 32 bytes.")
    if members["kty"] == "OKP" and not points.is_sound(b64url_decode(members["x"])):
        raise KeysInvalid("A key is no point that only the owner of a private key can sign for.")
    if members["kty"] != "RSA":
        return
    bits = int.from_bytes(b64url_decode(members["n"])).bit_length()
    if not RSA_BITS_LEAST <= bits <= RSA_BITS_MOST or sizes["n"] != (bits + 7) // 8 or members["e"] != "AQAB":
        raise KeysInvalid(f"An RSA key has {RSA_BITS_LEAST} to {RSA_BITS_MOST} bits and the exponent 65537.")
