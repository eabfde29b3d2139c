"""Whether this process should be sent requests: does what it stands on answer, and is the work kept up with?"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from storage.errors import BlobMissing
from vault import jobs

if TYPE_CHECKING:
    from vault.services import Services

FRESH_S = 1.0
"""What was found is good for so long, however many ask."""
ANSWERS_WITHIN_S = 3.0
THREADS = 4
"""Checks that hang are left behind in threads; no more of them than these."""
PROBE = "readiness/probe"
"""A name that no blob has: a store that says so answers."""


class Part(StrEnum):
    """What can keep a process from being ready; no more is told to whoever asks."""

    database = "database"
    store = "store"
    queue = "queue"
    stopping = "stopping"


class Readiness:
    """Looks at the parts at most once in `FRESH_S`, in threads of its own, so that busy requests do not hold it up."""

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._threads = anyio.CapacityLimiter(THREADS)
        self._missing: tuple[Part, ...] = ()
        self._fresh_until, self._looked, self._stopping = 0.0, False, False

    def stop(self) -> None:
        """From now on: no. Proxies send their requests elsewhere while this process still answers."""
        self._stopping = True

    async def missing(self) -> tuple[Part, ...]:
        """What keeps the process from being ready; empty when it is."""
        if self._stopping:
            return (Part.stopping,)
        if monotonic() >= self._fresh_until:
            if self._looked:  # whoever asks meanwhile gets what was found before
                self._fresh_until = monotonic() + 2 * ANSWERS_WITHIN_S
            self._missing = await self._look()
            self._fresh_until, self._looked = monotonic() + FRESH_S, True
        return self._missing

    async def _look(self) -> tuple[Part, ...]:
        found: list[Part] = []

        async def ask(part: Part, check: Callable[[], Part | None]) -> None:
            missing: Part | None = part  # silence is an answer, too
            with anyio.move_on_after(ANSWERS_WITHIN_S):
                missing = await to_thread.run_sync(check, abandon_on_cancel=True, limiter=self._threads)
            if missing is not None:
                found.append(missing)

        async with anyio.create_task_group() as group:
            group.start_soon(ask, Part.database, self._ask_database)
            group.start_soon(ask, Part.store, self._ask_store)
        return tuple(sorted(found))

    def _ask_database(self) -> Part | None:
        late = timedelta(seconds=self._services.settings.queue_late_s)
        try:
            with self._services.db.read() as session:
                oldest = max((queue.oldest_due for queue in jobs.queues(session)), default=timedelta(0))
        except Exception:  # whatever it is, nobody should be sent here
            return Part.database
        return Part.queue if late and oldest > late else None

    def _ask_store(self) -> Part | None:
        try:
            self._services.blobs.size(PROBE)
        except BlobMissing:
            return None
        except Exception:  # the same
            return Part.store
        return None
