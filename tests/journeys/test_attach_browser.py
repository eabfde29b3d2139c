"""One consent instead of copies, in a browser: from the portal's first page to the officer's opened paper and back."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, TimeoutError, expect

from tests import needs
from tests.databases import Databases
from tests.journeys import browsing, sheets
from tests.journeys.browsing import PATIENCE_MS
from tests.journeys.portals import Town, Walker, health_certificate
from vault.demo.people import CITIZEN as HOLDER
from vault.demo.people import LICENCE_NUMBER
from vault.demo.seed import CITIZEN, OFFICER, DemoSignIn

LICENCE, RECORD = "change-of-driving-licence", "criminal-record-certificate"
MISSING = "health-certificate"
NOTE = "Ảnh giấy khám sức khỏe bị mờ, xin gửi bản rõ hơn."
AGREE, REFUSE = "button[value=agree]", "button[value=refuse]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Town]:
    needs.need_tesseract()
    needs.need(browsing.AXE.exists(), "axe-core (npm ci in tests/journeys/node)")
    with Town(tmp_path_factory.mktemp("town"), databases) as town:
        yield town


@pytest.fixture
def citizen(browser: Browser, town: Town, tmp_path: Path) -> Iterator[Walker]:
    with Walker(browser, town, tmp_path / "citizen") as walker:
        yield walker


@pytest.fixture
def officer(browser: Browser, town: Town, tmp_path: Path) -> Iterator[Walker]:
    with Walker(browser, town, tmp_path / "officer") as walker:
        yield walker


def test_one_consent_from_the_portals_first_page_to_the_officers_opened_paper(citizen: Walker, officer: Walker) -> None:
    first, better = (health_certificate(date.today() - timedelta(days=days)) for days in (10, 2))
    reference = begin(citizen, LICENCE)
    citizen.show("form")
    to_the_vault(citizen)
    citizen.show("sign-in")
    sign_in(citizen, CITIZEN)
    expect(citizen.page.locator("#c-licence.ready, #c-applicant-identity.ready")).to_have_count(2)
    expect(citizen.page.locator(f"#c-{MISSING}.lacking")).to_contain_text("Trong kho chưa có giấy này.")
    expect(citizen.page.locator(AGREE)).to_have_count(0)
    citizen.show("consent-with-one-missing")
    put_in_what_is_missing(citizen, first)
    agree(citizen)
    expect(citizen.page.locator("docvault-attach").get_by_role("status")).to_have_text("Đã gắn 3 giấy tờ từ kho")
    expect(citizen.page.locator("#field-applicant-name")).to_have_value(HOLDER.name)
    expect(citizen.page.locator("#field-licence-number")).to_have_value(LICENCE_NUMBER)
    expect(citizen.page.locator("#field-health-conclusion")).to_have_value("Đủ sức khỏe lái xe hạng B2")
    citizen.show("form-filled")
    citizen.press("main form button.main")
    assert "0 byte" in citizen.text(), "the dossier refers to papers; none was sent again"
    expect(citizen.page.locator(".papers li .code")).to_have_count(3)
    citizen.show("submitted")

    at_portal = f"{officer.town.portal.url}/officer"
    officer.go(at_portal)
    officer.show("portal-officer")
    officer.press(f"a[href='/officer/{reference}']")
    verified(officer, grants=1)
    officer.show("portal-officer-dossier")
    opened = opened_papers(officer)
    assert first["buffer"] in opened, "the very file that the citizen put in"
    assert len(opened) == 3
    officer.page.check(f"input[value={MISSING}]")
    officer.page.fill("#note", NOTE)
    officer.press("form[action$='/supplements'] button")
    assert "Đang chờ người dân" in officer.text()
    officer.show("portal-officer-waits")

    answer_the_supplement(citizen, better)
    officer.go(f"{at_portal}/{reference}")
    verified(officer, grants=2)
    assert "Đang chờ người dân" not in officer.text()
    officer.show("portal-officer-supplemented")
    assert better["buffer"] in opened_papers(officer)
    addresses = paper_addresses(officer)

    see_in_the_vault(officer, reference)
    revoke(citizen)
    expect(officer.page.locator("a[href*='/documents/']").first).to_be_visible()
    officer.press("a[href*='/officer/grants/'][href*='/documents/']")
    assert officer.page.locator(".opened").count() == 0, "the page was still open, the paper is not"
    officer.show("vault-officer-refused")
    for address in addresses:
        officer.go(address)
        assert "Không mở được giấy tờ" in officer.text()
    officer.complaints = [one for one in officer.complaints if " 502 " not in one]
    officer.go(f"{at_portal}/{reference}")
    assert "Người dân đã thu hồi" in officer.text()
    assert paper_addresses(officer) == []
    verified(officer, grants=2)
    officer.show("portal-officer-withdrawn")
    citizen.go(f"{citizen.town.vault.url}/seen")
    citizen.show("who-has-seen")


def test_who_refuses_is_told_so_at_the_portal_and_the_portal_learns_nothing_else(citizen: Walker) -> None:
    begin(citizen, "marriage-registration")
    citizen.page.fill("#field-phone", "0905 123 456")
    to_the_vault(citizen)
    sign_in(citizen, CITIZEN)
    came_back: list[str] = []
    citizen.page.on("request", lambda request: came_back.append(request.url) if "/callback?" in request.url else None)
    with citizen.page.expect_navigation(url=f"{citizen.town.portal.url}/dossiers/**"):
        citizen.page.click(REFUSE)
    citizen.show("portal-refused")
    said = citizen.page.locator("docvault-attach").get_by_role("status")
    expect(said).to_have_text("Bạn chưa đồng ý chia sẻ. Hồ sơ vẫn như cũ.")
    assert citizen.page.input_value("#field-phone") == "0905 123 456"
    assert citizen.page.input_value("#field-applicant-name") == ""
    assert citizen.page.locator("input[type=file]").count() > 0
    (answer,) = came_back
    names = {part.partition("=")[0] for part in answer.partition("?")[2].split("&")}
    assert names == {"error", "state", "iss"}, "no reason, no description, no name of anybody"
    assert "error=access_denied" in answer
    to_the_vault(citizen, url="**/consent/**")
    agree(citizen)
    assert citizen.page.locator("input[type=file]").count() == 0, "who changes their mind can"


def test_a_consent_outlives_a_reload_a_lost_sign_in_and_the_back_button(citizen: Walker) -> None:
    begin(citizen, RECORD)
    to_the_vault(citizen)
    sign_in(citizen, CITIZEN)
    citizen.page.fill("#field-applicant-residence", "Số 1 Bạch Đằng, Đà Nẵng")
    citizen.page.reload()
    expect(citizen.page.locator(AGREE)).to_be_visible()
    consent = citizen.page.url
    sign_out_elsewhere(citizen)
    citizen.press(AGREE)
    assert citizen.path.startswith("/sign-in?next=%2Fconsent%2F")
    sign_in(citizen, CITIZEN)
    assert citizen.page.url == consent
    citizen.show("consent-after-signing-in-again")
    agree(citizen)
    attached = citizen.page.url
    citizen.page.go_back()
    with suppress(TimeoutError):  # a browser that kept the page shows it as it was
        citizen.page.locator(AGREE).click(timeout=1000)
    expect(citizen.page.locator("h1")).to_have_text("Yêu cầu này đã xong hoặc hết hạn")
    citizen.show("consent-over")
    citizen.page.goto(attached)
    expect(citizen.page.locator("docvault-attach").get_by_role("status")).to_have_text("Đã gắn 1 giấy tờ từ kho")
    mine = citizen.town.vault.signed_in(CITIZEN.login, CITIZEN.password).get("/api/dossiers").json()["dossiers"]
    reference = attached.rpartition("/")[2]
    (dossier,) = [each for each in mine if each["reference"] == reference]
    assert len(dossier["items"]) == 1, "agreed to once"
    citizen.complaints = [one for one in citizen.complaints if " 404 " not in one]


def test_without_javascript_a_newcomer_opens_a_wallet_puts_the_paper_in_and_attaches_it(
    browser: Browser, town: Town, tmp_path: Path
) -> None:
    with Walker(browser, town, tmp_path / "plain", scripted=False) as citizen:
        begin(citizen, RECORD)
        citizen.press("docvault-attach button")
        citizen.press("a[href^='/sign-up']")
        citizen.type(name=HOLDER.name, login="khong-javascript", password="mat-khau-cua-toi")
        citizen.press("main form button.main-action")
        assert citizen.path.startswith("/consent/")
        citizen.press("button[name=upload]")
        citizen.page.select_option("#kind", "citizen-card")
        card = sheets.born_digital(["CAN CUOC CONG DAN", "Ho va ten: NGUYEN VAN AN", "So: 048090012347"])
        paper = {"name": "Căn cước.pdf", "mimeType": "application/pdf", "buffer": card}
        citizen.page.set_input_files("input[type=file]", paper)  # type: ignore[arg-type]  # a plain dictionary will do
        citizen.press("form.add-form button[data-send]")
        for _ in range(200):
            if citizen.page.locator(AGREE).count():
                break
            citizen.page.wait_for_timeout(300)
            citizen.press(".decide button[value=change]")
        citizen.page.fill("#field-applicant-name", HOLDER.name)
        agree(citizen)
        citizen.show("portal-filled-without-javascript")
        assert "Đã gắn giấy tờ từ kho." in citizen.text()
        assert citizen.page.input_value("#field-applicant-name") == HOLDER.name
        citizen.page.fill("#field-applicant-id-number", "048090012347")
        citizen.press("main form button.main")
        assert "0 byte" in citizen.text()


def begin(citizen: Walker, procedure: str) -> str:
    """From the portal's first page to the form; returns the dossier's reference there."""
    citizen.go(f"{citizen.town.portal.url}/")
    citizen.show("portal")
    citizen.press(f"button[value={procedure}]")
    return citizen.path.rpartition("/")[2]


def to_the_vault(citizen: Walker, url: str = "**/sign-in**") -> None:
    citizen.page.locator("docvault-attach:defined").wait_for()
    with citizen.page.expect_navigation(url=url):
        citizen.page.locator("docvault-attach").get_by_role("button").click()
    assert not citizen.at_portal


def sign_in(walker: Walker, who: DemoSignIn) -> None:
    walker.type(login=who.login, password=who.password)
    walker.press("main form button.main-action")


def put_in_what_is_missing(citizen: Walker, paper: FilePayload) -> None:
    """Leaves the consent for the page that takes papers, and is back there while the paper is being read."""
    citizen.press(f"button[name=upload][value={MISSING}]")
    citizen.page.set_input_files("input[type=file]", paper)
    citizen.show("put-in")
    with citizen.page.expect_navigation(url="**/consent/**"):
        citizen.page.click("[data-send]")
    citizen.show("consent-while-reading")
    expect(citizen.page.locator(AGREE)).to_be_visible()
    expect(citizen.page.locator(f"#c-{MISSING}.ready")).to_be_visible()
    citizen.show("consent-ready")


def agree(citizen: Walker) -> None:
    with citizen.page.expect_navigation(url=f"{citizen.town.portal.url}/dossiers/**"):
        citizen.page.click(AGREE)
    citizen.look()


def answer_the_supplement(citizen: Walker, paper: FilePayload) -> None:
    """The wallet tells of it, the dossier says why; the answer is one more consent."""
    citizen.go(f"{citizen.town.vault.url}/papers")
    citizen.show("wallet-with-a-question")
    citizen.press("main .note a[href^='/supplements/']")
    assert NOTE in citizen.text()
    expect(citizen.page.locator(AGREE)).to_have_count(0)  # what the agency has already is no answer
    citizen.show("supplement")
    citizen.press(f"button[name=upload][value={MISSING}]")
    citizen.page.set_input_files("input[type=file]", paper)
    with citizen.page.expect_navigation(url="**/supplements/**"):
        citizen.page.click("[data-send]")
    expect(citizen.page.locator(AGREE)).to_be_visible()
    citizen.show("supplement-ready")
    citizen.press(AGREE)
    assert citizen.path.startswith("/dossiers/")
    citizen.show("own-dossier")


def verified(officer: Walker, *, grants: int) -> None:
    """Every step of the offline check holds, for each grant of the dossier."""
    expect(officer.page.locator("details:has(ol.steps) summary", has_text="(13/13)")).to_have_count(grants)


def paper_addresses(officer: Walker) -> list[str]:
    """The papers that the portal's page offers to open."""
    links = officer.page.locator("a[href*='/papers/']").all()
    return [f"{officer.town.portal.url}{link.get_attribute('href')}" for link in links]


def opened_papers(officer: Walker) -> list[bytes]:
    return [officer.page.request.get(address).body() for address in paper_addresses(officer)]


def see_in_the_vault(officer: Walker, reference: str) -> None:
    """The same dossier on the vault's own pages, for an officer of an agency without a system of its own."""
    officer.go(f"{officer.town.vault.url}/sign-in")
    sign_in(officer, OFFICER)
    officer.go(f"{officer.town.vault.url}/officer/dossiers")
    officer.show("vault-officer-dossiers")
    officer.press(f"a[href^='/officer/dossiers/']:has-text('{reference}')")
    assert officer.page.locator("a[href*='/officer/grants/'][href*='/documents/']").count() == 4
    officer.show("vault-officer-dossier")
    officer.go(f"{officer.town.vault.url}/officer/figures")
    officer.show("vault-officer-figures")
    officer.page.go_back()


def revoke(citizen: Walker) -> None:
    citizen.press("a[href$='/revoke']")
    citizen.show("revoke")
    citizen.press("form[action$='/revoke'] button")
    assert citizen.page.locator("a[href$='/revoke']").count() == 0
    citizen.show("own-dossier-withdrawn")


def sign_out_elsewhere(citizen: Walker) -> None:
    """In another window of the same browser."""
    other = citizen.page.context.new_page()
    other.goto("/account")
    other.click("form[action='/sign-out'] button")
    other.wait_for_url("**/sign-in**", timeout=PATIENCE_MS)
    other.close()
