"""Taking papers along and bringing them in, as a person does it in Chromium: with scripts and without."""

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.databases import Databases
from tests.journeys.browsing import AXE, chromium
from tests.needs import need
from tests.servers import PASSWORD, Server
from tests.vault.exporting import picture
from tests.vault.test_pages_browser import RULES, SIZES, TOO_WIDE, VENDOR, VIOLATIONS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Server]:
    need((VENDOR / "htmx.min.js").exists(), "the page assets (scripts/assets)")
    data = tmp_path_factory.mktemp("taking") / "data"
    with Server(data, databases=databases, embedded_worker=False) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def an(server: Server) -> httpx.Client:
    """A citizen with three photos."""
    an = server.citizen("an")
    for n in range(3):
        an.post("/api/documents", files={"file": (f"{n}.png", picture(n)), "title": (None, f"Giấy {n}")})
    return an


def context_of(browser: Browser, server: Server, client: httpx.Client, *, scripts: bool = True) -> BrowserContext:
    width, height = SIZES[0]
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="vi-VN", base_url=server.url, java_script_enabled=scripts
    )
    context.add_cookies([{"name": n, "value": v, "url": server.url} for n, v in client.cookies.items()])
    return context


def take_along(page: Page, to: Path) -> None:
    """The page's own way: password, button, download."""
    page.goto("/account")
    page.get_by_role("button", name="Mang giấy tờ đi").click()
    page.get_by_label("Mật khẩu của bạn").fill(PASSWORD)
    with page.expect_navigation():  # the page before shows an earlier file's button
        page.locator("form[action='/export'] button").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải về").click()
    download.value.save_as(to)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_citizen_moves_to_another_wallet(
    browser: Browser, server: Server, an: httpx.Client, tmp_path: Path, scripts: bool
) -> None:
    file = tmp_path / "kho.zip"
    context = context_of(browser, server, an, scripts=scripts)
    take_along(context.new_page(), file)
    context.close()
    with ZipFile(file) as archive:
        assert archive.testzip() is None
    other = server.citizen(f"binh-{scripts}")
    context = context_of(browser, server, other, scripts=scripts)
    page = context.new_page()
    for outcome in ("Đã cất vào kho", "Đã có sẵn"):
        page.goto("/import")
        page.get_by_label("Tệp ZIP").set_input_files(file)
        page.get_by_role("button", name="Cất vào kho").click()
        page.locator("[data-done] a").wait_for()
        assert page.get_by_text(outcome, exact=True).count() == 3
    context.close()
    titles = {paper["title"] for paper in other.get("/api/documents").json()["documents"]}
    assert titles == {"Giấy 0", "Giấy 1", "Giấy 2"}


def test_the_network_breaks_and_no_paper_is_lost_or_sent_twice(
    browser: Browser, server: Server, an: httpx.Client, tmp_path: Path
) -> None:
    file = tmp_path / "kho.zip"
    context = context_of(browser, server, an)
    take_along(context.new_page(), file)
    context.close()
    other = server.citizen("chi")
    context = context_of(browser, server, other)
    page = context.new_page()
    broken: list[str] = []

    def break_the_second(route: object, request: object) -> None:
        broken.append("x")
        route.abort() if len(broken) == 2 else route.continue_()  # type: ignore[attr-defined]

    page.route("**/import/papers", break_the_second)
    page.goto("/import")
    page.get_by_label("Tệp ZIP").set_input_files(file)
    page.get_by_role("button", name="Cất vào kho").click()
    page.get_by_text("Đã cất vào kho", exact=True).nth(2).wait_for()
    context.close()
    assert len(broken) == 4
    assert len(other.get("/api/documents").json()["documents"]) == 3


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_file_that_is_no_export_is_refused_in_words(
    browser: Browser, server: Server, an: httpx.Client, tmp_path: Path, scripts: bool
) -> None:
    letter = tmp_path / "thu.zip"
    letter.write_bytes(b"Kinh gui")
    context = context_of(browser, server, an, scripts=scripts)
    page = context.new_page()
    page.goto("/import")
    page.get_by_label("Tệp ZIP").set_input_files(letter)
    page.get_by_role("button", name="Cất vào kho").click()
    page.get_by_text("Đây không phải tệp ZIP nguyên vẹn").wait_for()
    context.close()


def test_a_damaged_paper_and_a_full_vault_are_told_apart(
    browser: Browser, server: Server, an: httpx.Client, tmp_path: Path
) -> None:
    file, damaged = tmp_path / "kho.zip", tmp_path / "hong.zip"
    context = context_of(browser, server, an)
    take_along(context.new_page(), file)
    context.close()
    content = bytearray(file.read_bytes())
    content[content.index(b"IDAT") + 30] ^= 1
    damaged.write_bytes(content)
    context = context_of(browser, server, server.citizen("dung"))
    page = context.new_page()
    page.goto("/import")
    page.get_by_label("Tệp ZIP").set_input_files(damaged)
    page.get_by_role("button", name="Cất vào kho").click()
    page.get_by_text("Một tệp bên trong đã hỏng").wait_for()
    full = '<p data-detail data-reason="">Kho hiện hết chỗ chứa.</p>'
    page.route("**/import/papers", lambda route: route.fulfill(status=507, content_type="text/html", body=full))
    page.get_by_label("Tệp ZIP").set_input_files(file)
    page.get_by_role("button", name="Cất vào kho").click()
    page.get_by_text("Kho hiện hết chỗ chứa. Bị dừng ở đây.").wait_for()
    context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_page_in_the_unpacked_folder_is_whole_and_its_links_lead_somewhere(
    browser: Browser, server: Server, an: httpx.Client, tmp_path: Path, size: tuple[int, int]
) -> None:
    file = tmp_path / "kho.zip"
    if an.get("/api/export").status_code != 200:
        an.post("/api/export", json={"password": PASSWORD})
        while not an.post("/api/export/continue").raise_for_status().json()["ready"]:
            pass
    file.write_bytes(an.get("/api/export").raise_for_status().content)
    with ZipFile(file) as archive:
        archive.extractall(tmp_path / "kho")
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    page = context.new_page()
    page.goto((tmp_path / "kho/index.html").as_uri())
    assert page.evaluate(TOO_WIDE) == 0
    need(AXE.exists(), "axe-core (npm ci in tests/journeys/node)")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    assert page.evaluate(VIOLATIONS, RULES) == []
    links = page.eval_on_selector_all("a", "found => found.map(a => a.getAttribute('href'))")
    assert len(links) > 6
    assert [link for link in links if not (tmp_path / "kho" / link).is_file()] == []
    context.close()
