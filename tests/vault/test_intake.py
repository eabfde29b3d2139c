"""Putting papers in, by people, by bad lines and by attackers; whatever is refused leaves nothing behind."""

import io
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from select import select as readable
from threading import Thread

import httpx
import pytest
import uvicorn
from PIL import Image
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from tests.databases import TABLES, Databases
from tests.needs import need_tesseract
from tests.servers import free_port
from tests.vault import visitors
from tests.vault import world as worlds
from tests.vault.visitors import PASSWORD
from tests.vault.world import World
from vault import documents, erasure, firststart, intake, readings
from vault.api.principals import PLAIN_COOKIE
from vault.app import create_app
from vault.errors import Duplicate, Invalid, NotFound, PaperRefused, SignInNeeded, TypeNotTaken
from vault.models import Document, Job, Version
from vault.settings import Settings
from vault.uploads import Ready
from vault.worker import Worker

LIMIT = 2 * 1024 * 1024


def picture(form: str = "PNG", colour: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (colour, 255, 255)).save(out, form)
    return out.getvalue()


def locked_pdf() -> bytes:
    """Encrypted under a password that nobody knows (ISO 32000-1, 7.6.3)."""
    rules = f"/Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <{'28' * 32}> /U <{'00' * 32}>"
    return picture("PDF").replace(b"/Root", f"/Encrypt << {rules} >> /ID [<{'ab' * 16}><{'ab' * 16}>] /Root".encode())


def left_behind(world: World) -> list[str]:
    """Blobs, unfinished writes and rows."""
    blobs = world.services.blobs
    with world.services.db.read() as session:
        rows = [kind.__name__ for kind in (Document, Version, Job) if session.exec(select(kind)).first()]
    return [blob.name for blob in (*blobs.list(), *blobs.temporary())] + rows


def put_in(world: World, data: bytes, *, keep: bool = False, **fields: str) -> str:
    return intake.add_document(world.services, world.an, Ready("giay.bin", data, fields), keep_duplicate=keep)


@pytest.mark.parametrize("form", ["PDF", "JPEG", "PNG", "WEBP", "TIFF"])
def test_a_paper_of_each_kind_is_taken_by_what_it_is(world: World, form: str) -> None:
    data = picture(form)
    with world.services.db.read() as session:
        paper = documents.get(session, world.an.wallet, put_in(world, data))
    assert b"".join(documents.content(world.services.blobs, paper).stream()) == data
    assert paper.version.media_type == {"PDF": "application/pdf"}.get(form, f"image/{form.lower()}")
    assert (paper.version.pages, paper.version.size, paper.version.state) == (1, len(data), "waiting")
    assert len(world.events("document-added")) == 1


@pytest.mark.parametrize(
    "data", [b"hello", b"<html><script>", b"GIF89a" + b"\x00" * 100, b"PK\x03\x04" + b"\x00" * 100, b"\x00" * 5000]
)
def test_what_is_no_paper_is_refused_by_its_content(world: World, data: bytes) -> None:
    with pytest.raises(TypeNotTaken):
        put_in(world, data)
    assert left_behind(world) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty-paper"),
        (picture("PDF")[:-300], "truncated-paper"),
        (picture("JPEG")[:-100], "truncated-paper"),
        (picture("PNG")[:-30], "truncated-paper"),
        (locked_pdf(), "password-protected"),
        (b"%PDF-1.7\n" + b"nothing of a paper in here " * 50 + b"\n%%EOF\n", "broken-paper"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 200 + picture()[-12:], "broken-paper"),
    ],
    ids=["empty", "cut pdf", "cut jpeg", "cut png", "locked", "broken pdf", "broken png"],
)
def test_a_file_that_cannot_be_kept_says_why_and_leaves_nothing(world: World, data: bytes, reason: str) -> None:
    with pytest.raises(PaperRefused) as refused:
        put_in(world, data)
    assert refused.value.values["reason"] == reason
    assert left_behind(world) == []


def test_a_wrong_kind_or_title_is_refused_and_leaves_nothing(world: World) -> None:
    for fields in ({"kind": "no-such-kind"}, {"title": "x" * 201}):
        with pytest.raises(Invalid):
            put_in(world, picture(), **fields)
    assert left_behind(world) == []


def test_the_same_file_twice_is_refused_with_the_way_to_the_first(world: World) -> None:
    first = put_in(world, picture())
    there = left_behind(world)
    with pytest.raises(Duplicate) as refused:
        put_in(world, picture())
    assert refused.value.values["document_id"] == first
    assert left_behind(world) == there
    assert put_in(world, picture(), keep=True) != first


def test_the_same_file_in_another_wallet_is_nobodys_business(world: World) -> None:
    put_in(world, picture())
    other = intake.add_document(world.services, world.binh, Ready("a.png", picture()))
    with world.services.db.read() as session:
        prints = [version.fingerprint for version in session.exec(select(Version))]
        assert documents.get(session, world.binh.wallet, other)
    assert len(set(prints)) == len(prints) == 2


def test_a_newer_version_becomes_current_and_the_older_stays(world: World) -> None:
    document_id = put_in(world, picture(colour=1), title="Giấy của tôi")
    with world.services.db.read() as session:
        older = documents.get(session, world.an.wallet, document_id)
    intake.add_version(world.services, world.an, document_id, Ready("b.png", picture(colour=2)))
    with world.services.db.read() as session:
        newest, first = documents.versions(session, world.an.wallet, document_id)
        assert documents.get(session, world.an.wallet, document_id).version.id == newest.version.id
    assert (newest.version.number, first.version.id) == (2, older.version.id)
    assert newest.label.title == "Giấy của tôi"
    assert newest.key != first.key
    with pytest.raises(Duplicate):
        intake.add_version(world.services, world.an, document_id, Ready("a.png", picture(colour=1)))
    with pytest.raises(NotFound):
        intake.add_version(world.services, world.binh, document_id, Ready("c.png", picture(colour=3)))


def test_reading_an_older_version_again_does_not_describe_the_paper(world: World) -> None:
    """Its job was late; the newer version has been read meanwhile."""
    document_id = put_in(world, picture(colour=10))
    late = Worker(world.services)
    intake.add_version(world.services, world.an, document_id, Ready("new.png", picture(colour=20)))
    with world.services.db.write() as session:
        paper = documents.get(session, world.an.wallet, document_id)
        paper.document.kind = "passport"
        session.add(paper.document)
        newer = session.exec(select(Job).where(Job.version_id == paper.version.id)).one()
        session.delete(newer)
    assert late.step() and not late.step()
    assert world.row(Document, document_id).kind == "passport"


def test_nothing_enters_a_wallet_that_was_erased_while_it_was_on_its_way(world: World) -> None:
    class Slow(Ready):
        def chunks(self) -> Iterator[bytes]:
            erasure.erase_wallet(world.services, world.an, PASSWORD)
            return super().chunks()

    visitors.give_passwords(world)
    with pytest.raises(SignInNeeded):
        intake.add_document(world.services, world.an, Slow("a.png", picture()))
    assert left_behind(world) == []


def test_a_day_of_expiry_that_the_owner_gave_outlives_another_reading(world: World) -> None:
    need_tesseract()
    document_id = put_in(world, picture(), kind="driving-licence")
    with world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, world.an, document_id, {"expires-on": "01/02/2031"})
    assert Worker(world.services).step()
    with world.services.db.read() as session:
        paper = documents.get(session, world.an.wallet, document_id)
    assert paper.version.state == "done"
    assert paper.document.kind == "driving-licence"
    assert str(paper.document.expires_on) == "2031-02-01"


@dataclass
class Running:
    """A real server on a port of its own, in a thread of this process; nobody reads papers there."""

    world: World
    port: int

    def head(self, path: str = "/api/documents", *lines: str) -> bytes:
        cookie = f"{PLAIN_COOKIE}={visitors.token_of(self.world, self.world.an)}"
        kind = "Content-Type: multipart/form-data; boundary=b"
        first = (
            f"POST {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Cookie: {cookie}",
            kind,
            "Accept-Language: en",
        )
        return "\r\n".join([*first, *lines, "", ""]).encode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def client(self) -> httpx.Client:
        cookies = {PLAIN_COOKIE: visitors.token_of(self.world, self.world.an)}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", cookies=cookies, timeout=20)

    def until_empty(self) -> list[str]:
        """What is left once the server has noticed; it may take a moment."""
        ends = time.monotonic() + 10
        while (left := left_behind(self.world)) and time.monotonic() < ends:
            time.sleep(0.05)
        return left


@pytest.fixture
def running(tmp_path: Path, databases: Databases) -> Iterator[Running]:
    port = free_port()
    settings = Settings(
        data_dir=tmp_path / "data",
        public_url=f"http://127.0.0.1:{port}",
        max_upload_bytes=LIMIT,
        upload_idle_s=1,
        upload_longest_s=4,
        upload_slots=1,
        embedded_worker=False,
        **databases.make(tmp_path / "data", TABLES),
    )
    services = firststart.prepare(settings)
    world = worlds.build(services)
    # no log_level: it would stay with the process, and with other tests
    config = uvicorn.Config(create_app(settings, services), host="127.0.0.1", port=port, log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield Running(world, port)
    server.should_exit = True
    thread.join(10)
    services.db.close()
    databases.drop(settings.data_dir)


def part(data: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + data


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def answer(connection: socket.socket) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and JSON of the answer, as much of it as comes."""
    received = b""
    while not received.endswith(b"}"):
        piece = connection.recv(65_536)
        if not piece:
            break
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body)


def test_a_file_that_is_announced_too_large_is_refused_before_a_byte_of_it_is_sent(running: Running) -> None:
    with closing(running.connect()) as connection:
        connection.sendall(running.head("/api/documents", f"Content-Length: {10 * LIMIT}"))
        status, headers, problem = answer(connection)
    assert (status, problem["type"], problem["limit"]) == (413, "/problems/too-large", LIMIT)
    assert headers["content-type"] == "application/problem+json"
    assert running.until_empty() == []


def test_a_file_that_grows_too_large_is_refused_before_all_of_it_is_sent(running: Running) -> None:
    with closing(running.connect()) as connection:
        connection.sendall(running.head("/api/documents", "Transfer-Encoding: chunked") + chunk(part(b"%PDF-1.7\n")))
        sent = 0
        while sent <= LIMIT:
            connection.sendall(chunk(b"x" * 65_536))
            sent += 65_536
        status, _, problem = answer(connection)  # the body has no end yet
    assert (status, problem["type"]) == (413, "/problems/too-large")
    assert running.until_empty() == []


def test_what_is_no_paper_is_refused_after_its_first_bytes(running: Running) -> None:
    with closing(running.connect()) as connection:
        head = running.head("/api/documents", "Transfer-Encoding: chunked")
        connection.sendall(head + chunk(part(b"<html>" + b" " * 8192)))
        status, _, problem = answer(connection)
    assert (status, problem["type"]) == (415, "/problems/type-not-taken")
    assert "application/pdf" in str(problem["taken"])
    assert running.until_empty() == []


def test_an_upload_that_stalls_is_given_up(running: Running) -> None:
    with closing(running.connect()) as connection:
        head = running.head("/api/documents", "Transfer-Encoding: chunked")
        connection.sendall(head + chunk(part(b"%PDF-1.7\n" + b"x" * 100_000)))
        status, _, problem = answer(connection)
    assert (status, problem["type"]) == (408, "/problems/upload-stalled")
    assert running.until_empty() == []


def test_an_upload_that_trickles_does_not_hold_its_place_for_ever(running: Running) -> None:
    with closing(running.connect()) as connection:
        head = running.head("/api/documents", "Transfer-Encoding: chunked")
        connection.sendall(head + chunk(part(b"%PDF-1.7\n" + b"x" * 100_000)))
        ends = time.monotonic() + 20
        while not select_readable(connection) and time.monotonic() < ends:
            connection.sendall(chunk(b"x"))
        status, _, problem = answer(connection)
    assert (status, problem["type"]) == (408, "/problems/upload-stalled")
    assert running.until_empty() == []


def test_an_upload_whose_sender_is_gone_leaves_nothing(running: Running) -> None:
    with closing(running.connect()) as connection:
        head = running.head("/api/documents", f"Content-Length: {LIMIT}")
        connection.sendall(head + part(b"%PDF-1.7\n" + b"x" * 1_000_000))
        _until_it_arrives(running)
    assert running.until_empty() == []
    with running.client() as client:
        assert client.get("/api/documents").json() == {"documents": [], "next": None}
        assert client.post("/api/documents", files={"file": picture()}).status_code == 201, "its place is free again"


def test_one_more_than_there_are_places_is_asked_to_wait(running: Running) -> None:
    with closing(running.connect()) as first, running.client() as client:
        first.sendall(
            running.head("/api/documents", "Transfer-Encoding: chunked") + chunk(part(b"%PDF-1.7" + b"x" * 99_999))
        )
        _until_it_arrives(running)
        second = client.post("/api/documents", files={"file": picture()})
        assert second.status_code == 503
        assert second.headers["retry-after"] == "30"
        assert second.json()["type"] == "/problems/busy"
        assert client.get("/api/documents").status_code == 200, "other things go on"


def test_a_burst_does_not_take_more_places_than_there_are(running: Running) -> None:
    """Each sends a beginning and then nothing: one is given up for stalling, the others are told at once to wait."""
    connections = [running.connect() for _ in range(6)]
    beginning = running.head("/api/documents", "Transfer-Encoding: chunked") + chunk(part(b"%PDF-1.7" + b"x" * 99_999))
    for connection in connections:
        connection.sendall(beginning)
    statuses = sorted(answer(connection)[0] for connection in connections)
    for connection in connections:
        connection.close()
    assert statuses == [408, 503, 503, 503, 503, 503]
    assert running.until_empty() == []


def test_a_refusal_on_a_page_is_said_on_the_page(running: Running) -> None:
    with running.client() as client:
        refused = client.post("/papers/new", files={"file": ("a.html", b"<html>")}, headers={"Accept-Language": "vi"})
    assert refused.status_code == 415
    assert refused.headers["content-type"].startswith("text/html")
    assert running.until_empty() == []


def select_readable(connection: socket.socket) -> bool:
    return bool(readable([connection], [], [], 0.2)[0])


def _until_it_arrives(running: Running) -> None:
    """Until the server is writing what was sent."""
    blobs = running.world.services.blobs
    ends = time.monotonic() + 10
    while not list(blobs.temporary()):
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.fixture
def lost_answer() -> Iterator[Callable[[], None]]:
    """Makes the database commit the next paper and then go away, so that nobody hears of it."""
    armed: list[bool] = []

    def go_away(session: Session) -> None:
        if armed and session.info.pop("paper", False):
            armed.clear()
            raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))

    def note(session: Session, *_: object) -> None:
        session.info["paper"] = session.info.get("paper") or any(isinstance(row, Version) for row in session.new)

    event.listen(Session, "before_flush", note)
    event.listen(Session, "after_commit", go_away)
    yield lambda: armed.append(True)
    event.remove(Session, "before_flush", note)
    event.remove(Session, "after_commit", go_away)


def test_a_paper_that_was_committed_unheard_keeps_its_bytes(world: World, lost_answer: Callable[[], None]) -> None:
    data = picture()
    lost_answer()
    with pytest.raises(OperationalError):
        put_in(world, data)
    with world.services.db.read() as session:
        (document,) = session.exec(select(Document)).all()
        paper = documents.get(session, world.an.wallet, document.id)
    assert documents.content(world.services.blobs, paper).read(0, len(data) + 1) == data


def test_a_paper_that_was_refused_in_its_transaction_leaves_no_bytes(world: World) -> None:
    put_in(world, picture())
    before = left_behind(world)
    with pytest.raises(Duplicate):
        put_in(world, picture())
    assert left_behind(world) == before
