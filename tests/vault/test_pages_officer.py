"""The officer's pages: a link taken over, papers opened under the citizen's eyes, grants verified step by step."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from sharing.errors import Expired
from tests.vault import visitors
from tests.vault.world import CONTENT, World
from vault import grants
from vault.cli import app
from vault.documents import Paper
from vault.models import Grant
from vault.pages import verifying


@pytest.fixture
def lan(world: World) -> httpx.Client:
    return visitors.visitor(world, visitors.app_of(world), world.registry)


@pytest.fixture
def paper(world: World) -> Paper:
    return world.put_in()


@pytest.fixture
def taken(lan: httpx.Client, world: World, paper: Paper) -> str:
    """The id of a grant that the officer took over."""
    grant_id, link = world.share(paper)
    assert lan.post("/s", data={"link": link}).status_code == 303
    return grant_id


def signed_grant(lan: httpx.Client, grant_id: str) -> str:
    return lan.get(f"/officer/grants/{grant_id}/grant.jws").raise_for_status().text


def test_an_officer_pastes_a_link_and_sees_what_was_shared(lan: httpx.Client, world: World, paper: Paper) -> None:
    grant_id, link = world.share(paper)
    answer = lan.post("/s", data={"link": f"  https://vault.example/s#{link} "})
    assert answer.headers["location"] == f"/officer/grants/{grant_id}?done=redeemed"
    page = lan.get(answer.headers["location"]).text
    for said in (
        "The papers are taken over.",
        "Đăng ký kết hôn",
        "The citizen&#39;s own scan",
        "Each opening is counted",
    ):
        assert said in page
    assert paper.label.sha256.hex() in page
    assert "Giấy khai sinh của An" not in page  # the citizen's own title is not shared
    assert "Đăng ký kết hôn" in lan.get("/officer").text


def test_a_link_works_once_and_the_second_try_says_what_to_do(lan: httpx.Client, world: World, paper: Paper) -> None:
    _, link = world.share(paper)
    lan.post("/s", data={"link": link})
    again = lan.post("/s", data={"link": link})
    assert again.status_code == 404
    assert "Ask the citizen to make a new one." in again.text
    assert "data-link-failed" in again.text


@pytest.mark.parametrize("link", ["", "nonsense", "https://vault.example/s", "a.b", "x" * 900])
def test_what_is_no_link_is_refused_kindly(lan: httpx.Client, link: str) -> None:
    answer = lan.post("/s", data={"link": link})
    assert answer.status_code == 404
    assert "Ask the citizen to make a new one." in answer.text


def test_another_agencys_officer_cannot_take_the_papers(world: World, paper: Paper) -> None:
    grant_id, link = world.share(paper)
    minh = visitors.visitor(world, visitors.app_of(world), world.bank)
    assert minh.post("/s", data={"link": link}).status_code == 404
    assert world.row(Grant, grant_id).redeemed_at is None
    assert [event.detail for event in world.events("refused")] == ["other-agency"]


def test_the_landing_page_is_the_same_for_every_link_and_explains_itself(world: World, lan: httpx.Client) -> None:
    app = visitors.app_of(world)
    nobody = visitors.visitor(world, app).get("/s")
    assert "sign in as an officer" in nobody.text
    assert 'href="/sign-in?next=/s"' in nobody.text
    citizen = visitors.visitor(world, app, world.an).get("/s")
    assert "This link is for an officer" in citizen.text
    assert '<form class="card" method="post" action="/s"' not in citizen.text
    assert '<form class="card" method="post" action="/s"' in lan.get("/s").text


def test_a_citizen_who_posts_the_own_link_does_not_use_it_up(world: World, paper: Paper) -> None:
    grant_id, link = world.share(paper)
    an = visitors.visitor(world, visitors.app_of(world), world.an)
    assert an.post("/s", data={"link": link}).status_code == 403
    assert world.row(Grant, grant_id).redeemed_at is None


def test_opening_a_paper_counts_once_with_all_its_pages(
    lan: httpx.Client, world: World, paper: Paper, taken: str
) -> None:
    lan.get(f"/officer/grants/{taken}")
    assert world.row(Grant, taken).openings == 0  # looking at the share opens nothing
    page = lan.get(f"/officer/grants/{taken}/documents/{paper.version.id}").text
    assert "It was opening 1 of 3." in page
    picture = re.search(r'src="(/agency/grants/[^"]+\.webp)"', page)
    assert picture
    assert lan.get(picture[1]).headers["content-type"] == "image/webp"
    assert lan.get(f"/agency/grants/{taken}/documents/{paper.version.id}").content == CONTENT
    assert world.row(Grant, taken).openings == 1
    assert len(world.events("released")) == 1


def test_a_withdrawn_share_says_so_and_opens_nothing(lan: httpx.Client, world: World, paper: Paper, taken: str) -> None:
    world.revoke(taken)
    page = lan.get(f"/officer/grants/{taken}").text
    assert "The citizen has withdrawn this share" in page
    assert "Đăng ký kết hôn" not in page
    refused = lan.get(f"/officer/grants/{taken}/documents/{paper.version.id}")
    assert refused.status_code == 404
    assert "This paper cannot be opened" in refused.text
    assert lan.get(f"/officer/grants/{taken}/grant.jws").status_code == 404
    assert [event.detail for event in world.events("refused")] == ["revoked"]
    assert "A share that was withdrawn" in lan.get("/officer").text


@pytest.mark.parametrize("state", ["ended", "used-up"])
def test_a_share_that_is_over_says_so(lan: httpx.Client, world: World, paper: Paper, taken: str, state: str) -> None:
    grant = world.row(Grant, taken)
    if state == "ended":
        world.change(Grant, taken, expires_at=grant.not_before + timedelta(microseconds=1))
    else:
        world.change(Grant, taken, openings=grant.openings_max)
    said = {"ended": "This share has ended", "used-up": "All openings are used"}[state]
    assert said in lan.get(f"/officer/grants/{taken}").text
    assert lan.get(f"/officer/grants/{taken}/documents/{paper.version.id}").status_code == 404


def test_another_agency_sees_nothing_of_a_share(world: World, paper: Paper, taken: str) -> None:
    minh = visitors.visitor(world, visitors.app_of(world), world.bank)
    for address in (
        f"/officer/grants/{taken}",
        f"/officer/grants/{taken}/grant.jws",
        f"/officer/grants/{taken}/documents/{paper.version.id}",
    ):
        assert minh.get(address).status_code == 404
    assert taken not in minh.get("/officer").text


def test_an_officer_without_shares_is_told_how_to_begin(lan: httpx.Client) -> None:
    assert "When a citizen shows you a QR code" in lan.get("/officer").text


def test_a_genuine_grant_passes_every_step(lan: httpx.Client, taken: str, paper: Paper) -> None:
    token = signed_grant(lan, taken)
    folded = "\n".join(token[i : i + 60] for i in range(0, len(token), 60))  # as mail programs break lines
    page = lan.post("/officer/verify", data={"grant": folded}).text
    assert "The grant is genuine" in page
    assert page.count('<li class="passed">') == 11
    assert f'data-sha256="{paper.label.sha256.hex()}"' in page


def test_an_officer_copies_the_command_that_verifies_elsewhere(
    lan: httpx.Client, world: World, taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = lan.post("/officer/verify", data={"grant": signed_grant(lan, taken)}).text
    shown = re.search(r"<code data-command>(.+?)</code>", page)
    assert shown
    download = lan.get(f"/officer/grants/{taken}/grant.jws").headers["content-disposition"]
    name = download.partition('filename="')[2].rstrip('"')
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(signed_grant(lan, taken))
    Path("FILE").write_bytes(CONTENT)
    Path("jwks.json").write_text(lan.get("/.well-known/jwks.json").text)
    command = unescape(shown[1]).split()[1:]
    assert name in command
    result = CliRunner().invoke(app, [*command, "--jwks", "jwks.json"])
    assert (result.exit_code, "the paper that it names" in result.stdout) == (0, True), result.output


def test_a_withdrawn_grant_is_genuine_but_says_that_it_was_withdrawn(
    lan: httpx.Client, world: World, taken: str
) -> None:
    token = signed_grant(lan, taken)
    world.revoke(taken)
    page = lan.post("/officer/verify", data={"grant": token}).text
    assert "The grant is genuine" in page
    assert "But the citizen has withdrawn it" in page


def test_a_changed_grant_fails_at_its_signature(lan: httpx.Client, taken: str) -> None:
    header, payload, signature = signed_grant(lan, taken).split(".")
    forged = f"{header}.{payload[:20]}{'A' if payload[20] != 'A' else 'B'}{payload[21:]}.{signature}"
    page = lan.post("/officer/verify", data={"grant": forged}).text
    assert "The grant does not hold" in page
    assert page.count('<li class="passed">') == 5
    assert page.count('<li class="failed">') == 1
    assert "data-compare" not in page


def test_a_grant_for_another_agency_fails_at_the_audience(world: World, lan: httpx.Client, taken: str) -> None:
    minh = visitors.visitor(world, visitors.app_of(world), world.bank)
    page = minh.post("/officer/verify", data={"grant": signed_grant(lan, taken)}).text
    assert page.count('<li class="passed">') == 8
    assert "Đăng ký kết hôn" not in page


@pytest.mark.parametrize("grant", ["nonsense", "a.b.c", "<script>alert(1)</script>", "x" * 200_000])
def test_what_is_no_grant_fails_at_the_first_step(lan: httpx.Client, grant: str) -> None:
    page = lan.post("/officer/verify", data={"grant": grant}).text
    assert page.count('<li class="failed">') == 1
    assert page.count('<li class="skipped">') == 10
    assert "<script>alert" not in page


def test_the_steps_that_are_told_are_those_of_the_check() -> None:
    steps = verifying.steps(Expired.step)
    assert [step.outcome for step in steps] == ["passed"] * 10 + ["failed"]
    assert [step.outcome for step in verifying.steps(None)] == ["passed"] * 11


def test_a_grant_that_nobody_took_over_is_told_apart(lan: httpx.Client, world: World, paper: Paper) -> None:
    grant_id, _ = world.share(paper)
    with world.services.db.read() as session:
        token = grants.get(session, world.an.wallet, grant_id).signed
    assert "Your agency has not taken it over" in lan.post("/officer/verify", data={"grant": token}).text
