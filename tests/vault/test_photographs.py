"""A poor photograph: told at once, kept until a better one is in, and then gone; or kept because its owner says so."""

import base64
import io

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from sqlmodel import select

from storage.errors import BlobMissing
from tests.ocr.photographs import blurred, sheet
from tests.ocr.sheets import saved
from tests.vault import visitors
from tests.vault.world import World
from vault import documents, papers
from vault.models import Job, Version

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def an(world: World, app: FastAPI) -> httpx.Client:
    return visitors.visitor(world, app, world.an)


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "PNG")
    return out.getvalue()


def poor_photo(an: httpx.Client, world: World, colour: str = "white") -> tuple[str, str]:
    """The paper and its version, which was found to be blurred."""
    put = an.post("/api/documents", files={"file": ("anh.png", picture(colour)), "kind": (None, "citizen-card")})
    kept = put.raise_for_status().json()
    world.change(Version, kept["version"]["id"], quality=["blurred"])
    return kept["id"], kept["version"]["id"]


def take_again(an: httpx.Client, paper: str, version: str, data: bytes) -> httpx.Response:
    files = {"replaces": (None, version), "file": ("anh.png", data)}
    return an.post(f"/api/documents/{paper}/versions", files=files)


def versions(an: httpx.Client, paper: str) -> list[str]:
    return [one["id"] for one in an.get(f"/api/documents/{paper}/versions").raise_for_status().json()]


def test_a_citizen_hears_at_once_that_a_photo_is_blurred_and_takes_a_better_one(an: httpx.Client, world: World) -> None:
    bad, good = (saved(image, "JPEG") for image in (blurred(sheet()), sheet()))
    first = an.post("/papers/new", files={"file": ("anh.jpg", bad)})
    paper = first.headers["location"].split("/")[2]
    assert first.headers["location"] == f"/papers/{paper}/photo"
    page = an.get(first.headers["location"]).text
    assert "The letters are blurred." in page and "Hold the phone still" in page and "Keep this photo" in page
    (version,) = versions(an, paper)
    assert f'name="replaces" value="{version}"' in page
    assert "Take it again" in an.get(f"/papers/{paper}").text  # also later, as long as it is not settled
    again = an.post(f"/papers/{paper}/photo", files={"replaces": (None, version), "file": ("anh.jpg", good)})
    assert again.headers["location"] == f"/papers/{paper}?done=retaken"
    assert version not in versions(an, paper)
    assert an.get(f"/api/documents/{paper}").json()["version"]["quality"] == []


def test_the_better_photo_stands_where_the_poor_one_stood(an: httpx.Client, world: World) -> None:
    paper, version = poor_photo(an, world)
    confirmed = an.patch(f"/api/documents/{paper}", json={"title": "Thẻ", "fields": {"full-name": "Nguyễn Văn An"}})
    assert confirmed.status_code == 200
    better = take_again(an, paper, version, picture("beige")).raise_for_status().json()
    now = an.get(f"/api/documents/{paper}").json()
    assert (now["version"]["id"], now["version"]["number"], now["title"]) == (better["id"], 1, "Thẻ")
    assert now["kind"] == "citizen-card"
    fields = an.get(f"/api/documents/{paper}/reading").json()["fields"]
    assert [one["value"] for one in fields if one["confirmed"]] == ["Nguyễn Văn An"]
    assert versions(an, paper) == [better["id"]]


def test_nothing_is_left_of_the_poor_photo(an: httpx.Client, world: World) -> None:
    paper, version = poor_photo(an, world)
    with world.services.db.read() as session:
        key = documents.get(session, world.an.wallet, paper).key
    take_again(an, paper, version, picture("beige")).raise_for_status()
    assert world.row(Version, version) is None
    assert not [blob.name for blob in world.services.blobs.list() if version in blob.name]
    with pytest.raises(BlobMissing):
        papers.open_original(world.services.blobs, key, version)
    with world.services.db.read() as session:
        assert {job.version_id for job in session.exec(select(Job))} == set(versions(an, paper))
    assert [event.detail for event in world.events("version-added")] == ["retaken"]
    assert "You took the picture of" in an.get("/seen?show=all").text


@pytest.mark.parametrize("data", [b"no photo at all", picture("white"), picture("beige")[:60]])
def test_a_photo_that_is_refused_costs_nobody_the_one_that_is_there(
    an: httpx.Client, world: World, data: bytes
) -> None:
    paper, version = poor_photo(an, world)
    assert take_again(an, paper, version, data).status_code in {409, 415, 422}
    assert versions(an, paper) == [version]
    assert an.get(f"/api/documents/{paper}/content").content == picture("white")
    refused = an.post(f"/papers/{paper}/photo", files={"replaces": (None, version), "file": ("anh.png", data)})
    assert refused.status_code in {409, 415, 422} and "The photo that you had stays in your wallet." in refused.text


def test_a_photo_that_an_agency_was_given_stays_as_an_older_version(an: httpx.Client, world: World) -> None:
    paper, version = poor_photo(an, world)
    with world.services.db.read() as session:
        world.share(documents.get(session, world.an.wallet, paper))
    better = take_again(an, paper, version, picture("beige")).raise_for_status().json()
    assert versions(an, paper) == [better["id"], version]
    assert better["number"] == 2


def test_only_a_poor_photo_and_only_of_the_same_paper_gives_way(an: httpx.Client, world: World) -> None:
    paper, version = poor_photo(an, world)
    other, others = poor_photo(an, world, "lavender")
    take_again(an, paper, others, picture("beige")).raise_for_status()
    assert versions(an, other) == [others]
    assert version in versions(an, paper)  # and that one is not current any more
    take_again(an, paper, version, picture("pink")).raise_for_status()
    good = versions(an, paper)[0]
    take_again(an, paper, good, picture("khaki")).raise_for_status()
    assert {version, good} < set(versions(an, paper))


def test_a_citizen_keeps_a_poor_photo_and_is_not_asked_again(an: httpx.Client, world: World) -> None:
    paper, version = poor_photo(an, world)
    kept = an.post(f"/papers/{paper}/keep-photo", data={"back": "/papers?kind=citizen-card"})
    assert kept.headers["location"] == "/papers?kind=citizen-card"
    assert "hard to read" not in an.get(f"/papers/{paper}").text
    assert an.get(f"/papers/{paper}/photo").headers["location"] == f"/papers/{paper}"
    take_again(an, paper, version, picture("beige")).raise_for_status()
    assert version in versions(an, paper)


def test_a_program_does_the_same_in_parts(an: httpx.Client, world: World) -> None:
    bad = saved(blurred(sheet()), "JPEG")
    headers = TUS | {"Upload-Length": str(len(bad))}
    upload = an.post("/api/uploads", headers=headers).headers["location"]
    sent = an.patch(upload, content=bad, headers=STREAM)
    assert (sent.status_code, sent.headers["docvault-quality"]) == (204, "blurred")
    state = an.get(upload).json()
    assert state["quality"] == ["blurred"]
    said = {"document": state["document"], "replaces": state["version"]}
    pairs = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    again = headers | {"Upload-Length": str(len(picture("beige"))), "Upload-Metadata": pairs}
    better = an.patch(
        an.post("/api/uploads", headers=again).headers["location"], content=picture("beige"), headers=STREAM
    )
    assert better.status_code == 204 and "docvault-quality" not in better.headers
    assert versions(an, state["document"]) == [better.headers["docvault-version"]]
    world.change(Version, better.headers["docvault-version"], quality=["glare", "cut-off"])
    kept = an.patch(f"/api/documents/{state['document']}", json={"keep_photo": True})
    assert kept.json()["version"]["quality"] == []


def test_who_puts_a_paper_in_for_a_request_hears_of_a_poor_photo_first_and_then_goes_back(an: httpx.Client) -> None:
    back = "/consent/one?step=2"
    answer = an.post("/papers/new", params={"back": back}, files={"file": ("a.png", saved(blurred(sheet()), "PNG"))})
    page = an.get(answer.headers["location"])
    assert page.status_code == 200 and 'data-after="/consent/one?step=2"' in page.text
    keep = answer.headers["location"].split("/photo")[0] + "/keep-photo"
    assert an.post(keep, data={"back": back}).headers["location"] == back
    assert an.post(keep, data={"back": "https://evil.example"}).headers["location"].startswith("/papers/")
