"""Grants as their citizen makes them, sees them and takes them back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, delete, select, update

from sharing import jws, pseudonyms
from sharing.encoding import parse_object
from sharing.limits import GRANT_BYTES, ITEMS, OPENINGS, PURPOSE_CHARS
from sharing.terms import Item, Terms, Tier
from storage.keys import Key, context
from vault import accesslog, agencies, documents, grantkeys, models, tokens, wallets
from vault.accesslog import Kind
from vault.db import now
from vault.documents import Paper
from vault.errors import Invalid, NotFound
from vault.lines import is_stacked
from vault.models import Agency, Document, Grant, GrantHolder, GrantItem, Holder, Version
from vault.principals import Citizen
from vault.settings import Settings
from vault.signing import Signer
from vault.wallets import Wallet


class State(StrEnum):
    """Where a grant stands."""

    waiting = "waiting"
    """Its link has not been used."""
    running = "running"
    used_up = "used-up"
    ended = "ended"
    revoked = "revoked"


@dataclass(frozen=True)
class Offer:
    """What a citizen wants to share: with whom, which versions, why, for how many days, to be opened how often."""

    agency_id: str
    version_ids: tuple[str, ...]
    purpose: str
    days: int
    openings: int


@dataclass(frozen=True)
class Attachment:
    """What a grant for a dossier says beyond its offer: `components` of the procedure by version id.

    `key` is the thumbprint of the key whose owner alone may have the papers released, where it is known already.
    """

    procedure: str
    reference: str
    components: Mapping[str, tuple[str, ...]]
    key: str | None = None


@dataclass(frozen=True)
class Made:
    """A new grant, held by its citizen alone so far; `key` lets it be held by others (`vault.grantkeys`)."""

    grant: Grant
    terms: Terms
    papers: tuple[Paper, ...]
    key: Key = field(repr=False)


@dataclass(frozen=True)
class Given:
    """A grant as its citizen sees it. `papers` names the document of each version that still exists."""

    grant: Grant
    agency_name: str
    terms: Terms
    signed: str
    state: State
    papers: dict[str, str]


def create(session: Session, signer: Signer, settings: Settings, citizen: Citizen, offer: Offer) -> tuple[Grant, str]:
    """A signed grant and the token of its link, which is shown once and kept nowhere.

    Raises `NotFound` (agency, or a version that is not the citizen's), `InBin`, `Invalid`.
    """
    made = make(session, signer, settings, citizen, offer)
    grant, secret = made.grant, tokens.new()
    grant.link_hash = tokens.digest(secret)
    session.add_all((grant, grantkeys.hold_by_link(made.key, grant.id, secret)))
    for paper in made.papers:
        _record(session, Kind.granted, citizen, grant, paper)
    session.flush()
    return grant, grantkeys.link_token(grant.id, secret)


def make(
    session: Session,
    signer: Signer,
    settings: Settings,
    citizen: Citizen,
    offer: Offer,
    attachment: Attachment | None = None,
) -> Made:
    """A signed grant that nobody but its citizen can open yet; the caller adds holders and writes the access log.

    Raises as `create`.
    """
    offer = checked(offer, settings)
    wallets.lock_wallet(session, citizen.citizen_id)  # a paper that is being destroyed leaves its key in no new grant
    agency = agencies.get(session, offer.agency_id)
    papers = tuple(own_version(session, citizen.wallet, version_id) for version_id in offer.version_ids)
    at = now(session).replace(microsecond=0)
    terms = _terms(settings.public_url, citizen.wallet, offer, papers, at, attachment)
    key = Key.generate()
    grant = Grant(
        id=terms.grant_id,
        citizen_id=citizen.citizen_id,
        agency_id=agency.id,
        created_at=at,
        not_before=terms.not_before,
        expires_at=terms.expires_at,
        openings_max=terms.openings,
        sealed_grant=grantkeys.seal_grant(key, terms.grant_id, signer.sign(session, terms)),
    )
    session.add(grant)
    session.flush()
    session.add_all((grantkeys.hold_by_citizen(key, grant.id, citizen.wallet), *_items(grant, key, papers)))
    session.flush()
    return Made(grant, terms, papers, key)


def checked(offer: Offer, settings: Settings) -> Offer:
    """The offer with its purpose on one line, as it would be signed. Raises `Invalid`; looks nothing up."""
    purpose = " ".join(offer.purpose.split())
    if not purpose:
        raise Invalid("purpose", "missing")
    if len(purpose) > PURPOSE_CHARS:
        raise Invalid("purpose", "too-long", most=PURPOSE_CHARS)
    if not purpose.isprintable() or is_stacked(purpose):
        raise Invalid("purpose", "malformed")
    if not 0 < len(offer.version_ids) <= ITEMS or len(set(offer.version_ids)) != len(offer.version_ids):
        raise Invalid("versions", "out-of-range", least=1, most=ITEMS)
    if not 0 < offer.days <= settings.grant_days_max:
        raise Invalid("days", "out-of-range", least=1, most=settings.grant_days_max)
    if not 0 < offer.openings <= OPENINGS:
        raise Invalid("openings", "out-of-range", least=1, most=OPENINGS)
    return replace(offer, purpose=purpose)


def own_version(session: Session, wallet: Wallet, version_id: str) -> Paper:
    """The paper of one of the citizen's versions, to be granted. Raises `NotFound`, `InBin`."""
    owned = select(Version.document_id).where(Version.id == version_id, Version.citizen_id == wallet.citizen_id)
    document_id = session.exec(owned).first()
    if document_id is None:
        raise NotFound
    return documents.get_live(session, wallet, document_id, version_id)


def revoke(session: Session, citizen: Citizen, grant_id: str) -> None:
    """Nobody but the citizen can open the grant any more, from the next request on. Twice changes nothing.

    The hashes of link and token stay: they open nothing, and say in the log whose later attempt it was.
    """
    grant = _own(session, citizen.wallet, grant_id)
    if grant.revoked_at is not None:
        return
    end(session, grant)
    _record(session, Kind.revoked, citizen, grant)


def end(session: Session, grant: Grant) -> None:
    """Marks the grant revoked and takes its key from everybody but the citizen; the caller writes the access log."""
    grant.revoked_at = now(session)
    session.add(grant)
    others = (col(GrantHolder.grant_id) == grant.id, col(GrantHolder.holder) != Holder.citizen)
    session.exec(delete(GrantHolder).where(*others))
    session.exec(update(GrantItem).where(col(GrantItem.grant_id) == grant.id).values(wrapped_key=None))


def mine(session: Session, wallet: Wallet) -> list[Given]:
    """All grants of a wallet, the newest first."""
    return _given(session, wallet)


def get(session: Session, wallet: Wallet, grant_id: str) -> Given:
    """Raises `NotFound`."""
    found = _given(session, wallet, Grant.id == grant_id)
    if not found:
        raise NotFound
    return found[0]


def who_has(session: Session, wallet: Wallet, document_id: str) -> list[Given]:
    """The grants that name any version of a document, the newest first, ended ones too."""
    of_document = (
        select(GrantItem.grant_id)
        .join(Version, col(Version.id) == col(GrantItem.version_id))
        .where(Version.document_id == document_id, Version.citizen_id == wallet.citizen_id)
    )
    return _given(session, wallet, col(Grant.id).in_(of_document))


def state_of(grant: Grant, at: datetime) -> State:
    if grant.revoked_at is not None:
        return State.revoked
    if at >= grant.expires_at:
        return State.ended
    if grant.redeemed_at is None:
        return State.waiting
    return State.used_up if grant.openings >= grant.openings_max else State.running


def read_terms(signed: str) -> Terms:
    """The terms in a grant that came out of its own seal, where only a verified or fresh one was ever put."""
    return Terms.from_claims(parse_object(jws.parse(signed, GRANT_BYTES).payload))


def _terms(
    issuer: str, wallet: Wallet, offer: Offer, papers: Sequence[Paper], at: datetime, attachment: Attachment | None
) -> Terms:
    named = attachment.components if attachment else {}
    return Terms(
        issuer=issuer,
        audience=offer.agency_id,
        subject=_subject(wallet, offer.agency_id),
        grant_id=models.new_id(),
        issued_at=at.astimezone(UTC),
        not_before=at.astimezone(UTC),
        expires_at=at.astimezone(UTC) + timedelta(days=offer.days),
        purpose=offer.purpose,
        items=tuple(_item(paper, named.get(paper.version.id, ())) for paper in papers),
        openings=offer.openings,
        procedure=attachment.procedure if attachment else None,
        dossier=attachment.reference if attachment else None,
        key=attachment.key if attachment else None,
    )


def _subject(wallet: Wallet, agency_id: str) -> str:
    """The secret comes from the wallet key: without it nobody, the operator's tables included, links two agencies'."""
    return pseudonyms.subject(wallet.key.mac(b"", context("pseudonyms")), agency_id, wallet.citizen_id)


def _item(paper: Paper, components: tuple[str, ...]) -> Item:
    version = paper.version
    return Item(
        version=version.id,
        kind=paper.document.kind,
        tier=Tier(version.tier),
        sha256=paper.label.sha256,
        size=version.size,
        media_type=version.media_type,
        components=components,
    )


def _items(grant: Grant, key: Key, papers: Sequence[Paper]) -> list[GrantItem]:
    return [
        GrantItem(
            grant_id=grant.id,
            version_id=paper.version.id,
            wrapped_key=grantkeys.wrap_item(key, grant.id, paper.version.id, paper.key),
        )
        for paper in papers
    ]


def _own(session: Session, wallet: Wallet, grant_id: str) -> Grant:
    owned = select(Grant).where(Grant.id == grant_id, Grant.citizen_id == wallet.citizen_id)
    grant = session.exec(owned.with_for_update()).first()
    if grant is None:
        raise NotFound
    return grant


def _given(session: Session, wallet: Wallet, *conditions: object) -> list[Given]:
    rows = session.exec(
        select(Grant, GrantHolder, Agency.name)
        .join(GrantHolder, col(GrantHolder.grant_id) == col(Grant.id))
        .join(Agency, col(Agency.id) == col(Grant.agency_id))
        .where(Grant.citizen_id == wallet.citizen_id, GrantHolder.holder == Holder.citizen, *conditions)  # type: ignore[arg-type]
        .order_by(col(Grant.created_at).desc(), col(Grant.id))
    ).all()
    at, there = now(session), _documents(session, [grant.id for grant, _, _ in rows])
    given = []
    for grant, holder, agency_name in rows:
        signed = grantkeys.open_grant(grantkeys.open_by_citizen(holder, wallet), grant)
        state = state_of(grant, at)
        given.append(Given(grant, agency_name, read_terms(signed), signed, state, there.get(grant.id, {})))
    return given


def _documents(session: Session, grant_ids: list[str]) -> dict[str, dict[str, str]]:
    """Grant id → version id → document id, for the versions that still exist."""
    rows = session.exec(
        select(GrantItem.grant_id, Version.id, Document.id)
        .join(Version, col(Version.id) == col(GrantItem.version_id))
        .join(Document, col(Document.id) == col(Version.document_id))
        .where(col(GrantItem.grant_id).in_(grant_ids))
    )
    found: dict[str, dict[str, str]] = {}
    for grant_id, version_id, document_id in rows:
        found.setdefault(grant_id, {})[version_id] = document_id
    return found


def _record(session: Session, kind: Kind, citizen: Citizen, grant: Grant, paper: Paper | None = None) -> None:
    accesslog.record(
        session,
        kind,
        citizen_id=citizen.citizen_id,
        account_id=citizen.account_id,
        agency_id=grant.agency_id,
        document_id=paper.id if paper else None,
        version_id=paper.version.id if paper else None,
        grant_id=grant.id,
    )
