"""A wallet taken along from a really running server: killed in the middle, resumed by somebody else's client."""

import io
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from PIL import Image

from tests.databases import Databases
from tests.needs import need_program
from tests.servers import PASSWORD, Server

SIDE = 2400
"""Pixels of a photo that takes 17 MB, as nothing in it can be made smaller."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("along") / "data", databases=databases, embedded_worker=False) as server:
        yield server


@pytest.fixture(scope="module")
def an(server: Server) -> httpx.Client:
    an = server.citizen("an")
    for seed in range(2):
        photo = io.BytesIO()
        noise = random.Random(seed).randbytes(SIDE * SIDE * 3)  # noqa: S311 - the same photos each time
        Image.frombytes("RGB", (SIDE, SIDE), noise).save(photo, "PNG", compress_level=0)
        an.post("/api/documents", files={"file": (f"{seed}.png", photo.getvalue())}).raise_for_status()
    return an


def prepare(an: httpx.Client) -> int:
    an.post("/api/export", json={"password": PASSWORD}).raise_for_status()
    while not (told := an.post("/api/export/continue").raise_for_status().json())["ready"]:
        pass
    return int(told["size"])


def test_the_server_is_killed_in_the_middle_and_curl_goes_on(server: Server, an: httpx.Client, tmp_path: Path) -> None:
    """`curl -C -` asks for what is missing, as browsers' own download managers do."""
    curl, size, file = need_program("curl", "curl"), prepare(an), tmp_path / "kho.zip"
    with an.stream("GET", "/api/export") as answer, file.open("wb") as out:
        assert int(answer.headers["content-length"]) == size
        with pytest.raises(httpx.TransportError):
            for chunk in answer.iter_bytes(64 * 1024):
                out.write(chunk)
                if out.tell() > size // 3 and server.process and server.process.poll() is None:
                    server.kill()
    assert size // 3 < file.stat().st_size < size
    server.start()
    cookie = "; ".join(f"{name}={value}" for name, value in an.cookies.items())
    command = [curl, "-fsS", "-C", "-", "-o", str(file), "-H", f"Cookie: {cookie}", f"{server.url}/api/export"]
    subprocess.run(command, check=True, timeout=60)
    assert file.stat().st_size == size
    with ZipFile(file) as archive:
        assert archive.testzip() is None
        assert sum(name.endswith(".png") for name in archive.namelist()) == 2


def test_who_signs_out_in_the_middle_gets_no_more_and_is_told_so(server: Server, an: httpx.Client) -> None:
    """The answer breaks off before its announced length: nobody takes it for whole."""
    thief = server.signed_in("an")
    size, got = prepare(thief), 0
    with (
        pytest.raises(httpx.RemoteProtocolError, match="without sending complete"),
        thief.stream("GET", "/api/export") as answer,
    ):
        for chunk in answer.iter_raw():
            got += len(chunk)
            if got == len(chunk):
                an.delete("/api/sessions").raise_for_status()
    assert 0 < got < size
