"""Agencies over HTTP: officers by their session, systems by client assertion, access token and proofs of their key."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from storage.errors import BlobMissing
from storage.sealed import SealedReader
from vault import agencies, redeeming, releases
from vault.agencies import AgencySystem
from vault.api.grant_shapes import ReceivedList, ReceivedOut, RedeemBody, RedeemedOut, received_out, redeemed_out
from vault.api.operations import JPEG, OWN, PAPER_BYTES, TILE_PATH, WEBP, GrantId, PageNumber, PlaceDep
from vault.api.possession import BearerDep, NonceDep, key_of
from vault.api.principals import OfficerDep, ServicesDep, officer, principal
from vault.api.shapes import SheetOut, refusals, sheet_out
from vault.api.streams import GUARDS, paper_response, tile_response
from vault.errors import ReleaseRefused, SignInNeeded
from vault.principals import Officer, TokenBearer
from vault.releases import Released
from vault.services import Services

router = APIRouter(prefix="/agency", tags=["agency"])

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PROOF = ("proof-needed", "proof-invalid", "nonce-needed")
ASKED = (*OWN, *PROOF, "token-invalid")
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


def asker(request: Request, services: ServicesDep, bearer: BearerDep) -> Officer | TokenBearer:
    """Whoever asks under a grant: a system if an access token is shown, else an officer's session."""
    return bearer or officer(principal(request, services))


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


@dataclass(frozen=True)
class ProvedSystem:
    """An agency's system, and the thumbprint of the key that it proved."""

    agency: AgencySystem
    key: str


def redeemer(body: BodyDep, request: Request, services: ServicesDep, _nonce: NonceDep) -> Officer | ProvedSystem:
    """Whoever redeems: a system by its client assertion and a proof of its key, else an officer's session.

    In this order: the assertion verifies, the proof verifies and is used up, the assertion is used up. Nobody unknown
    makes the vault remember anything, and whoever lacks a nonce can send the same assertion again.
    """
    if body.client_assertion is None:
        return officer(principal(request, services))
    if body.client_assertion_type != ASSERTION_TYPE:
        raise SignInNeeded
    recognised = agencies.recognise(services.db, services.settings.public_url, body.client_assertion)
    key = key_of(request, services)
    agencies.take(services.db, recognised)
    return ProvedSystem(recognised.system, key)


RedeemerDep = Annotated[Officer | ProvedSystem, Depends(redeemer)]


@router.post(
    "/grants/redeem",
    summary="Use a link that a citizen handed over",
    description="Good for one use, by the agency that it is for. A system proves its key (RFC 9449) and gets an access "
    "token for this grant, which is signed anew to name that key.",
    openapi_extra=REDEEM_BODY,
    responses=refusals(*OWN, *PROOF, "cross-site", "link-unusable", "invalid-value"),
)
def redeem(body: BodyDep, who: RedeemerDep, response: Response, services: ServicesDep) -> RedeemedOut:
    response.headers["Cache-Control"] = "no-store"
    if isinstance(who, Officer):
        return redeemed_out(redeeming.redeem_by_officer(services.db, services.signer, who, body.link))
    return redeemed_out(redeeming.redeem_by_agency(services.db, services.signer, who.agency, who.key, body.link))


@router.get("/grants", summary="What was shared with my agency, the last first", responses=refusals(*OWN))
def list_grants(who: OfficerDep, services: ServicesDep) -> ReceivedList:
    with services.db.read() as session:
        return ReceivedList(grants=[received_out(found) for found in redeeming.for_agency(session, who.ring)])


@router.get("/grants/{grant_id}", summary="One grant", responses=refusals(*ASKED, "not-found"))
def get(grant_id: GrantId, who: AskerDep, services: ServicesDep) -> ReceivedOut:
    if isinstance(who, TokenBearer):
        return received_out(redeeming.get_by_token(services.db, who, grant_id))
    with services.db.read() as session:
        return received_out(redeeming.get_for_agency(session, who.ring, grant_id))


@router.head(
    "/grants/{grant_id}/documents/{version_id}",
    summary="Size and digest of a granted paper",
    description="Counts no opening.",
    response_class=Response,
    responses=PAPER_BYTES | refusals(*ASKED, "release-refused", "range-not-satisfiable"),
)
@router.get(
    "/grants/{grant_id}/documents/{version_id}",
    summary="The bytes of a granted paper, or a range of them",
    description="All requests for one version within 10 minutes are one opening. Every refusal answers alike. When the "
    "citizen takes the grant back meanwhile, the bytes break off.",
    response_class=Response,
    responses=PAPER_BYTES | refusals(*ASKED, "release-refused", "range-not-satisfiable"),
)
def document(
    grant_id: GrantId, version_id: VersionId, request: Request, who: AskerDep, services: ServicesDep
) -> Response:
    discloses = request.method != "HEAD"
    released = releases.release(services.db, services.blobs, who, grant_id, version_id, discloses=discloses)
    item = released.item
    return paper_response(
        request,
        _original(services, released),
        media_type=item.media_type,
        etag=item.version,
        file_name=f"{item.kind}.{EXTENSIONS.get(item.media_type, 'bin')}",
        sha256=item.sha256,
        stands=lambda: releases.still_stands(services.db, released),
    )


def _original(services: Services, released: Released) -> SealedReader:
    """Raises `ReleaseRefused` for a paper that was destroyed a moment ago; any other without its bytes is damaged."""
    try:
        return released.original()
    except BlobMissing:
        if releases.still_stands(services.db, released):
            raise
        raise ReleaseRefused from None


@router.get(
    "/grants/{grant_id}/documents/{version_id}/pages/{page}.webp",
    summary="A preview of one page of a granted paper",
    description="Counts as an opening, as its bytes do.",
    response_class=Response,
    responses=WEBP | refusals(*ASKED, "release-refused", "not-found", "not-read-yet"),
)
def preview(
    grant_id: GrantId, version_id: VersionId, page: PageNumber, who: AskerDep, services: ServicesDep
) -> Response:
    released = releases.release(services.db, services.blobs, who, grant_id, version_id)
    return Response(released.preview(page), media_type="image/webp", headers=GUARDS)


@router.get(
    "/grants/{grant_id}/documents/{version_id}/pages/{page}/tiles",
    summary="How a large page of a granted paper is cut into tiles",
    description="Counts as an opening, as its bytes do.",
    responses=refusals(*ASKED, "release-refused", "not-found", "not-read-yet"),
)
def sheet(grant_id: GrantId, version_id: VersionId, page: PageNumber, who: AskerDep, services: ServicesDep) -> SheetOut:
    released = releases.release(services.db, services.blobs, who, grant_id, version_id)
    return sheet_out(released.sheet(page))


@router.get(
    "/grants/{grant_id}/documents/{version_id}" + TILE_PATH,
    summary="One tile of a large page of a granted paper",
    description="Goes on with an opening that was counted less than 10 minutes ago, and begins none: looking closely "
    "uses nothing up. When that time is over, it is refused until the paper is opened again.",
    response_class=Response,
    responses=JPEG | refusals(*ASKED, "release-refused", "not-found", "not-read-yet"),
)
def tile(
    grant_id: GrantId, version_id: VersionId, page: PageNumber, place: PlaceDep, who: AskerDep, services: ServicesDep
) -> Response:
    released = releases.follow(services.db, services.blobs, who, grant_id, version_id)
    return tile_response(released.sheet(page), place)
