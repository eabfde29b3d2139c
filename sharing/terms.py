"""The terms of a grant: who lets whom read which versions of papers, why, until when and how often.

Terms that exist are valid: the constructors refuse everything else, so what signs them and what verifies them
agree on what a grant can say. The claims are those of docs/formats/sharing.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from sharing.encoding import b64url_decode, b64url_encode
from sharing.errors import EncodingInvalid, TermsInvalid
from sharing.limits import COMPONENTS, DOSSIER_CHARS, FILE_BYTES, ID_CHARS, ITEMS, OPENINGS, PURPOSE_CHARS

DETAIL_TYPE = "docvault_document"
"""`type` of each member of `authorization_details` (RFC 9396 §2)."""

_ID = re.compile(rf"[\x21-\x7e]{{1,{ID_CHARS}}}")
_CODE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_DOSSIER = re.compile(rf"[\x21-\x7e]{{1,{DOSSIER_CHARS}}}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp())


class Tier(StrEnum):
    """How far a version may be trusted, least first; compares by rank, not by spelling."""

    SELF = "self"
    CHECKED = "checked"
    CERTIFIED = "certified"
    ISSUED = "issued"

    @property
    def rank(self) -> int:
        """0 for a citizen's own scan, up to 3 for what the issuer itself put there."""
        return list(Tier).index(self)

    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, Tier) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.rank <= other.rank if isinstance(other, Tier) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.rank > other.rank if isinstance(other, Tier) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.rank >= other.rank if isinstance(other, Tier) else NotImplemented


@dataclass(frozen=True, slots=True)
class Item:
    """One version of one paper, named so that a copy of its bytes can be told from any other.

    `version` is an opaque id, `kind` a kind of paper in kebab-case, `sha256` the 32-byte digest and `size` the length
    in bytes of the original, `media_type` in lower case without parameters. `components` names what the paper is in the
    procedure. Raises TermsInvalid.
    """

    version: str
    kind: str
    tier: Tier
    sha256: bytes
    size: int
    media_type: str
    components: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _match(_ID, self.version, "version")
        _match(_CODE, self.kind, "kind")
        _match(_MEDIA_TYPE, self.media_type, "media_type")
        _require(isinstance(self.tier, Tier), "tier")
        _require(isinstance(self.sha256, bytes) and len(self.sha256) == 32, "sha-256")
        _within(self.size, FILE_BYTES, "size")
        _require(isinstance(self.components, tuple) and len(self.components) <= COMPONENTS, "components")
        for component in self.components:
            _match(_CODE, component, "components")
        _require(len(set(self.components)) == len(self.components), "components: one appears twice")

    def to_detail(self) -> dict[str, Any]:
        """The item as a member of `authorization_details`."""
        named = {"components": list(self.components)} if self.components else {}
        return {
            "type": DETAIL_TYPE,
            "version": self.version,
            "kind": self.kind,
            "tier": self.tier.value,
            "sha-256": b64url_encode(self.sha256),
            "size": self.size,
            "media_type": self.media_type,
            **named,
        }

    @classmethod
    def from_detail(cls, detail: object) -> Self:
        """Read a member of `authorization_details`; raises TermsInvalid. Members of later versions are passed over."""
        if not isinstance(detail, Mapping) or detail.get("type") != DETAIL_TYPE:
            raise TermsInvalid(f"An item is not of the type {DETAIL_TYPE!r}.")
        version, kind, media_type = detail.get("version"), detail.get("kind"), detail.get("media_type")
        sha256, tier = _digest(detail.get("sha-256")), _tier(detail.get("tier"))
        components = _components(detail)
        return cls(version, kind, tier, sha256, detail.get("size"), media_type, components)  # type: ignore[arg-type] # __post_init__ checks


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant says. Times are aware, in UTC, in whole seconds; `openings` is how often the items may be opened.

    `issuer` is the vault's URL, `audience` the agency's id, `subject` the citizen's pseudonym at that agency (see
    `pseudonyms`), `grant_id` the claim `jti`. The grant holds from `not_before` on and before `expires_at`.
    A grant for a dossier names the `procedure` and the agency's reference of the `dossier`, both or neither; only then
    do items name components. `key` is the RFC 7638 thumbprint of the key whose owner alone may have papers released.
    Raises TermsInvalid.
    """

    issuer: str
    audience: str
    subject: str
    grant_id: str
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    purpose: str
    items: tuple[Item, ...]
    openings: int
    procedure: str | None = None
    dossier: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        for name in ("issuer", "audience", "subject", "grant_id"):
            _match(_ID, getattr(self, name), name)
        for name in ("issued_at", "not_before", "expires_at"):
            _whole_second(getattr(self, name), name)
        _require(self.issued_at <= self.not_before < self.expires_at, "order of the times")
        _readable(self.purpose)
        _require(isinstance(self.items, tuple) and 0 < len(self.items) <= ITEMS, f"number of items (1 to {ITEMS})")
        _require(all(isinstance(item, Item) for item in self.items), "items")
        _require(len({item.version for item in self.items}) == len(self.items), "items: a version appears twice")
        _within(self.openings, OPENINGS, "openings")
        self._check_dossier()
        if self.key is not None:
            _match(_THUMBPRINT, self.key, "cnf")

    def _check_dossier(self) -> None:
        named = sum(len(item.components) for item in self.items)
        if self.procedure is None and self.dossier is None:
            _require(named == 0, "components without a procedure")
            return
        _match(_CODE, self.procedure, "procedure")
        _match(_DOSSIER, self.dossier, "dossier")
        _require(named <= COMPONENTS, f"number of components (at most {COMPONENTS})")

    def item(self, version: str) -> Item | None:
        """The item of that version, or None."""
        return next((item for item in self.items if item.version == version), None)

    def to_claims(self) -> dict[str, Any]:
        """The claims, in the order of the table in docs/formats/sharing.md."""
        dossier = {"procedure": self.procedure, "dossier": self.dossier} if self.procedure is not None else {}
        bound = {"cnf": {"jkt": self.key}} if self.key is not None else {}
        return {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.subject,
            "jti": self.grant_id,
            "iat": int(self.issued_at.timestamp()),
            "nbf": int(self.not_before.timestamp()),
            "exp": int(self.expires_at.timestamp()),
            "purpose": self.purpose,
            "openings": self.openings,
            **dossier,
            **bound,
            "authorization_details": [item.to_detail() for item in self.items],
        }

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read claims; raises TermsInvalid. Claims that are not known are passed over (RFC 7519 §4)."""
        details = claims.get("authorization_details")
        if not isinstance(details, list) or len(details) > ITEMS:
            raise TermsInvalid(f"authorization_details is not a list of at most {ITEMS} items.")
        issued_at, not_before, expires_at = (_time(claims.get(name), name) for name in ("iat", "nbf", "exp"))
        return cls(
            issuer=claims.get("iss"),  # type: ignore[arg-type] # __post_init__ checks this and what follows
            audience=claims.get("aud"),  # type: ignore[arg-type]
            subject=claims.get("sub"),  # type: ignore[arg-type]
            grant_id=claims.get("jti"),  # type: ignore[arg-type]
            issued_at=issued_at,
            not_before=not_before,
            expires_at=expires_at,
            purpose=claims.get("purpose"),  # type: ignore[arg-type]
            items=tuple(map(Item.from_detail, details)),
            openings=claims.get("openings"),  # type: ignore[arg-type]
            procedure=_present(claims, "procedure"),
            dossier=_present(claims, "dossier"),
            key=_key(claims),
        )


def _require(true: bool, what: str) -> None:
    if not true:
        raise TermsInvalid(f"Not valid in a grant: {what}.")


def _match(pattern: re.Pattern[str], value: object, what: str) -> None:
    _require(isinstance(value, str) and pattern.fullmatch(value) is not None, what)


def _within(value: object, most: int, what: str) -> None:
    # bool is an int to Python, but `true` is no number to anybody else
    _require(type(value) is int and 0 < value <= most, f"{what} (1 to {most})")


def _readable(purpose: object) -> None:
    # isprintable also keeps out line breaks, direction overrides and lone surrogates: what is shown is what was signed
    ok = isinstance(purpose, str) and 0 < len(purpose) <= PURPOSE_CHARS and purpose.isprintable()
    _require(ok and not str(purpose).isspace(), f"purpose (one line of 1 to {PURPOSE_CHARS} characters)")


def _whole_second(value: object, what: str) -> None:
    ok = isinstance(value, datetime) and value.utcoffset() == timedelta(0) and value.microsecond == 0
    _require(ok, f"{what} (UTC, in whole seconds)")
    _require(isinstance(value, datetime) and value.timestamp() >= 0, f"{what} (1970 or later)")


def _time(value: object, what: str) -> datetime:
    _require(type(value) is int and 0 <= value <= _LAST_SECOND, f"{what} (whole seconds since 1970)")
    assert isinstance(value, int)  # noqa: S101 # for the type checker: the line above refused all else
    return datetime.fromtimestamp(value, UTC)


def _digest(value: object) -> bytes:
    try:
        return b64url_decode(value) if isinstance(value, str) else b""
    except EncodingInvalid as error:
        raise TermsInvalid("Not valid in a grant: sha-256.") from error


def _present(claims: Mapping[str, Any], name: str) -> Any:
    """A claim that may be absent; `null` is not the same as absent (RFC 7519 has no use for it)."""
    _require(name not in claims or claims[name] is not None, name)
    return claims.get(name)


def _key(claims: Mapping[str, Any]) -> Any:
    """`cnf.jkt` (RFC 7800 §3.1, RFC 9449 §6.1). Another method alone is refused: to pass it over would be to unbind."""
    if "cnf" not in claims:
        return None
    confirmation = claims["cnf"]
    _require(isinstance(confirmation, Mapping) and confirmation.get("jkt") is not None, "cnf (needs jkt)")
    return confirmation["jkt"]


def _components(detail: Mapping[str, Any]) -> tuple[Any, ...]:
    names = detail.get("components", [None])
    _require(isinstance(names, list) and len(names) > 0, "components")
    return tuple(names) if "components" in detail else ()


def _tier(value: object) -> Tier:
    try:
        return Tier(value)  # type: ignore[arg-type] # whatever is no tier is refused
    except ValueError:
        raise TermsInvalid("Not valid in a grant: tier.") from None
