"""Forms, headers and texts that are made to be read differently from what they are."""

import unicodedata
from collections.abc import Iterator

import httpx
import pytest

from tests.dpop import Dpop
from tests.vault import attaching, visitors
from tests.vault.consenting import ask, detail
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import proving, supplements
from vault.errors import Invalid
from vault.oauth import requests
from vault.procedures import COMPONENTS, FIELDS


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visitors.visitor(world, visitors.app_of(world)) as client:
        yield client


def test_request_too_long_to_be_refused(world: World) -> None:
    opened = ask(world, detail())
    browser = visitors.visitor(world, visitors.app_of(world), world.an)
    browser.cookies.set(requests.cookie_name(world.services.settings), opened.secret)
    longest = {f"{name}.c{number}": "x" for number in range(COMPONENTS) for name in ("component", "offered")}
    longest |= {f"{name}.f{number}": "" for number in range(FIELDS) for name in ("field", "shown")}
    answer = browser.post(f"/consent/{opened.request_id}", data=longest | {"decision": "refuse"})
    assert answer.status_code == 303
    assert "error=access_denied" in answer.headers["location"]


@pytest.mark.parametrize("first", [True, False])
def test_second_authorization_that_a_proxy_did_not_look_at(world: World, client: httpx.Client, first: bool) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    system = Dpop(world.registry_key, world.bearer(link).token, proving.new_nonce(world.services))
    path = f"/agency/grants/{grant_id}/documents/{paper.version.id}"
    proof = system.headers("GET", URL + path)
    shown = [("Authorization", proof["Authorization"]), ("Authorization", "Bearer somebody-else")]
    answer = client.get(path, headers=[*(shown if first else shown[::-1]), ("DPoP", proof["DPoP"])])
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-invalid")
    assert client.get(path, auth=system).status_code == 200


PAINT = "Đủ giấy tờ" + "\u0338" * 40


def test_note_whose_marks_paint_over_the_page_of_the_consent(world: World) -> None:
    attached = attaching.attach(world, {"applicant-identity": world.put_in(kind="citizen-card")})
    with pytest.raises(Invalid):
        attaching.ask(world, attached, note=PAINT)
    decomposed = unicodedata.normalize("NFD", "Bản chụp bị mờ, xin gửi lại")
    asked = attaching.ask(world, attached, note=decomposed)
    with world.services.db.read() as session:
        assert supplements.get(session, world.an.wallet, asked.id).note == "Bản chụp bị mờ, xin gửi lại"


def test_purpose_of_a_link_whose_marks_paint_over_the_officers_page(world: World) -> None:
    with pytest.raises(Invalid):
        world.share(world.put_in(), purpose=PAINT)
