"""Papers put in on the pages, with and without scripts: a plain form is what a script sends as well."""

import io

import httpx
import pytest
from PIL import Image

from tests.vault import visitors
from tests.vault.world import World
from vault.models import Document


@pytest.fixture
def an(world: World) -> httpx.Client:
    return visitors.visitor(world, visitors.app_of(world), world.an)


def photo(colour: str = "white") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(out, "JPEG")
    return out.getvalue()


def put(client: httpx.Client, path: str, data: bytes, name: str = "anh.jpg", **fields: str) -> httpx.Response:
    """The form's own order: what was typed comes before the file."""
    parts = [(key, (None, value)) for key, value in fields.items()]
    return client.post(path, files=[*parts, ("file", (name, data))])


def test_a_citizen_puts_a_photo_in_with_a_plain_form(an: httpx.Client, world: World) -> None:
    answer = put(an, "/papers/new", photo(), title="Bằng của tôi", kind="diploma")
    assert answer.status_code == 303, answer.text
    page = an.get(answer.headers["location"]).text
    assert "The paper is safely in your wallet." in page and "Bằng của tôi" in page
    document = world.row(Document, answer.headers["location"].split("/")[2].split("?")[0])
    assert (document.kind, document.kind_confirmed) == ("diploma", True)


def test_the_same_file_twice_leads_to_the_one_there_or_is_kept_on_purpose(an: httpx.Client) -> None:
    first = put(an, "/papers/new", photo()).headers["location"].split("?")[0]
    again = put(an, "/papers/new", photo())
    assert again.status_code == 409
    assert f'href="{first}"' in again.text and "Keep this one as well" in again.text
    kept = put(an, "/papers/new?duplicate=keep", photo())
    assert kept.status_code == 303 and not kept.headers["location"].startswith(first)


def test_a_refused_file_says_why_and_loses_nothing_typed(an: httpx.Client) -> None:
    answer = put(an, "/papers/new", b"Kinh gui", "don.txt", title="Đơn xin", kind="diploma")
    assert answer.status_code == 415
    assert "Send a PDF, JPEG, PNG, WebP, TIFF or HEIC file." in answer.text
    assert 'value="Đơn xin"' in answer.text and '<option value="diploma" selected>' in answer.text


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 422, "The file is empty."),
        (photo()[:-200], 422, "The file breaks off before its end."),
        (b"\xff\xd8\xff" + bytes(9 * 1024 * 1024), 413, "The file is larger than 8 MB."),
    ],
)
def test_a_file_that_cannot_be_kept_is_told_apart(an: httpx.Client, data: bytes, status: int, words: str) -> None:
    answer = put(an, "/papers/new", data)
    assert answer.status_code == status
    assert words in answer.text
    assert "No papers yet" in an.get("/papers").text


def test_a_form_without_a_file_says_so(an: httpx.Client) -> None:
    answer = an.post("/papers/new", files=[("title", (None, "Đơn xin"))])
    assert answer.status_code == 400
    assert "Choose a file first." in answer.text


def test_a_newer_version_stands_beside_the_older_one(an: httpx.Client) -> None:
    paper = put(an, "/papers/new", photo()).headers["location"].split("?")[0]
    answer = put(an, f"{paper}/versions", photo("red"))
    assert answer.headers["location"] == f"{paper}?done=version-added"
    page = an.get(f"{paper}/versions").text
    assert "Version 2" in page and "Version 1" in page
    assert put(an, f"{paper}/versions", photo("red")).status_code == 409


def test_nobody_adds_a_version_to_another_citizens_paper(an: httpx.Client, world: World) -> None:
    paper = put(an, "/papers/new", photo()).headers["location"].split("?")[0]
    binh = visitors.visitor(world, visitors.app_of(world), world.binh)
    assert put(binh, f"{paper}/versions", photo("red")).status_code == 404
