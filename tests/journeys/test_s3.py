"""The whole story with papers in an object store: two processes serve them, and neither has a blob on its disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from storage.s3 import PART, S3Blobs
from tests import needs
from tests.journeys import people, processes, sheets
from tests.journeys.people import AgencySystem
from tests.servers import PASSWORD, Server, until_read
from tests.swift.servers import Swift
from vault.demo.papers import papers
from vault.search import fold


@dataclass
class Two:
    """Two processes on one database and one bucket; `one` reads papers, too."""

    one: Server
    other: Server
    blobs: S3Blobs

    def elsewhere(self, client: httpx.Client) -> httpx.Client:
        """The same browser, whose requests reach the other process."""
        moved = self.other.client()
        moved.cookies.jar = client.cookies.jar
        return moved

    def names(self) -> list[str]:
        return sorted(blob.name for blob in self.blobs.list())


@pytest.fixture(scope="module")
def two(swift: Swift, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    needs.need_tesseract()
    data, bucket = tmp_path_factory.mktemp("s3") / "data", swift.bucket()
    kept = swift.settings(bucket)
    with (
        Server(data, **kept) as one,
        Server(data, public_url=one.url, embedded_worker=False, **kept) as other,
    ):
        yield Two(one, other, S3Blobs(swift.place(bucket)))
        assert not (data / "blobs").exists()


@pytest.fixture(scope="module")
def agency(two: Two, tmp_path_factory: pytest.TempPathFactory) -> AgencySystem:
    return people.open_agency(two.one, tmp_path_factory.mktemp("agency"))


def put_in(client: httpx.Client, name: str, data: bytes) -> dict[str, object]:
    added = client.post("/api/documents", files={"file": (name, data)})
    assert added.status_code == 201, added.text
    return added.json()  # type: ignore[no-any-return]


def test_a_paper_is_put_in_here_read_there_shared_opened_and_erased(two: Two, agency: AgencySystem) -> None:
    paper, client = papers()[0], two.one.citizen("an")
    elsewhere = two.elsewhere(client)
    added = put_in(elsewhere, paper.file_name, paper.data)
    document = until_read(client, str(added["id"]))
    assert (document["version"]["state"], document["kind"]) == ("done", "birth-certificate")
    reading = elsewhere.get(f"/api/documents/{document['id']}/reading").json()
    read = {field["name"]: field["value"] for field in reading["fields"]}
    assert fold(read["full-name"]) == fold(paper.truth["full-name"])
    assert elsewhere.get(f"/api/documents/{document['id']}/pages/1.webp").content[8:12] == b"WEBP"
    version = document["version"]["id"]
    assert two.names() == [f"versions/{version}/{part}" for part in ("original", "page-1", "thumbnail-1")]
    assert paper.data[:64] not in two.blobs.read(two.names()[0], 0, 1000)

    offer = {"agency_id": agency.id, "versions": [version], "purpose": "Đăng ký kết hôn"}
    made = elsewhere.post("/api/grants", json=offer).raise_for_status().json()
    token = agency.redeem(made["link"]).json()["access_token"]
    opened = agency.fetch(made["id"], version, token)
    assert people.sha256(opened.content) == people.repr_digest(opened) == people.sha256(paper.data)

    erased = elsewhere.post("/api/account/erase", json={"password": PASSWORD})
    assert erased.status_code < 300, erased.text
    assert agency.fetch(made["id"], version, token).status_code in {401, 403, 404}
    assert two.names() == []


def test_a_large_paper_goes_in_by_parts_and_comes_out_by_range(two: Two) -> None:
    data = sheets.born_digital(["Ban ve mat bang khu dat so 12"], padding=2 * PART)
    client = two.one.citizen("binh")
    added = put_in(client, "ban-ve.pdf", data)
    address = f"/api/documents/{added['id']}/content"
    assert two.elsewhere(client).get(address).content == data
    for start, end in ((PART - 100, PART + 100), (len(data) - 50, len(data))):
        part = client.get(address, headers={"Range": f"bytes={start}-{end - 1}"})
        assert (part.status_code, part.content) == (206, data[start:end])
    assert list(two.blobs.temporary()) == []


def test_an_upload_that_breaks_off_leaves_no_part_of_a_paper(two: Two) -> None:
    client, before = two.one.citizen("chi"), two.names()

    def broken() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
        for _ in range(20):
            yield bytes(PART // 10)
        raise httpx.WriteError("the network is gone")

    with pytest.raises(httpx.WriteError):
        client.post("/api/documents", content=broken(), headers={"Content-Type": "multipart/form-data; boundary=b"})
    client.get("/api/documents").raise_for_status()
    processes.wait_until(lambda: list(two.blobs.temporary()) == [])
    assert two.names() == before
    assert client.get("/api/documents").json()["documents"] == []


def test_the_doctor_looks_over_the_bucket(two: Two) -> None:
    client = two.one.citizen("dung")
    until_read(client, str(put_in(client, "mot.pdf", sheets.born_digital(["Giay xac nhan cu tru"]))["id"]))
    two.blobs.put("versions/gone/original", [b"of no version"])
    # Swift tells whole seconds, rounded up
    processes.wait_until(lambda: all(blob.modified <= datetime.now(UTC) for blob in two.blobs.list()))
    swept = people.run(two.one, "doctor", "--sweep", "--grace", "0")
    assert "Removed" in swept
    assert "versions/gone/original" not in two.names()


def test_a_process_without_its_bucket_says_so(two: Two, swift: Swift) -> None:
    elsewhere = Server(two.one.data, **swift.settings("no-such-bucket"))
    told = elsewhere.run("doctor", "--quick")
    assert told.returncode == 1
    assert "no such bucket" in told.stdout


def test_while_the_store_is_away_people_are_told_and_afterwards_everything_is_there(tmp_path: Path) -> None:
    data = sheets.born_digital(["Giay xac nhan"], padding=PART)
    with Swift(tmp_path / "swift") as swift:
        kept = swift.settings(swift.bucket()) | {"s3_timeout_s": "2", "s3_connect_timeout_s": "1"}
        with Server(tmp_path / "data", embedded_worker=False, **kept) as server:
            client = server.citizen()
            address = f"/api/documents/{put_in(client, 'mot.pdf', data)['id']}/content"
            for leave, come_back in ((swift.stop, swift.start), (swift.pause, swift.resume)):
                leave()
                for answer in (client.get(address), client.post("/api/documents", files={"file": ("hai.pdf", data)})):
                    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
                    assert int(answer.headers["retry-after"]) > 0
                processes.wait_until(lambda: client.get("/readyz").status_code == 503)
                assert len(client.get("/api/documents").json()["documents"]) == 1
                come_back()
                assert client.get(address).content == data
                processes.wait_until(lambda: client.get("/readyz").status_code == 200)
