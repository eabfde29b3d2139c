"""The database: one engine, read and write transactions, and its clock."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, TypeDecorator, event, text
from sqlalchemy.exc import TimeoutError
from sqlmodel import Session, create_engine

BUSY_MS = 15_000


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; SQLite keeps it without its zone, PostgreSQL with."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Transactions on one database. One that writes takes SQLite's lock at its start, so that none dies halfway."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            _make_private(self.engine.url.database)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing = self.engine.execution_options(docvault_write=True)
        self._writer = RLock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Commits when the block ends well, rolls back when it raises."""
        with self._turn(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite has one writer at a time, and lets the others ask again and again, with ever longer pauses.

        The threads of this process wait for each other here instead, and go on at once.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=BUSY_MS / 1000):
            raise TimeoutError("other writers took too long")
        try:
            yield
        finally:
            self._writer.release()

    def close(self) -> None:
        self.engine.dispose()


def now(session: Session) -> datetime:
    """The database's clock (not this machine's), so that several machines agree on leases and ends."""
    if session.get_bind().dialect.name == "sqlite":
        value = session.connection().execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    value = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


def _make_private(path: str | None) -> None:
    """A new file for its owner alone, whatever the umask; SQLite gives its log and index the same mode."""
    if path and path != ":memory:":
        with suppress(OSError):  # connecting tells better what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin below decides, not the driver
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("docvault_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
