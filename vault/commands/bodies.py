"""Bodies of uploads, straight from the parser to whoever takes them: ASGI's messages would copy each piece twice."""

from collections.abc import Callable

from vault.api.streams import STRAIGHT
from vault.commands.heads import Heads


class Bodies(Heads):
    """Gives the body to the sink that its request has set, and to uvicorn's own buffer where there is none yet."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._straight = self.scope["state"][STRAIGHT] = _Straight(self)

    def on_body(self, body: bytes) -> None:
        sink = self._straight.sink
        if sink is None or self.cycle.body or self.cycle.response_complete:
            super().on_body(body)
            return
        self.heard()
        if not sink(body):
            self.flow.pause_reading()


class _Straight:
    """As `vault.api.streams.Straight`."""

    def __init__(self, protocol: Bodies) -> None:
        self._protocol = protocol
        self.sink: Callable[[bytes], bool] | None = None

    def resume(self) -> None:
        if not self._protocol.transport.is_closing():
            self._protocol.flow.resume_reading()
