"""Attacks on what is attached: portals that want more, other agencies and citizens, clients without measure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests import needs
from tests.attaching import Attempt, Portal, agree, answer, controls, origin, returned
from tests.databases import Databases
from tests.dpop import Dpop
from tests.journeys.portals import open_portal, put_in
from tests.servers import Server

RECORD, LICENCE = "criminal-record-certificate", "change-of-driving-licence"
DEGREE = {"name": "degree", "kinds": ["diploma"], "label": {"vi": "Bằng", "en": "Degree"}}
BEYOND: dict[str, Any] = {
    "components": ["applicant-identity", DEGREE],
    "fields": ["applicant-name", {"name": "home-town", "kind": "citizen-card", "field": "origin"}],
}
NAME, ORIGIN = "Nguyễn Văn An", "Xã Hòa Châu, Đà Nẵng"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Town:
    """A vault with two agencies, each with a portal, and two citizens with a citizen card each."""

    server: Server
    registry: Portal
    police: Portal
    an: httpx.Client
    binh: httpx.Client
    card: str
    binhs_card: str

    def lists(self, portal: Portal) -> Dpop:
        """A token of the portal itself, for its agency's lists."""
        issued = portal.post("/oauth/token", {"grant_type": "client_credentials"})
        return Dpop(portal.dpop.key, issued.raise_for_status().json()["access_token"])

    def open(self, citizen: httpx.Client, portal: Portal, **more: Any) -> tuple[Attempt, str, str]:
        """A request in the citizen's browser: the portal's side of it, the address and the text of its page."""
        attempt = portal.push(RECORD, fresh_reference(), **more)
        page = citizen.get(portal.address(attempt), follow_redirects=True)
        assert page.status_code == 200, page.text
        return attempt, page.url.path, page.text

    def send(self, citizen: httpx.Client, path: str, form: dict[str, str]) -> httpx.Response:
        return citizen.post(path, data=form, headers={"Origin": origin(citizen.base_url)})


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Town]:
    needs.need_tesseract()
    folder = tmp_path_factory.mktemp("dossiers")
    with Server(folder / "data", databases=databases) as server:
        registry = open_portal(server, folder, "Sở Tư pháp", RECORD, officer="lan")
        police = open_portal(server, folder, "Công an phường", RECORD, LICENCE, officer="hung")
        an, binh = server.citizen("an"), server.citizen("binh")
        card = put_in(an, "citizen-card", full_name=NAME, origin=ORIGIN)
        yield Town(server, registry, police, an, binh, card, put_in(binh, "citizen-card", full_name="Trần Bình"))
        log = server.log.read_text()
        assert "Traceback" not in log and "ERROR" not in log, log[-3000:]


_references = iter(range(10_000))


def fresh_reference() -> str:
    return f"H17-{next(_references):04}"


def document_path(issued: dict[str, Any], component: int = 0) -> str:
    version = issued["authorization_details"][0]["components"][component]["version"]
    return f"/agency/grants/{issued['grant_id']}/documents/{version}"


def names_of(issued: dict[str, Any]) -> list[str]:
    return [each["name"] for each in issued["authorization_details"][0]["components"]]


def bound(portal: Portal, issued: dict[str, Any]) -> Dpop:
    return Dpop(portal.dpop.key, issued["access_token"])


def count(citizen: httpx.Client) -> int:
    return len(citizen.get("/api/dossiers", params={"limit": 100}).raise_for_status().json()["dossiers"])


# A portal that wants more than it should


def test_over_ask_in_the_open_is_marked_and_goes_nowhere_unless_it_is_ticked(town: Town) -> None:
    degree = put_in(town.an, "diploma")
    attempt, path, html = town.open(town.an, town.registry, **BEYOND)
    marked = html[html.index("More than this procedure needs") :]
    assert "component.degree" in marked and "field.home-town" in marked, "both stand under the warning"
    assert "component.applicant-identity" not in marked
    proposed = controls(html)
    assert proposed.keys() == {"component.applicant-identity", "field.applicant-name"}

    issued = exchanged(town, attempt, path, proposed)
    assert names_of(issued) == ["applicant-identity"]
    assert [each["name"] for each in issued["form"]] == ["applicant-name"]
    assert ORIGIN not in json.dumps(issued, ensure_ascii=False)
    assert issued["authorization_details"][0]["fields"] == ["applicant-name"]

    attempt, path, html = town.open(town.an, town.registry, **BEYOND)
    ticked = controls(html) | {"component.degree": degree, "field.home-town": ORIGIN}
    issued = exchanged(town, attempt, path, ticked)
    assert sorted(names_of(issued)) == ["applicant-identity", "degree"]
    assert ORIGIN in {each["value"] for each in issued["form"]}


def test_over_ask_is_no_way_to_a_paper_that_was_not_asked_for(town: Town) -> None:
    """A page that somebody tampered with sends more than was asked: nothing goes, not even what was asked."""
    other = put_in(town.an, "household-book")
    _attempt, path, html = town.open(town.an, town.registry)
    before = count(town.an)
    for name, version in (("component.household", other), ("component.applicant-identity", other)):
        sent = town.send(town.an, path, controls(html) | {name: version, "decision": "agree"})
        assert 400 <= sent.status_code < 500, sent.text
    assert count(town.an) == before


def exchanged(town: Town, attempt: Attempt, path: str, form: dict[str, str]) -> dict[str, Any]:
    sent = town.send(town.an, path, form | {"decision": "agree"})
    assert sent.status_code == 303, sent.text
    issued = town.registry.exchange(attempt, returned(sent.headers["location"])["code"])
    assert issued.status_code == 200, issued.text
    found: dict[str, Any] = issued.json()
    return found


# A citizen who wants what is another's


def test_the_version_of_another_citizens_paper_cannot_be_attached(town: Town) -> None:
    attempt, path, html = town.open(town.an, town.registry)
    before = count(town.an), count(town.binh)
    stolen = controls(html) | {"component.applicant-identity": town.binhs_card}
    refused = town.send(town.an, path, stolen | {"decision": "agree"})
    assert refused.status_code == 409, refused.text
    assert "Trần Bình" not in unescape(refused.text)
    for decision in ({"decision": "change"}, {"confirm": "applicant-identity"}, {"only": "applicant-identity"}):
        kept = stolen | {"nearest.applicant-identity": town.binhs_card} | decision
        town.send(town.an, path, kept)
        page = town.an.get(path).text
        assert "Trần Bình" not in unescape(page) and town.binhs_card not in page
    assert (count(town.an), count(town.binh)) == before
    assert names_of(exchanged(town, attempt, path, controls(html))) == ["applicant-identity"], "nothing was spoilt"


def test_another_citizens_dossier_and_question_are_not_there(town: Town) -> None:
    issued = town.registry.attach(town.an, RECORD, fresh_reference())
    ask = {"components": ["residence"], "note": "Xin thêm"}
    dossier = f"/agency/dossiers/{issued['dossier_id']}"
    asked = town.registry.http.post(f"{dossier}/supplements", json=ask, auth=bound(town.registry, issued))
    supplement = asked.raise_for_status().json()["id"]
    for path in (f"/api/dossiers/{issued['dossier_id']}", f"/dossiers/{issued['dossier_id']}"):
        assert town.binh.get(path).status_code == 404
    assert town.binh.post(f"/api/dossiers/{issued['dossier_id']}/revoke").status_code == 404
    assert town.binh.get(f"/supplements/{supplement}").status_code == 404
    agreed = {"component.residence": town.binhs_card, "decision": "agree"}
    assert town.send(town.binh, f"/supplements/{supplement}", agreed).status_code == 404
    assert town.an.get(f"/supplements/{supplement}").status_code == 200


# Answers that could be taken for another's


def test_mix_up_every_answer_names_its_issuer_and_no_other_vault_takes_its_code(
    town: Town, tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> None:
    folder = tmp_path_factory.mktemp("other")
    with Server(folder / "data", databases=databases) as server:
        other = open_portal(server, folder, "Sở Tư pháp", RECORD)
        an = server.citizen("an")
        put_in(an, "citizen-card")
        issuers = set()
        for portal, citizen in ((town.registry, town.an), (other, an)):
            for decision, result in (("refuse", "error"), ("agree", "code")):
                attempt = portal.push(RECORD, fresh_reference())
                found = returned(answer(citizen, portal.address(attempt), decision))
                assert found.keys() == {result, "state", "iss"}
                assert (found["iss"], found["state"]) == (portal.issuer, attempt.state)
                issuers.add(found["iss"])
        assert len(issuers) == 2
        attempt = town.registry.push(RECORD, fresh_reference())
        code = returned(agree(town.an, town.registry.address(attempt)))["code"]
        elsewhere = other.exchange(attempt, code)
        assert (elsewhere.status_code, elsewhere.json()["error"]) == (400, "invalid_grant")
        assert town.registry.exchange(attempt, code).status_code == 200


# Tokens after the citizen's word, and in other hands


def test_revoked_in_the_middle_the_token_opens_asks_and_tells_nothing_more(town: Town) -> None:
    portal, issued = town.registry, town.registry.attach(town.an, RECORD, fresh_reference())
    dossier = f"/agency/dossiers/{issued['dossier_id']}"
    assert portal.http.get(document_path(issued), auth=bound(portal, issued)).status_code == 200
    town.an.post(f"/api/dossiers/{issued['dossier_id']}/revoke").raise_for_status()
    assert portal.http.get(document_path(issued), auth=bound(portal, issued)).status_code == 404
    asked = portal.http.post(
        f"{dossier}/supplements", json={"components": ["residence"], "note": "Xin"}, auth=bound(portal, issued)
    )
    assert 400 <= asked.status_code < 500
    assert portal.post("/oauth/introspect", {"token": issued["access_token"]}).json() == {"active": False}
    seen = portal.http.get(dossier, auth=town.lists(portal)).raise_for_status().json()
    assert seen["state"] == "revoked"
    assert [(item["sha256"], item["state"]) for item in seen["items"]] == [(None, "revoked")]


def test_revoked_before_the_portal_came_for_its_token(town: Town) -> None:
    portal, attempt = town.registry, town.registry.push(RECORD, reference := fresh_reference())
    code = returned(agree(town.an, portal.address(attempt)))["code"]
    (mine,) = [each for each in town.an.get("/api/dossiers").json()["dossiers"] if each["reference"] == reference]
    town.an.post(f"/api/dossiers/{mine['id']}/revoke").raise_for_status()
    late = portal.exchange(attempt, code)
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")
    assert town.an.get(f"/api/dossiers/{mine['id']}").json()["state"] == "revoked"


def test_a_token_that_the_portal_gave_back_is_over_for_everybody(town: Town) -> None:
    portal, issued = town.registry, town.registry.attach(town.an, RECORD, fresh_reference())
    assert portal.post("/oauth/revoke", {"token": issued["access_token"]}).status_code == 200
    assert portal.http.get(document_path(issued), auth=bound(portal, issued)).status_code == 401
    assert portal.http.get("/agency/dossiers", auth=bound(portal, issued)).status_code == 401


def test_the_token_of_one_dossier_is_none_for_another(town: Town) -> None:
    portal = town.registry
    one, other = (portal.attach(town.an, RECORD, fresh_reference()) for _ in range(2))
    wrong = bound(portal, one)
    assert portal.http.get(document_path(other), auth=wrong).status_code == 404
    assert portal.http.get(f"/agency/dossiers/{other['dossier_id']}", auth=wrong).status_code == 404
    listed = portal.http.get("/agency/dossiers", auth=wrong).raise_for_status().json()["dossiers"]
    assert [each["id"] for each in listed] == [one["dossier_id"]]
    asked = {"components": ["residence"], "note": "Xin"}
    for dossier in (one, other):
        path = f"/agency/dossiers/{dossier['dossier_id']}/supplements"
        status = portal.http.post(path, json=asked, auth=wrong).status_code
        assert status == (201 if dossier is one else 404)


def test_another_agency_neither_sees_nor_asks_nor_counts_what_is_not_its_own(town: Town) -> None:
    """By every way that it has: a token for lists, the token of a grant of its own, an officer."""
    mine, theirs = town.registry.attach(town.an, RECORD, fresh_reference()), town.police
    asked = town.registry.http.post(
        f"/agency/dossiers/{mine['dossier_id']}/supplements",
        json={"components": ["residence"], "note": "Xin"},
        auth=bound(town.registry, mine),
    )
    supplement = asked.raise_for_status().json()["id"]
    own = theirs.attach(town.an, RECORD, reference := fresh_reference())
    officer = town.server.signed_in("hung")
    place = f"/agency/dossiers/{mine['dossier_id']}"
    lists, grants = {"auth": town.lists(theirs)}, {"auth": bound(theirs, own)}
    for client, how in ((theirs.http, lists), (theirs.http, grants), (officer, dict[str, Any]())):
        assert client.get(place, **how).status_code == 404
        assert client.get(document_path(mine), **how).status_code in {401, 404}
        ask = client.post(f"{place}/supplements", json={"components": ["residence"], "note": "Xin"}, **how)
        assert ask.status_code in {403, 404}
        assert client.delete(f"{place}/supplements/{supplement}", **how).status_code in {403, 404}
        listed = client.get("/agency/dossiers", params={"limit": 100}, **how).raise_for_status().json()["dossiers"]
        assert [each["reference"] for each in listed] == [reference]
    for client, how in ((theirs.http, lists), (officer, dict[str, Any]())):
        figures = client.get("/agency/statistics", **how).raise_for_status().json()
        assert figures["total"]["consents"] == 1, figures
    assert mine["dossier_id"] not in officer.get("/officer/dossiers").text
    for page in (f"/officer/dossiers/{mine['dossier_id']}", f"/officer/grants/{mine['grant_id']}"):
        assert officer.get(page).status_code == 404
    assert town.an.get(f"/supplements/{supplement}").status_code == 200, "it still waits"


def test_the_same_reference_at_two_agencies_is_two_dossiers(town: Town) -> None:
    reference = fresh_reference()
    one, other = (portal.attach(town.an, RECORD, reference) for portal in (town.registry, town.police))
    assert one["dossier_id"] != other["dossier_id"]


# Input without measure

MIB = 2**20


def details(**members: Any) -> str:
    plain = {"type": "docvault_dossier", "procedure": RECORD, "dossier": "1", "purpose": "x"}
    return json.dumps([plain | members])


DETAILS = {
    "one MiB": details(purpose="x" * MIB),
    "a long purpose": details(purpose="x" * 90_000),
    "10 000 components": details(components=[f"c{number}" for number in range(10_000)]),
    "4 000 components": details(components=[f"c{number}" for number in range(4000)]),
    "1 000 kinds": details(components=[{"name": "x", "kinds": ["diploma"] * 1000}]),
    "1 000 objects": json.dumps([{}] * 1000),
    "deep lists": "[" * 20_000,
    "deep lists that end": "[" * 10_000 + "]" * 10_000,
    "deep objects": '{"a":' * 3000 + "1" + "}" * 3000,
    "a long number": "[" + "9" * 60_000 + "]",
    "a number too large": "[1e999999]",
}


@pytest.mark.parametrize("what", DETAILS)
def test_details_without_measure_are_refused(town: Town, what: str) -> None:
    form = {"response_type": "code", "redirect_uri": town.registry.redirect_uri, "code_challenge": "A" * 43}
    form |= {"code_challenge_method": "S256", "authorization_details": DETAILS[what]}
    refused = town.registry.post("/oauth/par", form)
    assert 400 <= refused.status_code < 500, refused.status_code
    assert refused.json().get("error") in {"invalid_request", "invalid_authorization_details"}, refused.text
    assert len(refused.content) < 2000, "an echo of what was sent helps nobody"


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/token", "/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("fields", [51, 9000, 100_000])
def test_forms_with_fields_without_number_are_refused(town: Town, path: str, fields: int) -> None:
    body = "&".join(f"f{number}=1" for number in range(fields))
    refused = town.registry.http.post(path, content=body, headers=FORM)
    assert 400 <= refused.status_code < 500, refused.status_code
    assert refused.json()["error"] == "invalid_request"


def consent_bodies() -> dict[str, str]:
    return {
        "100 000 fields": "decision=agree&" + "&".join(f"field.f{number}=1" for number in range(100_000)),
        "50 000 fields": "decision=agree&" + "&".join(f"field.f{number}=1" for number in range(50_000)),
        "201 fields": "decision=agree&" + "&".join(f"component.c{number}=1" for number in range(201)),
        "a long value": urlencode({"decision": "agree", "field.applicant-name": "x" * 900_000}),
        "a long name": urlencode({"decision": "agree", "x" * 900_000: "1"}),
        "a long version": urlencode({"decision": "agree", "component.applicant-identity": "x" * 100_000}),
        "control characters": urlencode({"decision": "agree", "field.applicant-name": "\x00\x1b[2J"}),
    }


@pytest.mark.parametrize("what", consent_bodies())
def test_a_consent_without_measure_is_refused_and_can_still_be_answered(town: Town, what: str) -> None:
    attempt, path, html = town.open(town.an, town.registry)
    headers = FORM | {"Origin": origin(town.an.base_url)}
    refused = town.an.post(path, content=consent_bodies()[what], headers=headers)
    assert 400 <= refused.status_code < 500, refused.status_code
    assert names_of(exchanged(town, attempt, path, controls(html))) == ["applicant-identity"]


@pytest.fixture(scope="module")
def issued(town: Town) -> dict[str, Any]:
    return town.registry.attach(town.an, RECORD, fresh_reference())


SUPPLEMENTS = {
    "10 000 components": json.dumps({"components": [f"c{n}" for n in range(10_000)], "note": "x"}),
    "one component again and again": json.dumps({"components": ["residence"] * 1000, "note": "x"}),
    "a long note": json.dumps({"components": ["residence"], "note": "x" * 900_000}),
    "more than a MiB": json.dumps({"components": ["residence"], "note": "x" * MIB}),
    "deep lists": "[" * 200_000,
    "deep components": '{"note": "x", "components": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "no JSON": "\x00" * 1000,
}


@pytest.mark.parametrize("what", SUPPLEMENTS)
def test_a_supplement_without_measure_is_refused(town: Town, issued: dict[str, Any], what: str) -> None:
    place = f"/agency/dossiers/{issued['dossier_id']}/supplements"
    headers = {"Content-Type": "application/json"}
    auth = bound(town.registry, issued)
    refused = town.registry.http.post(place, content=SUPPLEMENTS[what], headers=headers, auth=auth)
    assert 400 <= refused.status_code < 500, refused.status_code
    assert refused.json()["title"]
    assert town.an.get(f"/api/dossiers/{issued['dossier_id']}").json()["supplements"] == []


@pytest.mark.parametrize(
    "path",
    [
        f"/agency/dossiers?cursor={'A' * 20_000}",
        f"/agency/dossiers?procedure={'x' * 20_000}",
        "/agency/dossiers?limit=" + "9" * 5000,
        f"/agency/dossiers/{'x' * 20_000}",
        f"/agency/dossiers/{quote(chr(0) * 36)}",
        f"/agency/statistics?since={'2' * 20_000}",
        "/agency/statistics?since=9999-99&until=0000-00",
    ],
    ids=lambda path: re.sub(r"(.)\1{9,}", r"\1…", path)[:60],
)
def test_questions_without_measure_are_refused(town: Town, path: str) -> None:
    refused = town.registry.http.get(path, auth=town.lists(town.registry))
    assert 400 <= refused.status_code < 500, refused.status_code


@pytest.mark.parametrize("value", ["x" * 20_000, "e" * 20_000 + ".e.e", "a.b.c"])
def test_proofs_and_tokens_without_measure_are_refused(town: Town, issued: dict[str, Any], value: str) -> None:
    for headers in ({"DPoP": value}, {"Authorization": f"DPoP {value}"}):
        refused = town.registry.http.get(document_path(issued), headers=headers)
        assert 400 <= refused.status_code < 500, refused.status_code
