"""Bodies on their way into the vault, in pieces and in the company that no common client sends them in."""

import hashlib
import random
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.servers import Server
from tests.uploads.big import BigPaper, noise
from vault.api.streams import READ_AHEAD

TUS = {"Tus-Resumable": "1.0.0"}
PATIENCE_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("bodies") / "data", embedded_worker=False) as running:
        running.citizen()
        yield running


@pytest.fixture
def citizen(server: Server) -> httpx.Client:
    return server.signed_in("an")


@pytest.fixture(scope="module")
def paper() -> bytes:
    """Several times what may wait in memory for the thread that seals it."""
    return b"".join(BigPaper(5 * READ_AHEAD, noise()).pieces())


def begun(citizen: httpx.Client, length: int) -> str:
    """The path of a new upload."""
    metadata = {"Upload-Metadata": "duplicate a2VlcA=="}  # keep
    answer = citizen.post("/api/uploads", headers=TUS | metadata | {"Upload-Length": str(length)})
    return str(answer.raise_for_status().headers["Location"])


def patch(citizen: httpx.Client, upload: str, body: bytes, offset: int = 0) -> bytes:
    lines = [
        f"PATCH {upload} HTTP/1.1",
        "Host: vault",
        f"Cookie: docvault={citizen.cookies['docvault']}",
        "Tus-Resumable: 1.0.0",
        "Content-Type: application/offset+octet-stream",
        f"Upload-Offset: {offset}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answers(server: Server, pieces: Iterator[bytes], many: int) -> list[bytes]:
    """The heads of so many answers to what is sent over one line."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as line:
        for piece in pieces:
            line.sendall(piece)
        heard = b""
        while heard.count(b"\r\n\r\n") < many:
            part = line.recv(65536)
            assert part, heard
            heard += part
    return heard.split(b"\r\n\r\n")[:many]


def kept(citizen: httpx.Client, head: bytes) -> bytes:
    """SHA-256 of the paper that an answer names."""
    (address,) = [line.split(b": ")[1].decode() for line in head.split(b"\r\n") if b"docvault-document" in line.lower()]
    return hashlib.sha256(citizen.get(f"{address}/content").raise_for_status().content).digest()


@pytest.mark.parametrize("seed", range(4))
def test_a_body_in_pieces_of_any_size_arrives_as_it_was_sent(
    server: Server, citizen: httpx.Client, paper: bytes, seed: int
) -> None:
    random_ = random.Random(seed)  # noqa: S311 - no secret
    request = patch(citizen, begun(citizen, len(paper)), paper)

    def pieces() -> Iterator[bytes]:
        at = 0
        while at < len(request):
            size = random_.choice([1, 100, 1000, 70_000, 300_000, 3_000_000])
            yield request[at : at + size]
            at += size

    (head,) = answers(server, pieces(), 1)
    assert head.startswith(b"HTTP/1.1 204")
    assert kept(citizen, head) == hashlib.sha256(paper).digest()


def test_two_uploads_on_one_line_without_a_breath_between_them_are_two_papers(
    server: Server, citizen: httpx.Client, paper: bytes
) -> None:
    other = b"".join(BigPaper(3 * READ_AHEAD, noise(5)).pieces())
    both = b"".join(patch(citizen, begun(citizen, len(body)), body) for body in (paper, other))
    first, second = answers(server, iter((both,)), 2)
    assert kept(citizen, first) == hashlib.sha256(paper).digest()
    assert kept(citizen, second) == hashlib.sha256(other).digest()


def test_a_body_whose_line_breaks_is_kept_as_far_as_it_came(
    server: Server, citizen: httpx.Client, paper: bytes
) -> None:
    upload = begun(citizen, len(paper))
    request = patch(citizen, upload, paper)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as line:
        line.sendall(request[: len(request) - READ_AHEAD])
    offset = int(citizen.head(upload, headers=TUS).raise_for_status().headers["Upload-Offset"])
    assert offset == len(paper) - READ_AHEAD
    (head,) = answers(server, iter((patch(citizen, upload, paper[offset:], offset),)), 1)
    assert kept(citizen, head) == hashlib.sha256(paper).digest()


def test_a_request_that_is_refused_before_its_body_leaves_the_line_usable_or_closed(
    server: Server, citizen: httpx.Client, paper: bytes
) -> None:
    """The body of a refused request must not be taken for the next one's."""
    upload = begun(citizen, len(paper))
    (refused,) = answers(server, iter((patch(citizen, upload, paper, offset=7),)), 1)
    assert refused.startswith(b"HTTP/1.1 409")
    assert citizen.head(upload, headers=TUS).headers["Upload-Offset"] == "0"
