"""Papers in parts over HTTP: begun, sent, gone on with, finished, taken back; by their owner and by nobody else."""

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import col, select, update

from storage.errors import StoreFull
from storage.files import FileBlobs
from storage.keys import Key, context
from storage.sealed import SealedReader, seal
from tests.ocr.sheets import born_digital
from tests.vault import visitors
from tests.vault.visitors import PASSWORD
from tests.vault.world import World
from vault import doctor, documents, erasure
from vault.housekeeping import Housekeeping
from vault.models import Document, Job, Upload, UploadPart, Version
from vault.resumable import rows, sending
from vault.resumable.parts import Joined
from vault.resumable.sending import Sent

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = TUS | {"Content-Type": "application/offset+octet-stream"}
BULK = b"\n% " + b"x" * 200_000 + b"\n%%EOF"
PAPER = born_digital(["Giay to gui thanh nhieu phan", "de khong phai gui lai tu dau"]).replace(b"\n%%EOF", BULK)


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def an(world: World, app: FastAPI) -> httpx.Client:
    return visitors.visitor(world, app, world.an)


def begin(client: httpx.Client, data: bytes = PAPER, **said: str) -> str:
    answer = create(client, len(data), **said)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def create(client: httpx.Client, length: int | str, **said: str) -> httpx.Response:
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    return client.post("/api/uploads", headers=TUS | {"Upload-Length": str(length), "Upload-Metadata": ",".join(pairs)})


def patch(client: httpx.Client, upload: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(upload, content=data, headers=STREAM | {"Upload-Offset": str(offset)} | named)


def head(client: httpx.Client, upload: str) -> httpx.Response:
    return client.head(upload, headers=TUS)


def offset(client: httpx.Client, upload: str) -> int:
    answer = head(client, upload)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def problem(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["type"].removeprefix("/problems/")


def content(client: httpx.Client, headers: Mapping[str, str]) -> bytes:
    return client.get(f"{headers['docvault-document']}/content").content


def blobs(world: World) -> list[str]:
    store = world.services.blobs
    return [blob.name for blob in (*store.list(), *store.temporary())]


def originals(world: World) -> list[str]:
    """Papers, without the pictures of their first pages."""
    return [name for name in blobs(world) if not name.endswith(("/page-1", "/thumbnail-1"))]


def left(world: World) -> list[str]:
    """Blobs, unfinished writes and rows."""
    with world.services.db.read() as session:
        found = [k.__name__ for k in (Document, Version, Job, Upload, UploadPart) if session.exec(select(k)).first()]
    return blobs(world) + found


def test_a_client_hears_what_is_spoken_before_it_signs_in(world: World, app: FastAPI) -> None:
    answer = visitors.visitor(world, app).options("/api/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,creation-with-upload,termination,expiration,checksum"
    assert answer.headers["tus-max-size"] == str(world.services.settings.max_upload_bytes)
    assert answer.headers["tus-checksum-algorithm"] == "sha256"


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_a_paper_in_parts_is_the_same_paper(world: World, an: httpx.Client, pieces: int) -> None:
    upload = begin(an, filename="ban-ve.pdf", title="Bản vẽ nhà", kind="land-use-certificate")
    step, at = -(-len(PAPER) // pieces), 0
    while at < len(PAPER):
        answer = patch(an, upload, at, PAPER[at : at + step])
        assert answer.status_code == 204, answer.text
        at = int(answer.headers["upload-offset"])
        assert parsedate_to_datetime(answer.headers["upload-expires"])
    assert content(an, answer.headers) == PAPER
    document = an.get(answer.headers["docvault-document"]).json()
    assert (document["title"], document["kind"]) == ("Bản vẽ nhà", "land-use-certificate")
    version = document["version"]
    assert (version["file_name"], version["state"]) == ("ban-ve.pdf", "waiting")
    assert version["sha256"] == hashlib.sha256(PAPER).hexdigest()
    assert version["id"] == answer.headers["docvault-version"]
    kept = [f"versions/{version['id']}/{part}" for part in ("original", "page-1", "thumbnail-1")]
    assert sorted(blobs(world)) == kept, "no part is left"
    assert len(world.events("document-added")) == 1
    with world.services.db.read() as session:
        assert len(session.exec(select(Job)).all()) == 1


def test_a_whole_paper_comes_along_with_its_announcement(an: httpx.Client) -> None:
    answer = an.post("/api/uploads", content=PAPER, headers=STREAM | {"Upload-Length": str(len(PAPER))})
    assert answer.status_code == 201
    assert answer.headers["upload-offset"] == str(len(PAPER))
    assert content(an, answer.headers) == PAPER
    assert an.get(answer.headers["location"]).json()["document"] in answer.headers["docvault-document"]


def test_the_first_bytes_come_along_and_the_rest_later(an: httpx.Client) -> None:
    answer = an.post("/api/uploads", content=PAPER[:70_000], headers=STREAM | {"Upload-Length": str(len(PAPER))})
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "70000")
    assert content(an, patch(an, answer.headers["location"], 70_000, PAPER[70_000:]).headers) == PAPER


def test_where_it_stands_is_told_with_what_was_said(an: httpx.Client) -> None:
    upload = begin(an, filename="a.pdf", relativePath="null", note="đất")
    patch(an, upload, 0, PAPER[:5000])
    answer = head(an, upload)
    assert (answer.headers["upload-offset"], answer.headers["upload-length"]) == ("5000", str(len(PAPER)))
    assert answer.headers["upload-metadata"] == "filename YS5wZGY=,relativePath bnVsbA==,note xJHhuqV0"
    assert answer.headers["cache-control"] == "no-store"
    listed = an.get("/api/uploads").json()["uploads"]
    assert [(one["id"], one["offset"], one["file_name"]) for one in listed] == [(upload[-36:], 5000, "a.pdf")]


def test_bytes_for_another_place_are_refused_with_the_right_one(an: httpx.Client) -> None:
    upload = begin(an)
    patch(an, upload, 0, PAPER[:5000])
    for wrong in (0, 4999, 5001, len(PAPER)):
        answer = patch(an, upload, wrong, b"x")
        assert (answer.status_code, problem(answer), answer.json()["offset"]) == (409, "upload-elsewhere", 5000)
    assert offset(an, upload) == 5000


def test_crumbs_are_taken_into_the_next_part(world: World, an: httpx.Client) -> None:
    upload = begin(an)
    for at in range(40):
        assert patch(an, upload, at, PAPER[at : at + 1]).status_code == 204
    assert len(blobs(world)) == 1
    assert content(an, patch(an, upload, 40, PAPER[40:]).headers) == PAPER


class Trickle:
    """A body that comes in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def stop(self) -> None:
        raise AssertionError("nobody asks for it")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


def test_a_part_is_closed_after_a_while_and_counts_from_then_on(
    world: World, an: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PART_S", 0.0)
    monkeypatch.setattr(sending, "SMALL_PART", 1000)
    upload = begin(an)
    pieces = [PAPER[at : at + 5000] for at in range(0, 100_000, 5000)]
    state = sending.send(world.services, world.an, upload[-36:], Sent(0, Trickle(*pieces), announced=len(PAPER)))
    with world.services.db.read() as session:
        parts = session.exec(select(UploadPart).order_by(col(UploadPart.number))).all()
    assert state.received == sum(part.size for part in parts) == 100_000
    assert len(parts) == len(pieces)
    assert [part.start for part in parts] == list(range(0, 100_000, 5000))
    assert content(an, patch(an, upload, state.received, PAPER[state.received :]).headers) == PAPER
    assert len(originals(world)) == 1


@pytest.mark.parametrize("headers", [{}, {"Tus-Resumable": "0.2.2"}, {"Tus-Resumable": "1.0.0, 1.0.0"}])
def test_another_version_of_tus_is_refused_with_the_one_that_is_spoken(
    an: httpx.Client, headers: dict[str, str]
) -> None:
    upload = begin(an)
    for method, path in (("POST", "/api/uploads"), ("HEAD", upload), ("PATCH", upload), ("DELETE", upload)):
        answer = an.request(method, path, headers={"Upload-Length": "9", "Content-Type": "x/y"} | headers)
        assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")
    assert offset(an, upload) == 0


def test_a_proxy_that_passes_only_get_and_post_is_no_hindrance(an: httpx.Client) -> None:
    upload = begin(an)
    more = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    assert an.post(upload, content=PAPER[:9], headers=STREAM | more).status_code == 204
    assert an.get(upload, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}).status_code == 200, "a GET stays one"
    assert an.post(upload, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert head(an, upload).status_code == 404


@pytest.mark.parametrize("length", ["", "-1", "x", "1e3", "²", "9" * 40])
def test_a_length_that_is_none_is_refused(world: World, an: httpx.Client, length: str) -> None:
    answer = an.post("/api/uploads", headers=TUS | {"Upload-Length": length.encode("latin-1")})  # type: ignore[dict-item]
    assert (answer.status_code, problem(answer)) == (400, "bad-upload")
    deferred = an.post("/api/uploads", headers=TUS | {"Upload-Defer-Length": "1"})
    assert (deferred.status_code, deferred.json()["reason"]) == (400, "length-needed")
    assert left(world) == []


def test_what_can_never_be_taken_is_refused_at_its_announcement(world: World, an: httpx.Client) -> None:
    limit = world.services.settings.max_upload_bytes
    assert create(an, limit).status_code == 201
    for answer, status, code in (
        (create(an, limit + 1), 413, "too-large"),
        (create(an, 0), 422, "paper-refused"),
        (create(an, 9, kind="no-such-kind"), 422, "invalid-value"),
        (create(an, 9, title="x" * 201), 422, "invalid-value"),
        (create(an, 9, duplicate="twice"), 422, "invalid-value"),
        (create(an, 9, document="no-such-paper"), 404, "not-found"),
        (create(an, 9, filename="x" * 4000), 422, "invalid-value"),
    ):
        assert (answer.status_code, problem(answer)) == (status, code)


@pytest.mark.parametrize("said", ["filename", "filename !!", "filename YQ==,filename YQ==", ",", "tên YQ==", "a /w=="])
def test_metadata_of_no_known_form_is_refused(an: httpx.Client, said: str) -> None:
    headers: dict[str, Any] = TUS | {"Upload-Length": "9", "Upload-Metadata": said.encode()}
    answer = an.post("/api/uploads", headers=headers)
    assert answer.status_code == (201 if said == "filename" else 422), "a key may stand alone"


def test_more_than_was_announced_is_refused_and_not_kept(an: httpx.Client) -> None:
    upload = begin(an)
    assert patch(an, upload, 0, PAPER + b"x").json()["reason"] == "beyond-length"
    unannounced = an.patch(upload, content=iter([PAPER, b"x"]), headers=STREAM | {"Upload-Offset": "0"})
    assert unannounced.json()["reason"] == "beyond-length"
    assert offset(an, upload) == 0
    assert content(an, patch(an, upload, 0, PAPER).headers) == PAPER


def test_bytes_of_another_type_are_refused(an: httpx.Client) -> None:
    upload = begin(an)
    for kind in ("application/octet-stream", "application/pdf", ""):
        answer = patch(an, upload, 0, PAPER, Content_Type=kind)
        assert (answer.status_code, problem(answer)) == (415, "not-offset-stream")
    answer = an.post("/api/uploads", content=b"x", headers=TUS | {"Upload-Length": "9"})
    assert (answer.status_code, problem(answer)) == (415, "not-offset-stream")


def test_what_was_garbled_on_its_way_is_not_kept(world: World, an: httpx.Client) -> None:
    upload = begin(an)
    good = base64.b64encode(hashlib.sha256(PAPER[:9000]).digest()).decode()
    answer = patch(an, upload, 0, PAPER[:8999] + b"\x00", Upload_Checksum=f"sha256 {good}")
    assert (answer.status_code, problem(answer)) == (460, "checksum-differs")
    assert (offset(an, upload), blobs(world)) == (0, [])
    assert patch(an, upload, 0, PAPER[:9000], Upload_Checksum=f"sha256 {good}").status_code == 204
    assert offset(an, upload) == 9000


@pytest.mark.parametrize("whole", [False, True], ids=["in parts", "announced as the whole"])
def test_whatever_is_sent_again_or_sealed_anew_no_nonce_covers_two_plaintexts(
    world: World, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Every object begins with a salt, which its key and its nonces come from: also those that broke off or were taken
    back."""
    begun: list[tuple[str, bytes]] = []
    put = FileBlobs.put

    def watched(self: FileBlobs, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
        def passing() -> Iterator[bytes]:
            head = b""
            for chunk in chunks:
                if len(head) < 25 <= len(head + chunk):
                    begun.append((name, (head + chunk)[1:25]))
                head += chunk[: 25 - len(head)]
                yield chunk

        return put(self, name, passing(), if_absent=if_absent)

    monkeypatch.setattr(FileBlobs, "put", watched)
    an = visitors.visitor(world, visitors.app_of(world), world.an)
    upload = begin(an)
    garbled = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
    for data in (PAPER, PAPER[:9000]):
        assert patch(an, upload, 0, data, Upload_Checksum=f"sha256 {garbled}").status_code == 460
    at = 0
    for size in () if whole else (1, 1, 5000, 100_000):
        assert patch(an, upload, at, PAPER[at : at + size]).status_code == 204
        at += size
    assert content(an, patch(an, upload, at, PAPER[at:]).headers) == PAPER
    assert len(begun) >= (3 if whole else 7)
    assert len({salt for _, salt in begun}) == len(begun)
    sealed = [name for name, _ in begun if not name.endswith("-1")]
    assert len(set(sealed)) == len(sealed), "an object is written once, and never added to"


@pytest.mark.parametrize("said", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256", "sha256 x", "sha256 YQ==", ""])
def test_a_checksum_of_another_kind_is_refused(an: httpx.Client, said: str) -> None:
    upload = begin(an)
    answer = patch(an, upload, 0, PAPER, Upload_Checksum=said)
    assert (answer.status_code, answer.json()["reason"]) == (400, "checksum-malformed")
    assert offset(an, upload) == 0


def test_what_is_no_paper_is_refused_after_its_first_bytes(world: World, an: httpx.Client) -> None:
    upload = begin(an)
    answer = patch(an, upload, 0, b"<html>" * 2000)
    assert (answer.status_code, problem(answer)) == (415, "type-not-taken")
    assert left(world) == []
    assert head(an, upload).status_code == 404


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_broken_paper_says_so_and_leaves_nothing(world: World, an: httpx.Client, pieces: int) -> None:
    broken = PAPER[:400] + b"x" * 5000
    upload = begin(an, broken)
    if pieces == 2:
        patch(an, upload, 0, broken[:2000])
    answer = patch(an, upload, 0 if pieces == 1 else 2000, broken if pieces == 1 else broken[2000:])
    assert (answer.status_code, problem(answer), answer.json()["reason"]) == (422, "paper-refused", "truncated-paper")
    assert left(world) == []


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_duplicate_can_be_kept_without_sending_it_again(world: World, an: httpx.Client, pieces: int) -> None:
    first = an.post("/api/documents", files={"file": PAPER}).json()["id"]
    upload = begin(an)
    step = -(-len(PAPER) // pieces)
    for at in range(0, len(PAPER), step):
        answer = patch(an, upload, at, PAPER[at : at + step])
    assert (answer.status_code, problem(answer), answer.json()["document_id"]) == (409, "duplicate", first)
    assert head(an, upload).status_code == 409, "not finished, so nobody takes it for that"
    again = an.patch(f"{upload}?duplicate=keep", headers=STREAM | {"Upload-Offset": str(len(PAPER))})
    assert again.status_code == 204
    assert content(an, again.headers) == PAPER
    assert first not in again.headers["docvault-document"]
    assert len(originals(world)) == 2
    assert patch(an, begin(an, duplicate="keep"), 0, PAPER).status_code == 204, "said beforehand"


def test_a_duplicate_that_came_with_its_announcement_says_where_it_lies(an: httpx.Client) -> None:
    an.post("/api/documents", files={"file": PAPER}).raise_for_status()
    answer = an.post("/api/uploads", content=PAPER, headers=STREAM | {"Upload-Length": str(len(PAPER))})
    assert (answer.status_code, problem(answer)) == (409, "duplicate")
    kept = an.patch(f"{answer.json()['upload']}?duplicate=keep", headers=STREAM | {"Upload-Offset": str(len(PAPER))})
    assert content(an, kept.headers) == PAPER


def test_a_newer_version_arrives_in_parts_too(world: World, an: httpx.Client) -> None:
    paper = world.put_in()
    upload = begin(an, document=paper.id)
    patch(an, upload, 0, PAPER[:9])
    answer = patch(an, upload, 9, PAPER[9:])
    assert answer.headers["docvault-document"] == f"/api/documents/{paper.id}"
    newest, oldest = an.get(f"/api/documents/{paper.id}/versions").json()
    assert (newest["id"], newest["number"], oldest["number"]) == (answer.headers["docvault-version"], 2, 1)
    with world.services.db.read() as session:
        assert documents.get(session, world.an.wallet, paper.id).label.title == paper.label.title


def test_a_paper_that_went_into_the_bin_meanwhile_gets_its_version_once_it_is_back(
    world: World, an: httpx.Client
) -> None:
    paper = world.put_in()
    upload = begin(an, document=paper.id)
    an.delete(f"/api/documents/{paper.id}")
    assert problem(patch(an, upload, 0, PAPER)) == "in-bin"
    an.post(f"/api/documents/{paper.id}/restore")
    assert head(an, upload).headers["docvault-document"].endswith(paper.id)


def test_nobody_else_sees_an_upload(world: World, app: FastAPI, an: httpx.Client) -> None:
    upload = begin(an)
    binh = visitors.visitor(world, app, world.binh)
    for answer in (binh.get(upload), head(binh, upload), patch(binh, upload, 0, PAPER)):
        assert answer.status_code == 404
    assert binh.delete(upload, headers=TUS).status_code == 404
    assert binh.get("/api/uploads").json() == {"uploads": []}
    assert create(binh, 9, document=world.put_in().id).status_code == 404
    assert offset(an, upload) == 0


def test_an_upload_is_taken_back_with_all_that_arrived(world: World, an: httpx.Client) -> None:
    upload = begin(an)
    patch(an, upload, 0, PAPER[:5000])
    assert an.delete(upload, headers=TUS).status_code == 204
    assert left(world) == []
    for answer in (head(an, upload), patch(an, upload, 5000, PAPER[5000:]), an.delete(upload, headers=TUS)):
        assert answer.status_code == 404


def test_taking_a_finished_upload_back_leaves_its_paper(an: httpx.Client) -> None:
    upload = begin(an)
    answer = patch(an, upload, 0, PAPER)
    assert an.delete(upload, headers=TUS).status_code == 204
    assert content(an, answer.headers) == PAPER


def test_the_last_answer_that_was_lost_is_given_again(world: World, an: httpx.Client) -> None:
    upload = begin(an)
    first = patch(an, upload, 0, PAPER).headers["docvault-document"]
    again = patch(an, upload, len(PAPER), b"")
    assert (again.status_code, again.headers["docvault-document"]) == (204, first)
    assert head(an, upload).headers["docvault-document"] == first
    assert len(world.events("document-added")) == 1


@pytest.mark.parametrize("whole", [True, False])
def test_a_store_that_was_full_at_the_end_loses_nothing(
    world: World, an: httpx.Client, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """All bytes are there, the paper is not: whoever asks where it stands finishes it."""
    upload = begin(an)
    with monkeypatch.context() as broken:
        broken.setattr("vault.intake.inspect", _full)
        if not whole:
            patch(an, upload, 0, PAPER[:9000])
        answer = patch(an, upload, 0 if whole else 9000, PAPER if whole else PAPER[9000:])
        assert (answer.status_code, problem(answer)) == (507, "store-full")
        assert head(an, upload).status_code == 507
        assert an.get(upload).json()["offset"] == len(PAPER)
    assert content(an, head(an, upload).headers) == PAPER
    assert len(originals(world)) == 1


def test_a_store_that_was_full_while_the_parts_became_one_is_left_as_it_was(
    world: World, an: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper is looked over meanwhile, and its picture goes again."""
    upload = begin(an)
    patch(an, upload, 0, PAPER[:9000])
    with monkeypatch.context() as broken:
        broken.setattr("vault.papers.put_original", _full)
        assert patch(an, upload, 9000, PAPER[9000:]).status_code == 507
    assert all(name.startswith("uploads/") for name in blobs(world))
    assert content(an, head(an, upload).headers) == PAPER
    assert len(originals(world)) == 1


def test_parts_read_by_range_are_the_whole() -> None:
    key, ctx, data = Key.generate(), context("a", "part"), os.urandom(100_000)
    cuts = [0, 1, 1, 20_000, 36_384, 99_999, len(data)]
    sealed = [b"".join(seal(key, ctx, [data[a:b]])) for a, b in pairwise(cuts)]
    joined = Joined([SealedReader(key, ctx, len(part), partial(_part_of, part)) for part in sealed])
    assert joined.size == len(data)
    for offset, length in ((0, len(data)), (0, 1), (1, 19_999), (19_999, 2), (500, 60_000), (99_998, 2)):
        assert joined.read_at(offset, length) == data[offset : offset + length]


def _part_of(data: bytes, offset: int, length: int) -> bytes:
    return data[offset : offset + length]


def _full(*_: object, **__: object) -> None:
    raise StoreFull("no space is left for blobs")


def test_a_store_that_is_full_on_the_way_keeps_what_was_told(an: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = begin(an)
    patch(an, upload, 0, PAPER[:9000])
    with monkeypatch.context() as broken:
        broken.setattr(FileBlobs, "put", _full)
        assert patch(an, upload, 9000, PAPER[9000:]).status_code == 507
    assert offset(an, upload) == 9000
    assert content(an, patch(an, upload, 9000, PAPER[9000:]).headers) == PAPER


def test_abandoned_uploads_are_swept_with_their_bytes(world: World, an: httpx.Client) -> None:
    kept, abandoned = begin(an), begin(an, PAPER + b" ")
    for upload in (kept, abandoned):
        patch(an, upload, 0, PAPER[:5000])
    _let_pass(world, abandoned)
    assert head(an, abandoned).status_code == 404, "over, also before it is swept"
    Housekeeping(world.services).run()
    assert offset(an, kept) == 5000
    assert len(blobs(world)) == 1
    assert [one["id"] for one in an.get("/api/uploads").json()["uploads"]] == [kept[-36:]]


def test_a_clock_that_was_set_back_after_a_crash_locks_nobody_out_of_an_upload(world: World, an: httpx.Client) -> None:
    """The server died holding them, and their leases end tomorrow by the clock of today."""
    sent, left_alone = begin(an), begin(an, PAPER + b" ")
    with world.services.db.write() as session:
        tomorrow = rows.now(session) + timedelta(days=1)
        session.exec(update(Upload).values(holder="of-the-dead", held_until=tomorrow))
    assert patch(an, sent, 0, PAPER).status_code == 204
    _let_pass(world, left_alone)
    Housekeeping(world.services).run()
    with world.services.db.read() as session:
        assert session.get(Upload, left_alone[-36:]) is None, "swept as any other"


def _let_pass(world: World, upload: str) -> None:
    with world.services.db.write() as session:
        past = rows.now(session) - timedelta(seconds=1)
        session.exec(update(Upload).where(col(Upload.id) == upload[-36:]).values(expires_at=past))


def test_what_is_still_arriving_is_nobodys_orphan(world: World, an: httpx.Client) -> None:
    """One part lies as a part, one as an original, because it was announced as the whole."""
    patch(an, begin(an), 0, PAPER[:5000])
    an.post("/api/documents", files={"file": PAPER}).raise_for_status()
    assert problem(patch(an, begin(an), 0, PAPER)) == "duplicate"
    world.services.blobs.put("uploads/no-such/part", [b"x"])
    there = set(blobs(world))
    list(doctor.examine(world.services.settings, doctor.Care(sweep=True, grace=timedelta())))
    assert set(blobs(world)) == there - {"uploads/no-such/part"}


def test_erasing_the_wallet_takes_what_was_on_its_way(world: World, an: httpx.Client) -> None:
    visitors.give_passwords(world)
    patch(an, begin(an), 0, PAPER[:5000])
    erasure.erase_wallet(world.services, world.an, PASSWORD)
    assert left(world) == []


def test_unfinished_uploads_are_few(an: httpx.Client) -> None:
    opened = [begin(an) for _ in range(rows.OPEN_MAX)]
    answer = create(an, 9)
    assert (answer.status_code, problem(answer)) == (409, "uploads-open")
    an.delete(opened[0], headers=TUS)
    assert create(an, 9).status_code == 201
