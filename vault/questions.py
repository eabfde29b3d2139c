"""What a citizen is asked to consent to: a portal's request, or the supplement that an agency asks for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session, col, select, update

from storage.errors import SealBroken
from storage.keys import context
from vault import agencies, supplements
from vault.errors import NotFound, RequestOver
from vault.models import Agency, AuthorizationRequest, DossierItem, Supplement
from vault.oauth import requests
from vault.oauth.details import AskedComponent, AskedField
from vault.oauth.requests import Pending
from vault.principals import Citizen
from vault.procedures import Component
from vault.services import Services
from vault.supplements import Waiting
from vault.wallets import Wallet

BEST = "*"
"""In a draft: whatever fits best, also what is still to come."""
TEXT_MAX = 500


@dataclass(frozen=True)
class Draft:
    """What was chosen and typed so far: a version, BEST or nothing by component, a text by field of the form.

    What is not named stands as it was proposed.
    """

    components: Mapping[str, str] = field(default_factory=dict, repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Question:
    """Who asks for which papers, for which dossier (the agency's own `reference`), and why.

    Either `pending` (a portal's request) or `waiting` (a supplement) is there; `sent` are the versions that the agency
    has in the dossier already.
    """

    id: str
    agency: Agency
    procedure: str
    reference: str
    purpose: str
    asked_at: datetime
    components: tuple[AskedComponent, ...]
    fields: tuple[AskedField, ...] = ()
    pending: Pending | None = None
    waiting: Waiting | None = None
    sent: frozenset[str] = frozenset()

    def component(self, name: str) -> Component | None:
        return next((asked.component for asked in self.components if asked.component.name == name), None)

    def draft(self, wallet: Wallet) -> Draft:
        """What the citizen has chosen so far."""
        row = self._row
        if row.draft is None:
            return Draft()
        try:
            kept = json.loads(wallet.key.open(row.draft, _context(self.id)))
        except SealBroken:
            return Draft()
        return Draft(kept["components"], kept["fields"])

    def keep(self, session: Session, wallet: Wallet, draft: Draft) -> None:
        """Keeps what was chosen, until it is answered; of names and texts only what was asked and fits."""
        names = {asked.component.name for asked in self.components}
        kept = {
            "components": {name: said for name, said in draft.components.items() if name in names and len(said) <= 36},
            "fields": {item.field.name: draft.fields[item.field.name][:TEXT_MAX] for item in self.fields
                       if item.field.name in draft.fields},
        }  # fmt: skip
        sealed = wallet.key.seal(json.dumps(kept, ensure_ascii=False).encode(), _context(self.id))
        table = type(self._row)
        own = col(table.citizen_id).is_(None) | (col(table.citizen_id) == wallet.citizen_id)
        waiting = (col(table.id) == self.id, own, col(table.answered_at).is_(None))
        session.exec(update(table).where(*waiting).values(draft=sealed))

    @property
    def _row(self) -> AuthorizationRequest | Supplement:
        row = self.pending.row if self.pending else self.waiting.supplement if self.waiting else None
        if row is None:
            raise RequestOver
        return row


def of_request(session: Session, citizen: Citizen, request_id: str, secret: str) -> Question:
    """A portal's request, for the browser that has its secret. Raises `RequestOver`."""
    pending = requests.pending(session, request_id, secret, citizen)
    asked = pending.pushed.asked
    return Question(
        id=pending.row.id,
        agency=agencies.get(session, pending.pushed.agency_id),
        procedure=asked.procedure,
        reference=asked.dossier,
        purpose=asked.purpose,
        asked_at=pending.row.created_at,
        components=asked.components,
        fields=asked.fields,
        pending=pending,
    )


def of_supplement(session: Session, services: Services, citizen: Citizen, supplement_id: str) -> Question:
    """A supplement that waits for this citizen; the agency's own note says why. Raises `RequestOver`."""
    try:
        waiting = supplements.get(session, citizen.wallet, supplement_id)
    except NotFound:
        raise RequestOver from None
    dossier, names = waiting.dossier, waiting.supplement.components
    return Question(
        id=waiting.id,
        agency=agencies.get(session, dossier.agency_id),
        procedure=dossier.procedure,
        reference=dossier.reference,
        purpose=waiting.note,
        asked_at=waiting.supplement.created_at,
        components=tuple(_again(session, services, waiting, name) for name in names),
        waiting=waiting,
        sent=frozenset(session.exec(select(DossierItem.version_id).where(DossierItem.dossier_id == dossier.id))),
    )


def _again(session: Session, services: Services, waiting: Waiting, name: str) -> AskedComponent:
    """A component as its procedure has it, and needed now; else of the kinds in which the dossier has it already."""
    procedure = services.procedures.get(waiting.dossier.procedure)
    found = procedure.component(name) if procedure else None
    if found is not None:
        return AskedComponent(replace(found, needed=True), True)
    there = select(DossierItem.kind).where(DossierItem.dossier_id == waiting.dossier.id, DossierItem.component == name)
    kinds = tuple(dict.fromkeys(session.exec(there))) or ("other",)
    known = services.kinds.get(kinds[0]) or services.kinds["other"]
    return AskedComponent(Component(name, known.names, kinds), True)


def _context(question_id: str) -> bytes:
    return context("consent-draft", question_id)
