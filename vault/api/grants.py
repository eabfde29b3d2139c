"""A citizen's grants and access log over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from vault import accesslog, agencies, grantkeys, grants
from vault.api.grant_shapes import (
    AgencyList,
    EventList,
    GrantBody,
    GrantList,
    GrantMade,
    GrantOut,
    agency_out,
    event_out,
    grant_out,
)
from vault.api.operations import OWN, GrantId
from vault.api.principals import CitizenDep, PrincipalDep, ServicesDep
from vault.api.shapes import Limit, refusals
from vault.errors import Invalid

router = APIRouter(prefix="/api", tags=["grants"])

NO_STORE = {"Cache-Control": "no-store"}


@router.get("/agencies", summary="The agencies that papers can be shared with", responses=refusals("sign-in-needed"))
def list_agencies(_principal: PrincipalDep, services: ServicesDep) -> AgencyList:
    with services.db.read() as session:
        return AgencyList(agencies=[agency_out(agency) for agency in agencies.listed(session)])


@router.post(
    "/grants",
    status_code=201,
    summary="Share versions of papers with an agency",
    description="The answer holds a link for one use. It is shown once: the vault keeps only its hash.",
    responses=refusals(*OWN, "cross-site", "not-found", "in-bin", "invalid-value"),
)
def share(body: GrantBody, response: Response, citizen: CitizenDep, services: ServicesDep) -> GrantMade:
    settings = services.settings
    offer = grants.Offer(
        agency_id=body.agency_id,
        version_ids=tuple(body.versions),
        purpose=body.purpose,
        days=settings.grant_days if body.days is None else body.days,
        openings=settings.grant_openings if body.openings is None else body.openings,
    )
    with services.db.write() as session:
        grant, token = grants.create(session, services.signer, settings, citizen, offer)
        given = grants.get(session, citizen.wallet, grant.id)
    response.headers.update(NO_STORE | {"Location": f"/api/grants/{grant.id}"})
    return GrantMade(**grant_out(given).model_dump(), link=grantkeys.link_url(settings.public_url, token))


@router.get("/grants", summary="My grants, newest first", responses=refusals(*OWN))
def list_grants(
    citizen: CitizenDep,
    services: ServicesDep,
    document: Annotated[str | None, Query(max_length=36, description="only those that name this document")] = None,
) -> GrantList:
    with services.db.read() as session:
        wallet = citizen.wallet
        found = grants.who_has(session, wallet, document) if document else grants.mine(session, wallet)
    return GrantList(grants=[grant_out(given) for given in found])


@router.get("/grants/{grant_id}", summary="One grant", responses=refusals(*OWN, "not-found"))
def get(grant_id: GrantId, citizen: CitizenDep, services: ServicesDep) -> GrantOut:
    with services.db.read() as session:
        return grant_out(grants.get(session, citizen.wallet, grant_id))


@router.post(
    "/grants/{grant_id}/revoke",
    summary="Take a grant back",
    description="From the next request on nobody opens anything under it. Twice changes nothing.",
    responses=refusals(*OWN, "cross-site", "not-found"),
)
def revoke(grant_id: GrantId, citizen: CitizenDep, services: ServicesDep) -> GrantOut:
    with services.db.write() as session:
        grants.revoke(session, citizen, grant_id)
        session.flush()
        return grant_out(grants.get(session, citizen.wallet, grant_id))


@router.get(
    "/access-log",
    summary="What happened to my wallet, newest first",
    responses=refusals(*OWN, "invalid-value"),
)
def access_log(
    citizen: CitizenDep,
    services: ServicesDep,
    cursor: Annotated[str | None, Query(max_length=20, description="`next` of the page before")] = None,
    kind: Annotated[list[accesslog.Kind] | None, Query(description="only entries of these kinds")] = None,
    limit: Limit = 50,
) -> EventList:
    before = _entry_id(cursor)
    with services.db.read() as session:
        found = accesslog.entries(session, citizen.citizen_id, before=before, limit=limit + 1, kinds=tuple(kind or ()))
        names = {agency.id: agency.name for agency in agencies.listed(session)}
    shown = found[:limit]
    more = str(shown[-1].id) if len(found) > limit else None
    return EventList(entries=[event_out(event, names) for event in shown], next=more)


def _entry_id(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid("cursor", "malformed")
    return int(cursor)
