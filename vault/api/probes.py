"""What probes ask: does the process live, and should it be sent requests?"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from vault.errors import NotReady

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def lives() -> Response:
    """Touches nothing: a process that answers this need not be started anew."""
    return JSONResponse({"status": "lives"})


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Raises `NotReady` with the parts that are missing, and no more of them than their names."""
    missing = await request.app.state.readiness.missing()
    if missing:
        raise NotReady(parts=" ".join(missing))
    return JSONResponse({"status": "ready"})
