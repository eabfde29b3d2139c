"""What must happen by itself: bins emptied, what has ended or was never finished forgotten, scratch cleared away."""

from datetime import timedelta
from time import monotonic

from sqlmodel import col, delete

from ocr import scratch
from vault import documents, papers, signins, slowdown
from vault.db import now
from vault.export import preparing
from vault.models import UsedProof
from vault.oauth import sweeping
from vault.resumable import parts, rows
from vault.services import Services
from vault.shredding import Shredding

EVERY = timedelta(minutes=5)


class Housekeeping:
    """Runs at most every five minutes; running it twice at once does no harm."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._next = 0.0
        self._shredding = Shredding(services.db)

    def run_if_due(self) -> None:
        if monotonic() >= self._next:
            self._next = monotonic() + EVERY.total_seconds()
            self.run()

    def run(self) -> None:
        services = self._services
        scratch.sweep()  # memory of a worker that was killed still holds what it read
        with services.db.write() as session:
            destroyed = documents.destroy_expired(session, services.settings.bin_days)
            signins.sweep(session, services.settings)
            slowdown.forget(session)
            sweeping.sweep(session)
            ended = preparing.forget_ended(session)
            abandoned = rows.sweep(session)
            session.exec(delete(UsedProof).where(col(UsedProof.expires_at) < now(session)))
        preparing.remove(services, ended)
        for remains in destroyed:
            papers.remove(services.blobs, remains)
        parts.remove(services.blobs, abandoned)
        self._shredding.run()
