"""How much a citizen may keep: by whichever way it comes, whole or in parts, and however many come at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from tests.vault import visitors
from tests.vault.test_resumable import PAPER, STREAM, TUS, begin, blobs, create, patch, problem
from tests.vault.world import World
from vault.settings import Settings

ROOM = 2 * len(PAPER) + 1000
SECOND = PAPER + b" "


@pytest.fixture
def world(world: World) -> World:
    settings = world.services.settings.model_copy(update={"quota_bytes": ROOM})
    return replace(world, services=replace(world.services, settings=settings))


@pytest.fixture
def an(world: World) -> httpx.Client:
    return visitors.visitor(world, visitors.app_of(world), world.an)


def post(client: httpx.Client, data: bytes = PAPER) -> httpx.Response:
    return client.post("/api/documents", files={"file": ("giay.pdf", data, "application/pdf")})


def test_it_is_ten_gibibytes_unless_the_operator_says_otherwise() -> None:
    assert Settings.model_fields["quota_bytes"].default == 10 * 1024**3


def test_a_paper_beyond_it_is_refused_with_how_much_room_there_is_and_leaves_nothing(
    world: World, an: httpx.Client
) -> None:
    post(an).raise_for_status()
    post(an, SECOND).raise_for_status()
    before = blobs(world)
    for answer in (post(an, PAPER + b"  "), create(an, len(PAPER))):
        assert (answer.status_code, problem(answer)) == (413, "quota-exceeded")
        assert (answer.json()["used"], answer.json()["quota"]) == (len(PAPER) + len(SECOND), ROOM)
    assert blobs(world) == before
    assert create(an, ROOM - len(PAPER) - len(SECOND)).status_code == 201, "the rest of the room is there"


def test_what_is_announced_counts_whole_until_it_is_taken_back(world: World, an: httpx.Client) -> None:
    one, two = begin(an), begin(an, SECOND)
    patch(an, one, 0, PAPER[:100])
    assert problem(create(an, len(PAPER))) == problem(post(an, PAPER + b"  ")) == "quota-exceeded"
    assert patch(an, one, 100, PAPER[100:]).status_code == 204, "once announced it has its place, and counts once"
    assert an.delete(two, headers=TUS).status_code == 204
    assert create(an, len(SECOND)).status_code == 201


def test_the_bin_counts_until_the_paper_is_destroyed(world: World, an: httpx.Client) -> None:
    first = post(an).raise_for_status().headers["location"]
    post(an, SECOND).raise_for_status()
    an.delete(first).raise_for_status()
    assert problem(create(an, len(PAPER))) == "quota-exceeded"
    an.delete(f"{first}?destroy=now").raise_for_status()
    assert create(an, len(PAPER)).status_code == 201


def test_a_newer_version_counts_besides_the_older_ones(an: httpx.Client) -> None:
    address = post(an).raise_for_status().headers["location"]
    newer = {"file": ("giay.pdf", SECOND, "application/pdf")}
    an.post(f"{address}/versions", files=newer).raise_for_status()
    newer = {"file": ("giay.pdf", PAPER + b"  ", "application/pdf")}
    assert problem(an.post(f"{address}/versions", files=newer)) == "quota-exceeded"
    first = address.rpartition("/")[2]
    assert problem(create(an, len(PAPER), document=first)) == "quota-exceeded"


def test_a_length_that_was_not_told_finds_no_way_round(world: World, an: httpx.Client) -> None:
    post(an).raise_for_status()
    post(an, SECOND).raise_for_status()
    before = blobs(world)
    headers = STREAM | {"Upload-Defer-Length": "1"}
    assert an.post("/api/uploads", headers=headers).status_code == 400
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n' + PAPER + b"  \r\n--b--\r\n"
    told = {"Content-Type": "multipart/form-data; boundary=b", "Transfer-Encoding": "chunked"}
    answer = an.post("/api/documents", content=iter([body]), headers=told)
    assert answer.status_code == 413 and problem(answer) in {"quota-exceeded", "too-large"}
    assert blobs(world) == before


def test_of_many_that_come_at_once_no_more_get_in_than_fit(world: World, an: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: create(an, len(PAPER)), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 413, 413, 413, 413]


def test_one_citizens_papers_take_nobody_elses_room(world: World, an: httpx.Client) -> None:
    post(an).raise_for_status()
    post(an, SECOND).raise_for_status()
    binh = visitors.visitor(world, visitors.app_of(world), world.binh)
    assert post(binh).status_code == 201
