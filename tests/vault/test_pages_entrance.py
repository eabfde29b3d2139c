"""Signing in, up and out on the pages; the language; what strangers and forgers meet."""

from urllib.parse import quote

import httpx
import pytest

from tests.vault import visitors
from tests.vault.world import World
from vault.api.principals import TLS_COOKIE
from vault.pages.addresses import local

NEW = {"login": "0905 123 456", "password": "mat khau cua toi", "name": "Nguyễn Văn An"}


@pytest.fixture
def visitor(world: World) -> httpx.Client:
    return visitors.visitor(world, visitors.app_of(world))


@pytest.mark.parametrize("path", ["/papers", "/papers/new", "/bin", "/account", "/papers/no-such-paper"])
def test_a_stranger_is_sent_to_the_sign_in_page_and_back_afterwards(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={quote(path, safe='')}")
    assert f'value="{path}"' in visitor.get(answer.headers["location"]).text


def test_a_visitor_opens_a_wallet_and_is_inside(visitor: httpx.Client) -> None:
    answer = visitor.post("/sign-up", data=NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/papers?done=welcome")
    assert "No papers yet" in visitor.get(answer.headers["location"]).text
    assert visitor.get("/").headers["location"] == "/papers"


def test_a_visitor_signs_in_with_what_they_signed_up_with(visitor: httpx.Client) -> None:
    visitor.post("/sign-up", data=NEW)
    visitor.post("/sign-out")
    assert visitor.get("/").headers["location"] == "/sign-in"
    answer = visitor.post("/sign-in", data={**NEW, "next": "/bin"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/bin")
    assert visitor.get("/bin").status_code == 200


def test_a_wrong_password_keeps_the_name_and_shows_nothing_of_the_password(visitor: httpx.Client) -> None:
    answer = visitor.post("/sign-in", data={"login": "<ai do>", "password": "sai-mat-khau"})
    assert answer.status_code == 401
    assert 'value="&lt;ai do&gt;"' in answer.text
    assert "The sign-in name or the password is wrong." in answer.text
    assert "sai-mat-khau" not in answer.text


def test_a_short_password_is_said_in_words_and_nothing_typed_is_lost(visitor: httpx.Client) -> None:
    answer = visitor.post("/sign-up", data={**NEW, "password": "ngan"})
    assert answer.status_code == 422
    assert "Password: Too short: at least 10 characters." in answer.text
    assert 'value="Nguyễn Văn An"' in answer.text


def test_a_name_that_is_taken_is_refused(visitor: httpx.Client) -> None:
    visitor.post("/sign-up", data=NEW)
    assert visitor.post("/sign-up", data=NEW).status_code == 409


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\tx", "papers", ""]
)
def test_a_link_with_a_foreign_address_leads_nowhere_else(visitor: httpx.Client, address: str) -> None:
    visitor.post("/sign-up", data=NEW)
    visitor.post("/sign-out")
    assert visitor.post("/sign-in", data={**NEW, "next": address}).headers["location"] == "/"
    assert local(address, "/papers") == "/papers"


def test_a_form_on_another_site_changes_nothing(visitor: httpx.Client) -> None:
    visitor.post("/sign-up", data=NEW)
    answer = visitor.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "This request came from another site." in answer.text
    assert TLS_COOKIE in visitor.cookies


def test_the_language_that_was_chosen_stays(visitor: httpx.Client) -> None:
    answer = visitor.post("/language", data={"language": "vi", "back": "/sign-up"})
    assert answer.headers["location"] == "/sign-up"
    assert '<html lang="vi"' in visitor.get("/sign-up").text
    visitor.post("/language", data={"language": "en"})
    assert '<html lang="en"' in visitor.get("/sign-up").text
    visitor.post("/language", data={"language": "tlh"})
    assert '<html lang="en"' in visitor.get("/sign-up").text


def test_a_page_that_is_not_there_says_so_in_the_readers_language(visitor: httpx.Client) -> None:
    answer = visitor.get("/khong-co", headers={"Accept-Language": "vi"})
    assert answer.status_code == 404
    assert "Không tìm thấy" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_every_problem_type_has_its_page(visitor: httpx.Client) -> None:
    assert "Already in your wallet" in visitor.get("/problems/duplicate").text
    assert "{field}" not in visitor.get("/problems/invalid-value").text
    assert visitor.get("/problems/no-such-problem").status_code == 404


def test_no_page_needs_a_script_or_style_of_its_own_inside(visitor: httpx.Client) -> None:
    answer = visitor.get("/sign-in")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "style=" not in answer.text and "onclick" not in answer.text and "<style" not in answer.text
