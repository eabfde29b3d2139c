"""The access log as its citizen reads it: each entry with the names of who acted and of the paper that it is about."""

from contextlib import suppress
from dataclasses import dataclass

from sqlmodel import Session, col, select

from vault import accesslog, documents
from vault.accesslog import Kind
from vault.documents import Paper
from vault.errors import NotFound
from vault.models import Account, Agency, Event
from vault.wallets import Wallet

DOSSIERS = (Kind.attached, Kind.supplement_asked, Kind.supplement_answered, Kind.supplement_withdrawn)
SHARING = (
    Kind.granted,
    Kind.redeemed,
    Kind.released,
    Kind.refused,
    Kind.revoked,
    *DOSSIERS,
    Kind.token_revoked,
    Kind.code_replayed,
)
"""What was shared, and what became of it."""
OF_DOSSIER = tuple(kind for kind in SHARING if kind is not Kind.granted)
"""The same for one dossier: that papers were attached says what was granted."""


@dataclass(frozen=True)
class Entry:
    """`agency` and `officer` are names, empty where there is none; `paper` is None when it is gone or none is meant."""

    event: Event
    agency: str
    officer: str
    paper: Paper | None


def entries(
    session: Session,
    wallet: Wallet,
    *,
    before: int | None = None,
    limit: int = accesslog.PAGE,
    sharing_only: bool = True,
) -> list[Entry]:
    """A wallet's entries with names, the newest first; `before` is the last id of the page before."""
    kinds = SHARING if sharing_only else ()
    return _named(
        session, wallet, accesslog.entries(session, wallet.citizen_id, before=before, limit=limit, kinds=kinds)
    )


def of_grants(
    session: Session,
    wallet: Wallet,
    grant_ids: tuple[str, ...],
    *,
    kinds: tuple[Kind, ...],
    limit: int = accesslog.PAGE,
) -> list[Entry]:
    """The entries of these kinds about these grants, the newest first."""
    if not grant_ids:
        return []
    found = accesslog.entries(session, wallet.citizen_id, limit=limit, kinds=kinds, grant_ids=grant_ids)
    return _named(session, wallet, found)


def _named(session: Session, wallet: Wallet, events: list[Event]) -> list[Entry]:
    agencies, officers = _agencies(session, events), _officers(session, events)
    papers = {place: _paper(session, wallet, *place) for place in {(e.document_id, e.version_id) for e in events}}
    return [
        Entry(
            event,
            agencies.get(event.agency_id or "", ""),
            officers.get(event.account_id or "", ""),
            papers[event.document_id, event.version_id],
        )
        for event in events
    ]


def _agencies(session: Session, events: list[Event]) -> dict[str, str]:
    wanted = {event.agency_id for event in events if event.agency_id}
    return dict(session.exec(select(Agency.id, Agency.name).where(col(Agency.id).in_(wanted))).all())


def _officers(session: Session, events: list[Event]) -> dict[str, str]:
    """Names of officers only: the sign-in name of an account is nobody else's business."""
    wanted = {event.account_id for event in events if event.account_id and event.agency_id}
    named = select(Account.id, Account.name).where(col(Account.id).in_(wanted), col(Account.agency_id).is_not(None))
    return dict(session.exec(named).all())


def _paper(session: Session, wallet: Wallet, document_id: str | None, version_id: str | None) -> Paper | None:
    if document_id is None:
        return None
    for version in dict.fromkeys((version_id, None)):  # a photograph may have been taken again: the paper is the same
        with suppress(NotFound):
            return documents.get(session, wallet, document_id, version)
    return None
