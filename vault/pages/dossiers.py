"""My dossiers: what each holds, who has it, what was opened and what is still asked for; taken back as a whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from vault import documents, dossiers, history, readings
from vault.accesslog import Kind
from vault.api.language import LanguageDep
from vault.api.principals import CitizenDep, ServicesDep
from vault.documents import Cursor
from vault.dossiers import OVER, Own, Piece
from vault.history import Entry
from vault.pages import asked, cards, seen
from vault.pages.addresses import go
from vault.pages.render import page, translate_for
from vault.principals import Citizen
from vault.services import Services
from vault.supplements import Waiting

router = APIRouter()

PAGE = 20
HAPPENED = 50
DossierId = Annotated[str, Path(max_length=36)]


@dataclass(frozen=True)
class Question:
    """What an agency asks to be supplemented, in words."""

    waiting: Waiting
    components: tuple[str, ...]
    procedure: str


@dataclass(frozen=True)
class Part:
    """One component in words. `title` is the citizen's own name of the paper, empty once it is gone."""

    piece: Piece
    component: str
    title: str
    document_id: str
    opened: int
    opened_last: datetime | None


@dataclass(frozen=True)
class Shown:
    """A dossier in words. `state` is a key of `words.DOSSIER_STATES`."""

    own: Own
    procedure: str
    components: tuple[str, ...]
    questions: tuple[Question, ...]

    @property
    def state(self) -> str:
        return "never-fetched" if self.own.never_fetched and self.own.state in OVER else self.own.state


@router.get("/dossiers")
def my_dossiers(
    request: Request,
    citizen: CitizenDep,
    services: ServicesDep,
    language: LanguageDep,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after = Cursor.decode(cursor) if cursor else None
    with services.db.read() as session:
        found = dossiers.mine(session, citizen.wallet, after=after, limit=PAGE + 1)
    last = found[PAGE - 1].dossier if found[PAGE:] else None
    more = Cursor(last.created_at, last.id).encode() if last else ""
    listed = [_shown(services, own, language) for own in found[:PAGE]]
    return page(request, "dossiers/list.html", citizen, dossiers=listed, more=more, first=after is None)


@router.get("/dossiers/{dossier_id}")
def one_dossier(
    dossier_id: DossierId, request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep
) -> Response:
    with services.db.read() as session:
        own = dossiers.get(session, citizen.wallet, dossier_id)
        happened = _happened(session, citizen, own)
        parts = _parts(session, services, citizen, own, language)
    translate = translate_for(request)
    lines = [seen.line(services.kinds, entry, language, translate) for entry in happened]
    return page(
        request, "dossiers/dossier.html", citizen, dossier=_shown(services, own, language), parts_shown=parts,
        lines=lines, until=max(piece.grant.expires_at for piece in own.pieces),
    )  # fmt: skip


@router.get("/dossiers/{dossier_id}/revoke")
def revoke_page(
    dossier_id: DossierId, request: Request, citizen: CitizenDep, services: ServicesDep, language: LanguageDep
) -> Response:
    """The question before everything is taken back."""
    with services.db.read() as session:
        own = dossiers.get(session, citizen.wallet, dossier_id)
        parts = _parts(session, services, citizen, own, language)
    return page(request, "dossiers/revoke.html", citizen, dossier=_shown(services, own, language), parts_shown=parts)


@router.post("/dossiers/{dossier_id}/revoke")
def revoke(dossier_id: DossierId, citizen: CitizenDep, services: ServicesDep) -> Response:
    with services.db.write() as session:
        dossiers.revoke_all(session, citizen, dossier_id)
    return go(f"/dossiers/{dossier_id}", {"done": "dossier-revoked"})


def question(services: Services, waiting: Waiting, language: str) -> Question:
    code = waiting.dossier.procedure
    names = (asked.component_name(services, code, name, language) for name in waiting.supplement.components)
    return Question(waiting, tuple(names), asked.procedure_name(services, code, language))


def _shown(services: Services, own: Own, language: str) -> Shown:
    code = own.dossier.procedure
    names = {
        piece.item.component: asked.component_name(services, code, piece.item.component, language, piece.item.kind)
        for piece in own.pieces
    }
    questions = tuple(question(services, waiting, language) for waiting in own.waiting)
    return Shown(own, asked.procedure_name(services, code, language), tuple(names.values()), questions)


def _parts(session: Session, services: Services, citizen: Citizen, own: Own, language: str) -> list[Part]:
    """The pieces, each with the name of the paper; one in the bin is called by its kind."""
    versions = {piece.item.version_id for piece in own.pieces}
    papers = {paper.version.id: paper for paper in documents.of_versions(session, citizen.wallet, versions)}
    opened = history.of_grants(session, citizen.wallet, own.grant_ids, kinds=(Kind.released,))
    parts = []
    for piece in own.pieces:
        item, paper = piece.item, papers.get(piece.item.version_id)
        named = asked.component_name(services, own.dossier.procedure, item.component, language, item.kind)
        kind = asked.kind_name(services.kinds, item.kind, language)
        title = cards.title(readings.view(services.kinds, paper), language) if paper else kind
        times = [entry.event.at for entry in opened if _opens(entry, piece)]
        document_id = paper.id if paper else ""
        parts.append(Part(piece, named, title, document_id, len(times), times[0] if times else None))
    return parts


def _opens(entry: Entry, piece: Piece) -> bool:
    return (entry.event.grant_id, entry.event.version_id) == (piece.grant.id, piece.item.version_id)


def _happened(session: Session, citizen: Citizen, own: Own) -> list[Entry]:
    kinds = history.OF_DOSSIER
    return history.of_grants(session, citizen.wallet, own.grant_ids, kinds=kinds, limit=HAPPENED)
