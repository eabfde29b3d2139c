"""How fast something long may read, and how far it is."""

import time
from collections.abc import Callable

MIB = 1024 * 1024
RATE = 64
"""MiB a second that the doctor opens unless told otherwise: a serving vault hardly feels it."""

Progress = Callable[[int, int], None]
"""Is told the bytes done and the bytes in all, often."""

BURST_S = 1.0
"""So much of an unused allowance is kept: a reader that was busy elsewhere does not make up for all of it."""


class Pace:
    """Holds a reader back to `rate` MiB a second; 0 is as fast as it goes."""

    def __init__(
        self, rate: int, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rate, self._clock, self._sleep = rate * MIB, clock, sleep
        self._free_at = clock()

    def spend(self, size: int) -> None:
        """Waits until `size` more bytes were allowed."""
        if not self._rate:
            return
        at = self._clock()
        self._free_at = max(self._free_at, at - BURST_S) + size / self._rate
        if self._free_at > at:
            self._sleep(self._free_at - at)


def unseen(_done: int, _total: int) -> None:
    """The `Progress` that nobody looks at."""
