"""The databases that a vault may have. Whatever touches one is tested on each: see the fixture `databases`."""

import shutil
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import func, insert, select

from tests.postgres import PostgresServer
from vault import migrate
from vault.db import Database
from vault.models import Row
from vault.settings import Settings

KINDS = ("sqlite", "postgresql")
TABLES = "tables"
"""A database without a row, migrated once for all: a thousand tests begin with a copy of it."""


class Databases(ABC):
    """One database for each data folder. `shared` is a folder of all processes that run these tests."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared

    @abstractmethod
    def make(self, data: Path, like: str | None = None) -> Mapping[str, str]:
        """The settings that lead a vault with this data folder to its database.

        A database that is not there yet is made, empty or as a copy of the one called `like`.
        """

    @abstractmethod
    def has(self, data: Path) -> bool:
        """Whether there is one for this data folder."""

    @abstractmethod
    def stolen(self, data: Path) -> bytes:
        """All that it holds, for somebody who looks for what should not be there."""

    @abstractmethod
    def drop(self, data: Path) -> None:
        """Whatever is connected to it."""

    @abstractmethod
    def keep(self, name: str, source: Path) -> None:
        """Keeps the rows of a data folder's SQLite under a name, unless that is done, to make others like it."""

    @contextmanager
    def at(self, data: Path, like: str | None = None) -> Iterator[Mapping[str, str]]:
        yield self.make(data, like)
        self.drop(data)


class Sqlite(Databases):
    """In the data folder, where it is by default: nothing needs to be told, and it goes with the folder."""

    def __init__(self, shared: Path, own: Path) -> None:
        super().__init__(shared)
        migrate.upgrade(Settings(data_dir=own).database)
        self._kept = {TABLES: own / "docvault.db"}

    def make(self, data: Path, like: str | None = None) -> Mapping[str, str]:
        if like and not (data / "docvault.db").exists():
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy(self._kept[like], data / "docvault.db")
        return {}

    def has(self, data: Path) -> bool:
        return (data / "docvault.db").exists()

    def stolen(self, data: Path) -> bytes:
        """Its files, with what lies in them from before."""
        with closing(sqlite3.connect(data / "docvault.db")) as db:
            db.execute("PRAGMA wal_checkpoint(FULL)")
        return b"".join(path.read_bytes() for path in data.glob("docvault.db*"))

    def drop(self, data: Path) -> None:
        """It goes with its folder."""

    def keep(self, name: str, source: Path) -> None:
        self._kept[name] = source / "docvault.db"


class Postgresql(Databases):
    """A database of its own on one server for each data folder."""

    def __init__(self, shared: Path, server: PostgresServer) -> None:
        super().__init__(shared)
        self._server, self._names, self._numbers, self._kept = server, dict[Path, str](), count(), {TABLES}
        server.create(TABLES)
        migrate.upgrade(server.url(TABLES))

    def make(self, data: Path, like: str | None = None) -> Mapping[str, str]:
        if data not in self._names:
            self._names[data] = f"vault_{next(self._numbers)}"
            self._server.create(self._names[data], like or "template1")
        return {"database_url": self._server.url(self._names[data])}

    def has(self, data: Path) -> bool:
        return data in self._names

    def stolen(self, data: Path) -> bytes:
        """The values of all rows: its files hold them compressed, where they are large."""
        db = Database(self.make(data)["database_url"])
        with db.read() as session:
            rows = [row for table in Row.metadata.sorted_tables for row in session.connection().execute(select(table))]
        db.close()
        return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)

    def drop(self, data: Path) -> None:
        if data in self._names:
            self._server.drop(self._names.pop(data))

    def keep(self, name: str, source: Path) -> None:
        if name not in self._kept:
            self._server.create(name, TABLES)
            copy_rows(Settings(data_dir=source).database, self._server.url(name))
            self._kept.add(name)


def copy_rows(source: str, target: str) -> None:
    """All rows of one database into the same tables, empty, of a PostgreSQL that counts on from there."""
    here, there = Database(source), Database(target)
    with here.read() as reading, there.write() as writing:
        for table in Row.metadata.sorted_tables:
            rows = [dict(row) for row in reading.connection().execute(select(table)).mappings()]
            if rows:
                writing.connection().execute(insert(table), rows)
            if (number := table.autoincrement_column) is not None:
                counter = func.pg_get_serial_sequence(table.name, number.name)
                writing.connection().execute(select(func.setval(counter, func.max(number))).select_from(table))
    here.close()
    there.close()
