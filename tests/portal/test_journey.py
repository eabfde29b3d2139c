"""The whole story at a browser, by phone and at a desk: a paper is missing and put in on the way to the consent."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.journeys import sheets
from tests.journeys.browsing import Visitor, chromium
from tests.portal.conftest import PortalProcess
from tests.servers import Server
from vault.demo.seed import CITIZEN

MISSING = "drawings"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def drawing(title: str) -> FilePayload:
    data = sheets.born_digital(["BAN VE THIET KE XAY DUNG", "MAT BANG TANG 1", title])
    return {"name": f"{title}.pdf", "mimeType": "application/pdf", "buffer": data}


@pytest.mark.parametrize(("desk", "title"), [(False, "Ban ve A"), (True, "Ban ve B")], ids=["phone", "desk"])
def test_from_the_portals_first_page_to_the_officers_opened_paper(
    browser: Browser, portal: PortalProcess, vault: Server, desk: bool, title: str
) -> None:
    citizen, officer = Visitor(browser, vault, desk=desk), Visitor(browser, vault, desk=desk)
    citizen.go(f"{portal.url}/")
    citizen.press("button[value=house-construction-permit]")
    citizen.page.fill("#field-floors", "3")
    reference = citizen.path.rpartition("/")[2]
    to_the_vault(citizen)
    citizen.type(login=CITIZEN.login, password=CITIZEN.password)
    citizen.press("main form button.main-action")
    put_in_what_is_missing(citizen, drawing(title))
    with citizen.page.expect_navigation(url=f"{portal.url}/**"):
        citizen.page.click("button[value=agree]")
    citizen.look()
    expect(citizen.page.locator("docvault-attach").get_by_role("status")).to_have_text("Đã gắn 3 giấy tờ từ kho")
    expect(citizen.page.locator("#field-floors")).to_have_value("3")
    expect(citizen.page.locator("#field-parcel")).not_to_have_value("")
    citizen.press("button.main")
    assert "0 byte" in citizen.text()

    officer.go(f"{portal.url}/officer/{reference}")
    assert "13/13" in officer.text()
    for link in officer.page.get_by_role("link", name="Mở").all():
        paper = officer.page.request.get(f"{portal.url}{link.get_attribute('href')}")
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.body().startswith(b"%PDF")
    citizen.fine()
    officer.fine()
    for visitor in (citizen, officer):
        visitor.page.context.close()


def to_the_vault(citizen: Visitor) -> None:
    citizen.page.locator("docvault-attach:defined").wait_for()
    with citizen.page.expect_navigation(url="**/sign-in**"):
        citizen.page.get_by_role("button", name="Lấy từ kho giấy tờ").click()
    citizen.look()


def put_in_what_is_missing(citizen: Visitor, paper: FilePayload) -> None:
    """The first time nothing fits; the second time the citizen chooses to put a newer one in."""
    citizen.press(f"button[name=upload][value={MISSING}]")
    citizen.page.set_input_files("input[type=file]", paper)
    with citizen.page.expect_navigation(url="**/consent/**"):
        citizen.page.click("[data-send]")
    expect(citizen.page.locator("button[value=agree]")).to_be_visible()  # once it is read
    citizen.look()
