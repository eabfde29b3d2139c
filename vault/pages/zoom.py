"""One large page, looked at closely: tiles in a viewer, the preview without scripts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from vault import documents, releases
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, OfficerDep, ServicesDep
from vault.errors import NotFound, NotReadYet, ReleaseRefused
from vault.models import Version
from vault.pages import cards, shares
from vault.pages.officer import GrantId, VersionId
from vault.pages.papers import DocumentId
from vault.pages.render import page
from vault.principals import Citizen, Officer
from vault.readings import view
from vault.tiles import StoredSheet

router = APIRouter()

PageOfPaper = Annotated[int, Path(ge=1, le=100_000)]


@dataclass(frozen=True)
class Look:
    """What the viewer shows.

    `place` is the address of the page's pictures, `pages` that of the viewer without the page's number; `query` goes
    with each of them.
    """

    title: str
    number: int
    version: Version
    sheet: StoredSheet | None
    place: str
    pages: str
    query: str
    back: str
    original: str

    @property
    def making(self) -> bool:
        """Whether its tiles will come; a page that could not be cut keeps its preview alone."""
        return self.sheet is None and self.number in self.version.sheets

    @property
    def before(self) -> int | None:
        """The large page before this one."""
        return max((n for n in self.version.sheets if n < self.number), default=None)

    @property
    def after(self) -> int | None:
        """The large page after this one."""
        return min((n for n in self.version.sheets if n > self.number), default=None)

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
    sheet = _ready(lambda: documents.sheet(services.blobs, paper, number), paper.version, number)
    query = f"?version={paper.version.id}"
    look = Look(
        cards.title(view(services.kinds, paper, pages=False), language), number, paper.version, sheet,
        f"/api/documents/{document_id}/pages/{number}", f"/papers/{document_id}/pages", query, f"/papers/{document_id}",
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
    sheet = _ready(lambda: released.sheet(number), released.version, number)
    place = f"/agency/grants/{grant_id}/documents/{version_id}"
    title = shares.received_paper(services.kinds, released.item, language).title
    back = f"/officer/grants/{grant_id}/documents/{version_id}"
    look = Look(
        title, number, released.version, sheet, f"{place}/pages/{number}", f"{back}/pages", "", back, place
    )  # fmt: skip
    return _show(request, officer, look)


def _ready(open_sheet: Callable[[], StoredSheet], version: Version, number: int) -> StoredSheet | None:
    """None while its tiles are being cut, and for good where it has none. Raises `NotFound` beyond the last page."""
    try:
        return open_sheet()
    except NotReadYet:
        return None
    except NotFound:
        if number > version.pages:
            raise
        return None


def _show(request: Request, who: Citizen | Officer, look: Look) -> Response:
    """A page that waits asks for itself; once there are tiles, it is loaded anew as a whole."""
    arrived = look.sheet is not None and request.headers.get("hx-request") == "true"
    headers = {"HX-Refresh": "true"} if arrived else None
    return page(request, "zoom.html", who, headers=headers, look=look)
