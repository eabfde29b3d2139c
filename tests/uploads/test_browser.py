"""A large paper from a browser on a bad network: it goes on where it was, and the browser remembers nothing of it."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys import sheets
from tests.journeys.browsing import chromium
from tests.journeys.processes import wait_until
from tests.servers import PASSWORD, Server
from tests.uploads.proxy import Proxy

BYTES_A_SECOND = 1_500_000
SECRET = "giay-rat-rieng-tu"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("uploads") / "data", embedded_worker=False) as server:
        server.citizen("an")
        yield server


@pytest.fixture(scope="module")
def line(server: Server) -> Iterator[Proxy]:
    with Proxy(server.port, rate=BYTES_A_SECOND) as line:
        yield line


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser, line: Proxy) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB", base_url=line.url)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#login", "an")
    page.fill("#password", PASSWORD)
    page.click("form[action^='/sign-in'] button")
    page.close()
    yield context
    context.close()


def paper(folder: Path, seed: int) -> Path:
    """Eight megabytes that look like nothing else."""
    bulk = random.Random(seed).randbytes(8_000_000).replace(b"\n", b" ").replace(b"\r", b" ")  # noqa: S311 - bulk
    file = folder / f"{SECRET}.pdf"
    file.write_bytes(sheets.born_digital([f"To giay lon {seed}"]).replace(b"\n%%EOF", b"\n%" + bulk + b"\n%%EOF"))
    return file


def remembered(page: Page) -> str:
    return str(page.evaluate("JSON.stringify({...localStorage})"))


def begin(page: Page, file: Path, address: str = "/papers/new") -> None:
    page.goto(address)
    page.set_input_files("#file", file)
    page.click("[data-send]")


def until_part_is_sent(page: Page, least: int) -> None:
    expect(page.locator("[data-sending]")).to_be_visible()
    page.wait_for_function("least => document.querySelector('#sent').value >= least", arg=least, timeout=60_000)


def test_an_upload_goes_on_after_the_network_was_away_and_the_page_was_loaded_anew(
    server: Server, context: BrowserContext, tmp_path: Path
) -> None:
    file, an, page = paper(tmp_path, 1), server.signed_in("an"), context.new_page()
    begin(page, file)
    until_part_is_sent(page, 20)
    context.set_offline(True)
    expect(page.locator("[data-sent-text]")).to_contain_text("No network")
    wait_until(lambda: an.get("/api/uploads").json()["uploads"][0]["offset"] > 500_000)
    before = an.get("/api/uploads").json()["uploads"][0]
    assert SECRET not in remembered(page)
    assert before["id"] in remembered(page)
    page.evaluate("addEventListener('online', event => event.stopImmediatePropagation(), true)")
    context.set_offline(False)
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.set_input_files("#file", file)
    expect(page.locator("[data-known]")).to_be_visible()
    page.click("[data-send]")
    page.wait_for_url("**/papers/*done=added", timeout=60_000)
    document = page.url.split("/")[-1].split("?")[0]
    sent = an.get(f"/api/documents/{document}/content").content
    assert hashlib.sha256(sent).digest() == hashlib.sha256(file.read_bytes()).digest()
    assert an.get(f"/api/uploads/{before['id']}").json()["document"] == document, "the same upload went on"
    assert remembered(page) == "{}"


def test_an_upload_waits_for_the_network_and_goes_on_by_itself(context: BrowserContext, tmp_path: Path) -> None:
    file, page = paper(tmp_path, 2), context.new_page()
    begin(page, file)
    until_part_is_sent(page, 10)
    expect(page.locator("[data-rate]")).to_contain_text("left", timeout=20_000)
    context.set_offline(True)
    expect(page.locator("[data-pause]")).to_have_text("Go on")
    context.set_offline(False)
    page.wait_for_url("**/papers/*done=added", timeout=60_000)


def test_an_upload_is_paused_goes_on_and_is_stopped(server: Server, context: BrowserContext, tmp_path: Path) -> None:
    file, an, page = paper(tmp_path, 3), server.signed_in("an"), context.new_page()
    begin(page, file)
    until_part_is_sent(page, 10)
    page.click("[data-pause]")
    expect(page.locator("[data-sent-text]")).to_contain_text("Paused")
    page.click("[data-pause]")
    until_part_is_sent(page, 30)
    page.click("[data-stop]")
    expect(page.locator("[data-send]")).to_be_visible()
    wait_until(lambda: an.get("/api/uploads").json() == {"uploads": []})
    assert remembered(page) == "{}"


def test_a_duplicate_is_kept_as_well_without_being_sent_again(
    server: Server, context: BrowserContext, tmp_path: Path
) -> None:
    file, an, page = tmp_path / "giay.pdf", server.signed_in("an"), context.new_page()
    file.write_bytes(sheets.born_digital(["Giay nay co hai lan"]))
    an.post("/api/documents", files={"file": file.read_bytes()}).raise_for_status()
    begin(page, file)
    expect(page.locator("#upload-problem")).to_contain_text("Already in your wallet")
    page.click("[data-keep]")
    page.wait_for_url("**/papers/*done=added")
    assert remembered(page) == "{}"


def test_what_is_no_paper_says_so_and_nothing_is_remembered(context: BrowserContext, tmp_path: Path) -> None:
    file, page = tmp_path / "a.pdf", context.new_page()
    file.write_bytes(b"<html>" * 2000)
    begin(page, file)
    expect(page.locator("#upload-problem")).to_contain_text("Kind of file not taken")
    expect(page.locator("[data-send]")).to_be_visible()
    assert remembered(page) == "{}"


def test_a_full_disk_loses_nothing_of_what_was_sent(server: Server, context: BrowserContext, tmp_path: Path) -> None:
    file, an, page = paper(tmp_path, 4), server.signed_in("an"), context.new_page()
    begin(page, file)
    until_part_is_sent(page, 10)
    page.click("[data-pause]")
    wait_until(lambda: an.get("/api/uploads").json()["uploads"][0]["offset"] > 0)
    before = an.get("/api/uploads").json()["uploads"][0]["id"]
    full = {"type": "/problems/store-full", "title": "No room left", "detail": "No room left at present."}
    page.route("**/api/uploads/*", lambda route: route.fulfill(status=507, json=full))
    page.click("[data-pause]")
    expect(page.locator("[data-sent-text]")).to_have_text("No room left at present.")
    expect(page.locator("[data-choose]")).to_be_hidden()
    page.unroute("**/api/uploads/*")
    page.click("[data-pause]")
    page.wait_for_url("**/papers/*done=added", timeout=60_000)
    assert an.get(f"/api/uploads/{before}").json()["document"] in page.url, "the same upload went on"
