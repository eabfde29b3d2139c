"""What was destroyed while a backup was being made is taken out of it again, and with it every key to it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Table
from sqlalchemy.orm import Mapped
from sqlmodel import col, select

from vault.backups.tables import Shape, Values, kept
from vault.db import Database
from vault.models import Document, Version, Wallet

BATCH = 500


@dataclass
class Gone:
    """Ids of what the snapshot holds and the vault no more; `wallets` are erased: their rows stay, without key."""

    versions: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    wallets: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.versions or self.documents or self.wallets)


def find(db: Database, rows: Iterable[tuple[Shape, Values]]) -> Gone:
    """Compares a snapshot's rows with the vault as it is now."""
    gone = Gone()
    rest = (row for row in rows if row[0].table in {"wallet", "document", "version"})
    while batch := list(islice(rest, BATCH)):
        gone.versions |= _vanished(db, col(Version.id), _keys(batch, "version", "id"))
        gone.documents |= _vanished(db, col(Document.id), _keys(batch, "document", "id"))
        whole = [row for row in batch if row[1].get("key_under_root")]
        gone.wallets |= _erased(db, _keys(whole, "wallet", "citizen_id"))
    return gone


def without(gone: Gone, rows: Iterable[tuple[Shape, Values]], ended_at: str) -> Iterator[tuple[Shape, Values]]:
    """The rows that are left: none refers to one that went, and no key to what went is in them."""
    tables = {table.name: table for table in kept()}
    went: dict[str, set[str]] = {"version": gone.versions, "document": gone.documents}
    ended: set[str] = set()
    for shape, values in rows:
        table = tables[shape.table]
        if shape.table == "wallet" and values["citizen_id"] in gone.wallets:
            values = values | {"key_under_root": ""}
        elif shape.table == "grant" and values["citizen_id"] in gone.wallets:
            ended.add(values["id"])
            values = values | {"sealed_grant": "", "link_hash": None, "revoked_at": values["revoked_at"] or ended_at}
        elif shape.table == "grantitem" and (values["version_id"] in gone.versions or values["grant_id"] in ended):
            values = values | {"wrapped_key": None}
        elif _follows(table, values, went, gone.wallets) or (
            shape.table == "grantholder" and values["grant_id"] in ended
        ):
            if "id" in values:
                went.setdefault(shape.table, set()).add(values["id"])
            continue
        yield shape, values


def _follows(table: Table, values: Values, went: dict[str, set[str]], wallets: set[str]) -> bool:
    """Is it gone itself, does it refer to what went, or belong to a wallet that was erased?"""
    if values.get("id") in went.get(table.name, ()):
        return True
    for key in table.foreign_keys:
        target = key.column.table.name
        if values[key.parent.name] in (wallets if target == "wallet" else went.get(target, ())):
            return True
    return False


def _keys(rows: Iterable[tuple[Shape, Values]], table: str, column: str) -> set[str]:
    return {values[column] for shape, values in rows if shape.table == table}


def _vanished(db: Database, column: Mapped[str], ids: set[str]) -> set[str]:
    with db.read() as session:
        there = session.exec(select(column).where(column.in_(ids))).all() if ids else ()
    return ids.difference(there)


def _erased(db: Database, ids: set[str]) -> set[str]:
    whole = select(Wallet.citizen_id).where(col(Wallet.citizen_id).in_(ids), Wallet.key_under_root != b"")
    with db.read() as session:
        there = session.exec(whole).all() if ids else ()
    return ids.difference(there)
