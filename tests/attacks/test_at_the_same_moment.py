"""Two requests meet in one wallet at the same moment: nothing acknowledged is lost, nothing destroyed lives on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from importlib import import_module
from itertools import count
from threading import Event
from typing import Any

import pytest
from sqlmodel import Session, col, select

from tests.vault import visitors
from tests.vault.world import PREVIEW, World
from vault import documents, intake, papers, readings, signins
from vault.documents import Paper
from vault.errors import InBin, Invalid, NotFound, VaultError
from vault.export import bundle, preparing
from vault.metrics import CountedBlobs
from vault.models import Document, GrantItem, SignIn, Version

BESIDE_S = 0.3
"""So long the second has for whatever it does without waiting for the first."""
WAIT_S = 30


class Meeting:
    """Holds whoever comes first to a function fast in there, until somebody else had a while for theirs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        module, _, name = place.rpartition(".")
        self._there, self._go_on = Event(), Event()
        held = getattr(import_module(module), name)

        def slowly(*args: Any, **more: Any) -> Any:
            if not self._there.is_set():
                self._there.set()
                self._go_on.wait(WAIT_S)
            return held(*args, **more)

        monkeypatch.setattr(place, slowly)

    def of(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        """What each returned, or the refusal that it met."""
        with ThreadPoolExecutor(2) as pool:
            early = pool.submit(_answer, first)
            assert self._there.wait(WAIT_S)
            late = pool.submit(_answer, second)
            _wait_a_while(late)
            self._go_on.set()
            return early.result(WAIT_S), late.result(WAIT_S)


def _wait_a_while(late: Any) -> None:
    done = Event()
    late.add_done_callback(lambda _: done.set())
    done.wait(BESIDE_S)


def _answer(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except VaultError as refusal:
        return refusal


def within(world: World, verb: Callable[[Session], Any]) -> Callable[[], Any]:
    """The verb in a transaction of its own."""

    def run() -> Any:
        with world.services.db.write() as session:
            return verb(session)

    return run


def binned(world: World) -> Paper:
    paper = world.put_in()
    world.bin(paper)
    return paper


def destroying(world: World, paper: Paper) -> Callable[[], Any]:
    return within(world, lambda session: documents.destroy(session, world.an, paper.id))


def test_values_confirmed_in_two_windows_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paper, kinds = world.put_in(), world.services.kinds

    def confirming(name: str, value: str) -> Callable[[], Any]:
        return within(world, lambda session: readings.confirm(session, kinds, world.an, paper.id, {name: value}))

    meeting = Meeting(monkeypatch, "vault.readings.expiry")
    meeting.of(confirming("number", "36/2019"), confirming("issuer", "UBND phường Hải Châu"))
    with world.services.db.read() as session:
        said = readings.confirmed_values(documents.get(session, world.an.wallet, paper.id))
    assert said == {"number": "36/2019", "issuer": "UBND phường Hải Châu"}


def test_shared_while_it_is_destroyed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's key stays in no grant that was not there yet when all grants lost theirs."""
    paper = world.put_in()

    def destroy() -> None:
        world.bin(paper)
        destroying(world, paper)()

    Meeting(monkeypatch, "vault.grantkeys.wrap_item").of(lambda: world.share(paper), destroy)
    with world.services.db.read() as session:
        assert session.get(Version, paper.version.id) is None
        assert not session.exec(select(GrantItem).where(col(GrantItem.wrapped_key).is_not(None))).all()


def test_taken_out_of_the_bin_while_the_bin_is_emptied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = binned(world)
    world.change(Document, paper.id, deleted_at=paper.document.created_at - timedelta(days=31))
    restoring = within(world, lambda session: documents.restore(session, world.an, paper.id))
    emptying = within(world, lambda session: documents.destroy_expired(session, 30))
    answers = Meeting(monkeypatch, "vault.accesslog.record").of(restoring, emptying)
    assert answers == (None, [])
    assert world.row(Document, paper.id).deleted_at is None


def test_taken_out_of_the_bin_while_it_is_destroyed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes too late hears that it is gone, and whoever came in time has it."""
    paper = binned(world)
    restoring = within(world, lambda session: documents.restore(session, world.an, paper.id))
    _, answer = Meeting(monkeypatch, "vault.accesslog.record").of(destroying(world, paper), restoring)
    assert isinstance(answer, NotFound)

    monkeypatch.undo()
    paper = binned(world)
    _, answer = Meeting(monkeypatch, "vault.accesslog.record").of(restoring, destroying(world, paper))
    assert isinstance(answer, Invalid)
    assert world.row(Document, paper.id).deleted_at is None


@pytest.mark.parametrize("change", ["title", "kind", "values", "again"])
def test_changed_while_it_is_destroyed(world: World, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    paper, services = world.put_in(), world.services
    changes: dict[str, Callable[[], Any]] = {
        "title": within(world, lambda session: documents.retitle(session, world.an, paper.id, "Bản chính")),
        "kind": within(world, lambda session: documents.set_kind(session, world.an, paper.id, "passport")),
        "values": within(
            world, lambda session: readings.confirm(session, services.kinds, world.an, paper.id, {"number": "7"})
        ),
        "again": lambda: intake.read_again(services, world.an, paper.id),
    }

    def destroy() -> None:
        world.bin(paper)
        destroying(world, paper)()

    early, late = Meeting(monkeypatch, "vault.accesslog.record").of(changes[change], destroy)
    assert not isinstance(early, VaultError)
    assert late is None
    assert world.row(Document, paper.id) is None

    monkeypatch.undo()
    paper = binned(world)
    _, late = Meeting(monkeypatch, "vault.accesslog.record").of(destroying(world, paper), changes[change])
    assert isinstance(late, NotFound | InBin)


def test_signed_out_while_the_session_is_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another device, where a page is just being asked for: that is no error of ours."""
    visitors.token_of(world, world.an)
    with world.services.db.read() as session:
        sign_in = session.exec(select(SignIn.id)).one()
    using = within(world, lambda session: signins.touch(session, sign_in))
    leaving = within(world, lambda session: signins.end_all(session, world.an.account_id))
    Meeting(monkeypatch, "vault.signins.now").of(using, leaving)
    with world.services.db.read() as session:
        assert not session.exec(select(SignIn)).all()


def test_looked_at_while_it_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the store finds the picture of another reading there: none of them is damaged."""
    paper, store = world.put_in(), CountedBlobs

    def rewritten(look: Callable[..., Any]) -> Callable[..., Any]:
        def looking(blobs: CountedBlobs, name: str, *where: Any) -> Any:
            found = look(blobs, name, *where)
            papers.put_preview(blobs, paper.key, paper.version.id, 1, PREVIEW + b"!" * next(numbers), thumbnail=False)
            return found

        return looking

    numbers = count(1)
    monkeypatch.setattr(store, "size", rewritten(store.size))
    monkeypatch.setattr(store, "read", rewritten(store.read))
    for _ in range(3):
        assert documents.preview(world.services.blobs, paper, 1).startswith(PREVIEW)


@pytest.mark.parametrize("whose", ["an", "registry"])
def test_opened_while_it_is_destroyed(world: World, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    """It is gone, as it is for whoever asks a moment later: nothing of the vault's is damaged."""
    paper = world.put_in()
    grant_id, link = world.share(paper)
    world.bearer(link)
    places = {
        "an": f"/api/documents/{paper.id}/content",
        "registry": f"/agency/grants/{grant_id}/documents/{paper.version.id}",
    }
    opened = papers.open_original

    def destroyed_first(*where: Any) -> Any:
        world.bin(paper)
        for remains in destroying(world, paper)():
            papers.remove(world.services.blobs, remains)
        return opened(*where)

    with visitors.visitor(world, visitors.app_of(world), getattr(world, whose)) as client:
        monkeypatch.setattr(papers, "open_original", destroyed_first)
        early, late = (client.get(places[whose]) for _ in range(2))
    assert early.status_code == late.status_code == 404
    assert early.json() == late.json()


def prepared(world: World) -> Callable[[], Any]:
    """The step that makes what was prepared ready."""
    visitors.give_passwords(world)
    preparing.begin(world.services, world.an, visitors.PASSWORD)
    return lambda: preparing.step(world.services, world.an)


def test_made_ready_to_be_taken_along_while_a_paper_is_destroyed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds its reading goes, too, though nobody knew where it lay when the destroying began."""
    paper = world.put_in()
    step = prepared(world)

    def destroy() -> None:
        world.bin(paper)
        for remains in destroying(world, paper)():
            papers.remove(world.services.blobs, remains)

    Meeting(monkeypatch, "vault.export.preparing.manifest_context").of(step, destroy)
    assert not list(world.services.blobs.list())


def test_taken_along_in_two_pieces_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put_in()
    prepared(world)()
    telling = partial(bundle.tell, world.services, world.an)
    Meeting(monkeypatch, "vault.accesslog.record").of(telling, telling)
    assert len(world.events("wallet-exported")) == 1
