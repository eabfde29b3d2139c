"""npm `oauth4webapi`, a certified FAPI 2.0 client, goes all the way as it is: no hook, no option but plain HTTP."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import attaching, needs
from tests.oauth.conftest import REDIRECT_URI, Register
from tests.servers import Server

NODE_FOLDER = Path(__file__).parent / "node"
PATIENCE_S = 60


class Portal:
    """The program in node/portal.mjs, told what to do line by line."""

    def __init__(self) -> None:
        node = shutil.which("node")
        installed = (NODE_FOLDER / "node_modules" / "oauth4webapi").is_dir()
        needs.need(bool(node) and installed, "node, and `npm ci --prefix tests/oauth/node`")
        self._process = subprocess.Popen(
            [str(node), "portal.mjs"], cwd=NODE_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, step: str, **given: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"step": step, **given}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def portal(vault: Server, register: Register, request: pytest.FixtureRequest) -> Iterator[Portal]:
    client_id, jwk = register(f"oauth4webapi {request.node.name}")
    portal = Portal()
    found = portal.do("discover", issuer=vault.url, clientId=client_id, redirectUri=REDIRECT_URI, jwk=jwk)
    assert found.get("issuer") == vault.url, found
    yield portal
    portal.close()


def wanted(dossier: str) -> dict[str, str]:
    procedure = "marriage-registration"
    return {"type": "docvault_dossier", "procedure": procedure, "dossier": dossier, "purpose": "Đăng ký kết hôn"}


def answered(portal: Portal, citizen: httpx.Client, dossier: str, decision: str) -> str:
    """Pushed by the portal, answered by the citizen: where the browser is sent back to."""
    pushed = portal.do("push", details=wanted(dossier))
    assert "address" in pushed, pushed
    assert 0 < pushed["expiresIn"] <= 90
    return attaching.answer(citizen, pushed["address"], decision)


def test_it_goes_from_discovery_to_the_opened_paper_and_gives_its_token_back(
    vault: Server, portal: Portal, citizen: httpx.Client
) -> None:
    issued = portal.do("receive", callback=answered(portal, citizen, "H17.34-261123-0001", "agree"))
    assert issued.get("token_type") == "dpop", issued
    (granted,) = issued["authorization_details"]
    assert granted["dossier"] == "H17.34-261123-0001"
    (paper,) = [each for each in granted["components"] if each["name"] == "applicant-identity"]
    assert paper["kind"] == "citizen-card"
    assert {each["name"] for each in issued["form"]} >= {"applicant-name", "applicant-id-number"}

    fetched = portal.do("fetch", url=f"{vault.url}/agency/grants/{issued['grant_id']}/documents/{paper['version']}")
    assert fetched == {"status": 200, "size": paper["size"], "sha256": paper["sha-256"]}

    listed = portal.do("list", url=f"{vault.url}/agency/dossiers")
    assert [each["reference"] for each in listed["dossiers"]] == ["H17.34-261123-0001"]

    assert portal.do("introspect")["active"] is True
    assert portal.do("revoke") == {}
    assert portal.do("introspect") == {"active": False}


def test_it_hears_that_the_citizen_refused_and_no_more(portal: Portal, citizen: httpx.Client) -> None:
    heard = portal.do("receive", callback=answered(portal, citizen, "H17.34-261123-0002", "refuse"))
    assert heard["refused"] == "access_denied"


def test_it_refuses_an_answer_that_names_another_issuer(portal: Portal, citizen: httpx.Client, vault: Server) -> None:
    callback = httpx.URL(answered(portal, citizen, "H17.34-261123-0003", "agree"))
    assert callback.params["iss"] == vault.url
    heard = portal.do("receive", callback=str(callback.copy_set_param("iss", "https://another.example")))
    assert "refused" in heard


def test_it_gets_nothing_for_a_code_that_it_used_before(portal: Portal, citizen: httpx.Client) -> None:
    callback = answered(portal, citizen, "H17.34-261123-0004", "agree")
    assert "refused" not in portal.do("receive", callback=callback)
    assert portal.do("receive", callback=callback)["refused"] == "invalid_grant"
    assert portal.do("introspect") == {"active": False}, "the replay ended what the code had given"
