"""Dossiers over HTTP: what a citizen, an officer and an agency's system each get to see, and whoever else tries."""

import hashlib

import httpx
import pytest
from fastapi import FastAPI

from sharing.keys import SigningKey
from tests.dpop import Dpop
from tests.vault import consenting, visitors
from tests.vault import portal as portals
from tests.vault.attaching import (
    MARRIAGE,
    REFERENCE,
    Attached,
    ask,
    attach,
    grant_of,
    list_token,
    newer_version,
    revoke_all,
)
from tests.vault.world import World
from vault import releases
from vault.documents import Paper
from vault.models import Supplement

NOTE = "Ảnh căn cước bị mờ"


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
def system(world: World, app: FastAPI) -> httpx.Client:
    return visitors.visitor(world, app)


@pytest.fixture
def card(world: World) -> Paper:
    return world.put_in(kind="citizen-card")


@pytest.fixture
def attached(world: World, card: Paper) -> Attached:
    return attach(world, {"applicant-identity": card})


def by_grant(world: World, attached: Attached) -> Dpop:
    return Dpop(world.registry_key, attached.bearer.token)


def by_list(world: World) -> Dpop:
    return Dpop(world.registry_key, list_token(world).token)


def asking(*components: str, note: str = NOTE) -> dict[str, object]:
    return {"components": list(components or ("partner-identity",)), "note": note}


def test_a_citizen_sees_what_a_dossier_holds_who_asks_and_who_opened_it(
    an: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    asked = ask(world, attached, note=NOTE)
    services = world.services
    releases.release(services.db, services.blobs, world.registry, attached.grant_id, card.version.id)
    found = an.get(f"/api/dossiers/{attached.dossier.id}").raise_for_status().json()
    assert (found["procedure"], found["reference"], found["state"]) == (MARRIAGE, REFERENCE, "running")
    assert found["agency"] == {"id": world.registry.agency_id, "name": "Sở Tư pháp"}
    (item,) = found["items"]
    assert (item["component"], item["version"], item["document"]) == ("applicant-identity", card.version.id, card.id)
    assert item["newer_version"] is False
    (waiting,) = found["supplements"]
    assert (waiting["id"], waiting["components"], waiting["note"]) == (asked.id, ["partner-identity"], NOTE)
    (opening,) = found["openings"]
    assert (opening["version"], opening["officer"]) == (card.version.id, "Cán bộ")


def test_a_citizen_is_told_of_a_newer_version_that_the_agency_does_not_have(
    an: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    newer_version(world, card)
    (item,) = an.get(f"/api/dossiers/{attached.dossier.id}").json()["items"]
    assert (item["version"], item["newer_version"]) == (card.version.id, True)


def test_a_citizen_takes_a_dossier_back(an: httpx.Client, lan: httpx.Client, world: World, attached: Attached) -> None:
    for _ in range(2):
        found = an.post(f"/api/dossiers/{attached.dossier.id}/revoke").raise_for_status().json()
        assert found["state"] == "revoked"
    case = lan.get(f"/agency/dossiers/{attached.dossier.id}").raise_for_status().json()
    assert (case["state"], case["items"][0]["sha256"], case["grants"][0]["grant"]) == ("revoked", None, None)
    assert case["items"][0]["component"] == "applicant-identity"


def test_lists_come_in_pages(
    an: httpx.Client, lan: httpx.Client, system: httpx.Client, world: World, card: Paper
) -> None:
    made = [attach(world, {"applicant-identity": card}, reference=f"R-{n}").dossier.reference for n in range(3)]
    for client, address, auth in (
        (an, "/api/dossiers", None),
        (lan, "/agency/dossiers", None),
        (system, "/agency/dossiers", by_list(world)),
    ):
        first = client.get(address, params={"limit": 2}, auth=auth).raise_for_status().json()
        rest = client.get(address, params={"limit": 2, "cursor": first["next"]}, auth=auth).raise_for_status().json()
        assert [found["reference"] for found in first["dossiers"] + rest["dossiers"]] == made[::-1]
        assert rest["next"] is None
        for wrong in ({"limit": 101}, {"limit": 0}, {"cursor": "nonsense"}, {"cursor": "x" * 201}):
            assert client.get(address, params=wrong, auth=auth).status_code == 422


def test_an_officer_sees_hashes_and_grants(lan: httpx.Client, world: World, card: Paper, attached: Attached) -> None:
    (found,) = lan.get("/agency/dossiers").raise_for_status().json()["dossiers"]
    assert found == lan.get(f"/agency/dossiers/{attached.dossier.id}").raise_for_status().json()
    assert found["items"][0]["sha256"] == card.label.sha256.hex()
    assert found["grants"][0]["grant"].count(".") == 2
    assert found["subject"]
    assert "Giấy khai sinh của An" not in str(found)  # the citizen's own title is not shared


def test_a_token_for_lists_learns_no_hash_no_note_and_who_nobody_is(
    system: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    ask(world, attached, note=NOTE)
    answer = system.get(f"/agency/dossiers/{attached.dossier.id}", auth=by_list(world)).raise_for_status()
    found = answer.json()
    assert found["items"][0]["version"] == card.version.id
    assert (found["items"][0]["sha256"], found["grants"][0]["grant"], found["subject"]) == (None, None, None)
    assert found["supplements"][0]["note"] is None
    assert answer.headers["cache-control"] == "no-store"


def test_a_grants_token_sees_its_dossier_whole_and_none_beside_it(
    system: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    other = attach(world, {"applicant-identity": card}, reference="another")
    auth = by_grant(world, attached)
    (found,) = system.get("/agency/dossiers", auth=auth).raise_for_status().json()["dossiers"]
    assert found["items"][0]["sha256"] == card.label.sha256.hex()
    assert found["grants"][0]["id"] == attached.grant_id
    assert system.get(f"/agency/dossiers/{other.dossier.id}", auth=auth).status_code == 404


def test_a_system_asks_for_a_supplement_and_takes_it_back(
    system: httpx.Client, an: httpx.Client, world: World, attached: Attached
) -> None:
    auth, address = by_grant(world, attached), f"/agency/dossiers/{attached.dossier.id}/supplements"
    made = system.post(address, json=asking("partner-identity", note=f" {NOTE} "), auth=auth)
    assert made.status_code == 201
    assert (made.json()["components"], made.json()["note"]) == (["partner-identity"], NOTE)
    (waiting,) = an.get("/api/dossiers").json()["dossiers"][0]["supplements"]
    assert waiting["note"] == NOTE
    gone = f"{address}/{made.json()['id']}"
    assert [system.delete(gone, auth=auth).status_code for _ in range(2)] == [204, 404]
    assert an.get("/api/dossiers").json()["dossiers"][0]["supplements"] == []


def test_a_token_for_lists_asks_for_nothing(system: httpx.Client, world: World, attached: Attached) -> None:
    asked = ask(world, attached)
    address = f"/agency/dossiers/{attached.dossier.id}/supplements"
    assert system.post(address, json=asking(), auth=by_list(world)).status_code == 403
    assert system.delete(f"{address}/{asked.id}", auth=by_list(world)).status_code == 403
    assert world.row(Supplement, asked.id).withdrawn_at is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"components": ["partner-identity"]},
        {"components": [], "note": NOTE},
        {"components": ["no-such"], "note": NOTE},
        {"components": "partner-identity", "note": NOTE},
        {"components": ["partner-identity"], "note": ""},
        {"components": ["partner-identity"], "note": "x" * 501},
        {"components": ["partner-identity"], "note": "a\u0000b"},
        {"components": ["partner-identity"], "note": NOTE, "grant": "another"},
        {"components": ["partner-identity"] * 41, "note": NOTE},
    ],
)
def test_what_cannot_be_asked_is_refused(lan: httpx.Client, world: World, attached: Attached, body: object) -> None:
    answer = lan.post(f"/agency/dossiers/{attached.dossier.id}/supplements", json=body)
    assert answer.status_code == 422
    assert NOTE not in answer.text
    assert world.events("supplement-asked") == []


def test_an_agency_is_told_when_nothing_can_carry_its_question(
    lan: httpx.Client, world: World, attached: Attached
) -> None:
    address = f"/agency/dossiers/{attached.dossier.id}/supplements"
    for _ in range(5):
        assert lan.post(address, json=asking()).status_code == 201
    enough = lan.post(address, json=asking())
    assert (enough.status_code, enough.json()["type"]) == (409, "/problems/supplements-open")
    revoke_all(world, attached)
    over = lan.post(address, json=asking())
    assert (over.status_code, over.json()["type"]) == (409, "/problems/dossier-over")


def test_another_agency_finds_no_dossier_and_asks_for_nothing(
    world: World, app: FastAPI, card: Paper, attached: Attached
) -> None:
    asked = ask(world, attached)
    foreign = attach(world, {"applicant-identity": card}, officer=world.bank)
    minh, system = visitors.visitor(world, app, world.bank), visitors.visitor(world, app)
    lists = Dpop(world.registry_key, list_token(world, world.bank).token)
    for client, auth in ((minh, None), (system, lists), (system, by_grant(world, foreign))):
        address = f"/agency/dossiers/{attached.dossier.id}"
        assert client.get(address, auth=auth).status_code == 404
        assert [found["id"] for found in client.get("/agency/dossiers", auth=auth).json()["dossiers"]] == [
            foreign.dossier.id
        ]
        assert client.request("POST", f"{address}/supplements", json=asking(), auth=auth).status_code in {403, 404}
        assert client.request("DELETE", f"{address}/supplements/{asked.id}", auth=auth).status_code in {403, 404}
    own = f"/agency/dossiers/{foreign.dossier.id}/supplements/{asked.id}"
    assert minh.delete(own).status_code == 404
    assert world.row(Supplement, asked.id).withdrawn_at is None


def test_another_citizen_finds_no_dossier_and_takes_none_back(world: World, app: FastAPI, attached: Attached) -> None:
    binh = visitors.visitor(world, app, world.binh)
    assert binh.get("/api/dossiers").json() == {"dossiers": [], "next": None}
    assert binh.get(f"/api/dossiers/{attached.dossier.id}").status_code == 404
    assert binh.post(f"/api/dossiers/{attached.dossier.id}/revoke").status_code == 404
    assert grant_of(world, attached).revoked_at is None


def test_a_stolen_token_without_its_key_sees_nothing(system: httpx.Client, world: World, attached: Attached) -> None:
    thief = Dpop(SigningKey.generate(), attached.bearer.token)
    assert system.get("/agency/dossiers", auth=thief).status_code == 401
    bare = {"Authorization": f"Bearer {attached.bearer.token}"}
    assert system.get("/agency/dossiers", headers=bare).status_code == 401
    unproved = {"Authorization": f"DPoP {attached.bearer.token}"}
    assert system.get("/agency/dossiers", headers=unproved).status_code == 401


def test_figures_are_for_officers_and_lists_and_hold_counts_alone(
    lan: httpx.Client, system: httpx.Client, world: World, card: Paper, attached: Attached
) -> None:
    found = lan.get("/agency/statistics").raise_for_status().json()
    assert found == system.get("/agency/statistics", auth=by_list(world)).raise_for_status().json()
    (line,) = found["lines"]
    assert (line["procedure"], line["consents"], line["papers_by_reference"]) == (MARRIAGE, 1, 1)
    assert line["uploads_avoided"] == 1
    assert (line["reused_percent"], line["bytes_not_sent"]) == (100, card.version.size)
    assert found["total"] == {name: value for name, value in line.items() if name not in {"procedure", "month"}}
    for secret in (world.an.citizen_id, card.id, card.version.id, attached.dossier.id, REFERENCE):
        assert secret not in str(found)
    assert system.get("/agency/statistics", auth=by_grant(world, attached)).status_code == 403
    assert lan.get("/agency/statistics", params={"since": "2026-13"}).status_code == 422


def test_another_agency_has_figures_of_its_own(world: World, app: FastAPI, attached: Attached) -> None:
    minh = visitors.visitor(world, app, world.bank)
    found = minh.get("/agency/statistics").raise_for_status().json()
    assert (found["lines"], found["total"]["consents"], found["total"]["reused_percent"]) == ([], 0, None)


def test_a_portal_asks_for_more_and_opens_the_answer_with_the_token_it_has(
    world: World, app: FastAPI, an: httpx.Client, lan: httpx.Client
) -> None:
    portal = portals.portal(world, app)
    issued = portal.attached()
    auth = Dpop(portal.key, issued["access_token"])
    address = f"/agency/dossiers/{issued['dossier_id']}"
    before = portal.http.get(address, auth=auth).raise_for_status().json()
    assert [item["component"] for item in before["items"]] == ["applicant-identity"]
    portal.http.post(f"{address}/supplements", json=asking(), auth=auth).raise_for_status()
    (waiting,) = an.get(f"/api/dossiers/{issued['dossier_id']}").raise_for_status().json()["supplements"]
    passport = consenting.put_in(world, "passport", world.an)
    answer = {"decision": "agree", "component.partner-identity": passport.version.id}
    done = an.post(f"/supplements/{waiting['id']}", data=answer)
    assert done.headers["location"].startswith(f"/dossiers/{issued['dossier_id']}")
    after = portal.http.get(address, auth=auth).raise_for_status().json()
    first, second = after["items"]
    assert first == before["items"][0]
    assert (second["component"], second["sha256"]) == ("partner-identity", passport.label.sha256.hex())
    assert after["supplements"] == []
    place = f"/agency/grants/{second['grant']}/documents/{second['version']}"
    content = portal.http.get(place, auth=auth).raise_for_status().content
    assert hashlib.sha256(content).digest() == passport.label.sha256
    total = lan.get("/agency/statistics").json()["total"]
    assert (total["consents"], total["papers_by_reference"]) == (2, 2)
    lists = Dpop(portal.key, portal.lists_token())
    assert [found["id"] for found in portal.http.get("/agency/dossiers", auth=lists).json()["dossiers"]] == [
        issued["dossier_id"]
    ]
    an.post(f"/api/dossiers/{issued['dossier_id']}/revoke").raise_for_status()
    assert portal.http.get(place, auth=auth).status_code == 404
