"""Dossiers over HTTP: a citizen's own, an agency's with the supplements that it asks for, and its figures."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from vault import agencykeys, casework, dossiers, figures, history, supplements
from vault.accesslog import Kind
from vault.agencykeys import ListReader, TokenReader
from vault.api.agency import ASKED, AskerDep
from vault.api.dossier_shapes import (
    AgencyDossierList,
    AgencyDossierOut,
    AskedOut,
    OwnDossierList,
    OwnDossierWhole,
    StatisticsOut,
    SupplementBody,
    asked_out,
    case_out,
    own_out,
    own_whole,
    statistics_out,
)
from vault.api.operations import OWN
from vault.api.principals import CitizenDep, ServicesDep
from vault.api.shapes import Limit, refusals
from vault.casework import Asked
from vault.documents import Cursor
from vault.errors import NotForThisAccount

router = APIRouter(tags=["dossiers"])

DossierId = Annotated[str, Path(max_length=36, description="id of the dossier")]
SupplementId = Annotated[str, Path(max_length=36, description="id of the supplement")]
CursorQuery = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
ProcedureQuery = Annotated[str | None, Query(max_length=64, description="only of this procedure")]
Month = Annotated[str | None, Query(max_length=7, description="YYYY-MM in Viet Nam, included", examples=["2026-11"])]


@router.get("/api/dossiers", summary="My dossiers, newest first", responses=refusals(*OWN, "invalid-value"))
def list_own(
    citizen: CitizenDep, services: ServicesDep, cursor: CursorQuery = None, limit: Limit = 20
) -> OwnDossierList:
    after = Cursor.decode(cursor) if cursor else None
    with services.db.read() as session:
        found = dossiers.mine(session, citizen.wallet, after=after, limit=limit + 1)
    shown = found[:limit]
    return OwnDossierList(dossiers=[own_out(own) for own in shown], next=_next(found, limit))


@router.get(
    "/api/dossiers/{dossier_id}", summary="One dossier, and when it was opened", responses=refusals(*OWN, "not-found")
)
def get_own(dossier_id: DossierId, citizen: CitizenDep, services: ServicesDep) -> OwnDossierWhole:
    with services.db.read() as session:
        own = dossiers.get(session, citizen.wallet, dossier_id)
        opened = history.of_grants(session, citizen.wallet, own.grant_ids, kinds=(Kind.released,))
    return own_whole(own, opened)


@router.post(
    "/api/dossiers/{dossier_id}/revoke",
    summary="Take everything shared for a dossier back",
    description="From the next request on its agency opens nothing of it. Twice changes nothing.",
    responses=refusals(*OWN, "cross-site", "not-found"),
)
def revoke(dossier_id: DossierId, citizen: CitizenDep, services: ServicesDep) -> OwnDossierWhole:
    with services.db.write() as session:
        dossiers.revoke_all(session, citizen, dossier_id)
    return get_own(dossier_id, citizen, services)


@router.get(
    "/agency/dossiers",
    summary="My agency's dossiers, newest first",
    description="An officer sees all that is granted; a token for lists all that lies in the clear, without hashes and "
    "signed grants; a grant's token its own dossier.",
    responses=refusals(*ASKED, "invalid-value"),
)
def list_cases(
    who: AskerDep,
    services: ServicesDep,
    procedure: ProcedureQuery = None,
    cursor: CursorQuery = None,
    limit: Limit = 20,
) -> AgencyDossierList:
    after = Cursor.decode(cursor) if cursor else None
    with services.db.read() as session:
        reader = agencykeys.reader_of(session, who)
        found = casework.listed(session, reader, procedure=procedure, after=after, limit=limit + 1)
    shown = found[:limit]
    return AgencyDossierList(dossiers=[case_out(case) for case in shown], next=_next(found, limit))


@router.get(
    "/agency/dossiers/{dossier_id}", summary="One of my agency's dossiers", responses=refusals(*ASKED, "not-found")
)
def get_case(dossier_id: DossierId, who: AskerDep, services: ServicesDep) -> AgencyDossierOut:
    with services.db.read() as session:
        return case_out(casework.get(session, agencykeys.reader_of(session, who), dossier_id))


@router.post(
    "/agency/dossiers/{dossier_id}/supplements",
    status_code=201,
    summary="Ask the citizen to supplement components of the procedure",
    description="By an officer, or by a system with the token of a grant of the dossier: the note is sealed under it.",
    responses=refusals(*ASKED, "cross-site", "not-found", "dossier-over", "supplements-open", "invalid-value"),
)
def ask(
    dossier_id: DossierId, body: SupplementBody, response: Response, who: AskerDep, services: ServicesDep
) -> AskedOut:
    with services.db.write() as session:
        reader = agencykeys.reader_of(session, who)
        if isinstance(reader, ListReader):
            raise NotForThisAccount
        dossier = casework.get(session, reader, dossier_id).dossier
        procedure = services.procedures.get(dossier.procedure)
        supplement = supplements.ask(session, reader, dossier, procedure, body.components, body.note)
    response.headers["Location"] = f"/agency/dossiers/{dossier_id}"
    return asked_out(Asked(supplement, supplements.checked_note(body.note)))


@router.delete(
    "/agency/dossiers/{dossier_id}/supplements/{supplement_id}",
    status_code=204,
    summary="Ask for a supplement no longer",
    responses=refusals(*ASKED, "cross-site", "not-found"),
)
def withdraw(dossier_id: DossierId, supplement_id: SupplementId, who: AskerDep, services: ServicesDep) -> None:
    with services.db.write() as session:
        reader = agencykeys.reader_of(session, who)
        if isinstance(reader, ListReader):
            raise NotForThisAccount
        dossier = casework.get(session, reader, dossier_id).dossier
        supplements.withdraw(session, reader, dossier, supplement_id)


@router.get(
    "/agency/statistics",
    summary="My agency's figures by procedure and month",
    description="Counts only. By an officer or with a token for lists.",
    responses=refusals(*ASKED, "invalid-value"),
)
def statistics(
    who: AskerDep,
    services: ServicesDep,
    procedure: ProcedureQuery = None,
    since: Month = None,
    until: Month = None,
) -> StatisticsOut:
    with services.db.read() as session:
        reader = agencykeys.reader_of(session, who)
        if isinstance(reader, TokenReader):
            raise NotForThisAccount
        found = figures.of_agency(session, reader.agency_id, procedure=procedure, since=since, until=until)
    return statistics_out(reader.agency_id, found)


def _next(found: list[dossiers.Own] | list[casework.Case], limit: int) -> str | None:
    """The cursor of the next page, where one more was found than is shown."""
    if len(found) <= limit:
        return None
    last = found[limit - 1].dossier
    return Cursor(last.created_at, last.id).encode()
