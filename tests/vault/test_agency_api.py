"""Grants over HTTP, from the citizen's consent to the agency's bytes."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sharing.assertions import sign_assertion
from sharing.grants import verify
from sharing.keys import SigningKey, parse_jwks
from tests.dpop import Dpop
from tests.vault import clients, visitors
from tests.vault.world import CONTENT, PREVIEW, World
from vault import signins
from vault.api.agency import ASSERTION_TYPE
from vault.api.principals import TLS_COOKIE
from vault.db import now
from vault.documents import Paper
from vault.models import Account, Grant
from vault.principals import Citizen, Officer

URL = "https://vault.example"
Connect = Callable[[Citizen | Officer | None], httpx.Client]


@pytest.fixture
def connect(world: World) -> Connect:
    """A client of its own for each, signed in where somebody is given."""
    app = visitors.app_of(world)

    def connected(who: Citizen | Officer | None = None) -> httpx.Client:
        client = clients.client(app, URL)
        if who is not None:
            key = who.wallet.key if isinstance(who, Citizen) else who.ring.key
            with world.services.db.write() as session:
                account = session.get_one(Account, who.account_id)
                client.cookies.set(TLS_COOKIE, signins.start(session, account, key, world.services.settings, "test"))
        return client

    return connected


def grant_body(world: World, paper: Paper) -> dict[str, Any]:
    return {"agency_id": world.registry.agency_id, "versions": [paper.version.id], "purpose": "Đăng ký kết hôn"}


def signed_by_system(world: World, link: str) -> dict[str, str]:
    with world.services.db.read() as session:
        assertion = sign_assertion(
            world.registry_key, client_id=world.registry.agency_id, audience=URL, now=now(session)
        )
    return {"link": link, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def redeem(world: World, system: httpx.Client, link: str) -> httpx.Response:
    """By the registry's system, with the key that it will open with."""
    return system.post("/agency/grants/redeem", json=signed_by_system(world, link), auth=Dpop(world.registry_key))


def test_the_whole_way_from_consent_to_bytes_and_back(world: World, connect: Connect) -> None:
    paper = world.put_in()
    an, system = connect(world.an), connect(None)
    agencies = an.get("/api/agencies").raise_for_status().json()["agencies"]
    assert {"id": world.registry.agency_id, "name": "Sở Tư pháp"} in agencies
    made = an.post("/api/grants", json=grant_body(world, paper)).raise_for_status()
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    grant = made.json()
    assert (grant["openings_max"], grant["state"]) == (10, "waiting")
    assert "link" not in an.get(f"/api/grants/{grant['id']}").raise_for_status().json(), "shown once"

    redeemed = redeem(world, system, grant["link"]).raise_for_status()
    assert redeemed.headers["cache-control"] == "no-store"
    assert redeemed.json()["token_type"] == "DPoP"
    proved = Dpop(world.registry_key, redeemed.json()["access_token"])
    address = f"/agency/grants/{grant['id']}"
    keys = parse_jwks(system.get("/.well-known/jwks.json").raise_for_status().content)
    with world.services.db.read() as session:
        terms = verify(redeemed.json()["grant"], keys, world.registry.agency_id, now(session), issuer=URL)
    assert terms.key == world.registry_key.kid
    assert system.get(address, auth=proved).raise_for_status().json()["purpose"] == terms.purpose

    body = system.get(f"{address}/documents/{paper.version.id}", auth=proved).raise_for_status()
    assert body.content == CONTENT
    digest = base64.b64encode(terms.items[0].sha256).decode()
    assert body.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert body.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in body.headers["content-security-policy"]
    assert "birth-certificate.pdf" in body.headers["content-disposition"], "never the citizen's own file name"
    preview = system.get(f"{address}/documents/{paper.version.id}/pages/1.webp", auth=proved)
    assert (preview.content, preview.headers["content-type"]) == (PREVIEW, "image/webp")

    revoked = an.post(f"/api/grants/{grant['id']}/revoke").raise_for_status().json()
    assert (revoked["state"], revoked["openings"]) == ("revoked", 1)
    assert system.get(f"{address}/documents/{paper.version.id}", auth=proved).status_code == 404
    log = an.get("/api/access-log").raise_for_status().json()["entries"]
    assert [entry["kind"] for entry in log[:5]] == ["refused", "revoked", "released", "redeemed", "granted"]
    assert (log[0]["agency"]["name"], log[0]["detail"]) == ("Sở Tư pháp", "revoked")


def test_an_officer_redeems_by_form_and_opens_by_session(world: World, connect: Connect) -> None:
    paper = world.put_in()
    _, link = world.share(paper)
    lan = connect(world.registry)
    redeemed = lan.post("/agency/grants/redeem", data={"link": link}).raise_for_status().json()
    assert (redeemed["access_token"], redeemed["token_type"]) == (None, None)
    assert [grant["id"] for grant in lan.get("/agency/grants").raise_for_status().json()["grants"]] == [redeemed["id"]]
    address = f"/agency/grants/{redeemed['id']}/documents/{paper.version.id}"
    assert lan.get(address).raise_for_status().content == CONTENT
    assert connect(world.bank).get(address).status_code == 404


def test_a_form_with_an_assertion_works_as_json_does(world: World, connect: Connect) -> None:
    _, link = world.share(world.put_in())
    body, proved = signed_by_system(world, link), Dpop(world.registry_key)
    answer = connect(None).post("/agency/grants/redeem", data=body, auth=proved)
    assert answer.raise_for_status().json()["token_type"] == "DPoP"


def test_ranges_belong_to_one_opening_and_head_to_none(world: World, connect: Connect) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper, openings=1)
    system = connect(None)
    proved = Dpop(world.registry_key, redeem(world, system, link).json()["access_token"])
    address = f"/agency/grants/{grant_id}/documents/{paper.version.id}"
    head = system.head(address, auth=proved).raise_for_status()
    assert (head.headers["content-length"], head.content) == (str(len(CONTENT)), b"")
    assert world.row(Grant, grant_id).openings == 0
    for start, end in ((0, 9), (70_000, 90_000), (len(CONTENT) - 5, len(CONTENT) - 1)):
        part = system.get(address, auth=proved, headers={"Range": f"bytes={start}-{end}"})
        assert (part.status_code, part.content) == (206, CONTENT[start : end + 1])
        assert part.headers["content-range"] == f"bytes {start}-{end}/{len(CONTENT)}"
    assert system.get(address, auth=proved, headers={"Range": "bytes=999999999-"}).status_code == 416
    assert system.get(address, auth=proved, headers={"If-None-Match": head.headers["etag"]}).status_code == 304
    assert world.row(Grant, grant_id).openings == len(world.events("released")) == 1


def test_refusals_answer_alike(world: World, connect: Connect) -> None:
    paper, other = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    grant_id, link = world.share(paper)
    waiting, _ = world.share(paper)
    lan, minh = connect(world.registry), connect(world.bank)
    lan.post("/agency/grants/redeem", json={"link": link}).raise_for_status()
    tries = [
        (minh, f"/agency/grants/{grant_id}/documents/{paper.version.id}"),
        (lan, f"/agency/grants/{grant_id}/documents/{other.version.id}"),
        (lan, f"/agency/grants/{waiting}/documents/{paper.version.id}"),
        (lan, f"/agency/grants/00000000/documents/{paper.version.id}"),
    ]
    answers = [client.get(address) for client, address in tries]
    world.revoke(grant_id)
    answers.append(lan.get(tries[1][1].replace(other.version.id, paper.version.id)))
    system = connect(None)
    _, other_link = world.share(other)
    elsewhere = world.bearer(other_link)
    answers.append(system.get(tries[0][1], auth=Dpop(world.registry_key, elsewhere.token)))
    answers.append(system.get(tries[0][1], auth=Dpop(SigningKey.generate(), elsewhere.token)))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["type"] == "/problems/release-refused"


def test_a_replayed_assertion_redeems_nothing(world: World, connect: Connect) -> None:
    _, first = world.share(world.put_in())
    _, second = world.share(world.put_in(content=b"%PDF-1.7 another"))
    body, system, proved = signed_by_system(world, first), connect(None), Dpop(world.registry_key)
    system.post("/agency/grants/redeem", json=body, auth=proved).raise_for_status()
    again = system.post("/agency/grants/redeem", json=body | {"link": second}, auth=proved)
    assert (again.status_code, again.json()["type"]) == (401, "/problems/sign-in-needed")
    assert redeem(world, system, second).status_code == 200


def test_without_session_assertion_or_token_there_is_nothing(world: World, connect: Connect) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    nobody, address = connect(None), f"/agency/grants/{grant_id}"
    wrong_type = signed_by_system(world, link) | {"client_assertion_type": "urn:something-else"}
    for answer in (
        nobody.post("/agency/grants/redeem", json={"link": link}),
        nobody.post("/agency/grants/redeem", json=wrong_type),
        nobody.get("/agency/grants"),
        nobody.get(address),
        nobody.get(address, auth=Dpop(SigningKey.generate(), "A" * 43)),
        nobody.get(f"{address}/documents/{paper.version.id}", auth=Dpop(SigningKey.generate(), "A" * 43)),
        nobody.get(f"{address}/documents/{paper.version.id}"),
        nobody.get(f"{address}/documents/{paper.version.id}", headers={"Authorization": "Basic YTpi"}),
        nobody.get("/api/grants"),
        nobody.get("/api/access-log"),
        nobody.get("/api/agencies"),
    ):
        assert answer.status_code == 401, answer.request.url


def test_citizens_and_officers_keep_to_their_own_side(world: World, connect: Connect) -> None:
    _, link = world.share(world.put_in())
    an, lan = connect(world.an), connect(world.registry)
    assert an.post("/agency/grants/redeem", json={"link": link}).status_code == 403
    assert an.get("/agency/grants").status_code == 403
    assert lan.get("/api/grants").status_code == 403
    assert lan.get("/api/access-log").status_code == 403


def test_another_citizen_sees_and_revokes_nothing(world: World, connect: Connect) -> None:
    paper = world.put_in()
    grant_id, _ = world.share(paper)
    binh = connect(world.binh)
    assert binh.get("/api/grants").json() == {"grants": []}
    assert binh.get("/api/grants", params={"document": paper.id}).json() == {"grants": []}
    assert binh.get(f"/api/grants/{grant_id}").status_code == 404
    assert binh.post(f"/api/grants/{grant_id}/revoke").status_code == 404
    assert binh.post("/api/grants", json=grant_body(world, paper)).status_code == 404
    assert all(entry["grant"] is None for entry in binh.get("/api/access-log").json()["entries"])


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"not json", b"{", b'{"link": 1}', b'{"link": "a", "more": 1}', b"[" * 100_000]
)
def test_a_malformed_redemption_is_told_without_repeating_it(world: World, connect: Connect, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = connect(world.registry).post("/agency/grants/redeem", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_secret_of_a_link_is_in_no_error(world: World, connect: Connect) -> None:
    _, link = world.share(world.put_in())
    answer = connect(world.registry).post("/agency/grants/redeem", json={"link": [link], "more": link})
    assert answer.status_code == 422
    assert link.partition(".")[2] not in answer.text


def test_the_access_log_turns_its_pages(world: World, connect: Connect) -> None:
    papers = [world.put_in(content=b"%%PDF-1.7 %d" % number) for number in range(5)]
    world.share(*papers)
    an, seen, cursor = connect(world.an), [], None
    while True:
        parameters = {"limit": 2, "kind": "granted"} | ({"cursor": cursor} if cursor else {})
        page = an.get("/api/access-log", params=parameters).raise_for_status().json()
        seen += [entry["document"] for entry in page["entries"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(paper.id for paper in papers)
    assert an.get("/api/access-log", params={"cursor": "' or 1"}).status_code == 422


def test_published_keys_may_be_cached_for_a_while(connect: Connect) -> None:
    answer = connect(None).get("/.well-known/jwks.json").raise_for_status()
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-type"] == "application/jwk-set+json"


def test_every_operation_is_described_with_its_errors(connect: Connect) -> None:
    paths = connect(None).get("/openapi.json").raise_for_status().json()["paths"]
    mine = {path: ops for path, ops in paths.items() if path.startswith(("/agency", "/api/grants", "/api/agencies"))}
    assert len(mine) >= 8
    for path, operations in mine.items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            assert "401" in operation["responses"], (path, method)
