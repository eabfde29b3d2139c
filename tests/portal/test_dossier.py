"""The portal's whole story over HTTP: asked, agreed, filled, submitted, verified, opened, supplemented, withdrawn."""

import hashlib
import re
from html import unescape

import httpx
import pytest

from examples.portal.dossiers import Dossier, Store
from sharing.encoding import b64url_decode
from tests import attaching
from tests.portal.conftest import PortalProcess
from tests.servers import Server
from vault.demo.people import CITIZEN

PROCEDURE = "criminal-record-certificate"
TYPED = {"field.purpose": "Xin việc làm", "field.phone": "0900 000 000"}


def begun(browser: httpx.Client) -> str:
    """A new dossier: the address of its form."""
    return str(browser.post("/dossiers", data={"procedure": PROCEDURE}).headers["location"])


def answered(browser: httpx.Client, citizen: httpx.Client, form: str, decision: str) -> str:
    """The portal asks, the citizen decides: where the citizen's browser is sent back to."""
    away = browser.post(f"{form}/attach", data=TYPED)
    assert away.status_code == 303
    assert "request_uri=" in away.headers["location"], browser.get(form).text
    return attaching.answer(citizen, away.headers["location"], decision)


@pytest.fixture
def submitted(browser: httpx.Client, citizen: httpx.Client) -> str:
    """The reference of a dossier that was attached with one consent and submitted."""
    form = begun(browser)
    assert browser.get(answered(browser, citizen, form, "agree")).headers["location"] == form
    assert browser.post(f"{form}/submit").status_code == 303
    return form.rpartition("/")[2]


def stored(portal: PortalProcess, reference: str) -> Dossier:
    found = Store(portal.folder).one_submitted(reference)
    assert found is not None
    return found


def versions(page: str) -> list[str]:
    """The papers that the officer's page offers to open."""
    return re.findall(r'href="/officer/[\w.-]+/papers/([\w-]+)"', page)


def test_one_consent_fills_the_form_and_attaches_the_papers(browser: httpx.Client, citizen: httpx.Client) -> None:
    form = begun(browser)
    browser.get(answered(browser, citizen, form, "agree"))
    page = unescape(browser.get(form).text)
    assert f'value="{CITIZEN.name}"'.casefold() in page.casefold()
    assert f'value="{CITIZEN.id}"' in page
    assert "mã QR trên giấy" in page, "each value says where it comes from"
    assert 'state="attached"' in page
    assert TYPED["field.purpose"] in page, "what was typed before is still there"
    assert 'type="file"' not in page

    browser.post(f"{form}/submit")
    receipt = browser.get(form).text
    assert "0 byte" in receipt
    assert "Bản chụp của người dân" in receipt


def test_who_refuses_finds_the_form_as_it_was_and_can_try_again(browser: httpx.Client, citizen: httpx.Client) -> None:
    form = begun(browser)
    browser.get(answered(browser, citizen, form, "refuse"))
    page = browser.get(form).text
    assert "Bạn chưa đồng ý chia sẻ giấy tờ" in page
    assert TYPED["field.purpose"] in page
    assert 'type="file"' in page
    browser.get(answered(browser, citizen, form, "agree"))
    assert 'state="attached"' in browser.get(form).text


def test_the_officer_verifies_offline_and_opens_the_very_paper(portal: PortalProcess, submitted: str) -> None:
    with portal.browser() as officer:
        page = officer.get(f"/officer/{submitted}").text
        assert "(13/13)" in page
        (version,) = versions(page)
        paper = officer.get(f"/officer/{submitted}/papers/{version}")
    assert paper.headers["content-type"] == "application/pdf"
    (granted,) = (stored(portal, submitted).attached or pytest.fail("nothing is attached")).components
    assert hashlib.sha256(paper.content).digest() == b64url_decode(granted["sha-256"])


def test_the_officer_asks_for_more_and_opens_what_came(
    portal: PortalProcess, submitted: str, citizen: httpx.Client
) -> None:
    with portal.browser() as officer:
        asked = {"component": "relationship", "note": "Xin bổ sung\ngiấy khai sinh"}
        assert officer.post(f"/officer/{submitted}/supplements", data=asked).status_code == 303
        assert "Đang chờ người dân" in officer.get(f"/officer/{submitted}").text

        (dossier,) = [each for each in own_dossiers(citizen) if each["reference"] == submitted]
        (supplement,) = dossier["supplements"]
        assert supplement["note"] == "Xin bổ sung giấy khai sinh"
        attaching.answer(citizen, f"/supplements/{supplement['id']}", "agree")

        page = officer.get(f"/officer/{submitted}").text
        assert "Đang chờ người dân" not in page
        assert page.count("(13/13)") == 2
        first, second = versions(page)
        assert officer.get(f"/officer/{submitted}/papers/{first}").headers["content-type"] == "application/pdf"
        assert officer.get(f"/officer/{submitted}/papers/{second}").headers["content-type"] == "image/jpeg"


def test_what_was_withdrawn_stays_proved_but_opens_no_more(
    portal: PortalProcess, submitted: str, citizen: httpx.Client
) -> None:
    with portal.browser() as officer:
        (version,) = versions(officer.get(f"/officer/{submitted}").text)
        (dossier,) = [each for each in own_dossiers(citizen) if each["reference"] == submitted]
        citizen.post(f"/api/dossiers/{dossier['id']}/revoke").raise_for_status()
        page = officer.get(f"/officer/{submitted}").text
        assert "Người dân đã thu hồi" in page
        assert "(13/13)" in page
        assert versions(page) == []
        assert "Không mở được giấy tờ" in officer.get(f"/officer/{submitted}/papers/{version}").text
        asked = officer.post(f"/officer/{submitted}/supplements", data={"component": "residence", "note": "Xin thêm"})
        why = re.search(r'Chưa gửi được yêu cầu\..*?<span class="code">([\w-]+)<', asked.text, re.DOTALL)
        assert why and why[1] == "dossier-over", why


def test_with_the_vault_away_the_officer_still_verifies(portal: PortalProcess, submitted: str, vault: Server) -> None:
    with portal.browser() as officer:
        assert "(13/13)" in officer.get(f"/officer/{submitted}").text
        vault.stop()
        try:
            page = officer.get(f"/officer/{submitted}").text
            assert "Không hỏi được kho giấy tờ lúc này" in page
            assert "(13/13)" in page
        finally:
            vault.start()


def test_an_answer_is_good_once_and_in_the_browser_that_asked(
    portal: PortalProcess, browser: httpx.Client, citizen: httpx.Client
) -> None:
    form = begun(browser)
    callback = answered(browser, citizen, form, "agree")
    with portal.browser() as thief:
        begun(thief)
        assert thief.get(callback).status_code == 400
    assert browser.get(callback).status_code == 303
    assert browser.get(callback).status_code == 400
    assert 'state="attached"' in browser.get(form).text


@pytest.mark.parametrize("change", [{"iss": "https://another.example"}, {"iss": ""}, {"code": "made-up"}, {"code": ""}])
def test_an_answer_that_was_tampered_with_attaches_nothing(
    browser: httpx.Client, citizen: httpx.Client, change: dict[str, str]
) -> None:
    form = begun(browser)
    callback = httpx.URL(answered(browser, citizen, form, "agree"))
    assert browser.get(callback.copy_merge_params(change)).status_code == 303
    page = browser.get(form).text
    assert "Chưa lấy được giấy tờ từ kho" in page
    assert 'state="attached"' not in page


def test_its_log_and_pages_never_show_a_token_or_a_code(
    portal: PortalProcess, submitted: str, browser: httpx.Client
) -> None:
    attached = stored(portal, submitted).attached
    assert attached
    pages = [browser.get(path).text for path in ("/", f"/dossiers/{submitted}", "/officer", f"/officer/{submitted}")]
    for text in (*pages, portal.log.read_text("utf-8")):
        assert attached.token not in text
        assert "code=" not in text
    assert attached.token not in repr(attached)


def own_dossiers(citizen: httpx.Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = citizen.get("/api/dossiers").raise_for_status().json()["dossiers"]
    return found
