"""Bytes on their way from one thread to another, of which only so many are ever between them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Condition, Thread

MOST = 4 * 1024 * 1024
STRIDE = 1024 * 1024
GROWS_S = 0.02


class Channel:
    """Chunks from one sender to one reader; about `most` bytes wait in between.

    Both go about it in strides: each wakes the other up to `STRIDE` bytes later than it could, because on a busy
    machine every such turn costs more than the bytes. `on_room` is called when a sender that waits may go on.
    """

    def __init__(self, most: int = MOST, on_room: Callable[[], None] = lambda: None) -> None:
        self._most, self._on_room = most, on_room
        self._chunks: deque[bytes] = deque()
        self._held, self._over = 0, False
        self._error: BaseException | None = None
        self._changed = Condition()

    def push(self, chunk: bytes) -> bool:
        """Never waits. False: that was enough for now, or the reader has left."""
        with self._changed:
            if self._over:
                return False
            before, self._held = self._held, self._held + len(chunk)
            self._chunks.append(chunk)
            if before < STRIDE <= self._held or not before:
                self._changed.notify_all()
            return self._held < self._most

    def put(self, chunk: bytes) -> bool:
        """Waits while there is no room. False: nobody reads any more."""
        with self._changed:
            if self._held >= self._most:
                self._changed.wait_for(lambda: self._over or self._held < self._most)
        self.push(chunk)
        return not self._over

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more comes; the reader meets `error` after the last chunk. Only the first call counts."""
        with self._changed:
            if not self._over:
                self._over, self._error = True, error
                self._changed.notify_all()
        self._on_room()

    @property
    def full(self) -> bool:
        return self._held >= self._most

    @property
    def over(self) -> bool:
        return self._over

    def __iter__(self) -> Iterator[bytes]:
        while taken := self._take():
            yield from taken
        if self._error is not None:
            raise self._error

    def _take(self) -> list[bytes]:
        """All that waits; a little of it is let grow first. Empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._chunks or self._over)
            self._changed.wait_for(lambda: self._held >= STRIDE or self._over, GROWS_S)
            taken, full = list(self._chunks), self._held >= self._most
            self._chunks.clear()
            self._held = 0
            if full:
                self._changed.notify_all()
        if full:
            self._on_room()
        return taken


def ahead(chunks: Iterable[bytes], most: int = MOST) -> Iterator[bytes]:
    """The same chunks, made in a thread of their own while the reader works on those before."""
    channel = Channel(most)

    def run() -> None:
        try:
            for chunk in chunks:
                if not channel.put(chunk):
                    return
            channel.end()
        except BaseException as error:
            channel.end(error)

    Thread(target=run, name="ahead", daemon=True).start()
    try:
        yield from channel
    finally:
        channel.end()
