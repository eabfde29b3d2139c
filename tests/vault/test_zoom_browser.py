"""Looking closely in Chromium: the viewer draws tiles, obeys buttons and keys, and stops when no more pieces come."""

import io
import time
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, Route

from tests.journeys.browsing import chromium
from tests.needs import need, need_tesseract
from tests.servers import Server
from tests.vault.test_pages_browser import SIZES, VENDOR, complaints, open_context

PIXELS = (5600, 4000)
DRAWN = "[data-drawn]"
TILES = "**/tiles/**"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    need_tesseract()
    need((VENDOR / "openseadragon.min.js").exists(), "the page assets (scripts/assets)")
    with Server(tmp_path_factory.mktemp("zoom") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def sheet(server: Server) -> str:
    """A map in An's wallet, cut into tiles; its id."""
    an = server.citizen("an")
    picture = Image.new("RGB", PIXELS, "white")
    pen = ImageDraw.Draw(picture)
    for at in range(0, PIXELS[0], 200):
        pen.line((at, 0, PIXELS[0] - at, PIXELS[1]), fill=(60, 90, 140), width=6)
    pen.rectangle((3000, 1200, 4200, 2400), fill=(150, 40, 30))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    kept = an.post("/api/documents", files={"file": ("ban-do.png", out.getvalue())}).raise_for_status().json()
    ends = time.monotonic() + 120
    while an.get(f"/api/documents/{kept['id']}").json()["version"]["sheets_ready"] != [1]:
        assert time.monotonic() < ends, "the map was not cut in time"
        time.sleep(0.3)
    return str(kept["id"])


@pytest.mark.parametrize("size", SIZES)
def test_the_viewer_is_whole_reachable_and_drawn(
    browser: Browser, server: Server, sheet: str, size: tuple[int, int]
) -> None:
    context = open_context(browser, server, size)
    try:
        page = context.new_page()
        page.emulate_media(reduced_motion="reduce")
        heard = complaints(page, f"/papers/{sheet}/pages/1")
        page.wait_for_selector(DRAWN)
        assert heard == []
        assert page.locator(".zoom-small").is_hidden()
    finally:
        context.close()


def closest(page: Page) -> int:
    """The greatest level that was asked for."""
    addresses = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    return max(int(address.split("/tiles/")[1].split("/")[0]) for address in addresses if "/tiles/" in address)


def test_buttons_and_keys_bring_the_map_closer(browser: Browser, server: Server, sheet: str) -> None:
    context = open_context(browser, server, SIZES[0])
    try:
        page = context.new_page()
        page.goto(f"/papers/{sheet}/pages/1")
        page.wait_for_selector(DRAWN)
        first = closest(page)
        for _ in range(4):
            page.click("[data-closer]")
        page.wait_for_function(
            "least => performance.getEntriesByType('resource').some(entry => "
            "Number(entry.name.split('/tiles/')[1]?.split('/')[0]) > least)",
            arg=first,
        )
        page.click("[data-whole]")
        page.locator(".openseadragon-canvas").focus()
        for _ in range(9):
            page.keyboard.press("+")
        page.wait_for_function(
            "least => performance.getEntriesByType('resource').some(entry => "
            "Number(entry.name.split('/tiles/')[1]?.split('/')[0]) >= least)",
            arg=4,
        )
        page.click("[data-turn]")
    finally:
        context.close()


def test_when_pieces_are_refused_the_page_says_so_and_asks_no_more(
    browser: Browser, server: Server, sheet: str
) -> None:
    context = open_context(browser, server, SIZES[1])
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=404)

    try:
        page = context.new_page()
        page.goto(f"/papers/{sheet}/pages/1")
        page.wait_for_selector(DRAWN)
        page.route(TILES, refuse)
        for _ in range(4):
            page.click("[data-closer]")
        page.wait_for_selector("[data-zoom-stopped]:not([hidden])")
        many = len(asked)
        for _ in range(3):
            page.click("[data-closer]")
        page.wait_for_timeout(700)
        assert len(asked) <= many + 4, "those that were on their way, and no others"
    finally:
        context.close()


def test_without_scripts_the_small_picture_shows_and_the_paper_can_be_had(
    browser: Browser, server: Server, sheet: str
) -> None:
    context = open_context(browser, server, SIZES[0], scripts=False)
    try:
        page = context.new_page()
        page.goto(f"/papers/{sheet}/pages/1")
        assert page.locator(".zoom-small").is_visible()
        assert page.locator(".zoom-buttons").is_hidden()
        assert page.locator("a[download]").is_visible()
    finally:
        context.close()
