"""Senders that stop, freeze, come twice or erase their wallet: what they left in the middle harms no paper."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy.exc import OperationalError

from storage.errors import StoreFull
from tests.vault import visitors
from tests.vault.test_resumable import PAPER, STREAM, TUS, begin, blobs, content, head, left, offset, patch
from tests.vault.world import World
from vault import intake, papers
from vault.errors import NotFound, UploadLocked
from vault.metrics import CountedBlobs
from vault.models import Upload
from vault.resumable import rows, sending
from vault.resumable.rows import State
from vault.resumable.sending import Sent


@pytest.fixture
def an(world: World) -> httpx.Client:
    return visitors.visitor(world, visitors.app_of(world), world.an)


class Pieces:
    """A body; what is callable in it happens between its bytes."""

    def __init__(self, *pieces: bytes | Callable[[], object]) -> None:
        self._pieces = pieces

    def stop(self) -> None:
        """Goes on all the same, as bytes do that are on their way."""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                piece()


def send(world: World, upload: str, at: int, *pieces: bytes | Callable[[], object]) -> State:
    whole = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
    return sending.send(world.services, world.an, upload[-36:], Sent(at, Pieces(*pieces), announced=whole))


def freeze(world: World, upload: str) -> None:
    """Its holder was silent for longer than its lease."""
    world.change(Upload, upload[-36:], holder=None, held_until=None)


def test_taken_back_while_the_next_bytes_are_on_their_way(world: World, an: httpx.Client) -> None:
    """The small part that they were to be put together with is gone: that is no damage of the vault."""
    upload = begin(an)
    patch(an, upload, 0, PAPER[:5000])
    with pytest.raises(NotFound):
        send(world, upload, 5000, lambda: an.delete(upload, headers=TUS), PAPER[5000:])
    assert left(world) == []


def test_thawed_after_another_has_gone_on(world: World, an: httpx.Client) -> None:
    upload = begin(an)
    patch(an, upload, 0, PAPER[:5000])

    def other() -> None:
        freeze(world, upload)
        assert patch(an, upload, 5000, PAPER[5000:9000]).status_code == 204

    with pytest.raises(UploadLocked):
        send(world, upload, 5000, other, PAPER[5000:])
    assert offset(an, upload) == 9000
    assert content(an, patch(an, upload, 9000, PAPER[9000:]).headers) == PAPER
    assert len(blobs(world)) == 3, "the original and two pictures of its page"


def test_thawed_after_it_was_taken_back(world: World, an: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that are made after everything was removed are removed as well."""
    upload, look_over = begin(an), intake.inspect

    def frozen(*args: Any) -> object:
        found = look_over(*args)
        freeze(world, upload)
        assert an.delete(upload, headers=TUS).status_code == 204
        papers.put_previews(world.services.blobs, args[2], args[3], 1, b"a page", b"a small one")
        return found

    monkeypatch.setattr("vault.intake.inspect", frozen)
    with pytest.raises(NotFound):
        send(world, upload, 0, PAPER)
    assert left(world) == []


def test_taken_back_after_a_crash_while_it_was_finished(
    world: World, an: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, look_over = begin(an), intake.inspect

    def killed(*args: Any) -> object:
        look_over(*args)
        raise OperationalError("", None, Exception("the answer of the database was lost"))

    with monkeypatch.context() as broken:
        broken.setattr("vault.intake.inspect", killed)
        assert patch(an, upload, 0, PAPER).status_code == 503
    assert len(blobs(world)) == 3
    assert an.delete(upload, headers=TUS).status_code == 204
    assert left(world) == []


@pytest.mark.parametrize("whole", [True, False])
def test_thawed_after_another_has_made_the_paper(
    world: World, an: httpx.Client, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Whoever comes too late takes nothing away of the paper that the other made of the same bytes."""
    upload, look_over = begin(an), intake.inspect
    at = 0 if whole else 9000
    patch(an, upload, 0, PAPER[:at])

    def frozen(*args: Any) -> object:
        monkeypatch.setattr("vault.intake.inspect", look_over)
        freeze(world, upload)
        assert head(an, upload).headers["docvault-document"]
        return look_over(*args)

    monkeypatch.setattr("vault.intake.inspect", frozen)
    with pytest.raises(UploadLocked):
        send(world, upload, at, PAPER[at:])
    found = head(an, upload).headers
    assert content(an, found) == PAPER
    assert an.get(f"{found['docvault-document']}/pages/1.webp").status_code == 200
    assert len(blobs(world)) == 3, "the original and two pictures of its page"


def test_gone_before_the_address_of_the_upload_was_told(world: World) -> None:
    """Nobody can go on with what is left: it takes no room, and none of the places for unfinished uploads."""
    app = visitors.app_of(world)
    headers = visitors.cookie(world, world.an) | STREAM | {"Upload-Length": str(len(PAPER))}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/uploads",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        + [(b"host", b"vault.example"), (b"content-length", b"%d" % len(PAPER))],
    }
    arriving = iter([{"type": "http.request", "body": PAPER[:9000], "more_body": True}])

    async def receive() -> dict[str, Any]:
        return next(arriving, {"type": "http.disconnect"})

    async def send(_: Any) -> None:
        return

    anyio.run(app, scope, receive, send)
    assert left(world) == []


def test_refused_by_a_full_store_before_the_address_of_the_upload_was_told(
    world: World, an: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFull("no space is left for blobs")

    with monkeypatch.context() as broken:
        broken.setattr(CountedBlobs, "put", full)
        answer = an.post("/api/uploads", content=PAPER[:9000], headers=STREAM | {"Upload-Length": str(len(PAPER))})
    assert answer.status_code == 507
    assert left(world) == []


def test_its_time_is_over_while_its_bytes_are_on_their_way(world: World, an: httpx.Client) -> None:
    """Gone on with just before it would have been forgotten: it is not, while it is being sent."""
    upload = begin(an)
    patch(an, upload, 0, PAPER[:5000])
    world.change(Upload, upload[-36:], expires_at=datetime.now(UTC) + timedelta(seconds=1))

    def passes() -> None:
        sleep(2)
        with world.services.db.write() as session:
            assert rows.sweep(session) == []

    assert send(world, upload, 5000, passes, PAPER[5000:]).done
