"""The second worker: cuts large pages into tiles, so that no small paper waits for its reading behind them.

Page by page in turn among all papers: one of many slow pages keeps nobody else's waiting for long.
"""

import logging
from collections.abc import Iterator
from time import monotonic

from sqlmodel import Session

import ocr
from ocr import Place
from ocr.errors import OcrError, ReadingFailed
from storage.errors import BlobMissing
from vault import jobs, papers, quota, tiles
from vault.jobs import Ticket
from vault.models import JobKind, Version
from vault.quota import NoRoom
from vault.services import SealedSource
from vault.worker import LeaseLost, Worker

TOLD_EVERY_S = 1.0

log = logging.getLogger(__name__)


class Cutter(Worker):
    """Cuts the sheets of one version after the other; each is one blob, made anew if this was killed on the way."""

    kind = JobKind.sheets

    def _work(self, ticket: Ticket) -> None:
        """One page, and those before it that cannot be cut; then the papers behind this one have their turn.

        Each page that is done earns the job another attempt: many pages may outlast many restarts.
        """
        attempts, cut = self._services.settings.reading_attempts, False
        with self._kept_alive(ticket):
            self._look(ticket)
            while (found := self._next(ticket)) is not None and not cut:
                page, done = found
                if ticket.attempt > attempts + done:
                    self._drop(ticket, page)
                else:
                    cut = self._cut_or_drop(ticket, page)
        self._give_back(ticket)

    def _look(self, ticket: Ticket) -> None:
        """Which pages are worth tiles, where none is known to be: the paper may have come before there were tiles."""
        services = self._services
        with services.db.write() as session:
            known = self._mine(session, ticket).sheets
        if known or ticket.attempt > services.settings.reading_attempts:
            return
        try:
            original = papers.open_original(services.blobs, ticket.key, ticket.version_id)
            found = ocr.inspect(SealedSource(original), services.reading_limits, gentle=True)
        except (OcrError, BlobMissing) as error:
            log.warning("a paper could not be looked at for sheets", exc_info=error)
            return
        with services.db.write() as session:
            version = self._mine(session, ticket)
            version.sheets, version.sheets_cut = list(found.sheets), 0

    def _next(self, ticket: Ticket) -> tuple[int, int] | None:
        """The page to be cut now and how many are; None when all are, and the job is done with that."""
        with self._services.db.write() as session:
            version = self._mine(session, ticket)
            if not version.cutting:
                jobs.finish(session, ticket)
                return None
            version.sheet_percent = 0
            return version.sheets[version.sheets_cut], version.sheets_cut

    def _cut_or_drop(self, ticket: Ticket, page: int) -> bool:
        """A page that cannot be cut keeps its preview alone; the others go on, unless all the time was spent on it."""
        try:
            size = self._cut(ticket, page)
        except (OcrError, BlobMissing, NoRoom) as error:
            log.warning("a sheet could not be cut", exc_info=error)
            late = isinstance(error, ReadingFailed) and error.reason == "time"
            self._drop(ticket, page, others=late or isinstance(error, NoRoom))
            return False
        name = papers.sheet_name(ticket.version_id, page)
        with self._taken_back(ticket, name), self._services.db.write() as session:
            version = self._mine(session, ticket)
            version.sheet_bytes = size + (version.sheet_bytes if version.sheets_cut else 0)
            version.sheets_cut, version.sheet_percent = version.sheets_cut + 1, 0
        return True

    def _drop(self, ticket: Ticket, page: int, *, others: bool = False) -> None:
        """Gives the page up, and with `others` all that wait behind it."""
        with self._services.db.write() as session:
            version = self._mine(session, ticket)
            done = version.sheets[: version.sheets_cut]
            waiting = [] if others else [number for number in version.sheets[len(done) :] if number != page]
            version.sheets = done + waiting  # a new list: it is kept as JSON

    def _cut(self, ticket: Ticket, page: int) -> int:
        """Bytes that its tiles take in the store. Raises OcrError, `BlobMissing`, `NoRoom`."""
        services = self._services
        with services.db.read() as session:
            room = quota.left_for_made(session, ticket.citizen_id, services.settings.quota_bytes)
        original = papers.open_original(services.blobs, ticket.key, ticket.version_id)
        with ocr.cut(SealedSource(original), services.reading_limits, page) as sheet:
            packed = tiles.pack(sheet.pyramid, self._telling(ticket, sheet))
            return papers.put_sheet(services.blobs, ticket.key, ticket.version_id, page, quota.fitting(packed, room))

    def _telling(self, ticket: Ticket, sheet: ocr.Sheet) -> Iterator[tuple[Place, bytes]]:
        """The tiles as they pass; every second it is told how far they are. Raises `LeaseLost`."""
        told = monotonic()
        for number, tile in enumerate(sheet.tiles):
            if monotonic() - told > TOLD_EVERY_S:
                told = monotonic()
                with self._services.db.write() as session:
                    self._mine(session, ticket).sheet_percent = 100 * number // sheet.pyramid.tiles
            yield tile

    def _mine(self, session: Session, ticket: Ticket) -> Version:
        """The version, as long as this attempt may write to it; each time is another sign of life."""
        version = session.get(Version, ticket.version_id)
        if version is None or not self._extend(session, ticket):
            raise LeaseLost
        return version
