"""The button in a real browser: pressed by mouse and by key, read out, under the portal's strict policy."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browsing import AXE, RULES, chromium
from tests.portal.conftest import PortalProcess

STATES = ("idle", "busy", "attached", "refused")
SIZES = ({"width": 360, "height": 740}, {"width": 1280, "height": 900})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[True, False], ids=["scripted", "unscripted"])
def scripted(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def page(browser: Browser, portal: PortalProcess, scripted: bool) -> Iterator[Page]:
    context = browser.new_context(
        base_url=portal.url,
        java_script_enabled=scripted,
        viewport=SIZES[0],
        locale="vi-VN",  # type: ignore[arg-type]
    )
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/button")
    yield page
    assert complaints == [], "a strict policy and a tidy script leave the console silent"
    context.close()


def test_it_posts_the_form_around_it_with_and_without_javascript(page: Page) -> None:
    page.locator(".stand").get_by_role("button", name="Lấy từ kho giấy tờ").click()
    expect(page.locator("h1")).to_have_text("Nút đã được bấm")


@pytest.mark.parametrize("scripted", [True], ids=[""])
def test_it_is_pressed_by_key_and_says_in_words_what_it_does(page: Page) -> None:
    page.evaluate("document.addEventListener('docvault-attach', event => event.preventDefault())")
    button = page.locator("docvault-attach[state=idle]").nth(1).get_by_role("button")
    button.focus()
    expect(button).to_be_focused()
    element = page.locator("docvault-attach").nth(1)
    element.evaluate("element => { element.state = 'busy' }")
    expect(element.get_by_role("status")).to_have_text("Đang mở kho giấy tờ…")
    expect(element.get_by_role("button")).to_be_focused()
    expect(element.get_by_role("button")).to_have_attribute("aria-disabled", "true")
    element.evaluate("element => { element.setAttribute('count', '3'); element.state = 'attached' }")
    expect(element.get_by_role("status")).to_have_text("Đã gắn 3 giấy tờ từ kho")
    expect(element.get_by_role("button")).to_have_count(0)
    element.evaluate("element => { element.lang = 'en'; element.state = 'refused' }")
    expect(element.get_by_role("status")).to_contain_text("You did not agree")
    expect(element.get_by_role("button")).to_have_text("Take from my vault again")
    element.evaluate("element => { element.state = 'nonsense' }")
    expect(element.get_by_role("button")).to_have_text("Take from my document vault")


@pytest.mark.parametrize("scripted", [True], ids=[""])
def test_a_page_that_takes_over_keeps_it_from_posting(page: Page) -> None:
    page.evaluate("document.addEventListener('docvault-attach', event => event.preventDefault())")
    page.locator(".stand").get_by_role("button").click()
    assert page.url.endswith("/button")
    expect(page.locator(".stand docvault-attach")).to_have_attribute("state", "idle")


@pytest.mark.parametrize("scripted", [True], ids=[""])
def test_alone_it_posts_where_its_attributes_say(page: Page) -> None:
    with page.expect_request("**/button") as sent:
        page.locator("docvault-attach").nth(1).get_by_role("button").press("Enter")
    assert sent.value.method == "POST"
    assert sent.value.post_data == "procedure=marriage-registration"


@pytest.mark.parametrize("scripted", [True], ids=[""])
@pytest.mark.parametrize("size", SIZES, ids=["phone", "desk"])
@pytest.mark.parametrize("path", ["/", "/officer", "/button", "form"])
def test_its_pages_fit_and_anybody_can_use_them(page: Page, path: str, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    if path == "form":
        page.goto("/")
        with page.expect_navigation(url="**/dossiers/*"):
            page.locator("button[value=marriage-registration]").click()
    else:
        page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.reload()
    page.add_script_tag(path=AXE)
    found: dict[str, Any] = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found["violations"]] == []
