"""The pages about dossiers and figures, as a citizen and an officer use them, and as somebody who pries would."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from tests.vault import visitors
from tests.vault.attaching import (
    MARRIAGE,
    REFERENCE,
    Attached,
    ask,
    attach,
    grant_of,
    newer_version,
    revoke_all,
)
from tests.vault.world import World
from vault import releases, supplements
from vault.documents import Paper
from vault.i18n import translator
from vault.models import Dossier, Figure, Grant, Supplement
from vault.pages import dossiers, figures, officer_dossiers
from vault.pages.render import ZONE

NOTE = "Ảnh căn cước bị mờ, xin gửi bản rõ hơn"


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def an(world: World, app: FastAPI) -> httpx.Client:
    return visitors.visitor(world, app, world.an)


@pytest.fixture
def lan(world: World, app: FastAPI) -> httpx.Client:
    return visitors.visitor(world, app, world.registry)


@pytest.fixture
def card(world: World) -> Paper:
    return world.put_in(kind="citizen-card")


@pytest.fixture
def attached(world: World, card: Paper) -> Attached:
    return attach(world, {"applicant-identity": card})


def waiting(world: World) -> int:
    with world.services.db.read() as session:
        return len(supplements.waiting_for(session, world.an.wallet))


def test_an_empty_list_says_when_something_will_stand_there(an: httpx.Client, lan: httpx.Client) -> None:
    assert "No dossiers yet" in an.get("/dossiers").text
    assert "No dossiers yet" in lan.get("/officer/dossiers").text
    assert "No figures yet" in lan.get("/officer/figures").text


def test_a_citizen_sees_who_has_which_papers_and_when_they_were_opened(
    an: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    listed = an.get("/dossiers").text
    for said in ("Marriage registration", "Sở Tư pháp", REFERENCE, "Identity paper of the applicant"):
        assert said in listed
    services = world.services
    releases.release(services.db, services.blobs, world.registry, attached.grant_id, card.version.id)
    page = an.get(f"/dossiers/{attached.dossier.id}").text
    for said in (
        f'<a href="/papers/{card.id}">Giấy khai sinh của An</a>',
        "opened once",
        "Sở Tư pháp opened “Giấy khai sinh của An”",
        "officer Cán bộ",
        "You attached papers to a dossier at Sở Tư pháp",
    ):
        assert said in page


def test_a_citizen_is_told_that_a_newer_version_stays_at_home(
    an: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    address = f"/dossiers/{attached.dossier.id}"
    assert "A newer version is in your vault." not in an.get(address).text
    newer_version(world, card)
    page = an.get(address).text
    day = card.version.created_at.astimezone(ZONE)
    assert f"The agency has the one of {day:%d/%m/%Y}" in page


def test_a_paper_that_is_gone_keeps_its_line(an: httpx.Client, world: World, card: Paper, attached: Attached) -> None:
    world.bin(card)
    page = an.get(f"/dossiers/{attached.dossier.id}").text
    assert "(no longer in your wallet)" in page
    assert "Giấy khai sinh của An" not in page.split("What happened")[0]


def test_a_question_waits_wherever_its_citizen_looks(
    an: httpx.Client, world: World, attached: Attached, app: FastAPI
) -> None:
    asked = ask(world, attached, note=NOTE)
    for address in ("/papers", f"/dossiers/{attached.dossier.id}"):
        page = an.get(address).text
        assert "Sở Tư pháp asks you for more papers" in page
        assert f'href="/supplements/{asked.id}"' in page
    assert "The agency asks for more" in an.get("/dossiers").text
    page = an.get(f"/dossiers/{attached.dossier.id}").text
    assert NOTE in page
    assert "Identity paper of the other partner" in page
    binh = visitors.visitor(world, app, world.binh)
    assert asked.id not in binh.get("/papers").text + binh.get("/dossiers").text


def test_a_dossier_is_taken_back_with_a_tap_and_a_question(
    an: httpx.Client, lan: httpx.Client, world: World, attached: Attached
) -> None:
    ask(world, attached, note=NOTE)
    address = f"/dossiers/{attached.dossier.id}"
    assert f'href="{address}/revoke"' in an.get(address).text
    question = an.get(f"{address}/revoke").text
    assert "Withdraw everything from this dossier?" in question
    assert "What it has already saved stays with it." in question
    assert grant_of(world, attached).revoked_at is None  # nothing happens by looking
    done = an.post(f"{address}/revoke", follow_redirects=True).text
    assert "The agency can open nothing of this dossier any more." in done
    assert "Withdrawn by you" in done
    assert NOTE not in done
    assert "Nothing of this dossier is shared any more" in an.get(f"{address}/revoke").text
    theirs = lan.get(f"/officer/dossiers/{attached.dossier.id}").text
    assert "The citizen has withdrawn the papers" in theirs
    assert "Open the paper" not in theirs
    assert "Ask for a supplement" not in theirs


def test_another_citizens_dossier_is_not_there(world: World, app: FastAPI, attached: Attached) -> None:
    binh, address = visitors.visitor(world, app, world.binh), f"/dossiers/{attached.dossier.id}"
    assert binh.get(address).status_code == 404
    assert binh.get(f"{address}/revoke").status_code == 404
    assert binh.post(f"{address}/revoke").status_code == 404
    assert attached.dossier.id not in binh.get("/dossiers").text
    assert grant_of(world, attached).revoked_at is None


@pytest.mark.parametrize(
    ("fetched", "changes", "said"),
    [
        (True, {}, "The agency may open it"),
        (False, {}, "Not taken over yet"),
        (False, {"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "The agency never took it over"),
        (False, {"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)}, "The agency never took it over"),
        (True, {"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "Ended"),
        (True, {"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)}, "Withdrawn by you"),
        (True, {"openings": 10}, "All openings used"),
    ],
)
def test_a_citizen_reads_where_a_dossier_stands(
    an: httpx.Client, world: World, card: Paper, fetched: bool, changes: dict[str, object], said: str
) -> None:
    attached = attach(world, {"applicant-identity": card}, fetched=fetched)
    world.change(Grant, attached.grant_id, **changes)
    assert said in an.get("/dossiers").text
    assert said in an.get(f"/dossiers/{attached.dossier.id}").text


def test_long_lists_go_on_on_the_next_page(
    an: httpx.Client, lan: httpx.Client, world: World, card: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dossiers, "PAGE", 2)
    monkeypatch.setattr(officer_dossiers, "PAGE", 2)
    for number in range(3):
        attach(world, {"applicant-identity": card}, reference=f"R-{number}")
    for client, address in ((an, "/dossiers"), (lan, "/officer/dossiers")):
        first = client.get(address).text
        assert ("R-2" in first, "R-1" in first, "R-0" in first) == (True, True, False)
        link = re.search(rf'href="({address}\?cursor=[^"]+)"', first)
        assert link
        rest = client.get(link[1]).text
        assert ("R-2" in rest, "R-1" in rest, "R-0" in rest) == (False, False, True)
        assert "cursor=" not in rest.split("<main")[1]
        assert client.get(address, params={"cursor": "nonsense"}).status_code == 422


def test_an_officer_opens_what_a_dossier_refers_to(
    lan: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    assert REFERENCE in lan.get("/officer/dossiers").text
    page = lan.get(f"/officer/dossiers/{attached.dossier.id}").text
    assert card.label.sha256.hex() in page
    assert "Giấy khai sinh của An" not in page  # the citizen's own title is not shared
    place = f"/officer/grants/{attached.grant_id}/documents/{card.version.id}"
    assert f'href="{place}"' in page
    assert lan.get(place).status_code == 200
    assert len(world.events("released")) == 1


def test_an_officer_asks_for_a_supplement_and_takes_it_back(
    lan: httpx.Client, an: httpx.Client, world: World, attached: Attached
) -> None:
    address = f"/officer/dossiers/{attached.dossier.id}"
    form = {"component": ["partner-identity", "marital-status"], "note": NOTE}
    done = lan.post(f"{address}/supplements", data=form, follow_redirects=True).text
    assert "Asked. The citizen sees it in their vault." in done
    assert NOTE in done
    seen = an.get("/seen").text
    assert "Sở Tư pháp asked you for more papers for a dossier" in seen
    assert f'href="/dossiers/{attached.dossier.id}"' in seen
    assert NOTE not in seen
    button = re.search(rf'action="({address}/supplements/[^"]+/withdraw)"', done)
    assert button
    back = lan.post(button[1], follow_redirects=True).text
    assert "The citizen is asked no longer." in back
    assert NOTE not in back
    assert waiting(world) == 0
    assert lan.post(button[1]).status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"note": NOTE}, "Papers: Please fill this in."),
        ({"component": ["partner-identity"], "note": "  "}, "What is wrong: Please fill this in."),
        ({"component": ["partner-identity"], "note": "x" * 501}, "at most 500 characters"),
        ({"component": ["partner-identity", "no-such"], "note": NOTE}, "not one of the possible values"),
    ],
)
def test_what_cannot_be_asked_is_said_and_nothing_typed_is_lost(
    lan: httpx.Client, world: World, attached: Attached, form: dict[str, object], said: str
) -> None:
    answer = lan.post(f"/officer/dossiers/{attached.dossier.id}/supplements", data=form)
    assert answer.status_code == 422
    assert said in answer.text
    assert f">{form['note']}</textarea>" in answer.text
    assert ('value="partner-identity" checked' in answer.text) is ("component" in form)
    assert f'name="back" value="/officer/dossiers/{attached.dossier.id}"' in answer.text  # a page that can be reloaded
    assert waiting(world) == 0


def test_an_officer_is_told_when_enough_is_asked(lan: httpx.Client, world: World, attached: Attached) -> None:
    for _ in range(supplements.OPEN_MOST):
        ask(world, attached)
    form = {"component": "partner-identity", "note": NOTE}
    answer = lan.post(f"/officer/dossiers/{attached.dossier.id}/supplements", data=form)
    assert answer.status_code == 409
    assert "5 questions about this dossier are open." in answer.text


def test_a_dossier_whose_time_is_over_cannot_be_asked_about(
    lan: httpx.Client, world: World, attached: Attached
) -> None:
    world.change(Grant, attached.grant_id, expires_at=attached.dossier.created_at)
    page = lan.get(f"/officer/dossiers/{attached.dossier.id}").text
    assert "The time for opening is over" in page
    assert "Ask the citizen" not in page
    form = {"component": "partner-identity", "note": NOTE}
    answer = lan.post(f"/officer/dossiers/{attached.dossier.id}/supplements", data=form)
    assert answer.status_code == 409
    assert "Everything shared for this dossier has ended or was withdrawn." in answer.text


def test_another_agencys_officer_finds_nothing(world: World, app: FastAPI, attached: Attached) -> None:
    asked = ask(world, attached)
    minh, address = visitors.visitor(world, app, world.bank), f"/officer/dossiers/{attached.dossier.id}"
    assert attached.dossier.id not in minh.get("/officer/dossiers").text
    assert minh.get(address).status_code == 404
    form = {"component": "partner-identity", "note": NOTE}
    assert minh.post(f"{address}/supplements", data=form).status_code == 404
    assert minh.post(f"{address}/supplements/{asked.id}/withdraw").status_code == 404
    assert world.row(Supplement, asked.id).withdrawn_at is None
    assert "No figures yet" in minh.get("/officer/figures").text


def test_a_note_is_shown_as_it_was_typed_and_runs_nothing(
    an: httpx.Client, lan: httpx.Client, attached: Attached
) -> None:
    wild = "<script>alert(1)</script> & {{ 7 * 7 }}"
    form = {"component": "partner-identity", "note": wild}
    lan.post(f"/officer/dossiers/{attached.dossier.id}/supplements", data=form)
    for page in (
        an.get(f"/dossiers/{attached.dossier.id}").text,
        lan.get(f"/officer/dossiers/{attached.dossier.id}").text,
    ):
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ 7 * 7 }}" in page
        assert "<script>alert" not in page


def test_a_procedure_that_was_taken_out_still_shows_its_dossiers(
    an: httpx.Client, lan: httpx.Client, world: World, card: Paper
) -> None:
    attached = attach(world, {"old-component": card}, procedure="old-procedure")
    page = an.get(f"/dossiers/{attached.dossier.id}").text
    assert "old-procedure" in page
    assert "Citizen card" in page or "citizen card" in page.lower()  # by the kind of its paper
    assert "Ask the citizen" not in lan.get(f"/officer/dossiers/{attached.dossier.id}").text


def test_figures_are_read_by_people_and_by_spreadsheets(lan: httpx.Client, world: World, attached: Attached) -> None:
    with world.services.db.write() as session:
        for seconds in (75, 75, 4000):
            session.add(
                Figure(
                    agency_id=world.registry.agency_id, procedure="birth-registration", month=month_ago(0),
                    papers=4, reused=3, bytes_not_sent=1024 * 1024, seconds=seconds,
                )
            )  # fmt: skip
        old = {"papers": 9, "reused": 9, "bytes_not_sent": 9, "seconds": 9}
        session.add(Figure(agency_id=world.registry.agency_id, procedure="too-old", month=month_ago(13), **old))
    page = lan.get("/officer/figures").text
    for said in ("Birth registration", "75 %", "1 min 15 s", "3 MB", "Marriage registration", "76 %"):
        assert said in page
    assert "too-old" not in page
    assert f"{month_ago(0)[5:]}/{month_ago(0)[:4]}" in page
    answer = lan.get("/officer/figures.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["procedure"], row["consents"], row["uploads_avoided"]) for row in rows] == [
        ("birth-registration", "3", "9"),
        (MARRIAGE, "1", "1"),
    ]


def month_ago(months: int) -> str:
    now = datetime.now(UTC) + timedelta(hours=7)
    years, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return f"{years}-{month + 1:02d}"


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "–"), (0, "0 giây"), (59, "59 giây"), (75, "1 phút 15 giây"), (7260, "2 giờ 1 phút")]
)
def test_a_time_is_told_in_words(seconds: int | None, said: str) -> None:
    assert figures.duration(seconds, translator("vi")) == said


def test_the_last_twelve_months_begin_eleven_months_ago() -> None:
    assert figures._first(datetime(2026, 11, 23, tzinfo=UTC)) == "2025-12"
    assert figures._first(datetime(2026, 12, 31, 17, tzinfo=UTC)) == "2026-02"  # it is 2027 in Viet Nam


def test_a_citizen_with_a_revoked_dossier_keeps_the_history(an: httpx.Client, world: World, attached: Attached) -> None:
    revoke_all(world, attached)
    page = an.get(f"/dossiers/{attached.dossier.id}").text
    assert "You withdrew what you had shared with Sở Tư pháp" in page
    assert world.row(Dossier, attached.dossier.id) is not None
