"""The tables. Whatever a paper says is sealed; whatever opens it is wrapped under a secret that no table holds."""

from datetime import date, datetime
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, String, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from vault.db import UtcDateTime


def new_id() -> str:
    return str(uuid4())


def _id() -> str:
    return Field(default_factory=new_id, primary_key=True, max_length=36)  # type: ignore[no-any-return]


def _moment(*, nullable: bool = False, index: bool = False) -> datetime:
    return Field(  # type: ignore[no-any-return]
        default=None if nullable else ..., sa_type=UtcDateTime, nullable=nullable, index=index
    )


def _bytes(*, nullable: bool = False) -> bytes:
    return Field(default=None if nullable else ..., sa_type=LargeBinary, nullable=nullable)  # type: ignore[no-any-return]


class Row(SQLModel):
    """A row shows its class alone: what it holds belongs in no log."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class ReadingState(StrEnum):
    """Where the reading of a version stands."""

    waiting = "waiting"
    reading = "reading"
    done = "done"
    failed = "failed"


class JobKind(StrEnum):
    """What is to be done with a version."""

    reading = "reading"
    sheets = "sheets"
    """Large pages are cut into tiles."""
    copy = "copy"
    """A searchable copy is made."""


class Holder(StrEnum):
    """Who can open a grant's key."""

    citizen = "citizen"
    link = "link"
    code = "code"
    agency = "agency"
    token = "token"  # noqa: S105 - the name of a holder, not a secret
    dossier = "dossier"
    """Whoever opens the first grant of the same dossier."""


class Wallet(Row, table=True):
    """One citizen's wallet; deleting `key_under_root` makes all its papers noise."""

    citizen_id: str = _id()
    created_at: datetime = _moment()
    key_under_root: bytes = _bytes()


class Agency(Row, table=True):
    """An agency: its keys in the vault (inbox), its systems' keys (`jwks`), and what its portal may ask.

    `redirect_uris` are where answers may go, `procedures` the codes of those that it may ask papers for.
    """

    id: str = _id()
    name: str = Field(max_length=200, unique=True)
    created_at: datetime = _moment()
    key_under_root: bytes = _bytes()
    inbox_public: bytes = _bytes()
    inbox_private: bytes = _bytes()
    jwks: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    redirect_uris: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))
    procedures: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))


class Account(Row, table=True):
    """A sign-in: of a citizen (has a wallet) or of an officer (belongs to one agency)."""

    id: str = _id()
    login: str = Field(max_length=200, unique=True)
    name: str = Field(default="", max_length=200)
    password_hash: str = Field(max_length=200)
    citizen_id: str | None = Field(default=None, foreign_key="wallet.citizen_id", unique=True, max_length=36)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", index=True, max_length=36)
    created_at: datetime = _moment()
    disabled_at: datetime | None = _moment(nullable=True)


class SignIn(Row, table=True):
    """A live session: the hash of its token, and the owner's key wrapped under the token."""

    id: str = _id()
    account_id: str = Field(foreign_key="account.id", index=True, max_length=36, ondelete="CASCADE")
    token_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    wrapped_key: bytes = _bytes()
    created_at: datetime = _moment()
    seen_at: datetime = _moment()
    expires_at: datetime = _moment(index=True)
    device: str = Field(default="", max_length=200)


class Failures(Row, table=True):
    """Failed sign-ins of one account or one address, named by a hash."""

    subject: bytes = Field(sa_type=LargeBinary, primary_key=True)
    count: int
    until: datetime = _moment()
    updated_at: datetime = _moment(index=True)


class Document(Row, table=True):
    """One paper in a wallet; its newest version is current. `kind_sure` when its kind was read clearly or confirmed."""

    __table_args__ = (Index("ix_document_wallet", "citizen_id", "created_at", "id"),)

    id: str = _id()
    citizen_id: str = Field(foreign_key="wallet.citizen_id", max_length=36)
    kind: str = Field(default="other", max_length=64)
    kind_confirmed: bool = False
    kind_sure: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    expires_on: date | None = None
    created_at: datetime = _moment()
    deleted_at: datetime | None = _moment(nullable=True, index=True)


class Version(Row, table=True):
    """Immutable bytes of a paper. `wrapped_key` is gone once the paper is destroyed.

    `sheets` are the numbers of pages worth tiles, of which the first `sheets_cut` have theirs, of `sheet_bytes` in all,
    and the next one `sheet_percent` of its own. Pictures of the first `pages_shown` pages were there before their text.
    `copy_state` is the state of the paper (`vault.searchable.state_of`) of which there is a searchable copy of
    `copy_bytes`, or none because of `copy_failure`. `quality` says what is wrong with it as a photograph (codes of
    `ocr.advice`), until its owner keeps it all the same.
    """

    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        Index("ix_version_fingerprint", "citizen_id", "fingerprint"),
    )

    id: str = _id()
    document_id: str = Field(foreign_key="document.id", index=True, max_length=36)
    citizen_id: str = Field(foreign_key="wallet.citizen_id", max_length=36)
    number: int
    created_at: datetime = _moment()
    wrapped_key: bytes = _bytes()
    fingerprint: bytes = _bytes()
    size: int = Field(sa_type=BigInteger)
    media_type: str = Field(max_length=100)
    pages: int
    tier: str = Field(default="self", max_length=16)
    label: bytes = _bytes()
    state: ReadingState = Field(default=ReadingState.waiting, sa_type=String(16))
    failure: str | None = Field(default=None, max_length=64)
    pages_read: int = 0
    pages_shown: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    sheets: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))
    sheets_cut: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    sheet_percent: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    sheet_bytes: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    quality: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))
    copy_state: bytes | None = _bytes(nullable=True)
    copy_bytes: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    copy_failure: str | None = Field(default=None, max_length=64)
    reading: bytes | None = _bytes(nullable=True)
    confirmed: bytes | None = _bytes(nullable=True)

    @property
    def shown(self) -> int:
        """How many pages have pictures."""
        return max(self.pages_shown, self.pages_read)

    @property
    def cutting(self) -> bool:
        """Whether pages still wait for their tiles."""
        return self.sheets_cut < len(self.sheets)

    def has_tiles(self, page: int) -> bool:
        return page in self.sheets[: self.sheets_cut]


class Upload(Row, table=True):
    """A paper that arrives in parts (tus 1.0.0): `received` of its `length` bytes are sealed and durable.

    `wrapped_key` is the upload's key under the wallet key; `about`, sealed under it, what the sender says of the file.
    `holder` is the one request that may move it on, until `held_until`; `wanted` asks that request to give way. Once
    the paper is in the wallet, the row says which it became. `fingerprint` is known once the whole was looked through.
    """

    id: str = _id()
    citizen_id: str = Field(foreign_key="wallet.citizen_id", index=True, max_length=36)
    created_at: datetime = _moment()
    expires_at: datetime = _moment(index=True)
    length: int = Field(sa_type=BigInteger)
    received: int = Field(default=0, sa_type=BigInteger)
    wrapped_key: bytes = _bytes()
    about: bytes = _bytes()
    fingerprint: bytes | None = _bytes(nullable=True)
    holder: str | None = Field(default=None, max_length=36)
    held_until: datetime | None = _moment(nullable=True)
    wanted: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    document_id: str | None = Field(default=None, max_length=36)
    version_id: str | None = Field(default=None, max_length=36)


class UploadPart(Row, table=True):
    """Bytes `start` to `start + size` of an upload: one sealed object, written once.

    `wrapped_key` is set where a part was announced as the whole: it lies as an original does, under the key given here.
    """

    upload_id: str = Field(foreign_key="upload.id", primary_key=True, max_length=36, ondelete="CASCADE")
    number: int = Field(primary_key=True)
    id: str = Field(unique=True, max_length=36)
    start: int = Field(sa_type=BigInteger)
    size: int = Field(sa_type=BigInteger)
    wrapped_key: bytes | None = _bytes(nullable=True)


class Job(Row, table=True):
    """Work with a lease. `ticket` is the version's key under the worker key; the row goes when the work is done."""

    __table_args__ = (UniqueConstraint("version_id", "kind"), Index("ix_job_due", "kind", "run_after", "id"))

    id: str = _id()
    version_id: str = Field(foreign_key="version.id", max_length=36)
    kind: JobKind = Field(default=JobKind.reading, sa_type=String(16), sa_column_kwargs={"server_default": "reading"})
    citizen_id: str = Field(max_length=36)
    ticket: bytes = _bytes()
    attempt: int = 0
    created_at: datetime = _moment()
    run_after: datetime = _moment()


class Grant(Row, table=True):
    """Signed consent. The grant key opens `sealed_grant` (the JWS) and the items' document keys."""

    id: str = _id()
    citizen_id: str = Field(foreign_key="wallet.citizen_id", index=True, max_length=36)
    agency_id: str = Field(foreign_key="agency.id", index=True, max_length=36)
    created_at: datetime = _moment()
    not_before: datetime = _moment()
    expires_at: datetime = _moment(index=True)
    openings_max: int
    openings: int = 0
    sealed_grant: bytes = _bytes()
    link_hash: bytes | None = Field(default=None, sa_type=LargeBinary, unique=True, nullable=True)
    redeemed_at: datetime | None = _moment(nullable=True)
    revoked_at: datetime | None = _moment(nullable=True)


class GrantHolder(Row, table=True):
    """The grant key, wrapped for one holder. Revoking deletes all but the citizen's."""

    grant_id: str = Field(foreign_key="grant.id", primary_key=True, max_length=36, ondelete="CASCADE")
    holder: Holder = Field(primary_key=True, sa_type=String(16))
    wrapped_key: bytes = _bytes()


class GrantItem(Row, table=True):
    """A granted version; its document key wrapped under the grant key until the grant is revoked."""

    grant_id: str = Field(foreign_key="grant.id", primary_key=True, max_length=36, ondelete="CASCADE")
    version_id: str = Field(primary_key=True, max_length=36)  # outlives the version: a grant stays in the history
    wrapped_key: bytes | None = _bytes(nullable=True)
    opened_at: datetime | None = _moment(nullable=True)


class AuthorizationRequest(Row, table=True):
    """What an agency's portal pushed (RFC 9126), until it is answered.

    `sealed` opens with the secret of the request URI until `opened_at`, then with the secret in the cookie of the one
    browser that opened it; `citizen_id` is whoever looked at it first after signing in, `draft` what they chose so
    far, sealed under their wallet's key.
    """

    id: str = _id()
    agency_id: str = Field(foreign_key="agency.id", index=True, max_length=36)
    created_at: datetime = _moment()
    expires_at: datetime = _moment(index=True)
    secret_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    sealed: bytes = _bytes()
    opened_at: datetime | None = _moment(nullable=True)
    citizen_id: str | None = Field(default=None, foreign_key="wallet.citizen_id", index=True, max_length=36)
    answered_at: datetime | None = _moment(nullable=True)
    draft: bytes | None = _bytes(nullable=True)


class AuthorizationCode(Row, table=True):
    """A code (RFC 6749 section 4.1.2) for one grant; `sealed_form`, under the grant's key, goes once it was used."""

    code_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    agency_id: str = Field(foreign_key="agency.id", max_length=36)
    grant_id: str = Field(foreign_key="grant.id", index=True, max_length=36)
    dossier_id: str = Field(foreign_key="dossier.id", index=True, max_length=36)
    created_at: datetime = _moment()
    expires_at: datetime = _moment(index=True)
    used_at: datetime | None = _moment(nullable=True)
    redirect_uri: str = Field(max_length=500)
    code_challenge: str = Field(max_length=43)
    key: str | None = Field(default=None, max_length=43)
    sealed_form: bytes | None = _bytes(nullable=True)


class AccessToken(Row, table=True):
    """A token bound to the key with the thumbprint `key` (RFC 9449): for one grant, or for an agency's own lists."""

    token_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    agency_id: str = Field(foreign_key="agency.id", index=True, max_length=36)
    grant_id: str | None = Field(default=None, foreign_key="grant.id", index=True, max_length=36)
    key: str = Field(max_length=43)
    created_at: datetime = _moment()
    expires_at: datetime = _moment(index=True)
    revoked_at: datetime | None = _moment(nullable=True)


class Dossier(Row, table=True):
    """One application at an agency, under the agency's own `reference`, and the papers that it refers to."""

    __table_args__ = (UniqueConstraint("citizen_id", "agency_id", "procedure", "reference"),)

    id: str = _id()
    citizen_id: str = Field(foreign_key="wallet.citizen_id", index=True, max_length=36)
    agency_id: str = Field(foreign_key="agency.id", index=True, max_length=36)
    procedure: str = Field(max_length=64)
    reference: str = Field(max_length=64)
    created_at: datetime = _moment()


class DossierItem(Row, table=True):
    """A component of a dossier and the version that answers it; it never changes. `size` outlives the version."""

    dossier_id: str = Field(foreign_key="dossier.id", primary_key=True, max_length=36, ondelete="CASCADE")
    component: str = Field(primary_key=True, max_length=64)
    grant_id: str = Field(foreign_key="grant.id", primary_key=True, index=True, max_length=36)
    version_id: str = Field(index=True, max_length=36)
    kind: str = Field(max_length=64)
    tier: str = Field(max_length=16)
    size: int = Field(sa_type=BigInteger)
    media_type: str = Field(max_length=100)
    added_at: datetime = _moment()


class Supplement(Row, table=True):
    """Components that an agency asks to be supplemented; `note` is sealed under the key of the grant `grant_id`.

    `draft` is what the citizen has chosen so far, sealed under their wallet's key.
    """

    id: str = _id()
    dossier_id: str = Field(foreign_key="dossier.id", index=True, max_length=36, ondelete="CASCADE")
    citizen_id: str = Field(foreign_key="wallet.citizen_id", index=True, max_length=36)
    agency_id: str = Field(foreign_key="agency.id", max_length=36)
    grant_id: str = Field(foreign_key="grant.id", max_length=36)
    components: list[str] = Field(sa_column=Column(JSON, nullable=False))
    note: bytes = _bytes()
    created_at: datetime = _moment()
    answered_at: datetime | None = _moment(nullable=True)
    withdrawn_at: datetime | None = _moment(nullable=True)
    draft: bytes | None = _bytes(nullable=True)


class Figure(Row, table=True):
    """One consent as a count, without any trace of whose it was; `month` is YYYY-MM in Viet Nam.

    `papers` were attached, `reused` of them lay in the wallet before the agency asked, which kept `bytes_not_sent` from
    being uploaded; `seconds` from the request to the consent.
    """

    __table_args__ = (Index("ix_figure_agency", "agency_id", "procedure", "month"),)

    id: int | None = Field(default=None, primary_key=True)
    agency_id: str = Field(foreign_key="agency.id", max_length=36)
    procedure: str = Field(max_length=64)
    month: str = Field(max_length=7)
    papers: int
    reused: int
    bytes_not_sent: int = Field(sa_type=BigInteger)
    seconds: int


class ServiceKey(Row, table=True):
    """A key that signs grants; the private part is wrapped under the root key."""

    kid: str = Field(primary_key=True, max_length=64)
    public_jwk: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    private_under_root: bytes = _bytes()
    created_at: datetime = _moment()
    retired_at: datetime | None = _moment(nullable=True)


class RootKeyState(Row, table=True):
    """A root key that this vault has used, by its id.

    From `leaving_at` on nothing is wrapped under it any more, and from `left_at` on nothing lies under it.
    """

    id: str = Field(primary_key=True, max_length=16)
    since: datetime = _moment()
    leaving_at: datetime | None = _moment(nullable=True)
    left_at: datetime | None = _moment(nullable=True)


class UsedProof(Row, table=True):
    """A client assertion or a proof of a key that was accepted once, remembered until it expires."""

    id: bytes = Field(sa_type=LargeBinary, primary_key=True)
    expires_at: datetime = _moment(index=True)


class Event(Row, table=True):
    """One entry of the access log. Ids and codes only: never a value that a paper holds."""

    __table_args__ = (Index("ix_event_wallet", "citizen_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment()
    kind: str = Field(max_length=40)
    citizen_id: str | None = Field(default=None, max_length=36)
    account_id: str | None = Field(default=None, max_length=36)
    agency_id: str | None = Field(default=None, max_length=36)
    document_id: str | None = Field(default=None, max_length=36)
    version_id: str | None = Field(default=None, max_length=36)
    grant_id: str | None = Field(default=None, max_length=36)
    detail: str | None = Field(default=None, max_length=100)


class Export(Row, table=True):
    """A wallet that is being made ready to be taken along, or is: one for each citizen at most.

    `wrapped_key` is under the wallet's and opens `checked` (the CRC-32 of what was looked over so far: `done` of
    `total` bytes) and, once it is ready, `manifest` and the blob `exports/ID/PART`; `size` is then the ZIP's.
    `sign_in_id` is the session that asked for it.
    """

    id: str = _id()
    citizen_id: str = Field(foreign_key="wallet.citizen_id", unique=True, max_length=36)
    sign_in_id: str = Field(max_length=36)
    created_at: datetime = _moment()
    expires_at: datetime = _moment(index=True)
    wrapped_key: bytes = _bytes()
    done: int = Field(default=0, sa_type=BigInteger)
    total: int = Field(default=0, sa_type=BigInteger)
    checked: bytes | None = _bytes(nullable=True)
    part: str | None = Field(default=None, max_length=36)
    size: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    manifest: bytes | None = _bytes(nullable=True)
    fetched_at: datetime | None = _moment(nullable=True)
