"""One large page, looked at closely: tiles in a viewer, the preview without scripts."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from vault import documents, releases
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, OfficerDep, ServicesDep
from vault.documents import Paper
from vault.errors import NotReadYet, ReleaseRefused
from vault.models import Version
from vault.pages import cards, shares
from vault.pages.officer import GrantId, VersionId
from vault.pages.papers import DocumentId
from vault.pages.render import page
from vault.principals import Citizen, Officer
from vault.readings import view
from vault.services import Services
from vault.tiles import StoredSheet

router = APIRouter()

PageOfPaper = Annotated[int, Path(ge=1, le=100_000)]


@dataclass(frozen=True)
class Look:
    """What the viewer shows. `place` is the address of the page's pictures, `query` goes with each of them."""

    title: str
    number: int
    version: Version
    sheet: StoredSheet | None
    place: str
    query: str
    back: str
    original: str

    @property
    def percent(self) -> int:
        """Of this page's tiles, while they are being cut."""
        cutting = self.version.sheets[self.version.sheets_cut :][:1] == [self.number]
        return self.version.sheet_percent if cutting else 0


@router.get("/papers/{document_id}/pages/{number}")
def my_page(
    document_id: DocumentId,
    number: PageOfPaper,
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    language: LanguageDep,
    version: Annotated[str | None, Query(max_length=36)] = None,
) -> Response:
    with services.db.read() as session:
        paper = documents.get_live(session, citizen.wallet, document_id, version)
    sheet = _ready(services, paper, number)
    query = f"?version={paper.version.id}"
    look = Look(
        cards.title(view(services.kinds, paper, pages=False), language), number, paper.version, sheet,
        f"/api/documents/{document_id}/pages/{number}", query, f"/papers/{document_id}",
        f"/api/documents/{document_id}/content{query}&download=true",
    )  # fmt: skip
    return _show(request, citizen, look)


@router.get("/officer/grants/{grant_id}/documents/{version_id}/pages/{number}")
def granted_page(
    grant_id: GrantId,
    version_id: VersionId,
    number: PageOfPaper,
    request: Request,
    officer: OfficerDep,
    services: ServicesDep,
    language: LanguageDep,
) -> Response:
    """An opening like that of the whole paper, or a part of it; the tiles then only go on with it."""
    try:
        released = releases.release(services.db, services.blobs, officer, grant_id, version_id)
    except ReleaseRefused:
        return page(request, "officer/refused.html", officer, status=404, grant_id=grant_id)
    try:
        sheet: StoredSheet | None = released.sheet(number)
    except NotReadYet:
        sheet = None
    place = f"/agency/grants/{grant_id}/documents/{version_id}"
    title = shares.received_paper(services.kinds, released.item, language).title
    back = f"/officer/grants/{grant_id}/documents/{version_id}"
    look = Look(title, number, released.version, sheet, f"{place}/pages/{number}", "", back, place)
    return _show(request, officer, look)


def _ready(services: Services, paper: Paper, number: int) -> StoredSheet | None:
    try:
        return documents.sheet(services.blobs, paper, number)
    except NotReadYet:
        return None


def _show(request: Request, who: Citizen | Officer, look: Look) -> Response:
    """A page that waits asks for itself; once there are tiles, it is loaded anew as a whole."""
    arrived = look.sheet is not None and request.headers.get("hx-request") == "true"
    headers = {"HX-Refresh": "true"} if arrived else None
    return page(request, "zoom.html", who, headers=headers, look=look)
