"""The citizen's side: choose what to apply for, fill the form from the vault or by hand, submit."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from examples.portal.dossiers import Attached, Dossier
from examples.portal.keys import NotRegistered
from examples.portal.pages import FormDep, Portal, PortalDep, cookie, go, missing, new_cookie, show, with_cookie
from examples.portal.procedures import Named, Procedure
from examples.portal.settings import TEXT_MAX
from examples.portal.vault import Refused, VaultError

router = APIRouter()


@router.get("/")
def home(request: Request, portal: PortalDep) -> Response:
    own = portal.store.mine(cookie(request))
    return show(request, "home.html", procedures=portal.procedures, own=own)


@router.post("/dossiers")
def begin(request: Request, portal: PortalDep, form: FormDep) -> Response:
    procedure = form.get("procedure")
    if not isinstance(procedure, str) or procedure not in portal.procedures:
        return missing(request)
    mine = cookie(request) if portal.store.mine(cookie(request)) else new_cookie()  # one that nobody planted
    made = portal.store.begin(mine, procedure, datetime.now(UTC))
    return with_cookie(request, go(f"/dossiers/{made.reference}"), mine)


@router.get("/dossiers/{reference}")
def dossier(reference: str, request: Request, portal: PortalDep) -> Response:
    found = portal.store.one_of_mine(cookie(request), reference)
    return missing(request) if found is None else _shown(request, portal, found)


@router.post("/dossiers/{reference}/save")
def save(reference: str, request: Request, portal: PortalDep, form: FormDep) -> Response:
    found = _open_one(request, portal, reference)
    if found is None:
        return missing(request)
    _keep(portal, found, form)
    return go(f"/dossiers/{reference}")


@router.post("/dossiers/{reference}/attach")
def attach(reference: str, request: Request, portal: PortalDep, form: FormDep) -> Response:
    """Keeps what was typed, lays the request down at the vault, and sends the citizen there."""
    found = _open_one(request, portal, reference)
    if found is None:
        return missing(request)
    _keep(portal, found, form)
    name = portal.procedures[found.procedure].vi
    try:
        address, found.pending = portal.vault.push(found, f"Giải quyết hồ sơ: {name}")
        found.outcome = ""
    except NotRegistered:
        address, found.outcome = f"/dossiers/{reference}", "not-registered"
    except VaultError as error:
        address, found.outcome = f"/dossiers/{reference}", error.code
    portal.store.save(found)
    return go(address)


@router.get("/callback")
def callback(request: Request, portal: PortalDep) -> Response:
    """Back from the vault. `state` finds the dossier of this browser that asked, and is good once."""
    state = request.query_params.get("state", "")
    waiting = (each for each in portal.store.mine(cookie(request)) if each.pending and each.pending.state == state)
    found = next(waiting, None)
    if found is None or found.pending is None:
        return show(request, "message.html", 400, code="not-asked")
    pending, found.pending = found.pending, None
    portal.store.save(found)
    try:
        found.attached, found.outcome = portal.vault.receive(pending, request.query_params), ""
        found.typed |= _filled(portal.procedures[found.procedure], found.attached)
    except Refused:
        found.outcome = "refused"
    except (NotRegistered, VaultError) as error:
        found.outcome = getattr(error, "code", "not-registered")
    portal.store.save(found)
    return go(f"/dossiers/{found.reference}")


@router.post("/dossiers/{reference}/submit")
def submit(reference: str, request: Request, portal: PortalDep, form: FormDep) -> Response:
    found = _open_one(request, portal, reference)
    if found is None:
        return missing(request)
    _keep(portal, found, form)
    procedure = portal.procedures[found.procedure]
    found.uploads = {} if found.attached else _uploads(procedure, form)
    wanting = _wanting(procedure, found)
    if wanting:
        return _shown(request, portal, replace(found, uploads={}), wanting)
    found.submitted_at, found.pending = datetime.now(UTC).isoformat(), None
    portal.store.save(found)
    return go(f"/dossiers/{reference}")


@router.get("/button")
def button(request: Request) -> Response:
    """How another portal uses the element."""
    return show(request, "button.html")


@router.post("/button")
def button_pressed(request: Request) -> Response:
    return show(request, "message.html", code="pressed")


def _shown(request: Request, portal: Portal, found: Dossier, wanting: list[Named] | None = None) -> Response:
    procedure = portal.procedures[found.procedure]
    sources = {each["name"]: each for each in found.attached.form} if found.attached else {}
    name = "submitted.html" if found.submitted_at else "form.html"
    status = 422 if wanting else 200
    return show(request, name, status, dossier=found, procedure=procedure, sources=sources, wanting=wanting or [])


def _open_one(request: Request, portal: Portal, reference: str) -> Dossier | None:
    """A dossier of this browser that is not submitted yet."""
    found = portal.store.one_of_mine(cookie(request), reference)
    return None if found is None or found.submitted_at else found


def _keep(portal: Portal, found: Dossier, form: FormData) -> None:
    """What was typed is kept whatever happens next."""
    for field in portal.procedures[found.procedure].fields:
        value = form.get(f"field.{field.name}")
        if isinstance(value, str):
            found.typed[field.name] = " ".join(value[:TEXT_MAX].split())
    portal.store.save(found)


def _filled(procedure: Procedure, attached: Attached) -> dict[str, str]:
    """The values from the vault, for the fields that this form has."""
    own = {field.name for field in procedure.fields}
    return {each["name"]: str(each["value"]) for each in attached.form if each["name"] in own}


def _uploads(procedure: Procedure, form: FormData) -> dict[str, dict[str, object]]:
    """The papers that were uploaded by hand: what they were, not what they say. The demo throws the files away."""
    kept: dict[str, dict[str, object]] = {}
    for paper in procedure.papers:
        file = form.get(f"paper.{paper.name}")
        if isinstance(file, UploadFile) and file.size:
            digest = hashlib.file_digest(file.file, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads like one
            kept[paper.name] = {"file": file.filename, "size": file.size, "sha-256": digest}
    return kept


def _wanting(procedure: Procedure, found: Dossier) -> list[Named]:
    """What must be there before a dossier can be submitted, and is not."""
    fields = [field for field in procedure.fields if field.needed and not found.typed.get(field.name)]
    if found.attached:
        return fields
    return fields + [paper for paper in procedure.papers if paper.needed and paper.name not in found.uploads]
