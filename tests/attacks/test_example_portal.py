"""The example portal against people who want others' dossiers, and against pages that use its button carelessly."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from examples.portal import app
from examples.portal.dossiers import OFFICE, Store
from examples.portal.pages import COOKIE
from examples.portal.settings import Settings
from tests.journeys.browsing import chromium
from tests.vault import clients

ELEMENT = Path(__file__).parents[2] / "examples" / "portal" / "static" / "docvault-attach.js"
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_so_many_dossiers_in_a_day_that_the_next_one_takes_somebody_elses_place(tmp_path: Path) -> None:
    store = Store(tmp_path)
    numbered = [(f"{OFFICE}-261123-{number:04}", "", 0, "{}") for number in range(1, 10_000)]
    with sqlite3.connect(tmp_path / "portal.sqlite") as db:
        db.executemany("INSERT INTO dossier VALUES (?, ?, ?, ?)", numbered)
    mine, theirs = (store.begin(cookie, "marriage-registration", NOW) for cookie in ("mine", "theirs"))
    assert (mine.reference, theirs.reference) == (f"{OFFICE}-261123-10000", f"{OFFICE}-261123-10001")
    assert store.one_of_mine("mine", mine.reference) == mine
    assert store.one_of_mine("theirs", mine.reference) is None


def test_cookie_that_was_planted_before_the_first_dossier(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    with clients.client(app.create_app(app.prepare(settings)), settings.url) as victim:
        victim.cookies.set(COOKIE, "known-to-the-attacker", domain="127.0.0.1", path="/")
        begun = victim.post("/dossiers", data={"procedure": "marriage-registration"}, headers={"Origin": settings.url})
    assert begun.status_code == 303
    assert Store(tmp_path).mine("known-to-the-attacker") == []
    assert len(Store(tmp_path).mine(begun.cookies[COOKIE])) == 1


@pytest.mark.parametrize(
    "action", ["javascript:document.title='ran'//", " JaVaScRiPt:document.title='ran'//", "data:,x"]
)
def test_address_of_the_button_that_is_a_script(browser: Browser, action: str) -> None:
    page = browser.new_page()
    page.set_content("<title>stays</title><docvault-attach procedure='x'></docvault-attach>")
    page.add_script_tag(path=ELEMENT, type="module")
    element = page.locator("docvault-attach")
    element.evaluate("(element, action) => element.setAttribute('action', action)", action)
    element.get_by_role("button").click()
    expect(element).to_have_attribute("state", "idle")
    page.wait_for_timeout(200)
    assert page.title() == "stays"
    page.close()
