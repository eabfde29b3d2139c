"""The whole story in a browser: a citizen with a phone, an officer at a desk, and both without JavaScript."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests import needs
from tests.databases import Databases
from tests.journeys import browsing, people, sheets
from tests.journeys.browsing import Visitor
from tests.servers import Server
from vault.demo.papers import papers

PURPOSE = "Đăng ký kết hôn ở phường"
DONE = "main form[action^='/papers/'] .fact"


@dataclass(frozen=True)
class Town:
    """A server with an agency, and a browser to visit it with."""

    browser: Browser
    server: Server

    def visitor(self, **how: bool) -> Visitor:
        return Visitor(self.browser, self.server, **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Town]:
    needs.need_tesseract()
    needs.need(browsing.AXE.exists(), "axe-core (npm ci in tests/journeys/node)")
    folder = tmp_path_factory.mktemp("browser")
    with browsing.chromium() as browser, Server(folder / "data", databases=databases) as server:
        people.open_agency(server, folder)
        yield Town(browser, server)


def birth_certificate() -> FilePayload:
    paper = papers()[0]
    return {"name": paper.file_name, "mimeType": paper.media_type, "buffer": paper.data}


def small_paper() -> FilePayload:
    data = sheets.born_digital(["GIAY XAC NHAN TINH TRANG HON NHAN", "Ho va ten: NGUYEN VAN AN"])
    return {"name": "Xác nhận.pdf", "mimeType": "application/pdf", "buffer": data}


def test_a_citizen_and_an_officer_go_all_the_way(town: Town) -> None:
    citizen, officer = town.visitor(), town.visitor(desk=True)
    citizen.sign_up("an")
    assert citizen.path.startswith("/papers")
    paper = put_in(citizen, birth_certificate())
    expect(citizen.page.locator("#reading progress")).to_be_visible()
    expect(citizen.page.locator(DONE).first).to_be_visible()
    expect(citizen.page.locator("#reading")).to_have_count(0)
    confirm(citizen, paper)

    link = share(citizen)
    take_over(officer, link)
    open_paper(officer)
    verify(officer)

    citizen.go("/seen")
    assert people.AGENCY in citizen.text()
    assert citizen.page.locator(".happened li.opened").count() == 1
    revoke(citizen)
    refused(officer, link)
    citizen.go("/seen")
    assert citizen.page.locator(".happened li.refused").count() == 2, "the paper, and the link used again"
    citizen.fine()
    officer.fine()


def put_in(visitor: Visitor, paper: FilePayload) -> str:
    """Path of the paper's page, where its reading is shown."""
    visitor.go("/papers/new")
    visitor.page.set_input_files("input[type=file]", paper)
    visitor.press("[data-send]")
    assert "done=added" in visitor.path
    return visitor.path.partition("?")[0]


def confirm(visitor: Visitor, paper: str) -> None:
    """Corrects one field and says that the rest is right."""
    visitor.go(paper)
    assert visitor.page.locator("#field-full-name").count() == 1, visitor.text()
    visitor.page.fill("#field-full-name", "Nguyễn Văn An")
    visitor.press("main form .main-action")
    expect(visitor.page.locator("#field-full-name")).to_have_value("Nguyễn Văn An")
    expect(visitor.page.locator(".sheets img").first).to_be_visible()
    visitor.go("/papers?q=khai+sinh")
    expect(visitor.page.locator(".paper-card mark").first).to_be_visible()


def share(visitor: Visitor) -> str:
    visitor.go("/share/new")
    visitor.page.locator("input[name=version]").first.check()
    visitor.page.select_option("#agency", label=people.AGENCY)
    visitor.page.fill("#purpose", PURPOSE)
    visitor.press("main form button.main-action")
    assert PURPOSE in visitor.text()
    visitor.press("form.agree button.main-action")
    link = visitor.page.locator("#made-link").input_value()
    assert "/s#" in link
    return link


def take_over(officer: Visitor, link: str) -> None:
    """Follows the link, signs in on the way, and finds it waiting."""
    officer.go(link)
    assert "#" not in officer.page.url, "the secret leaves the address bar"
    officer.press("a[href^='/sign-in']")
    officer.sign_in(people.OFFICER)
    assert officer.page.locator("#link").input_value()
    officer.press("form[data-link] button.main-action")
    assert "/officer/grants/" in officer.path
    assert PURPOSE in officer.text()


def open_paper(officer: Visitor) -> None:
    grant = officer.path
    officer.press("a[href*='/documents/'].main-action")
    loaded = "image => image.decode().then(() => image.naturalWidth)"
    assert officer.page.locator(".opened img").first.evaluate(loaded) > 300
    officer.go(grant)


def verify(officer: Visitor) -> None:
    grant = officer.path
    officer.press("form[action='/officer/verify'] button")
    expect(officer.page.locator(".verdict.good")).to_be_visible()
    officer.page.set_input_files("#file", birth_certificate())
    expect(officer.page.locator("[data-outcome=same]")).to_be_visible()
    officer.page.set_input_files("#file", small_paper())
    expect(officer.page.locator("[data-outcome=other]")).to_be_visible()
    officer.go("/officer/verify")
    officer.page.fill("#grant", "eyJhbGciOiJub25lIn0.e30.AAAA")
    officer.press("main form button.main-action")
    expect(officer.page.locator(".verdict.bad")).to_be_visible()
    officer.go(grant)


def revoke(visitor: Visitor) -> None:
    visitor.go("/share")
    visitor.press("a[href$='/revoke']")
    visitor.press("form[action$='/revoke'] button")
    assert visitor.page.locator("a[href$='/revoke']").count() == 0


def refused(officer: Visitor, link: str) -> None:
    """The page that was open, the list, and the link once more: nothing opens any more."""
    officer.press("a[href*='/documents/'].main-action")
    assert officer.page.locator(".opened").count() == 0
    officer.press("main a.main-action")
    assert officer.page.locator("a[href*='/documents/']").count() == 0
    officer.go(link)
    officer.press("form[data-link] button.main-action")
    expect(officer.page.locator("#problem")).to_be_visible()


def test_every_other_page_is_fit_to_be_looked_at(town: Town) -> None:
    """Empty states, questions before something is thrown away, and errors; also in English."""
    citizen = town.visitor()
    citizen.go("/sign-in")
    citizen.type(login="khong-co", password="khong-dung-dau")
    citizen.press("main form button.main-action")
    expect(citizen.page.locator("#problem")).to_be_visible()
    citizen.sign_up("binh")
    for address in ("/papers", "/bin", "/share", "/share/new", "/seen", "/seen?show=all", "/account", "/account/erase"):
        citizen.go(address)
    paper = put_in(citizen, small_paper())
    expect(citizen.page.locator(DONE).first).to_be_visible()
    citizen.page.set_default_timeout(10_000)
    for address in (paper, f"{paper}/versions", f"{paper}/delete", "/papers?q=khong+co+gi", "/share/new", "/nowhere"):
        citizen.go(address)
    citizen.press("form.language button")
    citizen.go(f"{paper}/delete")
    citizen.press("form[action$='/delete'] button")
    citizen.go("/bin")
    citizen.press("a[href$='/destroy']")
    citizen.go("/s#not-a-link")
    citizen.fine()

    officer = town.visitor(desk=True)
    officer.go("/sign-in")
    officer.sign_in(people.OFFICER)
    for address in ("/officer", "/officer/verify", "/account", "/officer/grants/nowhere", "/papers"):
        officer.go(address)
    officer.fine()


def test_what_is_wrong_with_a_page_is_noticed(town: Town) -> None:
    """The control: a script in the page, a picture without words, and something too wide for the phone."""
    visitor = town.visitor()
    visitor.page.goto("/sign-in")
    spoil = """document.querySelector("main").innerHTML +=
        '<img src="/static/mark.svg" onload="alert(1)"><div style="width: 900px">wide</div>'"""
    visitor.page.evaluate(spoil)
    visitor.page.evaluate("document.querySelector('main div').style.width = '900px'")
    visitor.look()
    told = " ".join(visitor.complaints)
    assert "image-alt" in told and "px wider" in told and "Content Security Policy" in told, visitor.complaints


def test_a_file_that_cannot_be_taken_is_told_and_nothing_typed_is_lost(town: Town) -> None:
    citizen = town.visitor()
    citizen.sign_up("cuc")
    citizen.go("/papers/new")
    citizen.page.click("summary")
    citizen.type(title="Giấy của tôi")
    citizen.page.set_input_files("input[type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no paper"})
    citizen.page.click("[data-send]")
    expect(citizen.page.locator("#upload-problem [role=alert]")).to_be_visible()
    assert citizen.page.input_value("#title") == "Giấy của tôi"
    citizen.complaints = [one for one in citizen.complaints if " 415 " not in one]  # the answer to the upload itself
    citizen.fine()


def test_all_of_it_works_without_javascript(town: Town) -> None:
    citizen, officer = town.visitor(scripted=False), town.visitor(scripted=False, desk=True)
    citizen.sign_up("dung")
    citizen.go("/account")
    citizen.press("form[action='/sign-out'] button")
    citizen.go("/sign-in")
    citizen.sign_in("dung")
    paper = put_in(citizen, small_paper())
    for _ in range(200):
        if citizen.page.locator(DONE).count():
            break
        citizen.page.wait_for_timeout(300)
        citizen.go(paper)
    citizen.page.fill("#title", "Giấy của tôi")
    citizen.press("main form .main-action")
    assert "Giấy của tôi" in citizen.text()

    link = share(citizen)
    officer.go(link)
    officer.press("a[href^='/sign-in']")
    officer.sign_in(people.OFFICER)
    officer.page.fill("#link", link)
    officer.press("form[data-link] button.main-action")
    officer.press("a[href*='/documents/'].main-action")
    assert officer.page.locator(".opened img").count() == 1
    revoke(citizen)
    officer.page.reload()
    assert officer.page.locator(".opened").count() == 0
    citizen.fine()
    officer.fine()
