"""The citizen's pages around sharing, as a person without JavaScript uses them, and as somebody who pries would."""

import base64
import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from sharing.limits import PURPOSE_CHARS
from tests.vault import visitors
from tests.vault.world import World
from vault import grantkeys, redeeming, releases, tokens
from vault.documents import Paper
from vault.errors import ReleaseRefused
from vault.models import Event, Grant
from vault.pages import seen

HIDDEN = re.compile(r'<input type="hidden" name="(version|agency|purpose|days|openings)" value="([^"]*)">')
LINK = re.compile(r'<textarea id="made-link"[^>]*>([^<]+)</textarea>')


@pytest.fixture
def an(world: World) -> httpx.Client:
    return visitors.visitor(world, visitors.app_of(world), world.an)


@pytest.fixture
def paper(world: World) -> Paper:
    return world.put_in()


def typed(world: World, paper: Paper, **changes: str) -> dict[str, str]:
    form = {
        "version": paper.version.id,
        "agency": world.registry.agency_id,
        "purpose": "Đăng ký kết hôn",
        "days": "7",
        "openings": "3",
    }
    return form | changes


def share(an: httpx.Client, form: dict[str, str]) -> str:
    """Both steps of the form; returns the link."""
    check = an.post("/share/check", data=form)
    assert check.status_code == 200, check.text
    made = an.post("/share", data=dict(HIDDEN.findall(unescape(check.text))))
    assert made.status_code == 201
    found = LINK.search(made.text)
    assert found
    return unescape(found[1])


def count(world: World) -> int:
    return len(world.events("granted"))


def test_a_citizen_shares_a_paper_and_the_officer_opens_it(an: httpx.Client, world: World, paper: Paper) -> None:
    link = share(an, typed(world, paper))
    assert link.startswith("https://vault.example/s#")
    redeemed = redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    terms = redeemed.received.terms
    assert terms is not None
    assert (terms.purpose, terms.openings) == ("Đăng ký kết hôn", 3)
    assert terms.expires_at - terms.not_before == timedelta(days=7)
    releases.release(
        world.services.db, world.services.blobs, world.registry, redeemed.grant_id, paper.version.id
    ).preview(1)


def test_only_the_paper_that_one_came_from_is_ticked(an: httpx.Client, world: World, paper: Paper) -> None:
    other = world.put_in(content=b"%PDF-1.7 another")
    assert an.get("/share/new").text.count(" checked") == 0
    page = an.get("/share/new", params={"document": paper.id}).text
    assert re.findall(r'value="([^"]+)" checked', page) == [paper.version.id]
    assert other.version.id in page


def test_another_citizens_paper_is_neither_ticked_nor_shown(an: httpx.Client, world: World, paper: Paper) -> None:
    foreign = world.put_in(world.binh)
    assert foreign.version.id not in an.get("/share/new", params={"document": foreign.id}).text


def test_the_summary_says_who_what_why_and_until_when_before_anything_is_signed(
    an: httpx.Client, world: World, paper: Paper
) -> None:
    text = an.post("/share/check", data=typed(world, paper, purpose="  Đăng ký \n kết hôn ")).text
    for said in ("Sở Tư pháp", "Giấy khai sinh của An", "Đăng ký kết hôn", "7 days", "Opened 3 times at most."):
        assert said in text
    assert count(world) == 0


def test_a_citizen_changes_something_and_finds_all_that_was_typed(an: httpx.Client, world: World, paper: Paper) -> None:
    text = an.post("/share/new", data=typed(world, paper)).text
    assert f'value="{paper.version.id}" checked' in text
    assert "Đăng ký kết hôn</textarea>" in text
    assert f'<option value="{world.registry.agency_id}" selected>' in text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("version", "", "Please fill this in."),
        ("agency", "", "Please fill this in."),
        ("purpose", "   ", "Please fill this in."),
        ("purpose", "a" * (PURPOSE_CHARS + 1), f"at most {PURPOSE_CHARS} characters"),
        ("days", "0", "Please choose from 1 to 90."),
        ("days", "91", "Please choose from 1 to 90."),
        ("openings", "0", "Please choose from 1 to 10000."),
        ("openings", "-1", "This does not have the right form."),
        ("openings", "", "Please fill this in."),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_place_and_nothing_typed_is_lost(
    an: httpx.Client, world: World, paper: Paper, field: str, value: str, said: str
) -> None:
    form = typed(world, paper, **{field: value})
    form = {name: value for name, value in form.items() if value or name != "version"}
    for address in ("/share/check", "/share"):
        answer = an.post(address, data=form)
        assert answer.status_code == 422
        assert said in answer.text
        assert (f'value="{paper.version.id}" checked' in answer.text) is (field != "version")
    assert count(world) == 0


def test_another_citizens_version_cannot_be_slipped_into_the_form(an: httpx.Client, world: World, paper: Paper) -> None:
    foreign = world.put_in(world.binh)
    form = typed(world, foreign)
    assert an.post("/share/check", data=form).status_code == 404
    assert an.post("/share", data=form).status_code == 404
    assert count(world) == 0


def test_the_code_is_shown_once_and_kept_nowhere(
    an: httpx.Client, world: World, paper: Paper, caplog: pytest.LogCaptureFixture
) -> None:
    answer = an.post("/share", data=typed(world, paper))
    assert answer.headers["cache-control"] == "no-store"
    found = LINK.search(answer.text)
    assert found
    parsed = grantkeys.parse_link(unescape(found[1]))
    assert parsed
    grant_id, secret = parsed
    written = tokens.encode(secret)
    for address in ("/share", f"/share/{grant_id}/revoke", "/seen?show=all", f"/papers/{paper.id}"):
        assert written not in an.get(address).text
    assert written not in caplog.text
    assert all(written not in str(value) for value in world.row(Grant, grant_id).model_dump().values())


def test_the_qr_is_a_picture_inside_the_page(an: httpx.Client, world: World, paper: Paper) -> None:
    page = an.post("/share", data=typed(world, paper)).text
    found = re.search(r'<img src="data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)"', page)
    assert found
    svg = base64.b64decode(found[1]).decode()
    assert "<svg" in svg
    assert "script" not in svg
    assert "https://vault.example" not in svg  # drawn, not written


def test_a_citizen_withdraws_with_a_tap_and_a_question(an: httpx.Client, world: World, paper: Paper) -> None:
    grant_id, link = world.share(paper)
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    assert "Shared now" in an.get("/share").text
    assert "Withdraw this share?" in an.get(f"/share/{grant_id}/revoke").text
    done = an.post(f"/share/{grant_id}/revoke", follow_redirects=True)
    assert "Nobody can open the papers through it any more." in done.text
    assert "Withdrawn by you" in done.text
    with pytest.raises(ReleaseRefused):
        releases.release(world.services.db, world.services.blobs, world.registry, grant_id, paper.version.id)
    assert "This share is over" in an.get(f"/share/{grant_id}/revoke").text


def test_another_citizen_cannot_withdraw_or_see_a_share(world: World, paper: Paper) -> None:
    grant_id, _ = world.share(paper)
    binh = visitors.visitor(world, visitors.app_of(world), world.binh)
    assert binh.get(f"/share/{grant_id}/revoke").status_code == 404
    assert binh.post(f"/share/{grant_id}/revoke").status_code == 404
    assert grant_id not in binh.get("/share").text
    assert world.row(Grant, grant_id).revoked_at is None


def test_a_share_of_a_paper_that_was_thrown_away_stays_in_the_list(
    an: httpx.Client, world: World, paper: Paper
) -> None:
    world.share(paper)
    world.bin(paper)
    assert "(no longer in your wallet)" in an.get("/share").text


def test_an_empty_wallet_says_what_to_do(an: httpx.Client) -> None:
    assert "You share nothing" in an.get("/share").text
    assert "There is nothing to share yet" in an.get("/share/new").text
    assert "Nobody has seen your papers" in an.get("/seen").text


def test_a_citizen_sees_who_opened_what_and_who_was_refused(an: httpx.Client, world: World, paper: Paper) -> None:
    grant_id, link = world.share(paper)
    services = world.services
    redeeming.redeem_by_officer(services.db, services.signer, world.registry, link)
    releases.release(services.db, services.blobs, world.registry, grant_id, paper.version.id)
    with pytest.raises(ReleaseRefused):
        releases.release(services.db, services.blobs, world.bank, grant_id, paper.version.id)
    text = an.get("/seen").text
    assert "Sở Tư pháp opened “Giấy khai sinh của An”" in text
    assert "officer Cán bộ" in text
    assert "Ngân hàng was refused “Giấy khai sinh của An”" in text
    assert "You shared it with another agency." in text
    assert "Sở Tư pháp took the papers" in text
    assert "You shared “Giấy khai sinh của An” with Sở Tư pháp" in text
    world.revoke(grant_id)
    assert "You withdrew what you had shared with Sở Tư pháp" in an.get("/seen").text


def test_a_long_list_goes_on_with_older_entries(
    an: httpx.Client, world: World, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_id, link = world.share(paper)
    monkeypatch.setattr(seen, "PAGE", 2)
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    for _ in range(4):
        with pytest.raises(ReleaseRefused):
            releases.release(world.services.db, world.services.blobs, world.bank, grant_id, paper.version.id)
    first = an.get("/seen").text
    assert first.count("was refused") == 2
    older = re.search(r'href="(/seen\?before=\d+)"', first)
    assert older
    second = an.get(older[1]).text
    assert second.count("was refused") == 2
    last = re.search(r'href="(/seen\?before=\d+)"', second)
    assert last
    third = an.get(last[1]).text
    assert "took the papers" in third
    assert "You shared" in third


def test_a_destroyed_paper_and_an_unknown_event_do_not_break_the_list(
    an: httpx.Client, world: World, paper: Paper
) -> None:
    with world.services.db.write() as session:
        at = paper.document.created_at
        session.add(Event(kind="released", at=at, citizen_id=world.an.citizen_id, document_id="gone"))
        session.add(Event(kind="of-a-later-version", at=at, citizen_id=world.an.citizen_id))
    text = an.get("/seen?show=all").text
    assert "Somebody who is not known opened “a paper that is no longer kept”" in text
    assert "Something else happened in your wallet" in text


def test_another_citizens_list_shows_nothing_of_mine(world: World, paper: Paper) -> None:
    world.share(paper)
    binh = visitors.visitor(world, visitors.app_of(world), world.binh)
    assert "Giấy khai sinh của An" not in binh.get("/seen?show=all").text


def test_a_form_on_another_site_shares_nothing(an: httpx.Client, world: World, paper: Paper) -> None:
    answer = an.post("/share", data=typed(world, paper), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert count(world) == 0
