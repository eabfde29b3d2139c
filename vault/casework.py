"""Dossiers at the agency: what was attached to them, in what state, and what is still asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, select

from sharing.terms import Terms
from storage.errors import SealBroken
from vault import dossiers, grantkeys, grants, supplements
from vault.agencykeys import Reader
from vault.db import now
from vault.documents import Cursor
from vault.errors import NotFound
from vault.grants import State
from vault.models import Dossier, DossierItem, Grant, Supplement


@dataclass(frozen=True)
class Opened:
    """A grant of a dossier. `terms` and `signed` are None where its reader does not hold the key (any more)."""

    grant: Grant
    state: State
    terms: Terms | None = None
    signed: str | None = None


@dataclass(frozen=True)
class Held:
    """A component and the version that answers it. `sha256` is None where the grant does not open."""

    item: DossierItem
    by: Opened

    @property
    def sha256(self) -> bytes | None:
        item = self.by.terms.item(self.item.version_id) if self.by.terms else None
        return item.sha256 if item else None


@dataclass(frozen=True)
class Asked:
    """A supplement that the citizen has not answered. `note` is None where the key to it is gone."""

    supplement: Supplement
    note: str | None


@dataclass(frozen=True)
class Case:
    """A dossier as its agency sees it, the first component first."""

    dossier: Dossier
    held: tuple[Held, ...]
    asked: tuple[Asked, ...]

    @property
    def grants(self) -> tuple[Opened, ...]:
        """The grants of the dossier, the first one first."""
        return tuple({held.by.grant.id: held.by for held in self.held}.values())

    @property
    def state(self) -> State:
        return dossiers.state_of(opened.state for opened in self.grants)

    @property
    def subject(self) -> str | None:
        """The citizen's pseudonym at this agency, where a grant opens."""
        return next((opened.terms.subject for opened in self.grants if opened.terms), None)


def listed(
    session: Session, reader: Reader, *, procedure: str | None = None, after: Cursor | None = None, limit: int = 100
) -> list[Case]:
    """The agency's dossiers, the newest first."""
    query = select(Dossier).where(*visible(reader))
    if procedure:
        query = query.where(Dossier.procedure == procedure)
    if after:
        query = query.where(
            tuple_(col(Dossier.created_at), col(Dossier.id)) < tuple_(after.created_at, after.document_id)
        )
    query = query.order_by(col(Dossier.created_at).desc(), col(Dossier.id).desc()).limit(limit)
    return _cases(session, reader, session.exec(query).all())


def get(session: Session, reader: Reader, dossier_id: str) -> Case:
    """Raises `NotFound`, also for another agency's dossier and for one whose papers were never taken over."""
    found = session.exec(select(Dossier).where(Dossier.id == dossier_id, *visible(reader))).first()
    if found is None:
        raise NotFound
    return _cases(session, reader, [found])[0]


def visible(reader: Reader) -> tuple[ColumnElement[bool], ...]:
    """Conditions on `Dossier`: the agency's own, with papers that it took over, or the one of the reader's grant."""
    taken = (
        select(DossierItem.dossier_id)
        .join(Grant, col(Grant.id) == col(DossierItem.grant_id))
        .where(Grant.agency_id == reader.agency_id, col(Grant.redeemed_at).is_not(None))
    )
    if reader.grant_id is not None:
        taken = taken.where(Grant.id == reader.grant_id)
    return col(Dossier.agency_id) == reader.agency_id, col(Dossier.id).in_(taken)


def _cases(session: Session, reader: Reader, found: Iterable[Dossier]) -> list[Case]:
    found = list(found)
    ids, at = [dossier.id for dossier in found], now(session)
    held, asked = _held(session, reader, ids, at), _asked(session, reader, ids)
    return [Case(dossier, tuple(held.get(dossier.id, ())), tuple(asked.get(dossier.id, ()))) for dossier in found]


def _held(session: Session, reader: Reader, dossier_ids: list[str], at: datetime) -> dict[str, list[Held]]:
    """By dossier; grants that the agency never took over are not its business."""
    rows = session.exec(
        select(DossierItem, Grant)
        .join(Grant, col(Grant.id) == col(DossierItem.grant_id))
        .where(col(DossierItem.dossier_id).in_(dossier_ids), col(Grant.redeemed_at).is_not(None))
        .order_by(col(DossierItem.added_at), col(DossierItem.component))
    ).all()
    opened = {grant.id: grant for _, grant in rows}
    by = {grant_id: _opened(session, reader, grant, at) for grant_id, grant in opened.items()}
    held: dict[str, list[Held]] = {}
    for item, grant in rows:
        held.setdefault(item.dossier_id, []).append(Held(item, by[grant.id]))
    return held


def _opened(session: Session, reader: Reader, grant: Grant, at: datetime) -> Opened:
    state, key = grants.state_of(grant, at), reader.key(session, grant)
    if key is None:
        return Opened(grant, state)
    signed = grantkeys.open_grant(key, grant)
    return Opened(grant, state, grants.read_terms(signed), signed)


def _asked(session: Session, reader: Reader, dossier_ids: list[str]) -> dict[str, list[Asked]]:
    rows = session.exec(
        select(Supplement, Grant)
        .join(Grant, col(Grant.id) == col(Supplement.grant_id))
        .where(col(Supplement.dossier_id).in_(dossier_ids), *supplements.OPEN)
        .order_by(col(Supplement.created_at).desc(), col(Supplement.id))
    )
    asked: dict[str, list[Asked]] = {}
    for supplement, grant in rows:
        asked.setdefault(supplement.dossier_id, []).append(Asked(supplement, _note(session, reader, supplement, grant)))
    return asked


def _note(session: Session, reader: Reader, supplement: Supplement, grant: Grant) -> str | None:
    key = reader.key(session, grant)
    try:
        return supplements.open_note(key, supplement) if key else None
    except SealBroken:
        return None
