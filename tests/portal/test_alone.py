"""The portal before any vault knows it: its keys, its forms, and what it refuses."""

import json
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from examples.portal import procedures, proof
from examples.portal.dossiers import Store
from examples.portal.settings import Settings
from ocr.kinds import load_kinds
from sharing import errors
from sharing.errors import GrantError
from tests.portal.conftest import PortalProcess
from vault.procedures import load_procedures

STATIC = Path(procedures.__file__).parent / "static"
TEMPLATES = Path(procedures.__file__).parent / "templates"
ELEMENT_BYTES = 6 * 1024


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    """A portal that no vault ever answers."""
    with PortalProcess(tmp_path_factory.mktemp("lonely") / "folder") as portal:
        yield portal


def begun(browser: httpx.Client, procedure: str = "marriage-registration") -> str:
    answer = browser.post("/dossiers", data={"procedure": procedure})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def test_its_private_keys_are_its_owners_alone_and_the_same_at_the_next_start(tmp_path: Path) -> None:
    portal = PortalProcess(tmp_path / "folder")
    portal.prepare()
    keys = portal.folder / "keys.json"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(portal.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((portal.folder / "portal.sqlite").stat().st_mode) == 0o600
    before = keys.read_bytes()
    portal.prepare()
    assert keys.read_bytes() == before


def test_its_application_holds_no_private_key(lonely: PortalProcess) -> None:
    application = json.loads((lonely.folder / "client.json").read_text("utf-8"))
    assert application["redirect_uris"] == [f"{lonely.url}/callback"]
    (key,) = application["jwks"]["keys"]
    assert "d" not in key


def test_somebody_fills_a_form_by_hand_and_submits_it(lonely: PortalProcess) -> None:
    with lonely.browser() as browser:
        form = begun(browser)
        typed = {"field.applicant-name": "Lê Văn Minh", "field.applicant-id-number": "048090000017"}
        wanting = browser.post(f"{form}/submit", data=typed)
        assert wanting.status_code == 422
        assert "Giấy tờ tùy thân" in wanting.text
        assert "Lê Văn Minh" in wanting.text, "what was typed stays"
        scan = {"paper.applicant-identity": ("cccd.jpg", b"x" * 4321, "image/jpeg")}
        assert browser.post(f"{form}/submit", data=typed, files=scan).status_code == 303
        assert "4 KB" in browser.get(form).text
        assert "Tải lên bằng tay" in browser.get("/officer").text
        assert browser.post(f"{form}/save", data={"field.applicant-name": "X"}).status_code == 404, "it is submitted"


def test_without_a_vault_it_says_so_and_loses_nothing(lonely: PortalProcess) -> None:
    with lonely.browser() as browser:
        form = begun(browser)
        answer = browser.post(f"{form}/attach", data={"field.applicant-name": "Lê Văn Minh"}, follow_redirects=True)
        assert "Chưa lấy được giấy tờ từ kho" in answer.text
        assert "Lê Văn Minh" in answer.text


def test_another_browser_sees_no_dossier_of_mine(lonely: PortalProcess) -> None:
    with lonely.browser() as mine, lonely.browser() as theirs:
        form = begun(mine)
        assert theirs.get(form).status_code == 404
        assert theirs.post(f"{form}/attach").status_code == 404
        assert form.rpartition("/")[2] not in theirs.get("/").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_post_from_another_page_is_refused_also_from_another_port(
    lonely: PortalProcess, headers: dict[str, str]
) -> None:
    with lonely.browser() as browser:
        form = begun(browser)
        for path in ("/dossiers", f"{form}/attach", f"{form}/submit", "/officer/H17.34-261123-0001/supplements"):
            assert browser.post(path, headers=headers, data={"procedure": "marriage-registration"}).status_code == 403


def test_an_answer_that_nobody_asked_for_changes_nothing(lonely: PortalProcess) -> None:
    with lonely.browser() as browser:
        begun(browser)
        for query in ({"code": "x", "state": "y"}, {"code": "x", "state": ""}, {"error": "access_denied"}, {}):
            assert browser.get("/callback", params=query).status_code == 400


def test_a_name_that_somebody_points_at_this_machine_is_refused(lonely: PortalProcess) -> None:
    with lonely.browser() as browser:
        assert browser.get("/officer", headers={"Host": "evil.example"}).status_code == 400


def test_an_address_that_leads_nowhere_is_told_on_a_page(lonely: PortalProcess) -> None:
    with lonely.browser() as browser:
        for answer in (
            browser.get("/nowhere"),
            browser.get("/static/nowhere.js"),
            browser.get("/officer/H1"),
            browser.delete("/"),
        ):
            assert answer.status_code == 404
            assert "Không có trang này" in answer.text


def test_who_comes_by_another_name_of_this_machine_is_led_to_the_one_it_is_registered_by(lonely: PortalProcess) -> None:
    answer = httpx.get(f"http://127.0.0.1:{lonely.port}/officer", headers={"Host": f"localhost:{lonely.port}"})
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{lonely.url}/officer"


def test_its_pages_run_nothing_but_its_own_files(lonely: PortalProcess) -> None:
    with lonely.browser() as browser:
        form = begun(browser)
        for path in ("/", form, "/officer", "/button"):
            answer = browser.get(path)
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text("utf-8")
        assert " style=" not in text
        assert not re.search(r"\son\w+=", text)
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), template


def test_its_pages_are_english_for_who_asks(lonely: PortalProcess) -> None:
    with lonely.browser() as browser:
        form = begun(browser)
        assert 'lang="en"' in browser.get("/?lang=en").text
        for path in (form, "/officer", "/button"):
            page = browser.get(path).text
            assert '<html lang="en">' in page
            assert "Thông tin" not in page


def test_the_element_is_small() -> None:
    assert (STATIC / "docvault-attach.js").stat().st_size < ELEMENT_BYTES


def test_its_list_uses_names_that_the_vault_has() -> None:
    known = load_procedures(None, load_kinds(None))
    for code, procedure in procedures.load().items():
        theirs = known[code]
        needed = {each.name: each.needed for each in theirs.components}
        assert {paper.name: paper.needed for paper in procedure.papers} == needed
        assert {each.name for each in theirs.fields} <= {each.name for each in procedure.fields}


def test_references_count_up_within_a_day(tmp_path: Path) -> None:
    store, now = Store(tmp_path), datetime(2026, 11, 22, 18, 0, tzinfo=UTC)  # the next day in Viet Nam
    made = [store.begin("cookie", "marriage-registration", now).reference for _ in range(2)]
    made.append(store.begin("cookie", "marriage-registration", now + timedelta(days=1)).reference)
    assert made == ["H17.34-261123-0001", "H17.34-261123-0002", "H17.34-261124-0001"]


def test_each_step_of_the_offline_check_has_its_words() -> None:
    steps = {error.step for error in vars(errors).values() if isinstance(error, type) and _is_step(error)}
    own = 2
    assert steps == set(range(1, len(proof.STEPS) - own + 1))
    assert errors.UnknownKey.step == proof.UNKNOWN_KEY


def _is_step(error: type) -> bool:
    return issubclass(error, GrantError) and error is not GrantError


def test_where_it_comes_back_to_belongs_to_its_address() -> None:
    assert Settings("http://127.0.0.1:9").redirect_uri == "http://127.0.0.1:9/callback"
