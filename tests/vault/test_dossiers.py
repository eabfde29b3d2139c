"""Dossiers as their citizen and their agency see them, and as others would like to."""

import pytest
from sqlmodel import select

from tests.vault.attaching import (
    MARRIAGE,
    OTHER_KEY,
    REFERENCE,
    ask,
    attach,
    grant_of,
    list_token,
    newer_version,
    revoke_all,
)
from tests.vault.world import CONTENT, World
from vault import agencykeys, casework, documents, dossiers, grants, supplements
from vault.agencykeys import OfficerReader, Reader
from vault.casework import Case
from vault.documents import Cursor, Paper
from vault.dossiers import Own
from vault.errors import NotFound, TokenInvalid
from vault.grants import State
from vault.models import Dossier, DossierItem, Figure, Grant, Supplement
from vault.principals import Citizen, TokenBearer


@pytest.fixture
def card(world: World) -> Paper:
    return world.put_in(kind="citizen-card")


def mine(world: World, citizen: Citizen | None = None, **more: object) -> list[Own]:
    with world.services.db.read() as session:
        return dossiers.mine(session, (citizen or world.an).wallet, **more)  # type: ignore[arg-type]


def own(world: World, dossier_id: str, citizen: Citizen | None = None) -> Own:
    with world.services.db.read() as session:
        return dossiers.get(session, (citizen or world.an).wallet, dossier_id)


def cases(world: World, reader: Reader, **more: object) -> list[Case]:
    with world.services.db.read() as session:
        return casework.listed(session, reader, **more)  # type: ignore[arg-type]


def case(world: World, reader: Reader, dossier_id: str) -> Case:
    with world.services.db.read() as session:
        return casework.get(session, reader, dossier_id)


def reader_of(world: World, bearer: TokenBearer) -> Reader:
    with world.services.db.read() as session:
        return agencykeys.of_token(session, bearer)


def test_a_dossier_refers_to_versions_by_component(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card, "partner-identity": card})
    found = own(world, attached.dossier.id)
    assert (found.dossier.procedure, found.dossier.reference, found.agency_name) == (MARRIAGE, REFERENCE, "Sở Tư pháp")
    assert [(piece.item.component, piece.item.version_id, piece.document_id) for piece in found.pieces] == [
        ("applicant-identity", card.version.id, card.id),
        ("partner-identity", card.version.id, card.id),
    ]
    item = found.pieces[0].item
    assert (item.kind, item.tier, item.size, item.media_type) == (
        "citizen-card",
        "self",
        len(CONTENT),
        "application/pdf",
    )
    assert found.state == State.running
    (event,) = world.events("attached")
    assert (event.grant_id, event.detail) == (attached.grant_id, attached.dossier.id)


def test_a_second_consent_for_the_same_dossier_adds_to_it(world: World, card: Paper) -> None:
    first = attach(world, {"applicant-identity": card})
    second = attach(world, {"partner-identity": card})
    assert first.dossier.id == second.dossier.id
    assert [piece.item.component for piece in own(world, first.dossier.id).pieces] == [
        "applicant-identity",
        "partner-identity",
    ]
    assert len({piece.grant.id for piece in own(world, first.dossier.id).pieces}) == 2


def test_equal_references_at_two_agencies_or_of_two_citizens_are_two_dossiers(world: World, card: Paper) -> None:
    other = world.put_in(world.binh, kind="citizen-card")
    made = {
        attach(world, {"applicant-identity": card}).dossier.id,
        attach(world, {"applicant-identity": card}, officer=world.bank).dossier.id,
        attach(world, {"applicant-identity": card}, procedure="birth-registration").dossier.id,
        attach(world, {"applicant-identity": other}, citizen=world.binh).dossier.id,
    }
    assert len(made) == 4


def test_another_citizen_neither_sees_nor_revokes_a_dossier(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    assert mine(world, world.binh) == []
    with pytest.raises(NotFound):
        own(world, attached.dossier.id, world.binh)
    with pytest.raises(NotFound):
        revoke_all(world, attached, world.binh)
    assert grant_of(world, attached).revoked_at is None


def test_a_newer_version_never_changes_a_submitted_dossier(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    assert not own(world, attached.dossier.id).pieces[0].newer
    newer_version(world, card)
    (piece,) = own(world, attached.dossier.id).pieces
    assert piece.newer
    assert (piece.item.version_id, piece.of) == (card.version.id, card.version.created_at)
    (held,) = case(world, OfficerReader(world.registry), attached.dossier.id).held
    assert (held.item.version_id, held.sha256) == (card.version.id, card.label.sha256)


def test_a_destroyed_paper_leaves_its_line_in_the_dossier(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    world.bin(card)
    with world.services.db.write() as session:
        documents.destroy(session, world.an, card.id)
    (piece,) = own(world, attached.dossier.id).pieces
    assert (piece.document_id, piece.item.size) == (None, len(CONTENT))


def test_revoking_a_dossier_ends_all_its_grants_and_questions_and_no_others(world: World, card: Paper) -> None:
    first = attach(world, {"applicant-identity": card})
    attach(world, {"partner-identity": card})
    another = attach(world, {"applicant-identity": card}, reference="another")
    asked = ask(world, first)
    revoke_all(world, first)
    revoke_all(world, first)
    found = own(world, first.dossier.id)
    assert (found.state, found.revocable, found.waiting) == (State.revoked, False, ())
    assert len(world.events("revoked")) == 2
    assert world.row(Supplement, asked.id).withdrawn_at is not None
    assert grant_of(world, another).revoked_at is None
    (held,) = case(world, OfficerReader(world.registry), another.dossier.id).held
    assert held.sha256 == card.label.sha256
    assert {held.sha256 for held in case(world, OfficerReader(world.registry), first.dossier.id).held} == {None}


def test_a_grant_whose_time_is_over_is_not_called_withdrawn(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    attach(world, {"partner-identity": card})
    world.change(Grant, attached.grant_id, expires_at=card.version.created_at)
    assert own(world, attached.dossier.id).state == State.running  # by the second grant
    revoke_all(world, attached)
    assert grant_of(world, attached).revoked_at is None
    assert own(world, attached.dossier.id).state == State.ended


def test_the_officers_of_the_agency_see_hashes_and_signed_grants(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    (found,) = cases(world, OfficerReader(world.registry))
    assert found == case(world, OfficerReader(world.registry), attached.dossier.id)
    (held,) = found.held
    assert held.sha256 == card.label.sha256
    (opened,) = found.grants
    assert opened.signed is not None
    assert opened.terms is not None
    assert (opened.terms.procedure, opened.terms.dossier) == (MARRIAGE, REFERENCE)
    assert found.subject == opened.terms.subject


def test_a_token_for_lists_sees_what_lies_in_the_clear_and_nothing_sealed(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    ask(world, attached)
    found = case(world, reader_of(world, list_token(world)), attached.dossier.id)
    assert (found.held[0].item.version_id, found.held[0].sha256, found.held[0].by.signed) == (
        card.version.id,
        None,
        None,
    )
    assert [asked.note for asked in found.asked] == [None]
    assert found.subject is None


def test_the_token_of_a_grant_sees_its_own_dossier_whole_and_no_other(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    other = attach(world, {"applicant-identity": card}, reference="another")
    ask(world, attached, note="Bản chụp bị mờ")
    reader = reader_of(world, attached.bearer)
    (found,) = cases(world, reader)
    assert found.dossier.id == attached.dossier.id
    assert found.held[0].sha256 == card.label.sha256
    assert [asked.note for asked in found.asked] == ["Bản chụp bị mờ"]
    with pytest.raises(NotFound):
        case(world, reader, other.dossier.id)


def test_the_first_grants_token_opens_what_was_supplemented_later(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    newer = world.put_in(content=b"%PDF-1.7 clearer", kind="citizen-card")
    attach(world, {"applicant-identity": newer}, first=attached)
    found = case(world, reader_of(world, attached.bearer), attached.dossier.id)
    assert [held.sha256 for held in found.held] == [card.label.sha256, newer.label.sha256]


def test_a_stolen_token_with_another_key_sees_no_dossier(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    with pytest.raises(TokenInvalid):
        reader_of(world, TokenBearer(attached.bearer.token, OTHER_KEY))


def test_another_agency_sees_no_dossier_by_whatever_it_holds(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    foreign = attach(world, {"applicant-identity": card}, officer=world.bank)
    for reader in (
        OfficerReader(world.bank),
        reader_of(world, list_token(world, world.bank)),
        reader_of(world, foreign.bearer),
    ):
        assert [found.dossier.id for found in cases(world, reader)] == [foreign.dossier.id]
        with pytest.raises(NotFound):
            case(world, reader, attached.dossier.id)


def test_what_the_portal_never_fetched_does_not_show_to_the_agency(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card}, fetched=False)
    reader = OfficerReader(world.registry)
    assert cases(world, reader) == []
    with pytest.raises(NotFound):
        case(world, reader, attached.dossier.id)
    assert own(world, attached.dossier.id).state == State.waiting
    assert own(world, attached.dossier.id).never_fetched
    attach(world, {"partner-identity": card})
    assert [held.item.component for held in case(world, reader, attached.dossier.id).held] == ["partner-identity"]


def test_both_sides_page_through_their_dossiers_the_newest_first(world: World, card: Paper) -> None:
    made = [attach(world, {"applicant-identity": card}, reference=f"R-{n}").dossier for n in range(5)]
    moment = made[0].created_at
    for dossier in made[1:4]:  # three of one moment: no row is lost between pages
        world.change(Dossier, dossier.id, created_at=moment)
    expected = sorted((world.row(Dossier, dossier.id) for dossier in made), key=lambda d: (d.created_at, d.id))
    seen: list[str] = []
    theirs: list[str] = []
    after = None
    while len(seen) < 5:
        page = mine(world, after=after, limit=2)
        reader = OfficerReader(world.registry)
        theirs += [found.dossier.id for found in cases(world, reader, after=after, limit=2)]
        seen += [found.dossier.id for found in page]
        after = Cursor(page[-1].dossier.created_at, page[-1].dossier.id)
    assert seen == theirs == [dossier.id for dossier in reversed(expected)]


def test_an_agency_looks_at_one_procedure_alone(world: World, card: Paper) -> None:
    attach(world, {"applicant-identity": card})
    birth = attach(world, {"applicant-identity": card}, procedure="birth-registration")
    found = cases(world, OfficerReader(world.registry), procedure="birth-registration")
    assert [one.dossier.id for one in found] == [birth.dossier.id]


def test_nothing_is_kept_of_an_answer_that_comes_too_late(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    asked = ask(world, attached)
    with world.services.db.read() as session:
        waiting = supplements.get(session, world.an.wallet, asked.id)
    attach(world, {"partner-identity": card}, waiting=waiting)
    with pytest.raises(NotFound):
        attach(world, {"partner-identity": card}, waiting=waiting)
    with world.services.db.read() as session:
        kept = {kind: len(session.exec(select(kind)).all()) for kind in (DossierItem, Figure, Grant)}
    assert kept == {DossierItem: 2, Figure: 2, Grant: 2}


def test_a_question_about_one_dossier_cannot_be_answered_for_another(world: World, card: Paper) -> None:
    attached = attach(world, {"applicant-identity": card})
    asked = ask(world, attached)
    with world.services.db.read() as session:
        waiting = supplements.get(session, world.an.wallet, asked.id)
    with pytest.raises(NotFound):
        attach(world, {"partner-identity": card}, reference="another", waiting=waiting)
    assert world.row(Supplement, asked.id).answered_at is None


def test_the_liveliest_grant_says_where_a_dossier_stands(world: World) -> None:
    assert dossiers.state_of([State.revoked, State.ended, State.used_up]) == State.used_up
    assert dossiers.state_of([State.revoked, State.waiting, State.running]) == State.running
    assert set(dossiers.LIVELIEST) == set(grants.State)
