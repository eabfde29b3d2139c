"""What was destroyed opens no more: its keys' rows go at once, and soon what the database's files hold of them."""

from sqlmodel import SQLModel, col, func, select

from vault.accesslog import Kind
from vault.db import Database
from vault.models import Event

SHREDS = (Kind.document_destroyed, Kind.wallet_erased)


class Shredding:
    """Scrubs the database after something was destroyed, by whichever process; once after each start in any case."""

    def __init__(self, db: Database) -> None:
        self._db, self._done = db, 0

    def run(self) -> None:
        """Where nothing was destroyed since the last time, it costs one look at the newest entries of the log."""
        with self._db.read() as session:
            since = (col(Event.id) > self._done, col(Event.kind).in_(SHREDS))
            last = session.exec(select(func.max(Event.id)).where(*since)).one()
        tables = [table.name for table in SQLModel.metadata.sorted_tables]
        if last is not None and self._db.scrub(tables):
            self._done = last
