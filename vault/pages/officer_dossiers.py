"""My agency's dossiers: which papers answer which component, opened, verified, and asked for where they do not do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response

from vault import casework, supplements
from vault.agencykeys import OfficerReader
from vault.api.language import LanguageDep
from vault.api.principals import OfficerDep, ServicesDep
from vault.casework import Asked, Case, Held
from vault.documents import Cursor
from vault.errors import DossierOver, Invalid, SupplementsOpen
from vault.grants import State
from vault.pages import asked
from vault.pages.addresses import go
from vault.pages.forms import problem_of
from vault.pages.render import page
from vault.principals import Officer
from vault.problems import Problem
from vault.services import Services

router = APIRouter(prefix="/officer")

PAGE = 20
DossierId = Annotated[str, Path(max_length=36)]
SupplementId = Annotated[str, Path(max_length=36)]
OPENABLE = (State.running, State.used_up)


@dataclass(frozen=True)
class Part:
    """One component in words, and its paper by its kind: the citizen's own name for it is not shared."""

    held: Held
    component: str
    kind: str

    @property
    def openable(self) -> bool:
        """Whether asking makes sense. With all openings used it may: one that has begun goes on for some minutes."""
        return self.held.by.terms is not None and self.held.by.state in OPENABLE


@dataclass(frozen=True)
class Question:
    asked: Asked
    components: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """A dossier in words. `choices` are the components that can be asked for: name and label."""

    case: Case
    procedure: str
    parts: tuple[Part, ...]
    questions: tuple[Question, ...]
    choices: tuple[tuple[str, str], ...]

    @property
    def answers_come(self) -> bool:
        """Whether the citizen can be asked at all."""
        standing = any(opened.terms and opened.state in OPENABLE for opened in self.case.grants)
        return standing and bool(self.choices)


@router.get("/dossiers")
def our_dossiers(
    request: Request,
    officer: OfficerDep,
    services: ServicesDep,
    language: LanguageDep,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after = Cursor.decode(cursor) if cursor else None
    with services.db.read() as session:
        found = casework.listed(session, OfficerReader(officer), after=after, limit=PAGE + 1)
    last = found[PAGE - 1].dossier if found[PAGE:] else None
    more = Cursor(last.created_at, last.id).encode() if last else ""
    listed = [_shown(services, case, language) for case in found[:PAGE]]
    return page(request, "officer/dossiers.html", officer, dossiers=listed, more=more, first=after is None)


@router.get("/dossiers/{dossier_id}")
def one_dossier(
    dossier_id: DossierId, request: Request, officer: OfficerDep, services: ServicesDep, language: LanguageDep
) -> Response:
    return _page(request, officer, services, language, dossier_id)


@router.post("/dossiers/{dossier_id}/supplements")
def ask(
    dossier_id: DossierId,
    request: Request,
    officer: OfficerDep,
    services: ServicesDep,
    language: LanguageDep,
    component: Annotated[list[str] | None, Form(max_length=200)] = None,
    note: Annotated[str, Form(max_length=8 * supplements.NOTE_CHARS)] = "",
) -> Response:
    components, reader = component or [], OfficerReader(officer)
    try:
        with services.db.write() as session:
            dossier = casework.get(session, reader, dossier_id).dossier
            procedure = services.procedures.get(dossier.procedure)
            supplements.ask(session, reader, dossier, procedure, components, note)
    except (Invalid, DossierOver, SupplementsOpen) as error:
        problem = problem_of(request, error)
        return _page(request, officer, services, language, dossier_id, problem, components, note)
    return go(f"/officer/dossiers/{dossier_id}", {"done": "supplement-asked"})


@router.post("/dossiers/{dossier_id}/supplements/{supplement_id}/withdraw")
def withdraw(
    dossier_id: DossierId, supplement_id: SupplementId, officer: OfficerDep, services: ServicesDep
) -> Response:
    reader = OfficerReader(officer)
    with services.db.write() as session:
        dossier = casework.get(session, reader, dossier_id).dossier
        supplements.withdraw(session, reader, dossier, supplement_id)
    return go(f"/officer/dossiers/{dossier_id}", {"done": "supplement-withdrawn"})


def _page(
    request: Request,
    officer: Officer,
    services: Services,
    language: str,
    dossier_id: str,
    problem: Problem | None = None,
    components: Sequence[str] = (),
    note: str = "",
) -> Response:
    """One dossier, with what was typed where it could not be taken."""
    with services.db.read() as session:
        case = casework.get(session, OfficerReader(officer), dossier_id)
    return page(
        request, "officer/dossier.html", officer, status=problem.status if problem else 200,
        dossier=_shown(services, case, language), problem=problem, chosen=components, note=note,
        most=supplements.NOTE_CHARS, address=f"/officer/dossiers/{dossier_id}",
    )  # fmt: skip


def _shown(services: Services, case: Case, language: str) -> Shown:
    code = case.dossier.procedure
    procedure = services.procedures.get(code)
    components = procedure.components if procedure else ()
    return Shown(
        case,
        asked.procedure_name(services, code, language),
        tuple(_part(services, code, held, language) for held in case.held),
        tuple(_question(services, code, one, language) for one in case.asked),
        tuple((component.name, component.labels[language]) for component in components),
    )


def _part(services: Services, code: str, held: Held, language: str) -> Part:
    item = held.item
    named = asked.component_name(services, code, item.component, language, item.kind)
    return Part(held, named, asked.kind_name(services.kinds, item.kind, language))


def _question(services: Services, code: str, one: Asked, language: str) -> Question:
    names = one.supplement.components
    return Question(one, tuple(asked.component_name(services, code, name, language) for name in names))
