"""The third worker: makes searchable copies of papers whose owners ask for them."""

import logging

import ocr
from ocr.errors import OcrError
from storage.errors import BlobMissing
from vault import papers, quota, readings, searchable
from vault.documents import Paper
from vault.errors import NotReadYet
from vault.export import sheets
from vault.jobs import Ticket
from vault.models import Document, JobKind, Version
from vault.quota import NoRoom
from vault.services import SealedSource
from vault.worker import LeaseLost, Worker

log = logging.getLogger(__name__)


class Copier(Worker):
    """Makes the copy of one version after the other; each is one blob, made anew if this was killed on the way."""

    kind = JobKind.copy

    def _work(self, ticket: Ticket) -> None:
        paper, room = self._found(ticket)
        state = searchable.state_of(paper)
        if ticket.attempt > self._services.settings.reading_attempts:
            self._settle(ticket, state, failure="gave-up")
            return
        try:
            with self._kept_alive(ticket):
                size = self._make(paper, state, room)
        except (OcrError, BlobMissing, NoRoom, NotReadYet) as error:
            log.warning("a searchable copy could not be made", exc_info=error)
            self._settle(ticket, state, failure=_reason(error))
            return
        with self._taken_back(ticket, papers.searchable_name(ticket.version_id)):
            self._settle(ticket, state, size=size)

    def _found(self, ticket: Ticket) -> tuple[Paper, int]:
        """The paper as the rows say at one moment, and the bytes that its copy may take. Raises `LeaseLost`."""
        services = self._services
        with services.db.read() as session:
            version = session.get(Version, ticket.version_id)
            if version is None:
                raise LeaseLost
            document = session.get_one(Document, version.document_id)
            label = papers.open_label(ticket.key, version.id, version.label)
            room = quota.left_for_made(session, ticket.citizen_id, services.settings.quota_bytes)
            return Paper(document, version, label, ticket.key), room + version.copy_bytes

    def _make(self, paper: Paper, state: bytes, room: int) -> int:
        """Bytes that it takes. It is dated as the version is, so that it comes out the same each time.

        Raises OcrError, `BlobMissing`, `NoRoom`, `NotReadYet`.
        """
        services, version = self._services, paper.version
        seen = readings.view(services.kinds, paper)
        sheet, reading = sheets.alone(seen), seen.reading or readings.load(paper)
        about = ocr.About(sheet.title, version.created_at, sheets.archive_fields(sheet))
        original = papers.open_original(services.blobs, paper.key, version.id)
        made = ocr.searchable(SealedSource(original), services.reading_limits, reading, about)
        papers.put_searchable(services.blobs, paper.key, version.id, state, quota.fitting(made, room))
        return papers.open_searchable(services.blobs, paper.key, version.id, state).size

    def _settle(self, ticket: Ticket, state: bytes, *, size: int = 0, failure: str | None = None) -> None:
        with self._services.db.write() as session:
            version = self._finished(session, ticket)
            version.copy_state, version.copy_bytes, version.copy_failure = state, size, failure
            session.add(version)
        if failure:
            self._services.blobs.delete(papers.searchable_name(ticket.version_id))


def _reason(error: Exception) -> str:
    if isinstance(error, OcrError):
        return error.code
    return {NoRoom: "no-room", NotReadYet: "not-read"}.get(type(error), "missing-bytes")
