"""Agencies over HTTP: officers by their session, systems by client assertion and access token."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError

from vault import agencies, redeeming, releases
from vault.agencies import AgencySystem
from vault.api.grant_shapes import ReceivedList, ReceivedOut, RedeemBody, RedeemedOut, received_out, redeemed_out
from vault.api.operations import OWN, PAPER_BYTES, WEBP, GrantId, PageNumber
from vault.api.principals import OfficerDep, ServicesDep, officer, principal
from vault.api.shapes import refusals
from vault.api.streams import GUARDS, paper_response
from vault.errors import SignInNeeded
from vault.principals import Officer
from vault.releases import TokenBearer

router = APIRouter(prefix="/agency", tags=["agency"])

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VersionId = Annotated[str, Path(max_length=36, description="id of the version, as the grant names it")]
EXTENSIONS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/tiff": "tif",
    "image/heic": "heic",
}
REDEEM_SCHEMA: dict[str, Any] = {"schema": RedeemBody.model_json_schema()}
REDEEM_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": REDEEM_SCHEMA, "application/x-www-form-urlencoded": REDEEM_SCHEMA},
    }
}

_bearer = HTTPBearer(auto_error=False, scheme_name="accessToken", description="Access token of one grant")


def asker(
    request: Request,
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Officer | TokenBearer:
    """Whoever asks under a grant: an access token if one is shown, else an officer's session."""
    if credentials is not None:
        return TokenBearer(credentials.credentials)
    if "authorization" in request.headers:
        raise SignInNeeded
    return officer(principal(request, services))


AskerDep = Annotated[Officer | TokenBearer, Depends(asker)]


async def redeem_body(request: Request) -> RedeemBody:
    """The body as JSON or as a form. What is wrong is told by its place alone: the link is a secret."""
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip() == "application/x-www-form-urlencoded":
            return RedeemBody.model_validate(dict(await request.form()))
        return RedeemBody.model_validate(json.loads(await request.body()))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None
    except (ValueError, RecursionError):
        raise RequestValidationError([{"loc": ("body",), "msg": "Not JSON.", "type": "json"}]) from None


BodyDep = Annotated[RedeemBody, Depends(redeem_body)]


def redeemer(body: BodyDep, request: Request, services: ServicesDep) -> Officer | AgencySystem:
    """Whoever redeems: an agency's system by its client assertion if one came, else an officer's session."""
    if body.client_assertion is None:
        return officer(principal(request, services))
    if body.client_assertion_type != ASSERTION_TYPE:
        raise SignInNeeded
    return agencies.authenticate(services.db, services.settings.public_url, body.client_assertion)


RedeemerDep = Annotated[Officer | AgencySystem, Depends(redeemer)]


@router.post(
    "/grants/redeem",
    summary="Use a link that a citizen handed over",
    description="Good for one use, by the agency that it is for. A system gets an access token for this grant.",
    openapi_extra=REDEEM_BODY,
    responses=refusals(*OWN, "cross-site", "link-unusable", "invalid-value"),
)
def redeem(body: BodyDep, who: RedeemerDep, response: Response, services: ServicesDep) -> RedeemedOut:
    response.headers["Cache-Control"] = "no-store"
    if isinstance(who, Officer):
        return redeemed_out(redeeming.redeem_by_officer(services.db, who, body.link))
    return redeemed_out(redeeming.redeem_by_agency(services.db, who, body.link))


@router.get("/grants", summary="What was shared with my agency, the last first", responses=refusals(*OWN))
def list_grants(who: OfficerDep, services: ServicesDep) -> ReceivedList:
    with services.db.read() as session:
        return ReceivedList(grants=[received_out(found) for found in redeeming.for_agency(session, who.ring)])


@router.get("/grants/{grant_id}", summary="One grant", responses=refusals(*OWN, "not-found"))
def get(grant_id: GrantId, who: AskerDep, services: ServicesDep) -> ReceivedOut:
    with services.db.read() as session:
        if isinstance(who, Officer):
            return received_out(redeeming.get_for_agency(session, who.ring, grant_id))
        return received_out(redeeming.get_by_token(session, who.token, grant_id))


@router.head(
    "/grants/{grant_id}/documents/{version_id}",
    summary="Size and digest of a granted paper",
    description="Counts no opening.",
    response_class=Response,
    responses=PAPER_BYTES | refusals(*OWN, "release-refused", "range-not-satisfiable"),
)
@router.get(
    "/grants/{grant_id}/documents/{version_id}",
    summary="The bytes of a granted paper, or a range of them",
    description="All requests for one version within 10 minutes are one opening. Every refusal answers alike.",
    response_class=Response,
    responses=PAPER_BYTES | refusals(*OWN, "release-refused", "range-not-satisfiable"),
)
def document(
    grant_id: GrantId, version_id: VersionId, request: Request, who: AskerDep, services: ServicesDep
) -> Response:
    discloses = request.method != "HEAD"
    released = releases.release(services.db, services.blobs, who, grant_id, version_id, discloses=discloses)
    item = released.item
    return paper_response(
        request,
        released.original(),
        media_type=item.media_type,
        etag=item.version,
        file_name=f"{item.kind}.{EXTENSIONS.get(item.media_type, 'bin')}",
        sha256=item.sha256,
    )


@router.get(
    "/grants/{grant_id}/documents/{version_id}/pages/{page}.webp",
    summary="A preview of one page of a granted paper",
    description="Counts as an opening, as its bytes do.",
    response_class=Response,
    responses=WEBP | refusals(*OWN, "release-refused", "not-found", "not-read-yet"),
)
def preview(
    grant_id: GrantId, version_id: VersionId, page: PageNumber, who: AskerDep, services: ServicesDep
) -> Response:
    released = releases.release(services.db, services.blobs, who, grant_id, version_id)
    return Response(released.preview(page), media_type="image/webp", headers=GUARDS)
