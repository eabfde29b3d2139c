"""Supplements (yêu cầu bổ sung): an agency asks for more components of a dossier, its citizen answers with a consent.

The note lies sealed under the key of a grant of that dossier: who can open the grant can read why more is asked.
"""

from dataclasses import dataclass, field

from sqlmodel import Session, col, select, update

from storage.keys import Key, context
from vault import accesslog, grantkeys
from vault.accesslog import Kind
from vault.db import now
from vault.errors import NotFound
from vault.models import Agency, Dossier, GrantHolder, Holder, Supplement
from vault.principals import Citizen
from vault.wallets import Wallet


@dataclass(frozen=True)
class Waiting:
    """A supplement that its citizen has not answered, with the agency's `note` opened."""

    supplement: Supplement
    dossier: Dossier
    agency_name: str
    note: str = field(repr=False)

    @property
    def id(self) -> str:
        return self.supplement.id


def waiting_for(session: Session, wallet: Wallet, dossier_id: str | None = None) -> list[Waiting]:
    """What agencies ask this citizen to supplement, the newest first; of one dossier alone if it is named."""
    return _waiting(session, wallet, *([Supplement.dossier_id == dossier_id] if dossier_id else []))


def get(session: Session, wallet: Wallet, supplement_id: str) -> Waiting:
    """One that waits for this citizen. Raises `NotFound`, also once it was answered or withdrawn."""
    found = _waiting(session, wallet, Supplement.id == supplement_id)
    if not found:
        raise NotFound
    return found[0]


def answered(session: Session, citizen: Citizen, supplement_id: str) -> None:
    """Marks it as answered, once. Raises `NotFound`, also for whoever comes second or after it was withdrawn."""
    own = (col(Supplement.id) == supplement_id, col(Supplement.citizen_id) == citizen.citizen_id)
    open_ = (col(Supplement.answered_at).is_(None), col(Supplement.withdrawn_at).is_(None))
    if session.exec(update(Supplement).where(*own, *open_).values(answered_at=now(session))).rowcount != 1:
        raise NotFound
    supplement = session.get_one(Supplement, supplement_id, populate_existing=True)
    _record(session, Kind.supplement_answered, supplement, citizen.account_id)


def seal_note(key: Key, supplement_id: str, note: str) -> bytes:
    return key.seal(note.encode(), context("supplement", supplement_id))


def open_note(key: Key, supplement: Supplement) -> str:
    """Raises `SealBroken`."""
    return key.open(supplement.note, context("supplement", supplement.id)).decode()


def _waiting(session: Session, wallet: Wallet, *conditions: object) -> list[Waiting]:
    held = (col(GrantHolder.grant_id) == col(Supplement.grant_id)) & (col(GrantHolder.holder) == Holder.citizen)
    rows = session.exec(
        select(Supplement, Dossier, Agency.name, GrantHolder)
        .join(Dossier, col(Dossier.id) == col(Supplement.dossier_id))
        .join(Agency, col(Agency.id) == col(Supplement.agency_id))
        .join(GrantHolder, held)
        .where(Supplement.citizen_id == wallet.citizen_id, *conditions)  # type: ignore[arg-type]
        .where(col(Supplement.answered_at).is_(None), col(Supplement.withdrawn_at).is_(None))
        .order_by(col(Supplement.created_at).desc(), col(Supplement.id))
    ).all()
    return [
        Waiting(supplement, dossier, name, open_note(grantkeys.open_by_citizen(holder, wallet), supplement))
        for supplement, dossier, name, holder in rows
    ]


def _record(session: Session, kind: Kind, supplement: Supplement, account_id: str | None) -> None:
    accesslog.record(
        session,
        kind,
        citizen_id=supplement.citizen_id,
        account_id=account_id,
        agency_id=supplement.agency_id,
        grant_id=supplement.grant_id,
        detail=supplement.dossier_id,
    )
