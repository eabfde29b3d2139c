"""Dossiers: applications at agencies, and the versions of papers that they refer to (docs/formats/dossiers.md)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import tuple_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select, update

from sharing.terms import Terms
from vault import accesslog, figures, grants, supplements, wallets
from vault.accesslog import Kind
from vault.db import now
from vault.documents import Cursor
from vault.errors import NotFound
from vault.grants import State
from vault.models import Agency, Dossier, DossierItem, Grant, Supplement, Version
from vault.principals import Citizen
from vault.supplements import Waiting
from vault.wallets import Wallet

LIVELIEST = (State.running, State.waiting, State.used_up, State.ended, State.revoked)
"""A dossier stands where the liveliest of its grants stands."""
OVER = (State.ended, State.revoked)


@dataclass(frozen=True)
class Piece:
    """A component of a dossier and the version that answers it, as its citizen sees it.

    `document_id` is None once the paper was destroyed; `of` is when that version was put in, `newer` when there is a
    later one, which the agency does not have.
    """

    item: DossierItem
    grant: Grant
    state: State
    document_id: str | None = None
    of: datetime | None = None
    newer: bool = False


@dataclass(frozen=True)
class Own:
    """One of the citizen's dossiers, its pieces as they were added, and what its agency still asks for."""

    dossier: Dossier
    agency_name: str
    pieces: tuple[Piece, ...]
    waiting: tuple[Waiting, ...]

    @property
    def state(self) -> State:
        return state_of(piece.state for piece in self.pieces)

    @property
    def revocable(self) -> bool:
        """Also with all openings used: an opening that has begun goes on for some minutes."""
        return self.state not in OVER

    @property
    def never_fetched(self) -> bool:
        """The portal did not come for what was agreed to."""
        return all(piece.grant.redeemed_at is None for piece in self.pieces)

    @property
    def grant_ids(self) -> tuple[str, ...]:
        return tuple({piece.grant.id: None for piece in self.pieces})


def attach(
    session: Session,
    citizen: Citizen,
    *,
    agency_id: str,
    procedure: str,
    reference: str,
    grant: Grant,
    terms: Terms,
    asked_at: datetime,
    supplement: Supplement | None = None,
) -> Dossier:
    """The dossier, made if it is new, now refers to the versions in `terms`: one item for each component they name.

    Counts one consent, asked for at `asked_at`. An answered `supplement` is marked so here; raises `NotFound` when it
    is of another dossier, was withdrawn or answered in the meantime: then nothing may be kept.
    """
    dossier = _found_or_made(session, citizen, agency_id, procedure, reference)
    if supplement is not None:
        if supplement.dossier_id != dossier.id:
            raise NotFound
        supplements.answered(session, citizen, supplement.id)
    at = now(session)
    session.add_all(_items(dossier, grant, terms, at))
    figures.count(session, agency_id, procedure, terms, asked_at, at)
    accesslog.record(
        session,
        Kind.attached,
        at=at,
        citizen_id=citizen.citizen_id,
        account_id=citizen.account_id,
        agency_id=agency_id,
        grant_id=grant.id,
        detail=dossier.id,
    )
    session.flush()
    return dossier


def mine(session: Session, wallet: Wallet, *, after: Cursor | None = None, limit: int = 100) -> list[Own]:
    """The wallet's dossiers, the newest first."""
    query = _own(wallet)
    if after:
        place = tuple_(col(Dossier.created_at), col(Dossier.id))
        query = query.where(place < tuple_(after.created_at, after.document_id))
    query = query.order_by(col(Dossier.created_at).desc(), col(Dossier.id).desc()).limit(limit)
    return _opened(session, wallet, session.exec(query).all())


def get(session: Session, wallet: Wallet, dossier_id: str) -> Own:
    """Raises `NotFound`."""
    row = session.exec(_own(wallet).where(Dossier.id == dossier_id)).first()
    if row is None:
        raise NotFound
    return _opened(session, wallet, [row])[0]


def revoke_all(session: Session, citizen: Citizen, dossier_id: str) -> None:
    """Nobody but the citizen opens anything of this dossier any more; what is still asked for is asked no longer.

    Twice changes nothing. Raises `NotFound`.
    """
    wallets.lock_wallet(session, citizen.citizen_id)  # so that no supplement is answered meanwhile
    found = get(session, citizen.wallet, dossier_id)
    for grant_id in {piece.grant.id: None for piece in found.pieces if piece.state not in OVER}:
        grants.revoke(session, citizen, grant_id)
    open_ = (col(Supplement.dossier_id) == dossier_id, *supplements.OPEN)
    session.exec(update(Supplement).where(*open_).values(withdrawn_at=now(session), draft=None))


def state_of(states: Iterable[State]) -> State:
    """Of a dossier whose grants stand so."""
    found = set(states)
    return next(state for state in LIVELIEST if state in found)


def _found_or_made(session: Session, citizen: Citizen, agency_id: str, procedure: str, reference: str) -> Dossier:
    same = (
        select(Dossier)
        .where(Dossier.citizen_id == citizen.citizen_id, Dossier.agency_id == agency_id)
        .where(Dossier.procedure == procedure, Dossier.reference == reference)
    )
    found = session.exec(same).first()
    if found is not None:
        return found
    made = Dossier(
        citizen_id=citizen.citizen_id,
        agency_id=agency_id,
        procedure=procedure,
        reference=reference,
        created_at=now(session),
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # the same dossier came from another window at this very moment
        return session.exec(same).one()
    return made


def _items(dossier: Dossier, grant: Grant, terms: Terms, at: datetime) -> list[DossierItem]:
    return [
        DossierItem(
            dossier_id=dossier.id,
            component=component,
            grant_id=grant.id,
            version_id=item.version,
            kind=item.kind,
            tier=item.tier,
            size=item.size,
            media_type=item.media_type,
            added_at=at,
        )
        for item in terms.items
        for component in item.components
    ]


def _own(wallet: Wallet):  # type: ignore[no-untyped-def]  # the select's own type says nothing that helps
    return (
        select(Dossier, Agency.name)
        .join(Agency, col(Agency.id) == col(Dossier.agency_id))
        .where(Dossier.citizen_id == wallet.citizen_id)
    )


def _opened(session: Session, wallet: Wallet, rows: Iterable[tuple[Dossier, str]]) -> list[Own]:
    rows = list(rows)
    pieces = _pieces(session, wallet, [dossier.id for dossier, _ in rows])
    waiting: dict[str, list[Waiting]] = {}
    for one in supplements.waiting_for(session, wallet):
        waiting.setdefault(one.dossier.id, []).append(one)
    return [
        Own(dossier, agency_name, tuple(pieces[dossier.id]), tuple(waiting.get(dossier.id, ())))
        for dossier, agency_name in rows
    ]


def _pieces(session: Session, wallet: Wallet, dossier_ids: list[str]) -> dict[str, list[Piece]]:
    """By dossier, as they were added."""
    there = (col(Version.id) == col(DossierItem.version_id)) & (col(Version.citizen_id) == wallet.citizen_id)
    rows = session.exec(
        select(DossierItem, Grant, Version)
        .join(Grant, col(Grant.id) == col(DossierItem.grant_id))
        .join(Version, there, isouter=True)
        .where(col(DossierItem.dossier_id).in_(dossier_ids), Grant.citizen_id == wallet.citizen_id)
        .order_by(col(DossierItem.added_at), col(DossierItem.component))
    ).all()
    latest = _latest(session, wallet, {version.document_id for _, _, version in rows if version})
    at = now(session)
    pieces: dict[str, list[Piece]] = {dossier_id: [] for dossier_id in dossier_ids}
    for item, grant, version in rows:
        piece = Piece(item, grant, grants.state_of(grant, at))
        if version:
            newer = latest[version.document_id] > version.number
            piece = replace(piece, document_id=version.document_id, of=version.created_at, newer=newer)
        pieces[item.dossier_id].append(piece)
    return pieces


def _latest(session: Session, wallet: Wallet, document_ids: set[str]) -> dict[str, int]:
    """The number of the newest version of each document."""
    own = (col(Version.document_id).in_(document_ids), col(Version.citizen_id) == wallet.citizen_id)
    newest = select(Version.document_id, func.max(Version.number)).where(*own).group_by(col(Version.document_id))
    return dict(session.exec(newest).all())
