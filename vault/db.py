"""The database: one engine, read and write transactions, its clock, and turns that all processes take."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any, Self

from sqlalchemy import URL, Connection, DateTime, Dialect, TypeDecorator, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError, TimeoutError
from sqlmodel import Session, SQLModel, create_engine

from vault.settings import Settings

log = logging.getLogger(__name__)

BUSY_MS = 15_000
CONNECT_S = 5
AWAY_MS = 30_000
"""A PostgreSQL that acknowledges nothing for so long is taken to be gone (tcp(7), TCP_USER_TIMEOUT)."""
HAPPENED = "happened"
"""Where a session notes the kinds of what it records."""
STARTING, MIGRATING = 0x646F6376_00000001, 0x646F6376_00000002
"""Names of the turns that processes take on PostgreSQL (advisory locks)."""
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


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


@dataclass(frozen=True)
class Reach:
    """How a process goes about PostgreSQL; SQLite needs none of it. No limit of time where one is 0."""

    password_file: Path | None = None
    connections: int = 10
    wait_s: int = 10
    statement_s: int = 0
    lock_s: int = 0

    def options(self) -> dict[str, Any]:
        """What `create_engine` takes. A connection that broke while it lay idle is found out before it is used."""
        limits = f"-c statement_timeout={self.statement_s * 1000} -c lock_timeout={self.lock_s * 1000}"
        alive = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": AWAY_MS}
        connect = {"connect_timeout": CONNECT_S, "application_name": "docvault", "options": limits, **alive}
        return {
            "pool_pre_ping": True,
            "pool_size": self.connections,
            "max_overflow": 0,
            "pool_timeout": self.wait_s,
            "connect_args": connect,
        }


class Database:
    """Transactions on one database. One that writes takes SQLite's lock at its start, so that none dies halfway."""

    def __init__(self, url: str, reach: Reach = Reach()) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.engine = create_engine(_address(url), hide_parameters=True, **({} if self.is_sqlite else reach.options()))
        self._password_file, self._password = reach.password_file, ""
        if self._password_file is not None:
            event.listen(self.engine, "do_connect", self._add_password)
        if self.is_sqlite:
            _make_private(self.engine.url.database)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self.observe: Callable[[Iterable[str]], None] = lambda _: None
        """Told what a transaction noted under `HAPPENED`, once it is committed."""
        self._writing = self.engine.execution_options(docvault_write=True)
        self._writer = RLock()

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The database that the settings name, as requests and workers use it."""
        limits = {"statement_s": settings.database_statement_s, "lock_s": settings.database_lock_s}
        return cls(settings.database, _reach(settings, **limits))

    @classmethod
    def open_patient(cls, settings: Settings) -> Self:
        """The same for starts and migrations, which wait for each other and may take long."""
        return cls(settings.database, _reach(settings))

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Commits when the block ends well, rolls back when it raises."""
        with self._turn(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session
        if happened := session.info.get(HAPPENED):
            self.observe(happened)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One moment of all tables, however long it takes to read them. It changes nothing and keeps nobody waiting."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as connection:
            yield connection

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

    @contextmanager
    def alone(self, turn: int) -> Iterator[None]:
        """No other process is in the same turn meanwhile. SQLite's files lie on one machine, where nobody needs it."""
        if self.is_sqlite:
            yield
            return
        with self.engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:turn)"), {"turn": turn})
            connection.commit()  # the lock belongs to the connection, and ends with it if this process dies
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:turn)"), {"turn": turn})

    def scrub(self, tables: Iterable[str]) -> bool:
        """Takes what is left of deleted rows out of the database's files. False: others are in the way, try later.

        SQLite overwrites what is deleted (`secure_delete`), but leaves older copies of rows in its log, and in pages
        that it laid out anew: so the whole is written anew, and the log emptied. PostgreSQL gives the places of deleted
        rows to others; what it leaves is said in docs/threat-model.md.
        """
        if not self.is_sqlite:
            named = ", ".join(f'"{name}"' for name in tables)
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SET statement_timeout = 0")
                connection.exec_driver_sql(f"VACUUM (SKIP_LOCKED) {named}")
                connection.exec_driver_sql("RESET statement_timeout")
            return True
        with self._turn(), closing(self.engine.raw_connection()) as connection:
            try:
                connection.cursor().execute("VACUUM")
                emptied = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:  # locked, or no space for the copy
                log.warning("the database's log could not be emptied", extra={"error": error.sqlite_errorname})
                return False
            return bool(emptied[0] == 0)

    def close(self) -> None:
        self.engine.dispose()

    def _add_password(self, _dialect: Dialect, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        """Read for each connection: a password that was changed needs no restart, and none lies in an address.

        While the file is not there, because it is being changed, the one before is good.
        """
        if self._password_file is not None:
            try:
                self._password = self._password_file.read_text("utf-8").rstrip("\r\n")
            except OSError:
                if not self._password:
                    raise
            parameters["password"] = self._password


def _reach(settings: Settings, **limits: int) -> Reach:
    return Reach(settings.database_password_file, settings.database_connections, settings.database_wait_s, **limits)


@contextmanager
def taken_back_by(take_back: Callable[[], None]) -> Iterator[None]:
    """When the block raises, takes back what was done in the store for its transaction, unless that may stand.

    A database whose answer was lost has perhaps committed, and its rows then need their bytes: those without a row are
    swept.
    """
    try:
        yield
    except SQLAlchemyError:
        raise
    except BaseException:
        take_back()
        raise


def now(session: Session) -> datetime:
    """The database's clock (not this machine's), so that several machines agree on leases and ends."""
    if session.get_bind().dialect.name == "sqlite":
        value = session.connection().execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    value = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


def _address(url: str) -> URL:
    """PostgreSQL as people write it (`postgresql://…`, `postgres://…`) is reached by the driver that comes along."""
    address = make_url(url)
    return address.set(drivername=DRIVERS.get(address.drivername, address.drivername))


def insert(session: Session, table: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say what to do on a conflict, which both databases write alike and SQLAlchemy does not."""
    of_dialect = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return of_dialect(table)


def _make_private(path: str | None) -> None:
    """A new file for its owner alone, whatever the umask; SQLite gives its log and index the same mode.

    One that is there is not opened: closing it would take the locks of this process's other connections away, and the
    next process to end would believe itself the last and remove the log (sqlite.org/howtocorrupt.html, section 2.2).
    """
    if path and path != ":memory:":
        with suppress(OSError):  # connecting tells better what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin below decides, not the driver
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("docvault_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
