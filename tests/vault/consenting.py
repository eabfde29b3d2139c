"""Papers that were read, and a portal's requests in a citizen's browser, for tests of the consent."""

from collections.abc import Mapping
from datetime import date

from ocr.reading import Field, Reading
from sharing.pkce import challenge_of
from sharing.terms import Tier
from tests.vault.world import World
from vault import agencies, consents, documents, papers, questions
from vault.consents import Agreed
from vault.documents import Paper
from vault.models import Agency, Document, Version
from vault.oauth import parsing, requests
from vault.oauth.requests import Opened, Pushed
from vault.principals import Citizen, Officer
from vault.proposals import Proposal, propose
from vault.questions import Draft, Question

REDIRECT_URI = "https://portal.example/callback"
REFERENCE = "H10.01.02-261123-0001"
MARRIAGE = "marriage-registration"


def put_in(
    world: World,
    kind: str,
    citizen: Citizen | None = None,
    *,
    sure: bool = True,
    state: str = "done",
    tier: Tier = Tier.SELF,
    expires_on: date | None = None,
    found: Mapping[str, str] | None = None,
    confidence: float = 0.95,
    source: str = "ocr",
) -> Paper:
    """A paper that was read; `found` are its fields."""
    citizen = citizen or world.an
    made = world.put_in(citizen, content=f"%PDF-1.7 {kind} {id(object())} {state}".encode() * 9, kind=kind)
    fields = tuple(Field(name, value, value, source, confidence) for name, value in (found or {}).items())
    reading = Reading((), kind, 0.95, "", fields)
    world.change(Document, made.id, kind_sure=sure, expires_on=expires_on)
    sealed = papers.seal_reading(made.key, made.version.id, reading) if state == "done" else None
    read = 1 if state == "done" else 0
    world.change(Version, made.version.id, state=state, tier=tier.value, reading=sealed, pages_read=read)
    with world.services.db.read() as session:
        return documents.get(session, citizen.wallet, made.id)


def register(world: World, officer: Officer | None = None, *procedures: str) -> None:
    codes = procedures or (MARRIAGE, "birth-registration", "change-of-driving-licence")
    with world.services.db.write() as session:
        agency_id = (officer or world.registry).agency_id
        agencies.register_portal(session, agency_id, [REDIRECT_URI], list(codes), world.services.procedures)


def ask(world: World, detail: str, officer: Officer | None = None) -> Opened:
    """A request that is pushed and opened in a browser; `detail` is the JSON of the one authorization detail."""
    services, agency_id = world.services, (officer or world.registry).agency_id
    if not world.row(Agency, agency_id).procedures:
        register(world, officer)
    with services.db.write() as session:
        allowed = agencies.get(session, agency_id).procedures
        asked = parsing.parse(f"[{detail}]", allowed, services.procedures, services.kinds)
        pushed = Pushed(agency_id, REDIRECT_URI, "state-of-the-portal", challenge_of("v" * 43), None, asked)
        uri = requests.push(session, pushed)
    return requests.open_(services.db, agency_id, uri)


def detail(procedure: str = MARRIAGE, more: str = "") -> str:
    return (
        f'{{"type": "docvault_dossier", "procedure": "{procedure}", "dossier": "{REFERENCE}", '
        f'"purpose": "Nộp hồ sơ đăng ký kết hôn"{", " if more else ""}{more}}}'
    )


def question_of(world: World, opened: Opened, citizen: Citizen | None = None) -> Question:
    with world.services.db.write() as session:
        question = questions.of_request(session, citizen or world.an, opened.request_id, opened.secret)
        if question.pending:
            requests.claim(session, question.pending, citizen or world.an)
        return question


def proposal_of(world: World, opened: Opened, draft: Draft | None = None, citizen: Citizen | None = None) -> Proposal:
    question = question_of(world, opened, citizen)
    with world.services.db.read() as session:
        return propose(session, world.services, citizen or world.an, question, draft or Draft())


def agree(world: World, opened: Opened, draft: Draft, citizen: Citizen | None = None) -> Agreed:
    with world.services.db.write() as session:
        question = questions.of_request(session, citizen or world.an, opened.request_id, opened.secret)
        return consents.agree(session, world.services, citizen or world.an, question, draft)
