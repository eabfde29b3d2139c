"""The same requests to this vault and to `@tus/server`: the same answers, but for what our page of formats lists."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.journeys import sheets
from tests.servers import Server
from tests.uploads.programs import tus_server

PAGE = Path(__file__).parents[2] / "docs/formats/uploads.md"
TUS = {"Tus-Resumable": "1.0.0"}
STREAM = TUS | {"Content-Type": "application/offset+octet-stream"}
PAPER = sheets.born_digital(["Giay de so sanh hai may chu"])
MAX = 8 * 1024 * 1024
HEADERS = ("tus-resumable", "tus-version", "tus-extension", "tus-max-size", "tus-checksum-algorithm", "upload-offset",
           "upload-length", "upload-metadata")  # fmt: skip
PRESENT = ("location", "upload-expires")
"""Headers of which only the presence can be compared."""

Answers = dict[str, dict[str, str]]


class Client:
    """Says one thing after the other to a server, and writes down what it hears."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        self._client = httpx.Client(base_url=base, headers=headers, timeout=30)
        self.heard: Answers = {}

    def close(self) -> None:
        self._client.close()

    def say(self, name: str, method: str, path: str, headers: Mapping[str, str] = TUS, body: bytes = b"") -> str:
        """The address of what was made, where something was."""
        answer = self._client.request(method, path, headers=headers, content=body)
        kept = {key: answer.headers[key] for key in HEADERS if key in answer.headers}
        if method == "HEAD":  # elsewhere tus does not ask for it
            kept["cache-control"] = answer.headers.get("cache-control", "–")
        self.heard[name] = {
            "status": str(answer.status_code),
            **kept,
            **{key: "there" for key in PRESENT if key in answer.headers},
        }
        return httpx.URL(answer.headers.get("location", "")).path


def conversation(client: Client) -> Answers:
    """Whatever a client may say: in order, by mistake and out of turn."""
    length, half = {"Upload-Length": str(len(PAPER))}, len(PAPER) // 2
    named = {"Upload-Metadata": "filename YS5wZGY=,filetype YXBwbGljYXRpb24vcGRm"}
    at = lambda offset: STREAM | {"Upload-Offset": str(offset)}  # noqa: E731
    client.say("options", "OPTIONS", "/api/uploads", {})
    client.say("creation without a version", "POST", "/api/uploads", length)
    client.say("creation without a length", "POST", "/api/uploads")
    client.say("creation with a length deferred", "POST", "/api/uploads", TUS | {"Upload-Defer-Length": "1"})
    client.say("creation of what is too large", "POST", "/api/uploads", TUS | {"Upload-Length": str(MAX + 1)})
    client.say("creation with garbled metadata", "POST", "/api/uploads", TUS | length | {"Upload-Metadata": "a b c"})
    upload = client.say("creation", "POST", "/api/uploads", TUS | length | named)
    client.say("head of a new one", "HEAD", upload)
    client.say("head without a version", "HEAD", upload, {})
    client.say("patch of another type", "PATCH", upload, TUS | {"Upload-Offset": "0", "Content-Type": "a/b"}, PAPER[:9])
    client.say("patch without an offset", "PATCH", upload, STREAM, PAPER[:9])
    client.say("patch at a wrong offset", "PATCH", upload, at(9), PAPER[9:20])
    client.say("patch beyond the length", "PATCH", upload, at(0), PAPER + b"x")
    client.say("first half", "PATCH", upload, at(0), PAPER[:half])
    client.say("head in the middle", "HEAD", upload)
    client.say("second half", "PATCH", upload, at(half), PAPER[half:])
    client.say("head of a finished one", "HEAD", upload)
    client.say("patch of a finished one", "PATCH", upload, at(len(PAPER)), b"x")
    third = client.say("another creation", "POST", "/api/uploads", TUS | length)
    fourth = client.say("and another creation", "POST", "/api/uploads", TUS | length)
    wrong = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    client.say("patch with a wrong checksum", "PATCH", third, at(0) | {"Upload-Checksum": f"sha256 {wrong}"}, PAPER[:9])
    client.say("patch with an unknown checksum", "PATCH", fourth, at(0) | {"Upload-Checksum": "md9 YQ=="}, PAPER[:9])
    other = client.say("creation with bytes", "POST", "/api/uploads", STREAM | length, PAPER[:half])
    client.say("override of the method", "POST", other, at(half) | {"X-HTTP-Method-Override": "PATCH"}, PAPER[half:-1])
    client.say("deletion", "DELETE", other)
    client.say("head of a deleted one", "HEAD", other)
    client.say("patch of a deleted one", "PATCH", other, at(half), PAPER[half:])
    client.say("deletion of a deleted one", "DELETE", other)
    client.say("head of what never was", "HEAD", "/api/uploads/0b2ac4b8-5b7e-4d5e-9d0c-1f7f0a3f1a11")
    client.close()
    return client.heard


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    data = tmp_path_factory.mktemp("ours") / "data"
    with Server(data, embedded_worker=False, max_upload_bytes=MAX) as server:
        cookie = {"Cookie": f"docvault={server.citizen().cookies['docvault']}"}
        yield conversation(Client(server.url, cookie))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    with tus_server(tmp_path_factory.mktemp("theirs") / "files", MAX) as address:
        yield conversation(Client(address, {}))


def differences(ours: Answers, theirs: Answers) -> set[tuple[str, str, str, str]]:
    """Request, what of the answer, ours, theirs; `–` for a header that is not there."""
    return {
        (request, what, ours[request].get(what, "–"), theirs[request].get(what, "–"))
        for request in ours
        for what in ours[request].keys() | theirs[request].keys()
        if ours[request].get(what) != theirs[request].get(what)
    }


def documented() -> set[tuple[str, str, str, str]]:
    table = PAGE.read_text("utf-8").partition("## Beside another server")[2]
    rows = re.findall(r"^\| ([^|]+) \| `([^`|]+)` \| ([^|]+) \| ([^|]+) \|[^|]*\w[^|]*\|$", table, re.MULTILINE)
    return {(request, what, a.strip("` "), b.strip("` ")) for request, what, a, b in rows}


def test_whatever_differs_from_another_server_is_documented_with_its_reason(ours: Answers, theirs: Answers) -> None:
    found = differences(ours, theirs)
    for row in sorted(found - documented()):
        print("| " + " | ".join((row[0], f"`{row[1]}`", f"`{row[2]}`", f"`{row[3]}`")) + " |  |")
    assert found == documented()


def test_both_went_through_the_whole_conversation(ours: Answers, theirs: Answers) -> None:
    for heard in (ours, theirs):
        assert (heard["creation"]["status"], heard["second half"]["status"]) == ("201", "204")
        assert heard["head in the middle"]["upload-offset"] == str(len(PAPER) // 2)
