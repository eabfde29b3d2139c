"""Bytes on their way from one thread to another, of which only so many are ever between them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Condition, Thread

MOST = 4 * 1024 * 1024


class Channel:
    """Chunks from one sender to one reader; about `most` bytes wait in between.

    `on_room` is called whenever a sender that was told to wait may go on.
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
            self._chunks.append(chunk)
            self._held += len(chunk)
            self._changed.notify_all()
            return self._held < self._most

    def put(self, chunk: bytes) -> bool:
        """Waits while there is no room. False: nobody reads any more."""
        with self._changed:
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
    def over(self) -> bool:
        return self._over

    def __iter__(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._chunks or self._over)
                if not self._chunks:
                    break
                chunk = self._chunks.popleft()
                full = self._held >= self._most
                self._held -= len(chunk)
                freed = full and self._held < self._most
                if freed:
                    self._changed.notify_all()
            if freed:
                self._on_room()
            yield chunk
        if self._error is not None:
            raise self._error


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
