"""Supplements (yêu cầu bổ sung): an agency asks for more components of a dossier, its citizen answers with a consent.

The note lies sealed under the key of a grant of that dossier: who can open the grant can read why more is asked.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select, update

from storage.keys import Key, context
from vault import accesslog, grantkeys, models
from vault.accesslog import Kind
from vault.agencykeys import Reader
from vault.db import now
from vault.errors import DossierOver, Invalid, NotFound, SupplementsOpen
from vault.lines import is_stacked
from vault.models import Agency, Dossier, DossierItem, Grant, GrantHolder, Holder, Supplement
from vault.principals import Citizen
from vault.procedures import Procedure
from vault.wallets import Wallet

NOTE_CHARS = 500
OPEN_MOST = 5
"""How many a dossier may have open at once: a citizen is asked, not worn down."""
OPEN = (col(Supplement.answered_at).is_(None), col(Supplement.withdrawn_at).is_(None))
"""Conditions on one that waits for its citizen."""


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


def ask(
    session: Session,
    reader: Reader,
    dossier: Dossier,
    procedure: Procedure | None,
    components: Sequence[str],
    note: str,
) -> Supplement:
    """Asks the dossier's citizen for more components of its procedure. The dossier is one that `reader` may see.

    Raises `Invalid` (components, note), `DossierOver` where no grant that the reader opens still stands, and
    `SupplementsOpen` when enough is open already.
    """
    names, text = _checked_components(procedure, components), checked_note(note)
    session.exec(select(Dossier.id).where(Dossier.id == dossier.id).with_for_update()).one()  # so that counting holds
    waiting = session.exec(select(func.count()).where(Supplement.dossier_id == dossier.id, *OPEN)).one()
    if waiting >= OPEN_MOST:
        raise SupplementsOpen(most=OPEN_MOST)
    grant, key = _standing(session, reader, dossier)
    supplement_id = models.new_id()
    supplement = Supplement(
        id=supplement_id,
        dossier_id=dossier.id,
        citizen_id=dossier.citizen_id,
        agency_id=dossier.agency_id,
        grant_id=grant.id,
        components=names,
        note=seal_note(key, supplement_id, text),
        created_at=now(session),
    )
    session.add(supplement)
    _record(session, Kind.supplement_asked, supplement, reader.account_id)
    session.flush()
    return supplement


def withdraw(session: Session, reader: Reader, dossier: Dossier, supplement_id: str) -> None:
    """Takes the question back. Raises `NotFound`, also once it was answered or withdrawn."""
    this = (col(Supplement.id) == supplement_id, col(Supplement.dossier_id) == dossier.id)
    _end(session, Kind.supplement_withdrawn, reader.account_id, *this)


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
    _end(session, Kind.supplement_answered, citizen.account_id, *own)


def checked_note(note: str) -> str:
    """On one line, as it is kept. Raises `Invalid`."""
    text = " ".join(unicodedata.normalize("NFC", note).split())
    if not text:
        raise Invalid("note", "missing")
    if len(text) > NOTE_CHARS:
        raise Invalid("note", "too-long", most=NOTE_CHARS)
    if not text.isprintable() or is_stacked(text):
        raise Invalid("note", "malformed")
    return text


def seal_note(key: Key, supplement_id: str, note: str) -> bytes:
    return key.seal(note.encode(), context("supplement", supplement_id))


def open_note(key: Key, supplement: Supplement) -> str:
    """Raises `SealBroken`."""
    return key.open(supplement.note, context("supplement", supplement.id)).decode()


def _checked_components(procedure: Procedure | None, components: Sequence[str]) -> list[str]:
    """In the procedure's order."""
    known = [component.name for component in procedure.components] if procedure else []
    if not components:
        raise Invalid("components", "missing")
    if not set(components) <= set(known):
        raise Invalid("components", "unknown")
    return [name for name in known if name in components]


def _standing(session: Session, reader: Reader, dossier: Dossier) -> tuple[Grant, Key]:
    """The grant of the dossier that was taken over last, still stands and opens to the reader."""
    named = select(DossierItem.grant_id).where(DossierItem.dossier_id == dossier.id)
    at = now(session)
    grants = session.exec(
        select(Grant)
        .where(col(Grant.id).in_(named), col(Grant.redeemed_at).is_not(None))
        .where(col(Grant.revoked_at).is_(None), Grant.expires_at > at)
        .order_by(col(Grant.redeemed_at).desc(), col(Grant.id))
    )
    for grant in grants.all():
        key = reader.key(session, grant)
        if key is not None:
            return grant, key
    raise DossierOver


def _end(session: Session, kind: Kind, account_id: str | None, *conditions: ColumnElement[bool]) -> None:
    """One statement decides between an answer and a withdrawal that come at once."""
    ended = "answered_at" if kind is Kind.supplement_answered else "withdrawn_at"
    values = {ended: now(session), "draft": None}
    rows = session.exec(update(Supplement).where(*conditions, *OPEN).values(**values).returning(col(Supplement.id)))
    ids = rows.scalars().all()
    if not ids:
        raise NotFound
    _record(session, kind, session.get_one(Supplement, ids[0], populate_existing=True), account_id)


def _waiting(session: Session, wallet: Wallet, *conditions: object) -> list[Waiting]:
    held = (col(GrantHolder.grant_id) == col(Supplement.grant_id)) & (col(GrantHolder.holder) == Holder.citizen)
    rows = session.exec(
        select(Supplement, Dossier, Agency.name, GrantHolder)
        .join(Dossier, col(Dossier.id) == col(Supplement.dossier_id))
        .join(Agency, col(Agency.id) == col(Supplement.agency_id))
        .join(GrantHolder, held)
        .where(Supplement.citizen_id == wallet.citizen_id, *conditions)  # type: ignore[arg-type]
        .where(*OPEN)
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
