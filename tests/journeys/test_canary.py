"""A word that only a paper holds is looked for wherever a careless service would have left it."""

import base64
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests import needs
from tests.databases import Databases
from tests.journeys import processes, sheets, traces
from tests.journeys.traces import Needle
from tests.postgres import PREFIX
from tests.servers import Server, until_read

BOUNDARY = "between-the-parts"
PIECES = 8
SHARED = "memfd:range"
"""Memory without a name by which a child gets its paper (ocr.window); it ends with the child."""


def new_word() -> str:
    """A word that no other paper, test or run holds, of letters that are read without doubt."""
    return "".join(secrets.choice("KMNRTVZ") + secrets.choice("AEU") for _ in range(6))


class Watch:
    """Everything that the server can write to, searched for the needles."""

    def __init__(self, server: Server, temporary: Path, needles: list[Needle]) -> None:
        self._server, self._temporary, self._needles = server, temporary, needles
        self._since, self.rounds = time.time() - 1, 0

    def look(self, *, scratch_too: bool = False) -> None:
        """Fails when anything is found. While a paper is read its scratch in memory holds it; nothing else ever may."""
        self.rounds += 1
        paths = [path for path in self._places() if scratch_too or not self._is_scratch(path)]
        assert traces.found(self._needles, paths) == []

    def _places(self) -> Iterator[Path]:
        yield from traces.files_below(self._server.data)
        yield self._server.log
        yield from traces.files_below(self._temporary)
        for folder in {Path(tempfile.gettempdir()), Path("/var/tmp"), processes.SCRATCH}:  # noqa: S108 - only searched
            yield from self._new_files(folder)
        process = self._server.process
        if process is not None and process.poll() is None:
            for pid in (process.pid, *processes.descendants(process.pid)):
                yield from processes.open_files(pid)

    def _new_files(self, folder: Path) -> Iterator[Path]:
        """Of the top level and its folders, but not what is kept for other tests.

        Nor the databases of all of them together: what ours holds is asked of it, see `Databases.stolen`.
        """
        for path in folder.glob("*"):
            with suppress(OSError):
                if path.name.startswith(("pytest-of-", PREFIX)) or path.stat().st_mtime < self._since:
                    continue
                yield from traces.files_below(path, since=self._since) if path.is_dir() else [path]

    def _is_scratch(self, path: Path) -> bool:
        with suppress(OSError):
            where = path.resolve()
            if where.name.startswith(SHARED):
                return True
            return where.is_relative_to(processes.SCRATCH) and "docvault-" in str(where)
        return False


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def server(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, databases: Databases) -> Iterator[Server]:
    needs.need_tesseract()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(temporary))
    with Server(tmp_path / "data", databases=databases, max_upload_bytes=32 * 2**20) as server:
        yield server


def test_nobody_with_the_disk_finds_a_word_of_a_paper(server: Server, temporary: Path, databases: Databases) -> None:
    word, title, file_name, value = (new_word() for _ in range(4))
    photo = sheets.photographed(["GIAY XAC NHAN", *(f"{word} {number}" for number in range(6))])
    pdf = sheets.born_digital(["Don xin cap lai giay to tuy than", f"ho ten nguoi khai la {word}", "tai thanh pho"])
    needles = [
        *traces.of_word("the text", word),
        *traces.of_word("the title", title),
        *traces.of_word("the file name", file_name),
        *traces.of_word("the confirmed value", value),
        *traces.of_file("the photo", photo),
        *traces.of_file("the PDF", pdf),
    ]
    assert [needle for needle in needles if needle.data in pdf], "the PDF must show its words to whoever looks"
    watch = Watch(server, temporary, needles)
    client = server.citizen()

    ids = []
    for data, name in ((photo, f"{file_name}.png"), (pdf, f"{file_name}.pdf")):
        ids.append(put_in_slowly(client, data, name, title, watch))
        watched_until_read(client, ids[-1], watch)
    assert watch.rounds > 2 * PIECES

    use(client, ids, word, value)
    watch.look(scratch_too=True)
    assert held(databases.stolen(server.data), needles) == []
    for document_id in ids:
        client.delete(f"/api/documents/{document_id}").raise_for_status()
        client.delete(f"/api/documents/{document_id}", params={"destroy": "now"}).raise_for_status()
    watch.look(scratch_too=True)
    server.stop()
    watch.look(scratch_too=True)
    assert held(databases.stolen(server.data), needles) == []


def test_nobody_finds_a_word_of_a_paper_that_is_refused(server: Server, temporary: Path) -> None:
    """Half a file, a broken one, a type that is not taken: errors must not tell what they choked on."""
    word = new_word()
    pdf = sheets.born_digital([f"{word} nguoi khai ho ten la {word}"] * 30)
    watch = Watch(server, temporary, [*traces.of_word("the text", word), *traces.of_file("the PDF", pdf)])
    client = server.citizen()
    for data, status in (
        (pdf[: len(pdf) // 2], 422),
        (b"%PDF-1.7\n" + pdf[200:], 422),
        (b"<html>" + word.encode(), 415),
    ):
        answer = client.post("/api/documents", files={"file": (f"{word}.pdf", data)})
        assert answer.status_code == status, answer.text
        watch.look(scratch_too=True)


@pytest.mark.parametrize("place", ["data", "temporary", "log"])
@pytest.mark.parametrize("form", ["text", "utf-16", "base64", "bytes"])
def test_the_search_finds_a_word_that_was_left_behind(tmp_path: Path, temporary: Path, place: str, form: str) -> None:
    """The control: without it, a search that looks in the wrong place would pass for a vault that leaks nothing."""
    word, photo = new_word(), secrets.token_bytes(1000)
    server = Server(tmp_path / "data")
    server.data.mkdir()
    server.log.touch()
    watch = Watch(server, temporary, [*traces.of_word("the text", word), *traces.of_file("the photo", photo)])
    watch.look()
    path = {"data": server.data / "blobs" / "x", "temporary": temporary / "x", "log": server.log}[place]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"before " + as_left_behind(word, photo, form) + b" after")
    with pytest.raises(AssertionError):
        watch.look()


def test_the_search_finds_a_word_in_a_file_without_a_name(tmp_path: Path, temporary: Path) -> None:
    """Large uploads are often spooled to a file that is deleted while open: no folder shows it."""
    word = new_word()
    with tempfile.TemporaryFile(dir=temporary) as spool:
        spool.write(b"before " + word.encode())
        spool.flush()
        assert traces.found(traces.of_word("the text", word), traces.files_below(temporary)) == []
        assert traces.found(traces.of_word("the text", word), processes.open_files(processes.OWN))


def held(rows: bytes, needles: list[Needle]) -> list[str]:
    return [needle.name for needle in needles if needle.data in rows]


def as_left_behind(word: str, photo: bytes, form: str) -> bytes:
    forms = {
        "text": word.title().encode(),
        "utf-16": word.encode("utf-16-le"),
        "base64": base64.b64encode(b"x" + word.encode() + b"y"),
        "bytes": photo[200:900],
    }
    return forms[form]


def put_in_slowly(client: httpx.Client, data: bytes, name: str, title: str, watch: Watch) -> str:
    """Uploads in pieces and searches between them."""

    def body() -> Iterator[bytes]:
        part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
        yield f'{part}"title"\r\n\r\n{title}\r\n{part}"file"; filename="{name}"\r\n\r\n'.encode()
        size = -(-len(data) // PIECES)
        for start in range(0, len(data), size):
            yield data[start : start + size]
            watch.look()
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    added = client.post("/api/documents", content=body(), headers=headers)
    assert added.status_code == 201, added.text
    return str(added.json()["id"])


def watched_until_read(client: httpx.Client, document_id: str, watch: Watch) -> None:
    while client.get(f"/api/documents/{document_id}").json()["version"]["state"] not in {"done", "failed"}:
        watch.look()
    assert until_read(client, document_id)["version"]["state"] == "done"


def use(client: httpx.Client, ids: list[str], word: str, value: str) -> None:
    """All that a citizen does with a paper: searches, opens it, looks at it, corrects it."""
    hits = client.get("/api/documents", params={"q": word}).json()["documents"]
    assert {hit["id"] for hit in hits} == set(ids), "both papers really hold the word, and it was read"
    for document_id in ids:
        change = {"kind": "birth-certificate", "fields": {"full-name": value}}
        client.patch(f"/api/documents/{document_id}", json=change).raise_for_status()
        for address in ("content", "pages/1.webp", "reading", "versions"):
            client.get(f"/api/documents/{document_id}/{address}").raise_for_status()
    assert client.get("/api/documents", params={"q": value}).json()["documents"]
    assert client.get(f"/api/documents/{value}").status_code == 404
