"""The consent in Chromium, on a phone and on a desk: nothing cut off, all accessible, and with scripts nothing lost."""

import io
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from sqlmodel import select

from sharing.terms import Tier
from tests.databases import Databases
from tests.journeys.browsing import AXE, chromium
from tests.needs import need
from tests.servers import free_port
from tests.vault import attaching, consenting, visitors
from tests.vault import world as worlds
from tests.vault.consenting import ask, detail, put_in
from tests.vault.test_pages_browser import RULES, SIZES, TARGET, TOO_SMALL, TOO_WIDE, VENDOR, VIOLATIONS
from tests.vault.world import World
from vault import firststart
from vault.api.principals import cookie_name
from vault.models import Version
from vault.oauth import requests
from vault.oauth.requests import Opened
from vault.principals import Citizen
from vault.settings import Settings

TODAY = date.today()
CARD = {"full-name": "TRẦN THỊ AN", "birth-date": "1990-03-14", "residence": "Tổ 12, phường Hải Châu, Đà Nẵng"}
BEYOND = (
    '"components": ["applicant-identity", {"name": "diploma", "kinds": ["diploma"], "tier": "certified"}, '
    '{"name": "land", "kinds": ["land-use-certificate"]}], '
    '"fields": ["applicant-name", {"name": "home", "kind": "citizen-card", "field": "residence"}]'
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[World]:
    need((VENDOR / "htmx.min.js").exists(), "the page assets (scripts/assets)")
    port, data = free_port(), tmp_path_factory.mktemp("consent") / "data"
    settings = Settings(
        data_dir=data,
        public_url=f"http://127.0.0.1:{port}",
        port=port,
        embedded_worker=False,
        **databases.make(data),
    )
    services = firststart.prepare(settings)
    world = worlds.build(services)
    server = uvicorn.Server(uvicorn.Config(visitors.app_of(world), host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        sleep(0.05)
    yield world
    server.should_exit = True
    thread.join(20)
    services.db.close()
    databases.drop(data)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def citizen(world: World, name: str) -> Citizen:
    return worlds._citizen(world.services, f"{name}-{monotonic()}")


def visit(
    browser: Browser, world: World, who: Citizen, opened: Opened | None = None, size: tuple[int, int] = SIZES[0], *,
    scripts: bool = True,
) -> BrowserContext:  # fmt: skip
    """A window of that person's, with the request in its hands."""
    settings, (width, height) = world.services.settings, size
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=scripts, locale="vi-VN",
        base_url=settings.public_url,
    )  # fmt: skip
    place = {"domain": "127.0.0.1", "path": "/"}
    context.add_cookies([{"name": cookie_name(settings), "value": visitors.token_of(world, who), **place}])  # type: ignore[typeddict-item]
    if opened:
        place["path"] = requests.cookie_path(opened.request_id)
        context.add_cookies([{"name": requests.cookie_name(settings), "value": opened.secret, **place}])  # type: ignore[typeddict-item]
    return context


def at(opened: Opened) -> str:
    return f"/consent/{opened.request_id}"


def _all_there(world: World, who: Citizen) -> str | Opened:
    put_in(world, "citizen-card", who, found=CARD, tier=Tier.CHECKED, expires_on=date(2031, 6, 1))
    put_in(world, "passport", who)
    return ask(world, detail())


def _much_wrong(world: World, who: Citizen) -> str | Opened:
    put_in(world, "driving-licence", who, expires_on=TODAY - timedelta(days=20))
    put_in(world, "health-certificate", who, found={"full-name": "An"})
    put_in(world, "citizen-card", who, sure=False, found=CARD)
    return ask(world, detail("change-of-driving-licence"))


def _too_much_asked(world: World, who: Citizen) -> str | Opened:
    for kind in ("citizen-card", "diploma", "land-use-certificate"):
        put_in(world, kind, who, found=CARD)
    return ask(world, detail(more=BEYOND))


def _being_read(world: World, who: Citizen) -> str | Opened:
    put_in(world, "birth-notification", who, state="reading")
    return ask(world, detail("birth-registration"))


def _supplement(world: World, who: Citizen) -> str | Opened:
    first = attaching.attach(world, {"applicant-identity": put_in(world, "citizen-card", who)}, citizen=who)
    return f"/supplements/{attaching.ask(world, first, 'partner-identity').id}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", [_all_there, _much_wrong, _too_much_asked, _being_read, _supplement])
def test_each_state_is_whole_reachable_and_readable(
    browser: Browser, world: World, state: object, size: tuple[int, int]
) -> None:
    consenting.register(world)
    who = citizen(world, "ai-do")
    place = state(world, who)  # type: ignore[operator]
    opened = place if isinstance(place, Opened) else None
    context = visit(browser, world, who, opened, size)
    try:
        page = context.new_page()
        assert complaints(page, at(opened) if opened else place) == []
        if page.locator("[name=choose]").count():
            page.locator("[name=choose]").first.click()
            page.wait_for_url("**?choose=*")
            assert complaints(page, page.url) == []
    finally:
        context.close()


def complaints(page: Page, path: str) -> list[str]:
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


def test_a_paper_is_read_while_one_waits_and_what_was_typed_stays(browser: Browser, world: World) -> None:
    consenting.register(world)
    who = citizen(world, "an")
    put_in(world, "citizen-card", who, found=CARD)
    notification = put_in(world, "birth-notification", who, state="reading")
    opened = ask(world, detail("birth-registration"))
    context = visit(browser, world, who, opened)
    try:
        page = context.new_page()
        page.goto(at(opened))
        name = page.locator("[name='field.applicant-name']")
        name.fill("Trần Thị Ân")
        world.change(Version, notification.version.id, state="done", pages_read=1)
        page.wait_for_timeout(2500)  # a reading that ends does not take the page away from who is typing
        assert page.locator(".reading").count() == 1
        name.blur()
        page.wait_for_selector("button[value=agree]")
        assert name.input_value() == "Trần Thị Ân"
    finally:
        context.close()


def test_without_scripts_a_missing_paper_is_put_in_and_the_portal_gets_its_answer(
    browser: Browser, world: World, tmp_path: Path
) -> None:
    consenting.register(world)
    who = citizen(world, "ba")
    put_in(world, "citizen-card", who, found=CARD)
    opened = ask(world, detail("birth-registration"))
    file = tmp_path / "giay.jpg"
    out = io.BytesIO()
    Image.new("RGB", (600, 800), "beige").save(out, "JPEG")
    file.write_bytes(out.getvalue())
    context = visit(browser, world, who, opened, scripts=False)
    try:
        page = context.new_page()
        page.route("https://portal.example/**", lambda route: route.fulfill(body="Xong"))
        page.goto(at(opened))
        page.click("button[name=upload][value=birth-notification]")
        page.set_input_files("#file", file)
        page.click("[data-send]")
        page.wait_for_url(f"**{at(opened)}")
        finish_reading(world)
        page.click("button[value=change]:not([data-save])")
        page.click("button[value=agree]")
        page.wait_for_url("https://portal.example/callback?code=*")
    finally:
        context.close()


def finish_reading(world: World) -> None:
    with world.services.db.write() as session:
        for version in session.exec(select(Version).where(Version.state == "waiting")):
            version.state = "done"  # type: ignore[assignment]


def test_pressing_enter_in_a_field_answers_nothing(browser: Browser, world: World) -> None:
    consenting.register(world)
    who = citizen(world, "tu")
    put_in(world, "citizen-card", who, found=CARD)
    opened = ask(world, detail())
    context = visit(browser, world, who, opened)
    try:
        page = context.new_page()
        page.goto(at(opened))
        page.locator("[name='field.applicant-name']").fill("Trần Thị Ân")
        with page.expect_navigation():
            page.locator("[name='field.applicant-name']").press("Enter")
        assert page.url.endswith(at(opened))
        assert page.locator("[name='field.applicant-name']").input_value() == "Trần Thị Ân"
        assert page.locator("button[value=agree]").count() == 1
    finally:
        context.close()
