"""The consent as a person without JavaScript uses it, and as somebody who pries would."""

import io
import re
from datetime import date, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image
from sqlalchemy import event
from sqlmodel import select

from sharing.terms import Tier
from tests.attaching import controls
from tests.vault import attaching, visitors
from tests.vault.consenting import REDIRECT_URI, REFERENCE, ask, detail, put_in
from tests.vault.world import World
from vault.db import now
from vault.models import AuthorizationRequest, Document, DossierItem, Event, Grant, Version
from vault.oauth import requests
from vault.oauth.requests import Opened
from vault.principals import Citizen, Officer

BIRTH = "birth-registration"
CARD = {"full-name": "Trần Thị An", "birth-date": "1990-03-14", "sex": "female"}
BEYOND = (
    '"components": ["applicant-identity", {"name": "diploma", "kinds": ["diploma"], '
    '"label": {"vi": "Bằng <b>cấp</b>", "en": "Degree <b>x</b>"}}], '
    '"fields": ["applicant-name", {"name": "home", "kind": "citizen-card", "field": "origin"}]'
)
TODAY = date.today()


def browser(world: World, opened: Opened | None = None, who: Citizen | Officer | None = None) -> httpx.Client:
    """A browser that is signed in and holds the request."""
    client = visitors.visitor(world, visitors.app_of(world), who or world.an)
    if opened:
        client.cookies.set(requests.cookie_name(world.services.settings), opened.secret)
    return client


def at(opened: Opened) -> str:
    return f"/consent/{opened.request_id}"


def send(client: httpx.Client, path: str, **changes: str) -> httpx.Response:
    """The form as it stands on the page, with changes by the names of controls (`__` for a point, `_` for a hyphen)."""
    form = controls(client.get(path).text)
    named = {name.replace("__", ".").replace("_", "-"): value for name, value in changes.items()}
    return client.post(path, data=form | named)


def text_of(page: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def grants_of(world: World) -> list[Grant]:
    with world.services.db.read() as session:
        return list(session.exec(select(Grant)))


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "beige").save(out, "JPEG")
    return out.getvalue()


# Reading and answering


def test_the_page_says_who_asks_why_until_when_and_how_often(world: World) -> None:
    put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail())
    said = text_of(browser(world, opened).get(at(opened)))
    with world.services.db.read() as session:
        today = now(session)
    for text in (
        "Sở Tư pháp asks to see your papers",
        "Registered in this vault since",
        "The answer goes back to portal.example and nowhere else.",
        "It may ask papers for 3 procedures",
        "Birth registration",
        "Marriage registration “Nộp hồ sơ đăng ký kết hôn”",
        f"Dossier {REFERENCE}",
        f"{today + timedelta(days=14):%Y} (14 days)",
        "Opened 50 times at most.",
        "The only one in your wallet.",
        "Your own scan",
        "The agency learns only that you did not agree, not why.",
    ):
        assert text in said


def test_a_citizen_agrees_and_comes_back_to_the_portal_with_a_code(world: World) -> None:
    card = put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail())
    answer = send(browser(world, opened), at(opened), decision="agree")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?code=")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["state"], query["iss"]) == (["state-of-the-portal"], ["https://vault.example"])
    with world.services.db.read() as session:
        items = session.exec(select(DossierItem)).all()
    assert [(item.component, item.version_id) for item in items] == [("applicant-identity", card.version.id)]


def test_a_citizen_refuses_as_easily_and_the_portal_learns_no_more(world: World) -> None:
    opened = ask(world, detail())
    answer = send(browser(world, opened), at(opened), decision="refuse")
    assert parse_qs(urlsplit(answer.headers["location"]).query).keys() == {"error", "state", "iss"}
    assert "error=access_denied" in answer.headers["location"]


def test_the_browser_may_be_sent_to_the_portal_that_asked_and_nowhere_else(world: World) -> None:
    opened = ask(world, detail())
    policy = browser(world, opened).get(at(opened)).headers["content-security-policy"]
    assert "form-action 'self' https://portal.example;" in policy


def test_nothing_is_ticked_beyond_what_is_needed(world: World) -> None:
    card = put_in(world, "citizen-card", found=CARD | {"origin": "Điện Bàn"})
    put_in(world, "passport")
    diploma = put_in(world, "diploma")
    opened = ask(world, detail(more=BEYOND))
    page = browser(world, opened).get(at(opened))
    assert " checked" not in page.text
    assert controls(page.text).keys() == {"component.applicant-identity", "field.applicant-name"}
    assert f'name="component.diploma" value="{diploma.version.id}"' in page.text
    assert card.version.id in page.text
    said = text_of(page)
    assert "More than this procedure needs You need not send any of this." in said
    assert "Place of origin: Điện Bàn" in said


def test_what_goes_beyond_goes_along_only_when_it_is_ticked(world: World) -> None:
    put_in(world, "citizen-card", found=CARD | {"origin": "Điện Bàn"})
    diploma = put_in(world, "diploma")
    opened = ask(world, detail(more=BEYOND))
    client = browser(world, opened)
    kept = send(client, at(opened), component__diploma=diploma.version.id, field__home="Điện Bàn", decision="change")
    assert kept.headers["location"] == at(opened)
    page = client.get(at(opened))
    assert page.text.count(" checked") == 2
    send(client, at(opened), decision="agree")
    with world.services.db.read() as session:
        components = {item.component for item in session.exec(select(DossierItem))}
    assert components == {"applicant-identity", "diploma"}


def test_a_label_of_the_portals_is_shown_as_text(world: World) -> None:
    put_in(world, "diploma")
    opened = ask(world, detail(more=BEYOND))
    page = browser(world, opened).get(at(opened)).text
    assert "Degree &lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page


def test_what_hides_behind_a_label_of_the_portals_is_named(world: World) -> None:
    hidden = (
        '{"name": "photo", "kinds": ["criminal-record", "passport"], "label": {"vi": "Ảnh thẻ", "en": "Photograph"}}'
    )
    opened = ask(world, detail(more=f'"components": ["applicant-identity", {hidden}]'))
    page = text_of(browser(world, opened).get(at(opened)))
    kinds = world.services.kinds
    assert f"({kinds['criminal-record'].names['en']} or {kinds['passport'].names['en']})" in page


@pytest.mark.parametrize(
    ("kind", "paper", "said"),
    [
        ("driving-licence", {"expires_on": date(2024, 5, 1)}, "This one expired on 01/05/2024."),
        ("health-certificate", {"found": {"issued-on": "2024-01-02"}}, "The agency takes papers of the last 12 months"),
        ("health-certificate", {"found": {}}, "The day of issue could not be read on this one."),
        ("citizen-card", {"sure": False}, "Look at it: is it “Citizen card”?"),
        ("citizen-card", {"state": "reading"}, "This one is being read"),
        ("site-plan", {}, "You have none in your wallet."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_paper_is_said_with_what_to_do(
    world: World, kind: str, paper: dict[str, object], said: str
) -> None:
    put_in(world, kind, **paper)  # type: ignore[arg-type]
    opened = ask(world, detail("change-of-driving-licence"))
    page = browser(world, opened).get(at(opened))
    found = text_of(page)
    assert said in found or (kind == "citizen-card" and "It is being read" in found)
    assert "You cannot agree yet." in found
    assert 'value="agree"' not in page.text
    assert 'value="refuse"' in page.text


def test_a_tier_that_is_too_low_is_said(world: World) -> None:
    put_in(world, "citizen-card")
    put_in(world, "diploma", tier=Tier.SELF)
    more = '"components": ["applicant-identity", {"name": "diploma", "kinds": ["diploma"], "tier": "certified"}]'
    opened = ask(world, detail(more=more))
    said = text_of(browser(world, opened).get(at(opened)))
    assert "This one is: Your own scan. The agency needs: Certified copy." in said
    assert "(at least: Certified copy)" in said


# Another paper, a new one, a paper to be looked at


def test_another_paper_is_chosen_and_the_form_follows_it(world: World) -> None:
    put_in(world, "citizen-card", found=CARD)
    passport = put_in(world, "passport", found={"full-name": "TRAN THI AN"})
    opened = ask(world, detail())
    client = browser(world, opened)
    chosen = send(client, at(opened), choose="applicant-identity")
    assert chosen.headers["location"] == f"{at(opened)}?choose=applicant-identity"
    listed = client.get(chosen.headers["location"]).text
    assert listed.count('type="radio"') == 2 and listed.count(" checked") == 1
    form = {"only": "applicant-identity", "component.applicant-identity": passport.version.id, "decision": "change"}
    back = client.post(at(opened), data=form)
    assert back.headers["location"] == f"{at(opened)}#c-applicant-identity"
    page = client.get(at(opened))
    assert controls(page.text)["component.applicant-identity"] == passport.version.id
    assert controls(page.text)["field.applicant-name"] == "TRAN THI AN"
    assert "Chosen by you." in text_of(page)


def test_a_missing_paper_is_put_in_on_the_spot_and_read_while_one_waits(world: World) -> None:
    put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail(BIRTH))
    client = browser(world, opened)
    sent = send(client, at(opened), upload="birth-notification", field__applicant_name="Trần Thị Ân")
    form = client.get(sent.headers["location"])
    assert "Needed: Birth notification" in text_of(form)
    assert '<option value="birth-notification" selected>' in form.text
    action = unescape(re.search(r'action="(/papers/new[^"]*)"', form.text)[1])  # type: ignore[index]
    put = client.post(action, files=[("kind", (None, "birth-notification")), ("file", ("anh.jpg", photo()))])
    assert put.headers["location"] == at(opened)
    page = client.get(at(opened))
    assert f"back={at(opened)}" in unescape(page.text) and 'hx-trigger="every 2s"' in page.text
    assert "Still being read: Birth notification of the child." in text_of(page)
    assert controls(page.text)["field.applicant-name"] == "Trần Thị Ân"
    finish_reading(world)
    page = client.get(at(opened))
    assert 'value="agree"' in page.text
    assert send(client, at(opened), decision="agree").headers["location"].startswith(REDIRECT_URI)


def finish_reading(world: World) -> None:
    with world.services.db.write() as session:
        for version in session.exec(select(Version).where(Version.state == "waiting")):
            version.state = "done"  # type: ignore[assignment]


@pytest.mark.parametrize("kind", ["citizen-card", "other"])
def test_a_paper_put_in_beside_one_that_fits_or_of_no_kind_yet_is_seen_being_read(world: World, kind: str) -> None:
    """Who has just put a paper in is not left to guess whether it arrived, and the page looks again by itself."""
    put_in(world, "citizen-card", state="waiting")
    old = put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail(more='"components": ["applicant-identity"]'))
    client = browser(world, opened)
    assert 'hx-trigger="every 2s"' not in client.get(at(opened)).text, "what was put in before is no answer to this"
    new = put_in(world, kind, sure=False, state="reading")
    page = client.get(at(opened)).text
    assert f'hx-get="/papers/{new.id}/progress' in page
    assert controls(page)["component.applicant-identity"] == old.version.id
    world.change(Version, new.version.id, state="done")
    assert 'hx-trigger="every 2s"' not in client.get(at(opened)).text


def test_what_a_paper_says_fills_the_fields_that_stood_empty_while_it_was_read(world: World) -> None:
    """The page keeps what was typed before it shows the reading: what nobody touched is not taken for emptied."""
    opened = ask(world, detail())
    client = browser(world, opened)
    before = client.get(at(opened)).text
    shown = dict(re.findall(r'name="(shown\.[\w-]+)" value="([^"]*)"', before))
    assert "shown.applicant-name" in shown
    put_in(world, "citizen-card", found=CARD)
    typed = controls(before) | {"field.applicant-birth-date": "15/03/1990"}
    client.post(at(opened), data=typed | shown | {"decision": "change"})
    after = controls(client.get(at(opened)).text)
    assert (after["field.applicant-name"], after["field.applicant-birth-date"]) == ("Trần Thị An", "15/03/1990")


def test_an_optional_paper_that_was_put_in_on_the_spot_is_ticked_once_it_is_there(world: World) -> None:
    put_in(world, "citizen-card")
    opened = ask(world, detail(BIRTH))
    client = browser(world, opened)
    send(client, at(opened), upload="parents-marriage")
    marriage = put_in(world, "marriage-certificate")
    assert controls(client.get(at(opened)).text)["component.parents-marriage"] == marriage.version.id


def test_a_paper_that_is_read_while_the_page_is_open_is_not_taken_for_left_out(world: World) -> None:
    put_in(world, "citizen-card")
    opened = ask(world, detail(BIRTH))
    client = browser(world, opened)
    send(client, at(opened), upload="parents-marriage")
    marriage = put_in(world, "marriage-certificate", state="reading")
    waiting = controls(client.get(at(opened)).text)
    world.change(Version, marriage.version.id, state="done")
    client.post(at(opened), data=waiting | {"decision": "change"})
    page = client.get(at(opened)).text
    assert controls(page)["component.parents-marriage"] == marriage.version.id
    unticked = controls(page) | {"offered.parents-marriage": "1", "decision": "change"}
    del unticked["component.parents-marriage"]
    client.post(at(opened), data=unticked)
    assert "component.parents-marriage" not in controls(client.get(at(opened)).text)


def test_alternatives_are_named_where_a_new_paper_is_put_in(world: World) -> None:
    opened = ask(world, detail())
    client = browser(world, opened)
    page = client.get(send(client, at(opened), upload="applicant-identity").headers["location"])
    assert "Needed: Citizen card or Passport" in text_of(page)
    assert page.text.count("<option") == 3 and " selected" not in page.text


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site_after_putting_a_paper_in(world: World, back: str) -> None:
    client = browser(world)
    put = client.post("/papers/new", params={"back": back}, files=[("file", ("anh.jpg", photo()))])
    assert put.status_code == 303
    assert put.headers["location"].startswith("/papers/")
    assert "evil" not in main(client.get("/papers/new", params={"back": back}))


def test_a_refused_file_does_not_forget_what_it_was_for(world: World) -> None:
    client = browser(world)
    query = {"back": "/consent/x", "kind": "birth-notification"}
    refused = client.post("/papers/new", params=query, files=[("file", ("don.txt", b"Kinh gui"))])
    assert refused.status_code == 415
    assert 'action="/papers/new?back=%2Fconsent%2Fx&amp;kind=birth-notification"' in refused.text


def test_an_uncertain_kind_is_confirmed_on_the_spot(world: World) -> None:
    card = put_in(world, "citizen-card", sure=False, found=CARD)
    opened = ask(world, detail())
    client = browser(world, opened)
    nearest = {"confirm": "applicant-identity", "nearest.applicant-identity": card.version.id}
    assert client.post(at(opened), data=nearest).headers["location"] == f"{at(opened)}#c-applicant-identity"
    assert world.row(Document, card.id).kind_confirmed
    assert controls(client.get(at(opened)).text)["component.applicant-identity"] == card.version.id


def test_a_day_that_was_not_read_is_typed_on_the_spot(world: World) -> None:
    paper = put_in(world, "health-certificate", found={})
    opened = ask(world, detail("change-of-driving-licence"))
    client = browser(world, opened)
    form = {"confirm": "health-certificate", "nearest.health-certificate": paper.version.id}
    wrong = client.post(at(opened), data=form | {"issued.health-certificate": "hôm qua"})
    assert wrong.status_code == 422
    assert "Issued on: This does not have the right form." in text_of(wrong)
    client.post(at(opened), data=form | {"issued.health-certificate": f"{TODAY:%d/%m/%Y}"})
    assert "recent enough" in text_of(client.get(at(opened)))


def test_what_was_typed_survives_a_change_a_reload_and_a_wrong_value(world: World) -> None:
    put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail())
    client = browser(world, opened)
    wrong = send(client, at(opened), field__applicant_birth_date="hôm qua", field__applicant_name="", decision="agree")
    assert wrong.status_code == 422
    assert "Date of birth: This does not have the right form." in text_of(wrong)
    for page in (wrong, client.get(at(opened)), client.get(at(opened))):
        typed = controls(page.text)
        assert (typed["field.applicant-birth-date"], typed["field.applicant-name"]) == ("hôm qua", "")
    assert grants_of(world) == []


def test_a_field_shows_its_source_and_what_the_paper_says_once_it_was_changed(world: World) -> None:
    put_in(world, "citizen-card", found=CARD, tier=Tier.CHECKED, source="qr")
    opened = ask(world, detail())
    client = browser(world, opened)
    assert "Giấy khai sinh của An: from the QR code. Compared with the original." in text_of(client.get(at(opened)))
    send(client, at(opened), field__applicant_name="Trần Thị Ân", decision="change")
    assert "Changed by you; the paper says: Trần Thị An" in text_of(client.get(at(opened)))


# Who may not, and what is over


def test_who_is_not_signed_in_comes_back_to_the_consent_afterwards(world: World) -> None:
    visitors.give_passwords(world)
    opened = ask(world, detail())
    client = visitors.visitor(world, visitors.app_of(world))
    client.cookies.set(requests.cookie_name(world.services.settings), opened.secret)
    sent = client.get(at(opened))
    assert sent.headers["location"] == f"/sign-in?next=%2Fconsent%2F{opened.request_id}"
    page = client.get(sent.headers["location"]).text
    assert f'href="/sign-up?next=/consent/{opened.request_id}"' in page
    typed = {"login": "an", "password": visitors.PASSWORD, "next": at(opened)}
    assert client.post("/sign-in", data=typed).headers["location"] == at(opened)
    assert client.get(at(opened)).status_code == 200


def test_who_opens_a_wallet_first_comes_back_to_the_consent_too(world: World) -> None:
    opened = ask(world, detail())
    client = visitors.visitor(world, visitors.app_of(world))
    client.cookies.set(requests.cookie_name(world.services.settings), opened.secret)
    page = client.get("/sign-up", params={"next": at(opened)})
    assert f'name="next" value="{at(opened)}"' in page.text
    typed = {"login": "moi", "password": visitors.PASSWORD, "next": at(opened)}
    assert client.post("/sign-up", data=typed).headers["location"] == at(opened)
    assert client.get(at(opened)).status_code == 200
    wrong = client.post("/sign-up", data={"login": "moi2", "password": "x", "next": at(opened)})
    assert f'name="next" value="{at(opened)}"' in wrong.text
    assert (
        client.post("/sign-up", data=typed | {"login": "moi3", "next": "//evil"})
        .headers["location"]
        .startswith("/papers")
    )


def test_an_officer_is_told_that_a_citizen_must_answer(world: World) -> None:
    opened = ask(world, detail())
    client = browser(world, opened, world.registry)
    for answer in (client.get(at(opened)), client.post(at(opened), data={"decision": "agree"})):
        assert answer.status_code == 403
        assert "Only a citizen can answer this" in answer.text
    assert world.row(AuthorizationRequest, opened.request_id).citizen_id is None


def test_everything_that_is_over_looks_alike(world: World) -> None:
    card = put_in(world, "citizen-card")
    claimed, expired, answered = (ask(world, detail()) for _ in range(3))
    browser(world, claimed).get(at(claimed))
    with world.services.db.read() as session:
        ended = now(session) - timedelta(seconds=1)
    world.change(AuthorizationRequest, expired.request_id, expires_at=ended)
    send(browser(world, answered), at(answered), decision="refuse")
    pages = [
        browser(world, claimed, world.binh).get(at(claimed)),  # another citizen's
        browser(world).get(at(claimed)),  # another browser's
        browser(world, expired).get(at(expired)),
        browser(world, answered).get(at(answered)),
        browser(world).get("/consent/never-was"),
        browser(world).get("/supplements/never-was"),
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({main(page) for page in pages}) == 1
    assert "go back to the agency" in pages[0].text
    form = {"decision": "agree", "component.applicant-identity": card.version.id}
    for client, opened in ((browser(world, expired), expired), (browser(world, claimed, world.binh), claimed)):
        assert client.post(at(opened), data=form).status_code == 404
    assert grants_of(world) == []


def main(page: httpx.Response) -> str:
    return page.text.partition("<main")[2]


def test_sending_it_twice_grants_once(world: World) -> None:
    put_in(world, "citizen-card")
    opened = ask(world, detail())
    client = browser(world, opened)
    form = controls(client.get(at(opened)).text) | {"decision": "agree"}
    assert client.post(at(opened), data=form).status_code == 303
    again = client.post(at(opened), data=form)
    assert (again.status_code, "This request is over" in again.text) == (404, True)
    assert len(grants_of(world)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://portal.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_make_a_browser_agree(world: World, headers: dict[str, str]) -> None:
    put_in(world, "citizen-card")
    opened = ask(world, detail())
    client = browser(world, opened)
    form = controls(client.get(at(opened)).text) | {"decision": "agree"}
    assert client.post(at(opened), data=form, headers=headers).status_code == 403
    assert grants_of(world) == []


def test_a_paper_that_is_not_ones_own_comes_back_as_not_possible(world: World) -> None:
    foreign = put_in(world, "citizen-card", world.binh)
    binned = put_in(world, "citizen-card")
    world.bin(binned)
    put_in(world, "passport", found=CARD)
    opened = ask(world, detail())
    client = browser(world, opened)
    for version in (foreign.version.id, binned.version.id):
        answer = send(client, at(opened), component__applicant_identity=version, decision="agree")
        assert answer.status_code == 409
        assert version not in answer.text
    assert grants_of(world) == []


def test_a_component_that_was_not_asked_is_refused(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened = ask(world, detail())
    answer = send(browser(world, opened), at(opened), component__hidden=card.version.id, decision="agree")
    assert answer.status_code == 422
    assert grants_of(world) == []


def test_neither_the_request_nor_what_was_typed_is_in_any_log_or_address(world: World) -> None:
    put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail())
    client = browser(world, opened)
    kept = send(client, at(opened), field__applicant_name="Trần Thị Ân", upload="applicant-identity")
    assert "Ân" not in kept.headers["location"] and opened.secret not in kept.headers["location"]
    with world.services.db.read() as session:
        assert all("Ân" not in (entry.detail or "") for entry in session.exec(select(Event)))


# Supplements


def test_a_supplement_is_answered_on_the_same_page(world: World) -> None:
    first = attaching.attach(world, {"applicant-identity": put_in(world, "citizen-card")})
    passport = put_in(world, "passport")
    supplement = attaching.ask(world, first, "partner-identity")
    client, path = browser(world), f"/supplements/{supplement.id}"
    page = client.get(path)
    said = text_of(page)
    assert "Sở Tư pháp asks for more papers" in said
    assert "The agency writes: “Bản chụp bị mờ”" in said
    assert "form-action 'self';" in page.headers["content-security-policy"]
    waits = send(client, path, decision="refuse")
    assert waits.headers["location"] == f"/dossiers/{first.dossier.id}?done=supplement-waits"
    sent = send(client, path, component__partner_identity=passport.version.id, decision="agree")
    assert sent.headers["location"] == f"/dossiers/{first.dossier.id}?done=supplement-answered"
    assert client.get(path).status_code == 404
    assert browser(world, who=world.registry).get(path).status_code == 403


def test_another_citizen_does_not_see_a_supplement(world: World) -> None:
    first = attaching.attach(world, {"applicant-identity": put_in(world, "citizen-card")})
    supplement = attaching.ask(world, first, "partner-identity")
    assert browser(world, who=world.binh).get(f"/supplements/{supplement.id}").status_code == 404


# A large wallet


def test_a_large_wallet_costs_no_more_queries_and_lists_not_everything(world: World) -> None:
    costs = []
    put_in(world, "citizen-card", found=CARD)
    for more in (2, 30):
        for _ in range(more):
            put_in(world, "citizen-card")
        opened = ask(world, detail())
        client = browser(world, opened)
        client.get(at(opened))
        statements: list[str] = []
        engine = world.services.db.engine
        hear = lambda *call, heard=statements: heard.append(call[2])  # noqa: E731 - a listener that is taken off again
        event.listen(engine, "before_cursor_execute", hear)
        page = client.get(at(opened))
        event.remove(engine, "before_cursor_execute", hear)
        costs.append((len(statements), page.text.count("<img")))
    assert costs[0] == costs[1]
    listed = client.get(f"{at(opened)}?choose=applicant-identity")
    assert listed.text.count('type="radio"') == 21
    assert "There are 12 more" in text_of(listed)


def test_a_kept_draft_of_somebody_else_would_not_open(world: World) -> None:
    put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail())
    client = browser(world, opened)
    send(client, at(opened), field__applicant_name="Trần Thị Ân", decision="change")
    world.change(AuthorizationRequest, opened.request_id, draft=b"\x00" * 80)
    assert controls(client.get(at(opened)).text)["field.applicant-name"] == "Trần Thị An"
