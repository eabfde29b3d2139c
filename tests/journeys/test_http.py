"""The whole story over HTTP, against a really started server: in, read, found, shared, verified, opened, taken back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sharing.errors import BadSignature, Expired, GrantError, WrongHash
from sharing.grants import check_file
from tests import needs
from tests.databases import Databases
from tests.journeys import people, sheets
from tests.journeys.people import AgencySystem
from tests.servers import PASSWORD, Server, until_read
from vault.demo.papers import DemoPaper, papers
from vault.search import fold

PURPOSE = "Đăng ký kết hôn"


@dataclass
class Wallet:
    """A citizen who is signed in, with one paper that has been read."""

    client: httpx.Client
    paper: DemoPaper
    document: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def version(self) -> str:
        return str(self.document["version"]["id"])

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(f"/api/{path}", params=query).raise_for_status().json()

    def share(self, agency: AgencySystem, *versions: str, **changes: object) -> dict[str, Any]:
        body = {"agency_id": agency.id, "versions": versions or [self.version], "purpose": PURPOSE} | changes
        made = self.client.post("/api/grants", json=body)
        assert made.status_code == 201, made.text
        return made.json()  # type: ignore[no-any-return]

    def log(self) -> list[str]:
        """Kinds of what happened, the oldest first."""
        page = self.get("access-log", limit="100")
        entries = page["entries"]
        while page["next"]:
            page = self.get("access-log", limit="100", cursor=page["next"])
            entries += page["entries"]
        return [entry["kind"] for entry in reversed(entries)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Server]:
    needs.need_tesseract()
    with Server(tmp_path_factory.mktemp("http") / "data", databases=databases) as server:
        yield server


@pytest.fixture(scope="module")
def agency(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AgencySystem:
    return people.open_agency(server, tmp_path_factory.mktemp("agency"))


@pytest.fixture(scope="module")
def wallet(server: Server) -> Wallet:
    paper = papers()[0]
    client = server.citizen("an")
    added = put_in(client, paper.file_name, paper.data)
    assert added.status_code == 201, added.text
    return Wallet(client, paper, until_read(client, added.json()["id"]))


def put_in(client: httpx.Client, name: str, data: bytes, path: str = "/api/documents") -> httpx.Response:
    return client.post(path, files={"file": (name, data)})


def test_a_citizen_puts_a_paper_in_and_sees_what_was_read(wallet: Wallet) -> None:
    assert wallet.document["version"]["state"] == "done"
    assert wallet.document["kind"] == "birth-certificate"
    reading = wallet.get(f"documents/{wallet.id}/reading")
    read = {field["name"]: field["value"] for field in reading["fields"]}
    assert fold(read["full-name"]) == fold(wallet.paper.truth["full-name"])
    assert read["birth-date"] == wallet.paper.truth["birth-date"]
    preview = wallet.client.get(f"/api/documents/{wallet.id}/pages/1.webp")
    assert (preview.headers["content-type"], preview.content[8:12]) == ("image/webp", b"WEBP")


def test_a_citizen_corrects_a_field_and_both_values_stay(wallet: Wallet) -> None:
    fields = {"full-name": "Nguyễn Văn Ân", "birth-place": "Đà Nẵng"}
    wallet.client.patch(f"/api/documents/{wallet.id}", json={"fields": fields}).raise_for_status()
    reading = wallet.get(f"documents/{wallet.id}/reading")
    name = next(field for field in reading["fields"] if field["name"] == "full-name")
    assert (name["value"], name["confirmed"]) == ("Nguyễn Văn Ân", True)
    assert fold(name["found"][0]["value"]) == fold(wallet.paper.truth["full-name"])


@pytest.mark.parametrize("words", ["khai sinh", "KHAI SINH", "giấy khai sinh", "thạc gián", "thac gian", "da nang an"])
def test_a_citizen_finds_a_paper_with_and_without_accents(wallet: Wallet, words: str) -> None:
    hits = wallet.get("documents", q=words)["documents"]
    assert [hit["id"] for hit in hits] == [wallet.id]
    assert hits[0]["snippet"]


def test_a_search_for_words_that_are_nowhere_finds_nothing(wallet: Wallet) -> None:
    assert wallet.get("documents", q="hộ chiếu ngoại giao")["documents"] == []


def test_a_citizen_opens_the_paper_whole_and_in_pieces(wallet: Wallet) -> None:
    address, data = f"/api/documents/{wallet.id}/content", wallet.paper.data
    whole = wallet.client.get(address)
    assert whole.content == data
    assert people.repr_digest(whole) == people.sha256(data)
    assert "filename*=UTF-8''Gi%E1%BA%A5y%20khai%20sinh.jpg" in whole.headers["content-disposition"]
    for asked, piece in (("0-99", data[:100]), ("16000-40000", data[16000:40001]), ("-7", data[-7:])):
        part = wallet.client.get(address, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, piece)
    beyond = wallet.client.get(address, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416


def test_the_same_file_is_not_taken_twice(wallet: Wallet) -> None:
    again = put_in(wallet.client, "khác tên.jpg", wallet.paper.data)
    assert again.status_code == 409
    assert wallet.id in again.text


def test_another_citizen_sees_nothing_of_it(server: Server, wallet: Wallet) -> None:
    stranger = server.citizen("nguoi-la")
    assert stranger.get("/api/documents").json()["documents"] == []
    assert stranger.get("/api/documents", params={"q": "khai sinh"}).json()["documents"] == []
    for path in ("", "/content", "/reading", "/pages/1.webp", "/versions"):
        assert stranger.get(f"/api/documents/{wallet.id}{path}").status_code == 404


def test_a_grant_is_redeemed_verified_opened_and_taken_back(
    server: Server, wallet: Wallet, agency: AgencySystem, tmp_path: Path
) -> None:
    made = wallet.share(agency, openings=2)
    assert made["state"] == "waiting"
    redeemed = agency.redeem(made["link"])
    assert redeemed.status_code == 200, redeemed.text
    token, signed = redeemed.json()["access_token"], redeemed.json()["grant"]

    terms = agency.verify(signed)
    assert (terms.grant_id, terms.purpose, terms.openings) == (made["id"], PURPOSE, 2)
    item = terms.items[0]
    opened = agency.fetch(made["id"], item.version, token)
    assert opened.status_code == 200
    check_file(item, [opened.content])
    assert people.repr_digest(opened) == item.sha256 == people.sha256(wallet.paper.data)
    part = agency.fetch(made["id"], item.version, token, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, wallet.paper.data[100:200])
    assert wallet.get(f"grants/{made['id']}")["openings"] == 1, "a range soon after is the same opening"

    verify_by_command(server, agency, signed, opened.content, tmp_path)

    wallet.client.post(f"/api/grants/{made['id']}/revoke").raise_for_status()
    assert agency.fetch(made["id"], item.version, token).status_code in {403, 404}
    assert wallet.get(f"grants/{made['id']}")["state"] == "revoked"
    assert agency.verify(signed), "what was signed stays provable"
    kinds = [kind for kind in wallet.log() if kind in {"granted", "redeemed", "released", "revoked", "refused"}]
    assert kinds[-5:] == ["granted", "redeemed", "released", "revoked", "refused"]


def verify_by_command(server: Server, agency: AgencySystem, signed: str, data: bytes, folder: Path) -> None:
    """`docvault verify` says yes to the grant and the file, and no to another file or a changed grant."""
    grant, paper, forged = folder / "grant.jws", folder / "paper.jpg", folder / "forged.jpg"
    grant.write_text(signed)
    paper.write_bytes(data)
    forged.write_bytes(data[:-1] + b"\0")
    keys = ("--audience", agency.id, "--issuer", server.url)
    said = people.run(server, "verify", str(grant), *keys, "--document", str(paper))
    assert PURPOSE in said
    assert server.run("verify", str(grant), *keys, "--document", str(forged)).returncode == 3
    assert server.run("verify", str(grant), "--audience", "somebody-else", "--issuer", server.url).returncode == 1
    grant.write_text(signed[:-8] + "AAAAAAAA")
    assert server.run("verify", str(grant), *keys).returncode == 1


def test_whoever_finds_the_link_later_or_forges_an_agency_gets_nothing(
    server: Server, wallet: Wallet, agency: AgencySystem
) -> None:
    made = wallet.share(agency)
    stolen = agency.assertion()
    other = server.client()
    assert other.post("/agency/grants/redeem", json={"link": made["link"]}).status_code == 401
    first = agency.redeem(made["link"], stolen)
    assert first.status_code == 200
    replayed = agency.redeem(made["link"], stolen)
    assert replayed.status_code == 401, "an assertion is good once"
    assert agency.redeem(made["link"]).status_code not in {200, 401}, "and so is a link"
    wrong = agency.fetch(made["id"], wallet.version, first.json()["access_token"][:-4] + "AAAA")
    assert wrong.status_code in {401, 403, 404}
    wallet.client.post(f"/api/grants/{made['id']}/revoke").raise_for_status()


def test_an_agency_refuses_a_grant_that_was_changed_or_has_ended(wallet: Wallet, agency: AgencySystem) -> None:
    made = wallet.share(agency, days=1)
    head, body, signature = made["grant"].split(".")
    with pytest.raises(BadSignature):
        agency.verify(f"{head}.{body}.{signature[:-8]}AAAAAAAA")
    with pytest.raises(GrantError):
        agency.verify(f"{head}.{body[:-4]}AAAA.{signature}")
    with pytest.raises(Expired):
        agency.verify(made["grant"], later=timedelta(days=1, minutes=5))
    item = agency.verify(made["grant"]).items[0]
    with pytest.raises(WrongHash):
        check_file(item, [b"\0" * item.size])


def test_openings_are_counted_and_end(server: Server, wallet: Wallet, agency: AgencySystem) -> None:
    second = sheets.born_digital(["Ban sao giay khai sinh cua nguoi khai", "so 88/2022 tai Da Nang"])
    added = put_in(wallet.client, "khai sinh mới.pdf", second, f"/api/documents/{wallet.id}/versions")
    assert (added.status_code, added.json()["number"]) == (201, 2)
    newest = until_read(wallet.client, wallet.id)["version"]["id"]
    made = wallet.share(agency, wallet.version, newest, openings=1)
    token = agency.redeem(made["link"]).json()["access_token"]
    assert agency.fetch(made["id"], wallet.version, token).content == wallet.paper.data
    assert agency.fetch(made["id"], newest, token).status_code in {403, 404}, "the one opening is used up"
    assert wallet.get(f"grants/{made['id']}")["state"] == "used-up"
    assert [one["number"] for one in wallet.get(f"documents/{wallet.id}/versions")] == [2, 1]


def test_an_officer_redeems_a_link_at_the_counter(server: Server, wallet: Wallet, agency: AgencySystem) -> None:
    made = wallet.share(agency)
    officer = server.signed_in(people.OFFICER)
    assert officer.get("/api/documents").status_code == 403, "an officer has no wallet"
    redeemed = officer.post("/agency/grants/redeem", json={"link": made["link"]})
    assert redeemed.status_code == 200, redeemed.text
    assert redeemed.json()["access_token"] is None
    assert made["id"] in [grant["id"] for grant in officer.get("/agency/grants").json()["grants"]]
    address = f"/agency/grants/{made['id']}/documents/{wallet.version}"
    opened = officer.get(address)
    assert (opened.status_code, opened.content) == (200, wallet.paper.data)
    assert people.repr_digest(opened) == people.sha256(wallet.paper.data)
    assert officer.get(f"{address}/pages/1.webp").content[8:12] == b"WEBP"
    entries = wallet.get("access-log", kind="released")["entries"]
    assert (entries[0]["grant"], entries[0]["agency"]["name"]) == (made["id"], people.AGENCY)

    wallet.client.post(f"/api/grants/{made['id']}/revoke").raise_for_status()
    refused = officer.get(address)
    unknown = officer.get(f"/agency/grants/{made['id']}/documents/{made['id']}")
    assert refused.status_code == unknown.status_code
    assert refused.json() == unknown.json(), "refusals do not tell why"


def test_a_paper_in_the_bin_is_closed_to_all_comes_back_and_is_destroyed(
    server: Server, wallet: Wallet, agency: AgencySystem
) -> None:
    data = sheets.born_digital(["Giay xac nhan tinh trang hon nhan", "nguoi khai chua ket hon voi ai"])
    document = until_read(wallet.client, put_in(wallet.client, "xác nhận.pdf", data).json()["id"])
    address, version = f"/api/documents/{document['id']}", document["version"]["id"]
    made = wallet.share(agency, version)
    token = agency.redeem(made["link"]).json()["access_token"]

    wallet.client.delete(address).raise_for_status()
    assert wallet.client.get(f"{address}/content").status_code in {404, 409, 410}
    assert agency.fetch(made["id"], version, token).status_code in {403, 404}
    wallet.client.post(f"{address}/restore").raise_for_status()
    assert agency.fetch(made["id"], version, token).content == data

    stored = set(server.data.rglob("blobs/objects/*/*"))
    wallet.client.delete(address).raise_for_status()
    wallet.client.delete(address, params={"destroy": "now"}).raise_for_status()
    assert wallet.client.get(address).status_code == 404
    assert agency.fetch(made["id"], version, token).status_code in {403, 404}
    gone = stored - set(server.data.rglob("blobs/objects/*/*"))
    assert len(gone) == 3 and all(version in path.name for path in gone), "original, page and thumbnail"


def test_the_access_log_tells_the_whole_story(wallet: Wallet) -> None:
    told = set(wallet.log())
    assert told >= {"account-opened", "signed-in", "document-added", "reading-done", "reading-confirmed"}
    assert told >= {"granted", "redeemed", "released", "refused", "revoked", "version-added"}
    assert told >= {"document-deleted", "document-restored", "document-destroyed"}


def test_keys_are_rotated_and_older_grants_still_verify(server: Server, wallet: Wallet, agency: AgencySystem) -> None:
    before = wallet.share(agency)["grant"]
    people.run(server, "keys", "rotate")
    after = wallet.share(agency)["grant"]
    assert before.split(".")[0] != after.split(".")[0], "signed by another key"
    assert agency.verify(before) and agency.verify(after)


def test_a_citizen_signs_out_and_erases_the_wallet(server: Server) -> None:
    client = server.citizen("het-roi")
    added = put_in(client, "một.pdf", sheets.born_digital(["Giay to de xoa di cung voi ca vi giay to"])).json()
    client.delete("/api/session").raise_for_status()
    assert client.get("/api/documents").status_code == 401
    client = server.signed_in("het-roi")
    until_read(client, added["id"])
    client.post("/api/account/erase", json={"password": PASSWORD}).raise_for_status()
    assert client.get("/api/documents").status_code == 401
    refused = server.client().post("/api/session", json={"login": "het-roi", "password": PASSWORD})
    assert refused.status_code == 401
    assert not [path for path in server.data.rglob("blobs/objects/*/*") if added["version"]["id"] in path.name]
