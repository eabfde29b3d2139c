"""Every page of a citizen in Chromium, on a phone and on a desk: nothing cut off, nothing blocked, all accessible."""

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

import vault
from tests.databases import Databases
from tests.journeys.browsing import AXE, chromium
from tests.needs import need, need_tesseract
from tests.ocr.photographs import blurred, sheet
from tests.ocr.sheets import BIRTH, draw, saved
from tests.servers import PASSWORD, Server, until_read

VENDOR = Path(vault.__file__).parent / "static/vendor"
SIZES = ((360, 740), (768, 1024), (1280, 900))
TARGET = 44
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

TOO_SMALL = """least => [...document.querySelectorAll("button, [role=button], select, textarea, summary, nav a, input")]
  .filter(e => e.type !== "hidden" && e.type !== "checkbox" && e.type !== "radio" && e.offsetParent !== null
            && !e.classList.contains("hidden-text"))
  .filter(e => { const box = e.getBoundingClientRect(); return box.height < least - 0.5 || box.width < least - 0.5; })
  .map(e => e.outerHTML.slice(0, 80))"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LENS_INK = """(() => {
  const lens = document.querySelector(".lens");
  const { data } = lens.getContext("2d").getImageData(0, 0, lens.width, lens.height);
  return data.filter((level, at) => at % 4 === 0 && level < 80).length;
})()"""
VIOLATIONS = """tags => axe.run({runOnly: tags, rules: {"color-contrast-enhanced": {enabled: true}}})
  .then(found => found.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 80)).join(" | ")))"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Server]:
    need_tesseract()
    need((VENDOR / "htmx.min.js").exists(), "the page assets (scripts/assets)")
    with Server(tmp_path_factory.mktemp("pages") / "data", databases=databases) as server:
        yield server


@pytest.fixture(scope="module")
def paper(server: Server) -> str:
    """An's wallet with one paper that was read; its id."""
    an = server.citizen("an")
    out = io.BytesIO()
    Image.new("RGB", (900, 1300), "white").save(out, "PNG")
    kept = an.post("/api/documents", files={"file": ("giay.png", out.getvalue()), "kind": (None, "citizen-card")})
    paper_id: str = kept.raise_for_status().json()["id"]
    until_read(an, paper_id)
    return paper_id


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def open_context(browser: Browser, server: Server, size: tuple[int, int], *, scripts: bool = True) -> BrowserContext:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=scripts, locale="vi-VN", base_url=server.url
    )
    context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in session(server)])
    return context


@cache
def session(server: Server) -> tuple[tuple[str, str], ...]:
    """An's cookies, of one sign-in: a password costs as much as a page."""
    signed_in = httpx.post(f"{server.url}/api/session", json={"login": "an", "password": PASSWORD})
    return tuple(signed_in.raise_for_status().cookies.items())


def complaints(page: Page, path: str) -> list[str]:
    """What is wrong with one page: what the console says, what is cut off, small targets, and what axe finds."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    answer = page.goto(path)
    assert answer is not None and answer.status == 200, path
    if page.evaluate(TOO_WIDE) > 0:
        heard.append("wider than the screen")
    heard += page.evaluate(TOO_SMALL, TARGET)
    need(AXE.exists(), "axe-core (npm ci in tests/journeys/node)")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    return heard + list(page.evaluate(VIOLATIONS, RULES))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "path",
    [
        "/papers", "/papers?q=khong-co", "/papers/new", "/papers/{id}", "/papers/{id}/versions", "/papers/{id}/delete",
        "/bin", "/dossiers", "/account", "/account/erase", "/export", "/import",
        "/problems/duplicate",
    ],
)  # fmt: skip
def test_a_page_is_whole_reachable_and_readable(
    browser: Browser, server: Server, paper: str, path: str, size: tuple[int, int]
) -> None:
    context = open_context(browser, server, size)
    try:
        assert complaints(context.new_page(), path.replace("{id}", paper)) == []
    finally:
        context.close()


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
def test_the_entrance_is_whole_reachable_and_readable(browser: Browser, server: Server, path: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="vi-VN", base_url=server.url)
    try:
        assert complaints(context.new_page(), path) == []
    finally:
        context.close()


def test_a_refused_file_stays_chosen_and_the_next_one_goes_in(
    browser: Browser, server: Server, paper: str, tmp_path: Path
) -> None:
    letter, photo = tmp_path / "don.txt", tmp_path / "anh.png"
    letter.write_text("Kính gửi", encoding="utf-8")
    Image.new("RGB", (500, 400), "beige").save(photo)
    context = open_context(browser, server, SIZES[0])
    try:
        page = context.new_page()
        page.goto("/papers/new")
        page.set_input_files("#file", letter)
        page.click("[data-send]")
        page.wait_for_selector("#problem")
        assert page.input_value("#file").endswith("don.txt")
        page.set_input_files("#file", photo)
        page.click("[data-send]")
        page.wait_for_url("**/papers/*-*?done=added")
        page.wait_for_selector(".facts form", timeout=60_000)
    finally:
        context.close()


def test_a_citizen_without_scripts_puts_a_paper_in(
    browser: Browser, server: Server, paper: str, tmp_path: Path
) -> None:
    photo = tmp_path / "anh.png"
    Image.new("RGB", (500, 400), "lavender").save(photo)
    context = open_context(browser, server, SIZES[0], scripts=False)
    try:
        page = context.new_page()
        page.goto("/papers/new")
        page.set_input_files("#file", photo)
        page.click("[data-send]")
        page.wait_for_url("**/papers/*-*?done=added")
    finally:
        context.close()


def test_search_narrows_the_list_while_one_types(browser: Browser, server: Server, paper: str) -> None:
    context = open_context(browser, server, SIZES[0])
    try:
        page = context.new_page()
        page.goto("/papers")
        page.locator("#q").press_sequentially("khong co giay nay")
        page.wait_for_selector("#results .empty")
        page.locator("#q").fill("can cuoc")
        page.wait_for_selector(f"#results a[href='/papers/{paper}']")
    finally:
        context.close()


@pytest.fixture(scope="module")
def certificate(server: Server, paper: str) -> str:
    """A paper of An's with values that were read; its id."""
    an = server.signed_in("an")
    kept = an.post("/api/documents", files={"file": ("khai-sinh.png", saved(draw(BIRTH), "PNG"))})
    paper_id: str = kept.raise_for_status().json()["id"]
    until_read(an, paper_id)
    return paper_id


def test_a_citizen_sees_each_value_on_the_page_and_confirms_all_with_one_tap(
    browser: Browser, server: Server, certificate: str
) -> None:
    context = open_context(browser, server, SIZES[0])
    try:
        page = context.new_page()
        assert complaints(page, f"/papers/{certificate}") == []
        page.focus("[name='field.birth-date']")
        assert page.locator(".lit").get_attribute("data-field") == "field.birth-date"
        page.wait_for_selector(".lens:visible")
        assert page.evaluate("document.querySelector('.lens').nextElementSibling.contains(document.activeElement)")
        assert page.evaluate(LENS_INK) > 50  # what is printed there is drawn, not a blank canvas
        page.locator(".sheets").scroll_into_view_if_needed()
        box = page.locator("[data-field='field.full-name']").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_function("document.activeElement.name === 'field.full-name'")
        assert page.locator(".lit").get_attribute("data-field") == "field.full-name"
        page.fill("[name='field.full-name']", "Bùi Đình Dũng")
        page.click(".confirm-bar button")
        page.wait_for_url("**?done=confirmed")
    finally:
        context.close()
    facts = server.signed_in("an").get(f"/api/documents/{certificate}/reading").json()["fields"]
    read = {fact["name"]: fact for fact in facts if fact["found"]}
    assert len(read) > 3 and all(fact["confirmed"] for fact in read.values())
    assert read["full-name"]["value"] == "Bùi Đình Dũng"


def test_without_scripts_a_value_leads_to_its_place_on_the_page(
    browser: Browser, server: Server, certificate: str
) -> None:
    context = open_context(browser, server, SIZES[2], scripts=False)
    try:
        page = context.new_page()
        page.goto(f"/papers/{certificate}")
        page.click("a[href='#box-birth-date']")
        assert page.locator("#box-birth-date").evaluate("box => box.matches(':target')")
        page.click(".confirm-bar button")
        page.wait_for_url("**?done=confirmed")
    finally:
        context.close()


def test_a_blurred_photo_is_told_of_and_taken_again_with_one_touch(
    browser: Browser, server: Server, paper: str, tmp_path: Path
) -> None:
    poor, better = tmp_path / "nhoe.jpg", tmp_path / "ro.jpg"
    poor.write_bytes(saved(blurred(sheet()), "JPEG"))
    better.write_bytes(saved(sheet(), "JPEG"))
    context = open_context(browser, server, SIZES[0])
    try:
        page = context.new_page()
        page.goto("/papers/new")
        page.set_input_files("#file", poor)
        page.click("[data-send]")
        page.wait_for_url("**/papers/*/photo")
        assert "Chữ bị nhòe." in page.inner_text("main")
        kept = page.url.split("/")[-2]
        assert complaints(page, f"/papers/{kept}/photo") == []
        with page.expect_file_chooser() as chosen:
            page.click("[data-camera]")
        chosen.value.set_files(better)
        page.wait_for_url("**?done=retaken")
    finally:
        context.close()
    (version,) = server.signed_in("an").get(f"/api/documents/{kept}/versions").json()
    assert (version["number"], version["file_name"], version["quality"]) == (1, "ro.jpg", [])
