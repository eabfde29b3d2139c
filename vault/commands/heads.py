"""Requests whose heads have an end: uvicorn's faster parser itself takes lines without a limit, and keeps them."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX = 64 * 1024
"""Bytes of a request's line, headers and trailers together, and of anything else that is neither these nor a body."""


class Heads(HttpToolsProtocol):
    """Refuses (400) a head beyond `HEAD_MAX`, one without exactly one `Host` (RFC 9112 section 3.2), `Upgrade` with a
    body.

    What is raised in a callback of the parser makes it end with an error, which is answered.
    """

    _unheard = 0
    """Bytes that came since the parser last told of a whole head or of some body."""
    _head = 0

    def data_received(self, data: bytes) -> None:
        self._unheard += len(data)
        super().data_received(data)
        if self._unheard > HEAD_MAX and not self.transport.is_closing():
            self.send_400_response("The head of the request has no end.")

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        names = [name for name, _ in self.headers]
        if self.parser.get_http_version() == "1.1" and names.count(b"host") != 1:
            raise ValueError("not one Host")
        if self.parser.should_upgrade() and (b"transfer-encoding" in names or b"content-length" in names):
            # The parser passes the body over: it would be lost, or read as the next request.
            raise ValueError("a body before something else is to be spoken")
        self.heard()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.heard()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.heard()
        super().on_message_complete()

    def heard(self) -> None:
        """What came was a head that is whole, or some body."""
        self._unheard = 0

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > HEAD_MAX:
            raise ValueError("a head beyond its limit")
