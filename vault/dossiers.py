"""Dossiers: applications at agencies, and the versions of papers that they refer to (docs/formats/dossiers.md)."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from sharing.terms import Terms
from vault import accesslog, figures, supplements
from vault.accesslog import Kind
from vault.db import now
from vault.errors import NotFound
from vault.models import Dossier, DossierItem, Grant, Supplement
from vault.principals import Citizen


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
