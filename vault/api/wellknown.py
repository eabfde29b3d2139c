"""What anybody may fetch: the keys that verify grants."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from vault import signing
from vault.api.principals import ServicesDep

MAX_AGE_S = 300
MEDIA_TYPE = "application/jwk-set+json"

router = APIRouter(prefix="/.well-known", tags=["keys"])


class JwkSet(BaseModel):
    """A JWK set (RFC 7517 section 5)."""

    keys: list[dict[str, str]] = Field(
        examples=[[{"kty": "OKP", "crv": "Ed25519", "x": "11qY…", "kid": "kPrK…", "use": "sig", "alg": "Ed25519"}]]
    )


@router.get(
    "/jwks.json",
    summary="The public keys that verify grants",
    description="Whoever meets a `kid` that is not here fetches again: a key signs from the moment of its rotation.",
    response_model=JwkSet,
    response_class=JSONResponse,
)
def keys(services: ServicesDep) -> Any:
    with services.db.read() as session:
        longest = timedelta(days=services.settings.grant_days_max)
        found = signing.published(session, longest)
    return JSONResponse(found, headers={"Cache-Control": f"public, max-age={MAX_AGE_S}"}, media_type=MEDIA_TYPE)
