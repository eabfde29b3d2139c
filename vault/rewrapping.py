"""A new root key takes the old one's place: everything that it wraps is moved, and nothing is lost on the way.

A row changes from one whole wrapped key to another, only while it still holds what was opened, and only after
the new form was opened too. So it may be stopped anywhere and begun again, beside running servers; whichever of the two
forms a row has, a server that knows both keys opens it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import ColumnElement, and_
from sqlalchemy import LargeBinary as Bytes
from sqlmodel import Session, func, select, update

from storage.errors import KeyUnusable, SealBroken
from storage.keys import WRAPPED
from storage.rootkey import HEAD_SIZE, UNDER_FILE, UNDER_TOKEN, RootKey, Succession
from vault import rootwraps, signing, wallets
from vault.db import Database
from vault.models import Agency, ServiceKey, Wallet

BATCH = 200


@dataclass(frozen=True)
class Kind:
    """One sort of keys under the root key: the column that says whose, the one that holds it, and its context."""

    name: str
    table: type[ServiceKey] | type[Agency] | type[Wallet]
    owner: str
    column: str
    context: Callable[[str], bytes] = field(repr=False)

    @property
    def ids(self) -> ColumnElement[str]:
        return cast(ColumnElement[str], getattr(self.table, self.owner))

    @property
    def wrapped(self) -> ColumnElement[bytes]:
        return cast(ColumnElement[bytes], getattr(self.table, self.column))

    @property
    def head(self) -> ColumnElement[bytes]:
        return func.substr(self.wrapped, 1, HEAD_SIZE, type_=Bytes)


KINDS: Sequence[Kind] = (
    Kind("signing key", ServiceKey, "kid", "private_under_root", signing.root_context),
    Kind("agency", Agency, "id", "key_under_root", wallets.agency_root_context),
    Kind("wallet", Wallet, "citizen_id", "key_under_root", wallets.wallet_root_context),
)
"""Everything that the root key wraps. A test holds that no table has such a column besides."""


@dataclass(frozen=True)
class Step:
    """So many keys were looked at; these, by kind and id, open under none of the root keys at hand."""

    count: int
    unopened: tuple[str, ...] = ()


def count(session: Session) -> int:
    """All keys under any root key. An erased wallet has none."""
    return sum(session.exec(select(func.count()).where(kind.wrapped != b"")).one() for kind in KINDS)


def waiting(session: Session, root: RootKey) -> int:
    """How many of them do not lie under this one."""
    return sum(session.exec(select(func.count()).where(_elsewhere(kind, root))).one() for kind in KINDS)


def refuse_strangers(session: Session, succession: Succession) -> None:
    """Raises `KeyUnusable` unless the two root keys together open everything, as far as it says what wrapped it.

    What does not say so is tried, one of each kind: a wrong key opens none of them.
    """
    for kind in KINDS:
        named = _form(kind).in_((UNDER_FILE, UNDER_TOKEN))
        heads = session.exec(select(kind.head).where(named).distinct()).all()
        for head in set(heads) - {succession.current.head, succession.second.head}:
            raise KeyUnusable(f"Some keys lie under the root key {head[1:].hex()}, which the settings do not name.")
        if any(not _opens(succession, kind, *row) for row in _unnamed(session, kind)):
            raise KeyUnusable("Neither of the two root keys opens what is in the database. Name the one that does.")


def lies_under(session: Session, root: RootKey) -> bool:
    """Whether anything does, or did not say and opens with it."""
    for kind in KINDS:
        named = select(kind.ids).where(kind.wrapped != b"", kind.head == root.head).limit(1)
        if session.exec(named).first() is not None or any(_opens(root, kind, *row) for row in _unnamed(session, kind)):
            return True
    return False


def move(db: Database, succession: Succession) -> Iterator[Step]:
    """Everything that lies elsewhere under the current root key, batch by batch."""
    for kind in KINDS:
        for rows in _batches(db, kind, _elsewhere(kind, succession)):
            renewed = [(owner, old, _renewed(succession, kind, owner, old)) for owner, old in rows]
            with db.write() as session:
                rootwraps.hold(session, succession)  # another rewrap may have turned round
                for owner, old, new in renewed:
                    if new is not None:  # a wallet that was erased meanwhile holds something else, and stays erased
                        unchanged = and_(kind.ids == owner, kind.wrapped == old)
                        session.exec(update(kind.table).where(unchanged).values({kind.column: new}))
            yield Step(len(rows), _names(kind, [owner for owner, _, new in renewed if new is None]))


def check(db: Database, current: RootKey) -> Iterator[Step]:
    """Opens everything with the current root key alone."""
    for kind in KINDS:
        for rows in _batches(db, kind, kind.wrapped != b""):
            unopened = [owner for owner, wrapped in rows if not _opens(current, kind, owner, wrapped)]
            yield Step(len(rows), _names(kind, unopened))


def _renewed(succession: Succession, kind: Kind, owner: str, old: bytes) -> bytes | None:
    """None for what does not open. Outside of any transaction: a token may take its time."""
    ctx = kind.context(owner)
    try:
        key = succession.unwrap(old, ctx)
    except SealBroken:
        return None
    new = succession.current.wrap(key, ctx)
    if succession.current.unwrap(new, ctx) != key:
        raise KeyUnusable(f"The root key {succession.id} does not give back what it wrapped. Nothing of it was kept.")
    return new


def _unnamed(session: Session, kind: Kind) -> list[tuple[str, bytes]]:
    """The first of those that were wrapped before root keys were named: all of them are under one."""
    unnamed = select(kind.ids, kind.wrapped).where(_form(kind) == WRAPPED).order_by(kind.ids).limit(1)
    return [(owner, wrapped) for owner, wrapped in session.exec(unnamed)]


def _opens(root: RootKey, kind: Kind, owner: str, wrapped: bytes) -> bool:
    try:
        root.unwrap(wrapped, kind.context(owner))
    except SealBroken:
        return False
    return True


def _elsewhere(kind: Kind, root: RootKey) -> ColumnElement[bool]:
    return and_(kind.wrapped != b"", kind.head != root.head)


def _form(kind: Kind) -> ColumnElement[bytes]:
    return func.substr(kind.wrapped, 1, 1, type_=Bytes)


def _batches(db: Database, kind: Kind, which: ColumnElement[bool]) -> Iterator[Sequence[tuple[str, bytes]]]:
    last = ""
    while True:
        with db.read() as session:
            query = select(kind.ids, kind.wrapped).where(kind.ids > last, which).order_by(kind.ids).limit(BATCH)
            rows = [(owner, wrapped) for owner, wrapped in session.exec(query)]
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        last = rows[-1][0]


def _names(kind: Kind, owners: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{kind.name} {owner}" for owner in owners)
