"""Every limit of this package, in one place. `docs/formats/sharing.md` repeats those that others must keep."""

from datetime import timedelta

GRANT_BYTES = 128 * 1024
"""A whole grant in its compact form: room for ITEMS papers with the longest names."""

ASSERTION_BYTES = 8 * 1024
"""A whole client assertion in its compact form."""

HEADER_BYTES = 1024
"""A protected header, decoded."""

PROOF_BYTES = 8 * 1024
PROOF_HEADER_BYTES = 4 * 1024
"""A whole proof of possession in its compact form, and its header: it holds a key, and the longest RSA key fits."""

PROOF_AGE = timedelta(minutes=5)
"""How long after it was made a proof is taken: its `jti` is remembered that long (RFC 9449 §11.1)."""

PROOF_SKEW = timedelta(seconds=60)
"""How far in the future `iat` of a proof may lie."""

NONCE_AGE = timedelta(minutes=5)
"""How long a nonce that the server gave is taken (RFC 9449 §8)."""

NONCE_SKEW = timedelta(seconds=60)
"""How far in the future a nonce may have been made: by another process, with another clock."""

URL_CHARS = 2048
"""The address that a proof is for."""

JWKS_BYTES = 64 * 1024
JWKS_KEYS = 32
"""A published set of keys: its JSON, and how many keys it may hold."""

RSA_BITS_LEAST, RSA_BITS_MOST = 2048, 8192
"""RSA keys of agencies (RFC 7518 §3.5 asks for the least; the most keeps a check from taking long)."""

ITEMS = 100
"""Papers in one grant."""

COMPONENTS = 100
"""Components of a procedure that the items of one grant may name, counted over all items."""

DOSSIER_CHARS = 64
"""The agency's reference of a dossier."""

OPENINGS = 10_000
"""The greatest number of openings that one grant may allow."""

ID_CHARS = 255
"""An id, an issuer or an audience (OpenID Connect Core §2 gives `sub` the same limit)."""

PURPOSE_CHARS = 500
"""The purpose of a grant, in characters."""

FILE_BYTES = 1 << 50
"""The size of one paper: a guard against nonsense, not a quota."""

LEEWAY = timedelta(seconds=60)
"""How far the clock of who verifies a grant offline may differ, unless told otherwise."""

LEEWAY_MOST = timedelta(minutes=5)
"""No caller may ask for more leeway than this."""

ASSERTION_LIFETIME = timedelta(hours=1)
"""How far ahead a client assertion may end: its `jti` is remembered that long."""

ASSERTION_SKEW = timedelta(seconds=60)
"""How far in the future `iat` and `nbf` of a client assertion may lie (FAPI 2.0 Security Profile §5.3.2.1)."""

OPENING_WINDOW = timedelta(minutes=10)
"""Requests for one version within this time after a counted opening belong to that opening."""

SECRET_BYTES = 32
"""The least length of a secret that pseudonyms are derived from."""
