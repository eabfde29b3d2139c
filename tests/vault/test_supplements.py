"""What an agency asks to be supplemented: named, sealed, counted, answered or withdrawn once."""

from typing import Any

import pytest
from sqlmodel import select

from storage.errors import SealBroken
from tests.vault.attaching import Attached, ask, attach, grant_of, list_token, marriage, revoke_all
from tests.vault.world import World
from vault import agencykeys, erasure, supplements
from vault.agencykeys import OfficerReader
from vault.errors import DossierOver, Invalid, NotFound, SupplementsOpen
from vault.models import Dossier, Event, Figure, Grant, Supplement
from vault.supplements import NOTE_CHARS, OPEN_MOST, Waiting

NOTE = "Ảnh căn cước bị mờ, xin gửi bản rõ hơn"


@pytest.fixture
def attached(world: World) -> Attached:
    return attach(world, {"applicant-identity": world.put_in(kind="citizen-card")})


def waiting(world: World) -> list[Waiting]:
    with world.services.db.read() as session:
        return supplements.waiting_for(session, world.an.wallet)


def withdraw(world: World, attached: Attached, supplement_id: str, dossier: Dossier | None = None) -> None:
    with world.services.db.write() as session:
        supplements.withdraw(session, OfficerReader(world.registry), dossier or attached.dossier, supplement_id)


def answer(world: World, supplement_id: str, who: Any = None) -> None:
    with world.services.db.write() as session:
        supplements.answered(session, who or world.an, supplement_id)


def test_a_citizen_reads_who_asks_for_what_and_why(world: World, attached: Attached) -> None:
    asked = ask(world, attached, "partner-identity", "applicant-identity", note=f"  {NOTE}\n")
    (found,) = waiting(world)
    assert (found.id, found.note, found.agency_name) == (asked.id, NOTE, "Sở Tư pháp")
    assert found.supplement.components == ["applicant-identity", "partner-identity"]  # as the procedure orders them
    assert found.dossier.id == attached.dossier.id
    (event,) = world.events("supplement-asked")
    assert (event.account_id, event.agency_id) == (world.registry.account_id, world.registry.agency_id)
    assert event.detail == attached.dossier.id


def test_a_note_lies_sealed_and_shows_nowhere(world: World, attached: Attached) -> None:
    asked = ask(world, attached, note=NOTE)
    row = world.row(Supplement, asked.id)
    assert NOTE.encode() not in row.note
    with world.services.db.read() as session:
        kept = [value for event in session.exec(select(Event)) for value in event.model_dump().values()]
    assert all(NOTE not in str(value) for value in [*kept, repr(row), repr(waiting(world))])


def test_a_note_cannot_be_moved_to_another_question(world: World, attached: Attached) -> None:
    first, second = ask(world, attached), ask(world, attached)
    second.note = first.note
    with pytest.raises(SealBroken):
        supplements.open_note(attached.key, second)


def test_another_citizen_finds_no_question(world: World, attached: Attached) -> None:
    asked = ask(world, attached)
    with world.services.db.read() as session:
        assert supplements.waiting_for(session, world.binh.wallet) == []
        with pytest.raises(NotFound):
            supplements.get(session, world.binh.wallet, asked.id)
    with pytest.raises(NotFound):
        answer(world, asked.id, world.binh)
    assert len(waiting(world)) == 1


@pytest.mark.parametrize(
    ("components", "note", "field", "reason"),
    [
        ((), NOTE, "components", "missing"),
        (("land-certificate",), NOTE, "components", "unknown"),
        (("applicant-identity", "x' OR 1=1"), NOTE, "components", "unknown"),
        (("applicant-identity",), " \n ", "note", "missing"),
        (("applicant-identity",), "x" * (NOTE_CHARS + 1), "note", "too-long"),
        (("applicant-identity",), "nộp lại\u202eexe", "note", "malformed"),
        (("applicant-identity",), "a\x00b", "note", "malformed"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_kept(
    world: World, attached: Attached, components: tuple[str, ...], note: str, field: str, reason: str
) -> None:
    reader = OfficerReader(world.registry)
    with world.services.db.write() as session, pytest.raises(Invalid) as caught:
        supplements.ask(session, reader, attached.dossier, marriage(world), components, note)
    assert (caught.value.values["field"], caught.value.values["reason"]) == (field, reason)
    assert waiting(world) == []
    assert world.events("supplement-asked") == []


def test_nothing_can_be_asked_of_a_procedure_that_is_no_longer_there(world: World, attached: Attached) -> None:
    with world.services.db.write() as session, pytest.raises(Invalid):
        supplements.ask(session, OfficerReader(world.registry), attached.dossier, None, ["applicant-identity"], NOTE)


def test_a_citizen_is_not_worn_down_with_questions(world: World, attached: Attached) -> None:
    asked = [ask(world, attached) for _ in range(OPEN_MOST)]
    with pytest.raises(SupplementsOpen):
        ask(world, attached)
    withdraw(world, attached, asked[0].id)
    ask(world, attached)
    assert len(waiting(world)) == OPEN_MOST


def test_a_question_is_sealed_under_the_newest_grant_that_stands(world: World, attached: Attached) -> None:
    second = attach(world, {"partner-identity": world.put_in(content=b"%PDF-1.7 b", kind="citizen-card")})
    assert ask(world, attached).grant_id == second.grant_id
    world.change(Grant, second.grant_id, expires_at=attached.dossier.created_at)
    assert ask(world, attached).grant_id == attached.grant_id
    assert len(waiting(world)) == 2


def test_nothing_is_asked_once_all_was_withdrawn_or_is_over(world: World, attached: Attached) -> None:
    world.change(Grant, attached.grant_id, expires_at=attached.dossier.created_at)
    with pytest.raises(DossierOver):
        ask(world, attached)
    other = attach(world, {"applicant-identity": world.put_in(content=b"%PDF-1.7 c")}, reference="other")
    revoke_all(world, other)
    with pytest.raises(DossierOver):
        ask(world, other)


def test_a_system_asks_with_the_token_of_its_grant_and_not_with_one_for_lists(world: World, attached: Attached) -> None:
    with world.services.db.read() as session:
        own, lists = (agencykeys.of_token(session, bearer) for bearer in (attached.bearer, list_token(world)))
    asked = ask(world, attached, reader=own)
    assert [found.id for found in waiting(world)] == [asked.id]
    assert world.events("supplement-asked")[0].account_id is None
    with pytest.raises(DossierOver):
        ask(world, attached, reader=lists)


def test_a_withdrawn_grant_leaves_its_question_readable_to_the_citizen(world: World, attached: Attached) -> None:
    ask(world, attached, note=NOTE)
    world.revoke(attached.grant_id)
    assert [found.note for found in waiting(world)] == [NOTE]


def test_an_answer_and_a_withdrawal_exclude_each_other(world: World, attached: Attached) -> None:
    first, second = ask(world, attached), ask(world, attached)
    answer(world, first.id)
    with pytest.raises(NotFound):
        withdraw(world, attached, first.id)
    withdraw(world, attached, second.id)
    with pytest.raises(NotFound):
        answer(world, second.id)
    with pytest.raises(NotFound):
        withdraw(world, attached, second.id)
    assert waiting(world) == []
    assert len(world.events("supplement-answered")) == len(world.events("supplement-withdrawn")) == 1


def test_a_question_about_another_dossier_cannot_be_withdrawn_through_this_one(
    world: World, attached: Attached
) -> None:
    asked = ask(world, attached)
    other = attach(world, {"applicant-identity": world.put_in(content=b"%PDF-1.7 d")}, reference="other")
    with pytest.raises(NotFound):
        withdraw(world, attached, asked.id, other.dossier)
    assert len(waiting(world)) == 1


def test_dossiers_and_questions_of_an_erased_wallet_go_and_figures_stay(world: World, attached: Attached) -> None:
    asked = ask(world, attached)
    with world.services.db.write() as session:
        erasure._end_grants(session, world.an.citizen_id)
    assert world.row(Dossier, attached.dossier.id) is None
    assert world.row(Supplement, asked.id) is None
    assert grant_of(world, attached).revoked_at is not None
    with world.services.db.read() as session:
        assert len(session.exec(select(Figure)).all()) == 1
