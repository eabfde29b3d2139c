"""A wallet taken along: whole, readable by everybody, resumable, and nobody else's."""

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from storage.errors import BlobMissing, SealBroken
from tests.needs import need_program
from tests.vault import attaching, exporting, visitors
from tests.vault.visitors import PASSWORD
from tests.vault.world import CONTENT, World
from vault import documents, erasure, papers, signins
from vault.care.orphans import orphans
from vault.errors import ExportEnded, NothingPrepared
from vault.export import bundle, preparing, sheets
from vault.export.bundle import Bundle
from vault.export.sheets import Sheet
from vault.housekeeping import Housekeeping
from vault.models import Agency, Document, Export, SignIn, Version
from vault.settings import MIB

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def app(world: World) -> FastAPI:
    visitors.give_passwords(world)
    return visitors.app_of(world)


@pytest.fixture
def an(world: World, app: FastAPI) -> Iterator[httpx.Client]:
    with visitors.visitor(world, app, world.an) as client:
        yield client


def open_for(world: World) -> Bundle:
    return bundle.open_bundle(world.services, world.an)


def everything(world: World) -> bytes:
    exporting.prepare(world)
    return b"".join(open_for(world).stream())


def manifest(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(exporting.archive(data).read("docvault.json"))
    return found


def test_everybodys_tools_unpack_it(world: World, tmp_path: Path) -> None:
    world.put_in()
    world.put_in(content=b"", kind="other")
    file = tmp_path / "kho.zip"
    file.write_bytes(everything(world))
    commands = (
        [need_program("unzip", "unzip"), "-tqq", str(file)],
        [need_program("7z", "p7zip-full"), "t", str(file)],
        [need_program("bsdtar", "libarchive-tools"), "-tf", str(file)],
    )
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    shutil.unpack_archive(file, tmp_path / "kho")
    assert (tmp_path / "kho/index.html").is_file()


def test_every_file_is_listed_with_its_hash(world: World) -> None:
    exporting.read(world, world.put_in())
    data = everything(world)
    archive = exporting.archive(data)
    assert archive.testzip() is None
    listed = manifest(data)["files"]
    assert [file["path"] for file in listed] == archive.namelist()[1:]
    for file in listed:
        content = archive.read(file["path"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"])


def test_a_paper_goes_along_with_what_is_known_of_it(world: World) -> None:
    paper = world.put_in()
    exporting.read(world, paper)
    exporting.confirm(world, paper, number="12/UBND-GKS", issued_on="2019-05-12", issuer="UBND phường Hải Châu")
    archive = exporting.archive(everything(world))
    stem = f"papers/BIRTH-CERTIFICATE-{paper.id[:8].upper()}_20190512_giay-khai-sinh-cua-an"
    assert archive.read(f"{stem}.pdf") == CONTENT
    assert archive.read(f"{stem}.txt").decode() == exporting.TEXT
    told = json.loads(archive.read(f"{stem}.json"))
    assert told["archive"] == {
        "DocCode": f"BIRTH-CERTIFICATE-{paper.id[:8].upper()}",
        "TypeName": "Giấy khai sinh",
        "CodeNumber": "12",
        "CodeNotation": "UBND-GKS",
        "IssuedDate": "2019-05-12",
        "OrganName": "UBND phường Hải Châu",
        "Subject": "Giấy khai sinh của An",
    }
    assert told["title"] == "Giấy khai sinh của An"
    assert told["versions"][0]["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    read = json.loads(archive.read(f"{stem}.reading.json"))
    assert read["reading"]["pages"][0]["lines"][0]["text"] == "GIẤY KHAI SINH"
    assert read["confirmed"]["number"] == "12/UBND-GKS"


def test_names_are_safe_and_stay_apart(world: World) -> None:
    """Whatever a paper is called: nothing climbs out of the folder, and no two differ by capitals alone."""
    title = "../../etc/CON: <Đơn xin>/\\*?|\u202e " + "rất dài " * 40
    for n in range(3):
        paper = world.put_in(content=f"%PDF-1.7 {n}".encode())
        with world.services.db.write() as session:
            documents.retitle(session, world.an, paper.id, title[:200])
    found = exporting.archive(everything(world)).namelist()
    assert len({name.lower() for name in found}) == len(found)
    for name in found:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"), name
        assert ".." not in name
        assert not name.startswith("/")
        assert len(name) < 160


def test_papers_in_the_bin_and_older_versions_go_along(world: World, an: httpx.Client) -> None:
    binned = world.put_in(content=b"%PDF in the bin")
    world.bin(binned)
    exporting.prepare_over(an)
    data = an.get("/api/export").content
    paths = [path for path in exporting.archive(data).namelist() if path.startswith("bin/")]
    assert any(path.endswith(".pdf") for path in paths)
    assert manifest(data)["papers"] == [{"id": binned.id, "in_bin": True, "files": paths}]
    assert "Trong thùng rác" in exporting.archive(data).read("index.html").decode()


def test_grants_dossiers_and_the_log_go_along(world: World) -> None:
    paper = world.put_in(kind="citizen-card")
    grant_id, _ = world.share(paper)
    attached = attaching.attach(world, {"applicant-identity": paper})
    archive = exporting.archive(everything(world))
    assert archive.read(f"grants/{grant_id}.jws").count(b".") == 2
    assert json.loads(archive.read(f"grants/{grant_id}.json"))["terms"]["purpose"] == "Đăng ký kết hôn"
    assert json.loads(archive.read("grants/jwks.json"))["keys"]
    assert json.loads(archive.read("attestations/attestations.json")) == []
    assert json.loads(archive.read("dossiers.json"))[0]["id"] == attached.dossier.id
    lines = [json.loads(line) for line in archive.read("log/access-log.jsonl").splitlines()]
    table = list(csv.DictReader(io.StringIO(archive.read("log/access-log.csv").decode("utf-8-sig"))))
    assert [line["kind"] for line in lines] == [row["kind"] for row in table]
    assert {"granted", "attached", "account-opened"} <= {line["kind"] for line in lines}
    page = archive.read("index.html").decode()
    assert "Sở Tư pháp" in page


@pytest.mark.parametrize(
    "name", ["=1+1", "Sở Y tế;=1+1", "Sở Y tế;@SUM(1)", "\n=1+1", "＝1+1", "Sở Y tế\t-1", "Sở ; +1"]
)
def test_the_table_runs_nothing_that_an_agency_calls_itself(world: World, name: str) -> None:
    """Nor where a spreadsheet parts its columns by semicolons, as those here do."""
    paper = world.put_in(kind="citizen-card")
    world.change(Agency, world.registry.agency_id, name=name)
    world.share(paper)
    table = exporting.archive(everything(world)).read("log/access-log.csv").decode("utf-8-sig")
    assert name[-2:] in table
    for delimiter in ",;\t":
        cells = [cell for row in csv.reader(io.StringIO(table), delimiter=delimiter) for cell in row]
        assert not [cell for cell in cells if re.match(r"\s*[=+@＝＋＠－-]", cell)]


def test_the_page_runs_nothing_that_a_title_says(world: World) -> None:
    paper = world.put_in()
    with world.services.db.write() as session:
        documents.retitle(session, world.an, paper.id, "<script>alert(1)</script>")
    page = exporting.archive(everything(world)).read("index.html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_nothing_lies_open_in_the_store_or_the_database(world: World) -> None:
    paper = world.put_in()
    exporting.read(world, paper)
    export = exporting.prepare(world)
    name = preparing.written_name(export.id, export.part or "")
    stored = world.services.blobs.read(name, 0, MIB)
    row = b" ".join(value for value in export.model_dump().values() if isinstance(value, bytes))
    for secret in ("GIẤY KHAI SINH".encode(), b"papers/BIRTH", b"<!doctype html>", paper.id.encode()):
        assert secret not in stored + row
    with pytest.raises(SealBroken):
        preparing.export_key(export, world.binh.wallet)


def test_the_length_is_exact_and_a_download_goes_on_in_another_process(
    world: World, app: FastAPI, an: httpx.Client
) -> None:
    world.put_in(content=b"%PDF" + bytes(3 * MIB))
    told = exporting.prepare_over(an)
    first = an.get("/api/export")
    assert first.status_code == 200
    assert int(first.headers["content-length"]) == told["size"] == len(first.content)
    assert first.headers["accept-ranges"] == "bytes"
    middle = len(first.content) // 2
    asked = {"Range": f"bytes={middle}-", "If-Range": first.headers["etag"]}
    with visitors.visitor(world, visitors.app_of(world)) as elsewhere:
        elsewhere.cookies = an.cookies
        rest = elsewhere.get("/api/export", headers=asked)
    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes {middle}-{len(first.content) - 1}/{len(first.content)}"
    assert first.content[:middle] + rest.content == first.content


def test_head_a_place_beyond_the_end_and_another_export(world: World, an: httpx.Client) -> None:
    world.put_in()
    size = int(str(exporting.prepare_over(an)["size"]))
    head = an.head("/api/export")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")
    beyond = an.get("/api/export", headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    exporting.prepare_over(an)
    changed = an.get("/api/export", headers={"Range": "bytes=10-", "If-Range": head.headers["etag"]})
    assert changed.status_code == 200, "what was begun with another export begins anew"


def test_a_range_late_in_a_large_wallet_opens_no_paper_before_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(4):
        world.put_in(content=b"%PDF" + bytes([n]) * 2 * MIB)
    exporting.prepare(world)
    opened, late = open_for(world), open_for(world)
    whole = b"".join(opened.stream())
    read: list[int] = []
    original = world.services.blobs.read
    monkeypatch.setattr(
        type(world.services.blobs), "read", lambda self, n, o, length: read.append(length) or original(n, o, length)
    )
    part = b"".join(late.stream(7 * MIB, 1000))
    assert part == whole[7 * MIB : 7 * MIB + 1000]
    assert sum(read) < MIB


def test_preparing_goes_on_where_it_broke_off(world: World) -> None:
    """Each step is a request of its own, perhaps in another process; a large paper takes several."""
    for n in range(3):
        world.put_in(content=b"%PDF" + bytes([n]) * 5 * MIB)
    services = world.services
    with services.db.write() as session:
        export = preparing._made(session, world.an)
    done = [0]
    while export.size is None:
        export = preparing.step(services, world.an, seconds=0)
        done.append(export.done)
    assert done == sorted(done)
    assert len(set(done)) > 6
    assert done[-1] == export.total == 3 * (5 * MIB + 4)
    assert exporting.archive(b"".join(open_for(world).stream())).testzip() is None


def test_two_that_finish_at_once_leave_one_export(world: World) -> None:
    world.put_in()
    services = world.services
    with services.db.write() as session:
        export = preparing._made(session, world.an)
    key, checked = preparing.export_key(export, world.an.wallet), preparing.Checked()
    assert preparing._look_over(services, world.an, checked, float("inf"))
    first = preparing._write(services, world.an, export, key, checked)
    second = preparing._write(services, world.an, export, key, checked)
    assert first.part == second.part
    assert len(list(services.blobs.list(f"exports/{export.id}/"))) == 1


def test_a_damaged_paper_is_left_out_and_named(world: World) -> None:
    broken, whole = world.put_in(), world.put_in(content=b"%PDF whole")
    name = papers.original_name(broken.version.id)
    stored = bytearray(world.services.blobs.read(name, 0, MIB))
    stored[70_000] ^= 1
    world.services.blobs.put(name, [bytes(stored)])
    archive = exporting.archive(everything(world))
    assert archive.testzip() is None
    told = {run["id"]: run["files"] for run in manifest_of(archive)["papers"]}
    metadata = json.loads(archive.read(told[broken.id][0]))
    assert metadata["versions"][0]["file"] is None
    assert not any(path.endswith(".pdf") for path in told[broken.id])
    assert any(path.endswith(".pdf") for path in told[whole.id])
    assert "không mở được nữa" in archive.read("index.html").decode()


def manifest_of(archive: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(archive.read("docvault.json"))
    return found


def test_a_paper_destroyed_in_the_middle_breaks_the_download_off(world: World) -> None:
    world.put_in(content=b"%PDF" + bytes(2 * MIB))
    last = world.put_in(content=b"%PDF" + bytes(9 * MIB))
    exporting.prepare(world)
    stream = open_for(world).stream()
    got = len(next(stream))
    _destroy(world, last.id)
    with pytest.raises((BlobMissing, ExportEnded)):
        got += sum(map(len, stream))
    assert 0 < got < 4 * MIB


def test_what_holds_a_destroyed_paper_is_not_offered_any_more(world: World, an: httpx.Client) -> None:
    paper = world.put_in()
    exporting.prepare_over(an)
    _destroy(world, paper.id)
    answer = an.get("/api/export")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nothing-prepared")


def _destroy(world: World, document_id: str) -> None:
    with world.services.db.write() as session:
        documents.delete_to_bin(session, world.an, document_id)
    with world.services.db.write() as session:
        gone = documents.destroy(session, world.an, document_id)
    for remains in gone:
        papers.remove(world.services.blobs, remains)


def test_a_download_ends_with_its_session(world: World, an: httpx.Client) -> None:
    world.put_in(content=b"%PDF" + bytes(20 * MIB))
    exporting.prepare_over(an)
    with world.services.db.read() as session:
        mine = session.get_one(Export, _only(world).id).sign_in_id
    citizen = type(world.an)(world.an.account_id, mine, world.an.login, world.an.wallet)
    opened = bundle.open_bundle(world.services, citizen)
    assert opened.stands()
    an.delete("/api/session")
    assert not opened.stands()


def test_a_download_keeps_its_session_awake(world: World, an: httpx.Client) -> None:
    world.put_in()
    exporting.prepare_over(an)
    mine = _only(world).sign_in_id
    citizen = type(world.an)(world.an.account_id, mine, world.an.login, world.an.wallet)
    opened = bundle.open_bundle(world.services, citizen)
    earlier = world.row(SignIn, mine).seen_at - timedelta(minutes=30)
    world.change(SignIn, mine, seen_at=earlier)
    assert opened.stands()
    assert world.row(SignIn, mine).seen_at > earlier


def _only(world: World) -> Export:
    with world.services.db.read() as session:
        found = preparing.current(session, world.an)
    assert found is not None
    return found


def test_a_phone_in_wrong_hands_gets_nothing_without_the_password(world: World, app: FastAPI, an: httpx.Client) -> None:
    world.put_in()
    assert an.post("/api/export", json={"password": "doan bua thoi"}).status_code == 401
    assert an.get("/api/export").status_code == 409
    with visitors.visitor(world, app, world.an) as laptop:
        exporting.prepare_over(laptop)
        assert laptop.get("/api/export").status_code == 200
    # the phone's session began before, and has given no password since
    for sign_in in _sign_ins(world):
        if sign_in.id != _only(world).sign_in_id:
            world.change(SignIn, sign_in.id, created_at=LONG_AGO)
    answer = an.get("/api/export")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/password-needed")
    with visitors.visitor(world, app, world.an) as afterwards:
        assert afterwards.get("/api/export").status_code == 200


def _sign_ins(world: World) -> list[SignIn]:
    with world.services.db.read() as session:
        return signins.live(session, world.an.account_id, world.services.settings)


def test_another_citizen_finds_nothing(world: World, app: FastAPI, an: httpx.Client) -> None:
    world.put_in()
    exporting.prepare_over(an)
    with visitors.visitor(world, app, world.binh) as binh:
        for answer in (binh.get("/api/export"), binh.get("/api/export/state"), binh.post("/api/export/continue")):
            assert answer.status_code == 409
        binh.delete("/api/export")
    assert an.get("/api/export").status_code == 200


def test_the_citizen_sees_it_in_the_log_once_for_all_pieces(world: World, an: httpx.Client) -> None:
    world.put_in()
    exporting.prepare_over(an)
    for start in (0, 100, 200):
        an.get("/api/export", headers={"Range": f"bytes={start}-{start + 50}"})
    assert len(world.events("export-prepared")) == len(world.events("wallet-exported")) == 1
    world.change(Export, _only(world).id, fetched_at=LONG_AGO)
    an.get("/api/export")
    assert len(world.events("wallet-exported")) == 2
    page = an.get("/seen?show=all").text
    assert "Your whole wallet was downloaded" in page


def test_what_is_ready_goes_by_itself_and_at_a_word(world: World, an: httpx.Client) -> None:
    world.put_in()
    exporting.prepare_over(an)
    world.change(Export, _only(world).id, expires_at=LONG_AGO)
    assert an.get("/api/export").status_code == 409
    Housekeeping(world.services).run()
    exporting.prepare_over(an)
    assert [an.delete("/api/export").status_code for _ in range(2)] == [204, 409]
    assert len(world.events("export-discarded")) == 1
    exporting.prepare_over(an)
    exporting.prepare_over(an)
    assert len(list(world.services.blobs.list("exports/"))) == 1


def test_erasing_the_wallet_takes_the_export_with_it(world: World, an: httpx.Client) -> None:
    world.put_in()
    exporting.prepare_over(an)
    erasure.erase_wallet(world.services, world.an, PASSWORD)
    assert list(world.services.blobs.list("exports/")) == []
    with world.services.db.read() as session:
        assert preparing.current(session, world.an) is None


def test_a_version_that_comes_while_it_is_made_ready_is_left_for_the_next(world: World) -> None:
    world.put_in()
    services = world.services
    with services.db.write() as session:
        export = preparing._made(session, world.an)
    key, checked = preparing.export_key(export, world.an.wallet), preparing.Checked()
    assert preparing._look_over(services, world.an, checked, float("inf"))
    late = world.put_in(content=b"%PDF late")
    preparing._write(services, world.an, export, key, checked)
    data = b"".join(open_for(world).stream())
    assert exporting.archive(data).testzip() is None
    assert late.id not in [run["id"] for run in manifest(data)["papers"]]
    assert world.row(Version, late.version.id) is not None


def test_a_sweep_leaves_what_is_ready_and_takes_what_a_crash_left(world: World) -> None:
    world.put_in()
    export = exporting.prepare(world)
    crashed = preparing.written_name(export.citizen_id, "part")
    world.services.blobs.put(crashed, [b"left by a crash"])
    list(orphans(world.services.db, world.services.blobs, True, datetime.now(UTC)))
    assert [blob.name for blob in world.services.blobs.list("exports/")] == [
        preparing.written_name(export.id, export.part or "")
    ]


def test_a_paper_destroyed_while_the_export_is_written_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does before and after; also where a database shows at once what others have written."""
    _, second = (world.put_in(content=CONTENT + bytes([n])) for n in (1, 2))
    metadata = sheets.metadata

    def slow(sheet: Sheet) -> dict[str, Any]:
        if world.row(Document, second.id) is not None:
            _destroy(world, second.id)
        return metadata(sheet)

    monkeypatch.setattr("vault.export.sheets.metadata", slow)
    with pytest.raises(NothingPrepared):
        exporting.prepare(world)
