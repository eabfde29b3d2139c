"""What can be wrong with a grant, a key, a file, an assertion or a proof, each as a plain sentence without secrets."""

from typing import ClassVar


class SharingError(Exception):
    """Base of every error that this package raises on purpose."""


class EncodingInvalid(SharingError):
    """Not canonical base64url, not UTF-8, or not one JSON object without repeated members."""


class KeysInvalid(SharingError):
    """A set of keys cannot be used: malformed, too large, holding a private key, or without any usable key."""


class VerifierInvalid(SharingError):
    """A PKCE code verifier that RFC 7636 §4.1 does not allow."""


class TermsInvalid(SharingError):
    """Terms that no grant may carry: a value is missing, of the wrong type or outside its limits."""


class Stepped(SharingError):
    """An error of one numbered verification step."""

    step: ClassVar[int]


class GrantError(Stepped):
    """A grant does not verify; `.step` is the number of the step in docs/formats/sharing.md."""


class GrantMalformed(GrantError):
    """Too large, not three parts of canonical base64url, or its header is not one JSON object."""

    step = 1


class UnknownHeader(GrantError):
    """The header holds a member beside `alg`, `typ` and `kid`: `crit`, or a key of the sender's choice."""

    step = 2


class WrongType(GrantError):
    """`typ` does not say that this is a grant."""

    step = 3


class WrongAlgorithm(GrantError):
    """`alg` is not Ed25519."""

    step = 4


class UnknownKey(GrantError):
    """`kid` names no Ed25519 key of the issuer."""

    step = 5


class BadSignature(GrantError):
    """The issuer's key did not make this signature over these bytes."""

    step = 6


class BadTerms(GrantError):
    """Signed by the issuer, but the claims are not the terms of a grant."""

    step = 7


class WrongIssuer(GrantError):
    """Issued by another vault."""

    step = 8


class WrongAudience(GrantError):
    """Addressed to another agency."""

    step = 9


class NotYetValid(GrantError):
    """Its time has not begun."""

    step = 10


class Expired(GrantError):
    """Its time is over."""

    step = 11


class FileMismatch(SharingError):
    """A file is not the one that the grant names."""


class WrongSize(FileMismatch):
    """The file is shorter or longer than the grant says."""


class WrongHash(FileMismatch):
    """The file has the right size, but another SHA-256."""


class AssertionRefused(Stepped):
    """A client assertion does not verify; `.step` is the number of the step in docs/formats/sharing.md."""


class AssertionMalformed(AssertionRefused):
    """Too large, not three parts of canonical base64url, or its header is not one JSON object."""

    step = 1


class AssertionCritical(AssertionRefused):
    """The header holds `crit` or `b64`: extensions that are not understood here."""

    step = 2


class AssertionType(AssertionRefused):
    """`typ` says that this is something else."""

    step = 3


class AssertionAlgorithm(AssertionRefused):
    """`alg` is none of Ed25519, EdDSA, ES256 and PS256."""

    step = 4


class AssertionKey(AssertionRefused):
    """The client has no key of that `kid` for that algorithm, or several fit and none is named."""

    step = 5


class AssertionSignature(AssertionRefused):
    """The client's key did not make this signature over these bytes."""

    step = 6


class AssertionClaims(AssertionRefused):
    """A claim is missing or of the wrong type."""

    step = 7


class AssertionClient(AssertionRefused):
    """`iss` and `sub` are not both the client's id."""

    step = 8


class AssertionAudience(AssertionRefused):
    """`aud` is not this authorisation server, as one string."""

    step = 9


class AssertionExpired(AssertionRefused):
    """Its time is over."""

    step = 10


class AssertionTooLong(AssertionRefused):
    """It ends further ahead than its `jti` would be remembered."""

    step = 11


class AssertionNotYetValid(AssertionRefused):
    """`nbf` or `iat` lies in the future by more than clocks differ."""

    step = 12


class ProofRefused(Stepped):
    """A proof of possession does not verify; `.step` is the number of the step in docs/formats/sharing.md."""


class ProofMalformed(ProofRefused):
    """Too large, not three parts of canonical base64url, or its header is not one JSON object."""

    step = 1


class ProofCritical(ProofRefused):
    """The header holds `crit` or `b64`: extensions that are not understood here."""

    step = 2


class ProofType(ProofRefused):
    """`typ` does not say that this is a proof of possession."""

    step = 3


class ProofAlgorithm(ProofRefused):
    """`alg` is none of Ed25519, EdDSA, ES256 and PS256."""

    step = 4


class ProofKey(ProofRefused):
    """`jwk` is no public key that may sign by that algorithm, or holds a private one."""

    step = 5


class ProofSignature(ProofRefused):
    """The key in the header did not make this signature over these bytes."""

    step = 6


class ProofClaims(ProofRefused):
    """A claim is missing or of the wrong type."""

    step = 7


class ProofMethod(ProofRefused):
    """Made for a request with another method."""

    step = 8


class ProofUrl(ProofRefused):
    """Made for a request to another address."""

    step = 9


class ProofStale(ProofRefused):
    """Made too long ago: whether it was used before would not be known any more."""

    step = 10


class ProofNotYetValid(ProofRefused):
    """Made in the future, by more than clocks differ."""

    step = 11


class ProofToken(ProofRefused):
    """Not made for the access token that came with the request."""

    step = 12


class ProofNonce(ProofRefused):
    """All else is right, but the server's nonce is missing, stale or not the server's: try again with a new one."""

    step = 13
