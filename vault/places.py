"""Places at a narrow spot, shared fairly."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Places:
    """So many places, of which nobody has more than half, so that one cannot keep all others waiting."""

    def __init__(self, most: int) -> None:
        self._free, self._each = most, max(1, most // 2)
        self._held, self._changed = Counter[str](), Condition()

    @contextmanager
    def taken_by(self, who: str) -> Iterator[None]:
        """Waits for a place."""
        with self._changed:
            self._changed.wait_for(lambda: self._free and self._held[who] < self._each)
            self._free -= 1
            self._held[who] += 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._held[who] -= 1
                self._held += Counter()  # forgets who has none
                self._changed.notify_all()
