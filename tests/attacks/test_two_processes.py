"""Two processes serve one vault, and either may die: what is good once is good once for both, nothing is half-done."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier, Timer
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from tests import needs
from tests.attaching import Attempt, Portal, agree, controls, origin, returned
from tests.databases import Databases
from tests.dpop import Dpop
from tests.journeys.portals import open_portal, put_in
from tests.servers import Server
from vault.db import Database

RECORD = "criminal-record-certificate"
LISTS = {"grant_type": "client_credentials"}
COUNTS = {
    "dossiers that refer to nothing": "dossier WHERE id NOT IN (SELECT dossier_id FROM dossieritem)",
    "dossiers that refer to no grant": 'dossieritem WHERE grant_id NOT IN (SELECT id FROM "grant")',
    "grants without a dossier": '"grant" WHERE id NOT IN (SELECT grant_id FROM dossieritem)',
    "grants without items": '"grant" WHERE id NOT IN (SELECT grant_id FROM grantitem)',
    "grants without a code": '"grant" WHERE id NOT IN (SELECT grant_id FROM authorizationcode)',
    "grants with two codes": "(SELECT grant_id FROM authorizationcode GROUP BY grant_id HAVING count(*) > 1) AS twice",
    "tokens for what was not handed over": """accesstoken
        WHERE grant_id IN (SELECT id FROM "grant" WHERE redeemed_at IS NULL)""",
    "used codes without a token": """authorizationcode
        WHERE used_at IS NOT NULL AND grant_id NOT IN (SELECT grant_id FROM accesstoken WHERE grant_id IS NOT NULL)""",
    "codes more or fewer than answers": """(SELECT 1 WHERE (SELECT count(*) FROM authorizationcode)
        <> (SELECT count(*) FROM authorizationrequest WHERE answered_at IS NOT NULL)) AS uneven""",
}
"""What would be half-done, as what to count; every request here is answered by agreeing, if at all."""


@dataclass
class Two:
    """Two processes on one data folder behind one address: `one` reads papers, too.

    `elsewhere` is the same portal and `an_elsewhere` the same browser, whose requests reach the other process.
    """

    one: Server
    other: Server
    portal: Portal
    an: httpx.Client

    def __post_init__(self) -> None:
        self.elsewhere = replace(self.portal, http=self.other.client())
        self.elsewhere.dpop = self.portal.dpop
        self.an_elsewhere = self.other.client()
        self.an_elsewhere.cookies.jar = self.an.cookies.jar  # cookies know no ports

    def halves(self) -> list[str]:
        with beside(self.one) as db:
            return halves(db)


@contextmanager
def beside(server: Server) -> Iterator[Connection]:
    """A connection past the vault; what it changes is taken back."""
    db = Database(server.here.database)
    with db.engine.connect() as connection:
        yield connection
    db.close()


def halves(db: Connection) -> list[str]:
    """What is half-done in a database, in words."""
    counted = {what: db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for what, table in COUNTS.items()}  # noqa: S608 - from above
    return [what for what, count in counted.items() if count]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Two]:
    needs.need_tesseract()
    folder: Path = tmp_path_factory.mktemp("two")
    with Server(folder / "data", databases=databases) as one:
        portal, an = open_portal(one, folder, "Sở Tư pháp", RECORD), one.citizen("an")
        put_in(an, "citizen-card", full_name="Nguyễn Văn An")
        second = Server(folder / "data", databases=databases, public_url=one.url, embedded_worker=False)
        with second as other:
            two = Two(one, other, portal, an)
            yield two
            assert two.halves() == []


_references = iter(range(10_000))


def pushed(portal: Portal) -> Attempt:
    return portal.push(RECORD, f"H17-{next(_references):04}")


def form(portal: Portal, **values: str) -> dict[str, str]:
    return values | portal.assertion()


def opening(portal: Portal, issued: dict[str, Any]) -> tuple[str, Dpop]:
    (component,) = issued["authorization_details"][0]["components"]
    path = f"/agency/grants/{issued['grant_id']}/documents/{component['version']}"
    return path, Dpop(portal.dpop.key, issued["access_token"], portal.dpop.nonce)


def opened(portal: Portal, issued: dict[str, Any]) -> httpx.Response:
    """A paper asked for by the vault's own address, whichever process the request reaches."""
    path, dpop = opening(portal, issued)
    for _ in range(2):
        answer = portal.http.get(path, headers=dpop.headers("GET", f"{portal.issuer}{path}"))
        dpop.nonce = answer.headers.get("dpop-nonce", dpop.nonce)
        if answer.status_code != 401:
            break
    return answer


@pytest.mark.parametrize("table", ["dossieritem", "grantitem", "authorizationcode", "accesstoken"])
def test_what_is_half_done_is_noticed(two: Two, table: str) -> None:
    """The control, in a transaction that is taken back."""
    two.portal.attach(two.an, RECORD, f"H17-{next(_references):04}")
    with beside(two.one) as db:
        assert halves(db) == []
        db.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - one of those above
        assert halves(db) != []


# Good once


def test_a_walk_may_meet_another_process_at_every_step(two: Two) -> None:
    attempt = pushed(two.portal)
    page = two.an_elsewhere.get(two.portal.address(attempt), follow_redirects=True)
    assert page.status_code == 200, page.text
    body = controls(page.text) | {"decision": "agree"}
    sent = two.an.post(page.url.path, data=body, headers={"Origin": origin(two.an.base_url)})
    answer = returned(sent.headers["location"])
    assert answer["iss"] == two.portal.issuer
    issued = two.elsewhere.exchange(attempt, answer["code"]).raise_for_status().json()
    assert opened(two.portal, issued).status_code == 200
    assert opened(two.elsewhere, issued).status_code == 200


def test_an_assertion_used_at_one_is_refused_at_the_other(two: Two) -> None:
    sent = form(two.portal, token="x")
    assert two.portal.http.post("/oauth/introspect", data=sent).status_code == 200
    again = two.elsewhere.http.post("/oauth/introspect", data=sent)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


def test_a_nonce_of_one_is_taken_by_the_other_and_a_proof_used_there_is_refused_here(two: Two) -> None:
    two.portal.post("/oauth/token", LISTS).raise_for_status()
    nonce = two.portal.dpop.nonce
    assert nonce
    proof = Dpop(two.portal.dpop.key, nonce=nonce).headers("POST", f"{two.portal.issuer}/oauth/token")
    there = two.elsewhere.http.post("/oauth/token", data=form(two.portal, **LISTS), headers=proof)
    assert there.status_code == 200, "without being asked for another nonce"
    here = two.portal.http.post("/oauth/token", data=form(two.portal, **LISTS), headers=proof)
    assert (here.status_code, here.json()["error"]) == (400, "invalid_dpop_proof")


def test_a_proof_that_opened_a_paper_at_one_opens_none_at_the_other(two: Two) -> None:
    issued = two.portal.attach(two.an, RECORD, f"H17-{next(_references):04}")
    path, dpop = opening(two.portal, issued)
    headers = dpop.headers("GET", f"{two.portal.issuer}{path}")
    assert two.portal.http.get(path, headers=headers).status_code == 200
    assert two.elsewhere.http.get(path, headers=headers).status_code == 401


def test_a_request_uri_opened_at_one_is_over_at_the_other(two: Two) -> None:
    attempt = pushed(two.portal)
    assert two.an.get(two.portal.address(attempt)).status_code == 303
    assert two.an_elsewhere.get(two.portal.address(attempt)).status_code == 404


def test_a_code_used_at_one_is_a_replay_at_the_other_and_ends_what_it_gave(two: Two) -> None:
    attempt = pushed(two.portal)
    code = returned(agree(two.an, two.portal.address(attempt)))["code"]
    issued = two.portal.exchange(attempt, code).raise_for_status().json()
    again = two.elsewhere.exchange(attempt, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert two.portal.post("/oauth/introspect", {"token": issued["access_token"]}).json() == {"active": False}
    assert opened(two.elsewhere, issued).status_code == 401


def test_one_code_at_both_at_once_ends_with_no_token_that_works(two: Two) -> None:
    """Whichever is first gets a token; the other is a replay and ends it."""
    attempt = pushed(two.portal)
    code = returned(agree(two.an, two.portal.address(attempt)))["code"]
    at_once, portals = Barrier(2), (two.portal, two.elsewhere)

    def exchange(portal: Portal) -> httpx.Response:
        at_once.wait()
        return portal.exchange(attempt, code)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(exchange, portals))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    (issued,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert two.portal.post("/oauth/introspect", {"token": issued["access_token"]}).json() == {"active": False}


def test_one_consent_sent_to_both_at_once_is_one_grant(two: Two) -> None:
    attempt = pushed(two.portal)
    page = two.an.get(two.portal.address(attempt), follow_redirects=True)
    body, at_once = controls(page.text) | {"decision": "agree"}, Barrier(2)

    def send(browser: httpx.Client) -> int:
        at_once.wait()
        answer = browser.post(page.url.path, data=body, headers={"Origin": origin(browser.base_url)})
        return answer.status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, (two.an, two.an_elsewhere))) == [303, 404]
    assert two.halves() == []


# One dies


def test_killed_between_the_push_and_the_citizen_the_walk_goes_on(two: Two) -> None:
    attempt = pushed(two.elsewhere)
    two.other.kill()
    two.other.start()
    answer = returned(agree(two.an_elsewhere, two.portal.address(attempt)))
    assert two.elsewhere.exchange(attempt, answer["code"]).status_code == 200


def test_killed_between_the_consent_and_the_token_the_walk_goes_on(two: Two) -> None:
    attempt = pushed(two.elsewhere)
    answer = returned(agree(two.an_elsewhere, two.portal.address(attempt)))
    two.other.kill()
    issued = two.portal.exchange(attempt, answer["code"])
    two.other.start()
    assert issued.status_code == 200, "another process answers meanwhile"
    assert opened(two.elsewhere, issued.json()).status_code == 200


PARTS = (0.3, 0.6, 0.8, 0.9, 1.0)
"""When the process is killed, as parts of the time that the same request took just before."""


@pytest.mark.parametrize("part", PARTS)
def test_killed_in_the_middle_of_a_consent_all_of_it_is_done_or_nothing(two: Two, part: float) -> None:
    def agreeing(attempt: Attempt) -> tuple[str, Callable[[httpx.Client], httpx.Response]]:
        page = two.an_elsewhere.get(two.portal.address(attempt), follow_redirects=True)
        body = controls(page.text) | {"decision": "agree"}
        return page.url.path, lambda browser: browser.post(
            page.url.path, data=body, headers={"Origin": origin(browser.base_url)}
        )

    _path, uninterrupted = agreeing(pushed(two.portal))
    takes = seconds(lambda: uninterrupted(two.an_elsewhere))
    attempt = pushed(two.portal)
    path, send = agreeing(attempt)
    killed_during(two, part * takes, lambda: send(two.an_elsewhere))
    assert two.halves() == []
    again = two.an.get(path)
    two.other.start()
    assert again.status_code in {200, 404}
    if again.status_code == 200:  # nothing was done: the citizen answers once more
        code = returned(send(two.an).headers["location"])["code"]
        assert two.elsewhere.exchange(attempt, code).status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_killed_in_the_middle_of_the_exchange_the_code_is_used_once_or_not_at_all(two: Two, part: float) -> None:
    def agreed() -> tuple[Attempt, str]:
        attempt = pushed(two.portal)
        return attempt, returned(agree(two.an, two.portal.address(attempt)))["code"]

    before = agreed()
    takes = seconds(lambda: two.elsewhere.exchange(*before))
    attempt, code = agreed()
    killed_during(two, part * takes, lambda: two.elsewhere.exchange(attempt, code))
    assert two.halves() == []
    again = two.portal.exchange(attempt, code)
    two.other.start()
    if again.status_code == 200:
        assert opened(two.elsewhere, again.json()).status_code == 200
    else:
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert two.halves() == []


def seconds(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def killed_during(two: Two, after_s: float, do: Callable[[], object]) -> None:
    """Kills the other process while this is under way, or right after."""
    killed = Timer(after_s, two.other.kill)
    killed.start()
    with suppress(httpx.TransportError):
        do()
    killed.join()


def test_killed_with_proofs_on_its_mind_it_still_knows_them(two: Two) -> None:
    """What was used is in the database before the answer goes out."""
    two.elsewhere.post("/oauth/token", LISTS).raise_for_status()
    proof = two.portal.dpop.headers("POST", f"{two.portal.issuer}/oauth/token")
    sent = form(two.portal, **LISTS)
    assert two.elsewhere.http.post("/oauth/token", data=sent, headers=proof).status_code == 200
    two.other.kill()
    two.other.start()
    again = two.elsewhere.http.post("/oauth/token", data=form(two.portal, **LISTS), headers=proof)
    assert again.json()["error"] == "invalid_dpop_proof"
    assert two.elsewhere.http.post("/oauth/token", data=sent).json()["error"] == "invalid_client"
