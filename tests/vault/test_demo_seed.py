"""The demo: four papers that the pipeline really read, and sign-ins that exist with `--demo` alone."""

import os
import signal
import time
from threading import Thread

import pytest
from sqlmodel import func, select

from tests import needs
from vault import accounts, documents, intake
from vault.accounts import Attempt
from vault.demo.papers import papers
from vault.demo.seed import CITIZEN, OFFICER, DemoNameTaken, DemoSignIn, seed
from vault.models import Account, Agency, Event, ReadingState, Version
from vault.principals import Citizen
from vault.services import Services
from vault.signins import resume
from vault.uploads import Ready


@pytest.fixture(autouse=True)
def tools() -> None:
    needs.need_tesseract()


def signed_in(services: Services, who: DemoSignIn) -> object:
    attempt = Attempt(who.login, who.password, "127.0.0.1")
    token = accounts.sign_in(services.db, services.root, services.passwords, services.settings, attempt)
    with services.db.read() as session:
        return resume(session, token, services.settings)


def counted(services: Services, kind: type[Account] | type[Agency] | type[Event]) -> int:
    with services.db.read() as session:
        return session.exec(select(func.count()).select_from(kind)).one()


def test_a_vault_that_was_started_without_the_demo_has_nobody_in_it(services: Services) -> None:
    assert counted(services, Account) == counted(services, Agency) == 0


def test_a_demo_that_was_stopped_halfway_is_whole_at_the_next_start_and_made_once(services: Services) -> None:
    with services.db.write() as session:
        hashed = services.passwords.hash(CITIZEN.password)
        accounts.open_account(session, services.root, hashed, CITIZEN.login)
    begun = signed_in(services, CITIZEN)
    assert isinstance(begun, Citizen)
    first = papers()[0]
    intake.add_document(services, begun, Ready(first.file_name, first.data))

    assert [who.role for who in seed(services)] == ["citizen", "officer"]
    citizen = signed_in(services, CITIZEN)
    assert isinstance(citizen, Citizen)
    with services.db.read() as session:
        found = documents.listed(session, citizen.wallet)
    assert {paper.version.state for paper in found} == {ReadingState.done}
    assert sorted(paper.document.kind for paper in found) == sorted(paper.kind for paper in papers())

    assert signed_in(services, OFFICER)
    before = counted(services, Event)
    seed(services)
    assert (counted(services, Event), counted(services, Account), counted(services, Agency)) == (before, 2, 1)


def test_a_demo_stopped_while_a_paper_is_read_goes_on_with_it_at_the_next_start(services: Services) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    impatient = Thread(target=stop_once_it_reads, args=(services,), daemon=True)
    impatient.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            seed(services)
    finally:
        impatient.join()
        signal.signal(signal.SIGINT, before)
    assert ReadingState.reading in states(services)
    seed(services)
    assert states(services) == [ReadingState.done] * len(papers())


def states(services: Services) -> list[ReadingState]:
    with services.db.read() as session:
        return list(session.exec(select(Version.state)).all())


def stop_once_it_reads(services: Services) -> None:
    """Ctrl-C."""
    ends = time.monotonic() + 60
    while ReadingState.reading not in states(services) and time.monotonic() < ends:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


def test_the_demo_does_not_enter_somebody_elses_wallet(services: Services) -> None:
    with services.db.write() as session:
        accounts.open_account(session, services.root, services.passwords.hash("mat khau rieng"), CITIZEN.login)
    with pytest.raises(DemoNameTaken, match=CITIZEN.login):
        seed(services)
