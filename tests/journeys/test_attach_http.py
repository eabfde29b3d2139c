"""A whole attach, with words that nobody else ever wrote: what is said on the way is looked for wherever it may lie."""

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sharing.encoding import b64url_decode
from tests import needs
from tests.attaching import Attempt, Portal, answer, returned
from tests.databases import Databases
from tests.dpop import Dpop
from tests.journeys import traces
from tests.journeys.people import repr_digest, sha256
from tests.journeys.portals import open_portal, put_in
from tests.journeys.traces import Needle
from tests.servers import Server

RECORD, REFERENCE = "criminal-record-certificate", "H17-0001"


def new_word() -> str:
    """A word that no paper, test or run ever held."""
    return "".join(secrets.choice("KMNRTVZ") + secrets.choice("AEU") for _ in range(6))


@dataclass
class Said:
    """What is said between a citizen, a portal and a vault, and must not be found anywhere at rest."""

    holder: str = field(default_factory=new_word)
    residence: str = field(default_factory=new_word)
    purpose: str = field(default_factory=new_word)
    note: str = field(default_factory=new_word)
    secrets: dict[str, str] = field(default_factory=dict)
    """Requests, codes, tokens and proofs by what they are."""

    @property
    def needles(self) -> list[Needle]:
        words = {
            "a name": self.holder,
            "a form value": self.residence,
            "the purpose": self.purpose,
            "a note": self.note,
        }
        spoken = [needle for name, word in words.items() for needle in traces.of_word(name, word)]
        return spoken + [needle for name, value in self.secrets.items() for needle in of_secret(name, value)]


def of_secret(name: str, value: str) -> Iterator[Needle]:
    """As it goes over the wire and, where it is base64url of bytes, as those bytes."""
    yield Needle(name, value.encode())
    if len(value) == 43:
        yield Needle(f"{name} as bytes", b64url_decode(value))
        yield Needle(f"{name} in hex", b64url_decode(value).hex().encode())
        yield Needle(f"{name} in base64", base64.b64encode(b64url_decode(value))[:40])


@pytest.fixture
def server(tmp_path: Path, databases: Databases) -> Iterator[Server]:
    needs.need_tesseract()
    with Server(tmp_path / "data", databases=databases) as server:
        yield server


def test_nothing_that_was_said_on_the_way_is_found_at_rest_or_in_a_log(
    server: Server, tmp_path: Path, databases: Databases
) -> None:
    said, an = Said(), server.citizen("an")
    portal = open_portal(server, tmp_path, "Sở Tư pháp", RECORD, officer="lan")
    put_in(an, "citizen-card", full_name=said.holder.title())
    look(server, said)

    refused = pushed(portal, said, "refused request")
    assert returned(answer(an, portal.address(refused), "refuse"))["error"] == "access_denied"
    attempt = pushed(portal, said, "request")
    look(server, said)
    changed = {"field.applicant-residence": said.residence.title()}
    code = returned(answer(an, portal.address(attempt), "agree", **changed))["code"]
    said.secrets["the code"] = code
    cookies = [(each.name, each.value or "") for each in an.cookies.jar]
    assert [name for name, _value in cookies].count("consent") == 2, "one for each request, and the session"
    said.secrets |= {f"cookie {number} ({name})": value for number, (name, value) in enumerate(cookies)}
    look(server, said)

    issued = portal.exchange(attempt, code).raise_for_status().json()
    said.secrets["the token"] = issued["access_token"]
    assert {said.holder.title(), said.residence.title()} <= {each["value"] for each in issued["form"]}
    said.secrets["the signed grant"] = issued["grant"].rpartition(".")[2]
    look(server, said)

    opened = use(portal, issued, said)
    assert repr_digest(opened) == sha256(opened.content)
    wrong(portal, said, code, attempt)
    officer = server.signed_in("lan")
    for path in ("/officer/dossiers", f"/officer/dossiers/{issued['dossier_id']}", "/officer/figures"):
        officer.get(path).raise_for_status()
    (supplement,) = an.get(f"/api/dossiers/{issued['dossier_id']}").json()["supplements"]
    assert said.note.title() in supplement["note"]
    assert said.note.title() in an.get(f"/supplements/{supplement['id']}").text
    look(server, said)

    an.post(f"/api/dossiers/{issued['dossier_id']}/revoke").raise_for_status()
    assert portal.http.get(document(issued), auth=Dpop(portal.dpop.key, issued["access_token"])).status_code == 404
    look(server, said)
    server.stop()
    look(server, said)
    rows = databases.stolen(server.data)
    assert REFERENCE.encode() in rows, "the agency's own reference lies in the clear: who looks there finds it"
    assert [needle.name for needle in said.needles if needle.data in rows] == []


def look(server: Server, said: Said) -> None:
    places = [*traces.files_below(server.data), server.log]
    assert traces.found(said.needles, places) == []


def pushed(portal: Portal, said: Said, what: str) -> Attempt:
    attempt = portal.push(RECORD, REFERENCE, purpose=f"Cấp phiếu cho {said.purpose.title()}")
    said.secrets |= {what: attempt.request_uri.rpartition(":")[2], f"verifier of the {what}": attempt.verifier}
    said.secrets[f"state of the {what}"] = attempt.state
    return attempt


def document(issued: dict[str, Any]) -> str:
    (component,) = issued["authorization_details"][0]["components"]
    return f"/agency/grants/{issued['grant_id']}/documents/{component['version']}"


def use(portal: Portal, issued: dict[str, Any], said: Said) -> httpx.Response:
    """All that a portal does with what it got; returns the opened paper."""
    own = Dpop(portal.dpop.key, issued["access_token"])
    ask = {"components": ["residence"], "note": f"Xin giấy của {said.note.title()}"}
    place = f"/agency/dossiers/{issued['dossier_id']}"
    portal.http.post(f"{place}/supplements", json=ask, auth=own).raise_for_status()
    portal.http.get(place, auth=own).raise_for_status()
    portal.post("/oauth/introspect", {"token": issued["access_token"]}).raise_for_status()
    lists = portal.post("/oauth/token", {"grant_type": "client_credentials"}).json()["access_token"]
    said.secrets["the token for lists"] = lists
    for path in ("/agency/dossiers", "/agency/statistics"):
        portal.http.get(path, auth=Dpop(portal.dpop.key, lists)).raise_for_status()
    return portal.http.get(document(issued), auth=own).raise_for_status()


def wrong(portal: Portal, said: Said, code: str, attempt: Attempt) -> None:
    """Secrets where they do not belong: in addresses, in the wrong fields, in headers that are refused."""
    token = said.secrets["the token"]
    for path in (
        portal.address(attempt),
        f"/oauth/authorize?code={code}&token={token}",
        f"/agency/dossiers?access_token={token}",
        f"/agency/dossiers/{token}",
        f"/consent/{code}",
    ):
        assert portal.http.get(path).status_code != 200
    bearer = {"Authorization": f"Bearer {token}"}
    assert portal.http.get("/agency/dossiers", headers=bearer).status_code == 401
    assert (
        portal.http.post("/oauth/token", data={"code": code, said.note: said.purpose}, headers=bearer).status_code
        == 400
    )
    detail = {"components": [said.holder]}
    form = {"authorization_details": f"[{detail}", "response_type": "code"}
    assert portal.post("/oauth/par", form).status_code == 400
