"""The worker: claims a job, works on the paper in the sandbox, seals what comes of it."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from threading import Event, Lock, Thread
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

import ocr
from ocr import PageDone
from ocr.errors import OcrError
from ocr.reading import Reading
from storage.errors import BlobMissing
from vault import accesslog, documents, jobs, papers, readings, wallets
from vault.accesslog import Kind
from vault.documents import Paper
from vault.errors import SignInNeeded
from vault.housekeeping import Housekeeping
from vault.jobs import Ticket
from vault.models import Document, JobKind, ReadingState, Version
from vault.services import SealedSource, Services

POLL_S = 0.5

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has taken the job over, or may; what this one still finds is dropped."""


class Worker:
    """Runs jobs of one kind, here readings, one after the other until it is told to stop."""

    kind = JobKind.reading

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lease = timedelta(seconds=services.settings.lease_s)
        self._stop, self._lock = Event(), Lock()
        self._current: Ticket | None = None
        self._seen = monotonic()
        self._housekeeping = Housekeeping(services)

    def run(self) -> None:
        """Until `stop`. An error of one job or of the database is logged by its class, and the next job comes."""
        while not self._stop.is_set():
            self._seen = monotonic()
            try:
                if self.kind is JobKind.reading:  # one of the two is enough
                    self._housekeeping.run_if_due()
                if self.step():
                    continue
            except Exception as error:  # the loop must live; the job's lease brings it back
                log.error("the worker met an error", exc_info=error)
            self._stop.wait(POLL_S)

    def stop(self) -> None:
        """Ends `run` soon and gives a job in work back at once."""
        self._stop.set()
        with self._lock:
            ticket = self._current
        if ticket is not None:
            self._give_back(ticket)

    def silent_s(self) -> float:
        """Seconds since it last showed that it goes on: it does so between jobs, and a few times each lease in one."""
        return monotonic() - self._seen

    def lives(self) -> bool:
        """False when it has been silent for so long that others have taken its job over."""
        return self.silent_s() < 2 * self._lease.total_seconds()

    def step(self) -> bool:
        """One job, if there is one."""
        with self._services.db.write() as session:
            ticket = jobs.claim(session, self._services.worker_key, self._lease, self.kind)
        if ticket is None:
            return False
        self._set_current(ticket)
        try:
            self._work(ticket)
        except LeaseLost:
            log.warning("a job was lost to another worker")
        except KeyboardInterrupt:  # while the demo is made: its next start need not wait for the lease to end
            self._give_back(ticket)
            raise
        finally:
            self._set_current(None)
        return True

    def _work(self, ticket: Ticket) -> None:
        if ticket.attempt > self._services.settings.reading_attempts:
            self._fail(ticket, "gave-up")
            return
        self._progress(ticket, 0)
        try:
            with self._kept_alive(ticket):
                reading = self._read(ticket)
        except OcrError as error:
            self._fail(ticket, error.code)
        except BlobMissing:
            self._fail(ticket, "missing-bytes")
        else:
            self._done(ticket, reading)

    def _read(self, ticket: Ticket) -> Reading:
        services = self._services
        reader = papers.open_original(services.blobs, ticket.key, ticket.version_id)

        def on_picture(page: PageDone) -> None:
            papers.put_previews(
                services.blobs, ticket.key, ticket.version_id, page.number, page.preview, page.thumbnail
            )
            with self._taken_back(ticket, *papers.preview_names(ticket.version_id, page.number)):
                self._progress(ticket, page.number - 1, shown=page.number)

        def on_page(page: PageDone) -> None:
            self._progress(ticket, page.number)

        return ocr.read(
            SealedSource(reader),
            services.reading_limits,
            kinds_dir=services.settings.kinds_dir,
            on_page=on_page,
            on_picture=on_picture,
        )

    def _progress(self, ticket: Ticket, pages: int, shown: int = 0) -> None:
        with self._services.db.write() as session:
            version = session.get(Version, ticket.version_id)
            if version is None or not self._extend(session, ticket):
                raise LeaseLost
            version.state, version.pages_read = ReadingState.reading, pages
            version.pages_shown = max(version.pages_shown, shown)

    def _done(self, ticket: Ticket, reading: Reading) -> None:
        with self._services.db.write() as session:
            version = self._finished(session, ticket)
            version.reading = papers.seal_reading(ticket.key, version.id, reading)
            version.state, version.failure, version.pages_read = ReadingState.done, None, len(reading.pages)
            document = session.get_one(Document, version.document_id)
            paper = Paper(document, version, papers.open_label(ticket.key, version.id, version.label), ticket.key)
            if documents.is_current(session, version):
                self._describe(document, reading, readings.confirmed_values(paper))
            self._record(Kind.reading_done, session, version)
        self._services.metrics.read("done")

    def _fail(self, ticket: Ticket, reason: str) -> None:
        with self._services.db.write() as session:
            version = self._finished(session, ticket)
            version.state, version.failure = ReadingState.failed, reason
            self._record(Kind.reading_failed, session, version, reason)
        self._services.metrics.read(reason)

    def _finished(self, session: Session, ticket: Ticket) -> Version:
        """The version, whose job is done with this transaction: its owner's word comes before or after it.

        Raises `LeaseLost`.
        """
        try:
            wallets.lock_wallet(session, ticket.citizen_id)
        except SignInNeeded:  # erased
            raise LeaseLost from None
        if not jobs.finish(session, ticket):
            raise LeaseLost
        return session.get_one(Version, ticket.version_id)

    def _describe(self, document: Document, reading: Reading, said: Mapping[str, str]) -> None:
        """What jobs need in the clear: the kind and the day it expires, as its owner said, else as it was read."""
        kinds = self._services.kinds
        if not document.kind_confirmed and reading.kind in kinds:
            document.kind, document.kind_sure = reading.kind, reading.kind_confidence >= readings.KIND_SURE
        document.expires_on = readings.expiry(kinds, document.kind, reading, said)

    @contextlib.contextmanager
    def _kept_alive(self, ticket: Ticket) -> Iterator[None]:
        """Extends the lease while a long page is being read."""
        over = Event()

        def beat() -> None:
            while not over.wait(self._lease.total_seconds() / 3):
                self._seen = monotonic()
                try:
                    with self._services.db.write() as session:
                        self._extend(session, ticket)
                except SQLAlchemyError as error:  # away for a moment: the next beat may still come in time
                    log.warning("a lease could not be extended", exc_info=error)

        thread = Thread(target=beat, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _extend(self, session: Session, ticket: Ticket) -> bool:
        """False once `stop` gives the job back. Asked inside the transaction, so that nothing is taken again after."""
        return not self._stop.is_set() and jobs.extend(session, ticket, self._lease)

    @contextlib.contextmanager
    def _taken_back(self, ticket: Ticket, *written: str) -> Iterator[None]:
        """Removes what was written for a paper that is found to have been destroyed meanwhile: nobody else would."""
        try:
            yield
        except LeaseLost:
            with self._services.db.read() as session:
                gone = session.get(Version, ticket.version_id) is None
            for name in written if gone else ():
                self._services.blobs.delete(name)
            raise

    def _record(self, kind: Kind, session: Session, version: Version, detail: str | None = None) -> None:
        accesslog.record(
            session,
            kind,
            citizen_id=version.citizen_id,
            document_id=version.document_id,
            version_id=version.id,
            detail=detail,
        )

    def _give_back(self, ticket: Ticket) -> None:
        with self._services.db.write() as session:
            jobs.release(session, ticket)

    def _set_current(self, ticket: Ticket | None) -> None:
        with self._lock:
            self._current = ticket
