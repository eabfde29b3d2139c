"""A citizen's answer to a portal: what is proposed, what is granted, and what nobody can make of it."""

import threading
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from sharing.grants import verify
from sharing.keys import parse_jwks
from sharing.terms import Tier
from tests.vault import attaching
from tests.vault.consenting import REDIRECT_URI, REFERENCE, agree, ask, detail, proposal_of, put_in, question_of
from tests.vault.world import World
from vault import consents, grantkeys, grants, questions, redeeming, signing, tokens
from vault.db import now
from vault.errors import ConsentIncomplete, Invalid, NotFound, RequestOver
from vault.matching import Problem, Reason
from vault.models import (
    AuthorizationCode,
    AuthorizationRequest,
    Document,
    DossierItem,
    Grant,
    GrantHolder,
    Holder,
    Supplement,
    Version,
)
from vault.oauth.requests import Opened
from vault.proposals import propose
from vault.questions import BEST, Draft, Question

BIRTH = "birth-registration"
CARD = {"full-name": "Trần Thị An", "birth-date": "1990-03-14"}
BEYOND = '"components": ["applicant-identity", {"name": "diploma", "kinds": ["diploma"], "tier": "certified"}]'
TODAY = date.today()


def chosen(**components: str) -> Draft:
    return Draft({name.replace("_", "-"): version for name, version in components.items()})


def grants_of(world: World) -> list[Grant]:
    with world.services.db.read() as session:
        return list(session.exec(select(Grant)))


def expire(world: World, opened: Opened) -> None:
    with world.services.db.read() as session:
        at = now(session)
    world.change(AuthorizationRequest, opened.request_id, expires_at=at - timedelta(seconds=1))


# What is proposed


def test_needed_papers_are_proposed_and_nothing_else_is_taken_along(world: World) -> None:
    card, passport = put_in(world, "citizen-card"), put_in(world, "passport")
    proposal = proposal_of(world, ask(world, detail()))
    identity, partner = proposal.slot("applicant-identity"), proposal.slot("partner-identity")
    assert identity and partner
    assert identity.chosen and identity.chosen.version_id == card.version.id
    assert (partner.chosen, partner.offered and partner.offered.version_id) == (None, passport.version.id)
    assert proposal.lacking == ()


@pytest.mark.parametrize(
    ("paper", "problem"),
    [
        ({}, Problem.MISSING),
        ({"expires_on": TODAY - timedelta(days=2)}, Problem.EXPIRED),
        ({"sure": False}, Problem.KIND_UNCERTAIN),
        ({"state": "reading"}, Problem.BEING_READ),
    ],
)
def test_what_is_wrong_with_the_papers_is_said_and_nothing_can_be_agreed_to(
    world: World, paper: dict[str, object], problem: Problem
) -> None:
    opened = ask(world, detail())
    made = put_in(world, "citizen-card", **paper) if paper else None  # type: ignore[arg-type]
    slot = proposal_of(world, opened).slot("applicant-identity")
    assert slot is not None
    assert (slot.chosen, slot.problem) == (None, problem)
    if made:
        assert slot.nearest and slot.nearest.version_id == made.version.id
        with pytest.raises(ConsentIncomplete):
            agree(world, opened, chosen(applicant_identity=made.version.id))
    with pytest.raises(ConsentIncomplete):
        agree(world, opened, Draft())
    assert grants_of(world) == []


def test_what_goes_beyond_the_procedure_is_never_taken_along_by_itself(world: World) -> None:
    put_in(world, "citizen-card")
    diploma = put_in(world, "diploma", tier=Tier.CERTIFIED)
    slot = proposal_of(world, ask(world, detail(more=BEYOND))).slot("diploma")
    assert slot is not None
    assert not slot.asked.registered
    assert slot.chosen is None
    assert slot.offered and slot.offered.version_id == diploma.version.id


def test_a_tier_that_is_too_low_is_said(world: World) -> None:
    put_in(world, "citizen-card")
    put_in(world, "diploma")
    slot = proposal_of(world, ask(world, detail(more=BEYOND))).slot("diploma")
    assert slot is not None and slot.problem == Problem.TIER_TOO_LOW


def test_another_paper_that_was_chosen_stays_chosen(world: World) -> None:
    put_in(world, "citizen-card")
    passport = put_in(world, "passport")
    opened = ask(world, detail())
    slot = proposal_of(world, opened, chosen(applicant_identity=passport.version.id)).slot("applicant-identity")
    assert slot and slot.chosen and slot.chosen.version_id == passport.version.id


def test_a_paper_that_is_still_to_come_is_taken_once_it_is_there(world: World) -> None:
    put_in(world, "citizen-card")
    opened, draft = ask(world, detail()), chosen(marital_status=BEST)
    slot = proposal_of(world, opened, draft).slot("marital-status")
    assert slot and slot.problem == Problem.MISSING
    paper = put_in(world, "marital-status", found={"issued-on": TODAY.isoformat()})
    slot = proposal_of(world, opened, draft).slot("marital-status")
    assert slot and slot.chosen and slot.chosen.version_id == paper.version.id


def test_the_form_is_filled_from_the_papers_that_are_chosen(world: World) -> None:
    put_in(world, "citizen-card", found=CARD)
    passport = put_in(world, "passport", found={"full-name": "TRAN THI AN"})
    opened = ask(world, detail())
    assert proposal_of(world, opened).form[0].value == "Trần Thị An"
    other = proposal_of(world, opened, chosen(applicant_identity=passport.version.id))
    assert other.form[0].value == "TRAN THI AN"


def test_the_grant_would_last_as_long_as_the_procedure_needs_it(world: World) -> None:
    proposal = proposal_of(world, ask(world, detail()))
    assert (proposal.days, proposal.openings) == (14, 50)


def test_what_was_chosen_and_typed_is_kept_sealed_until_it_is_answered(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened = ask(world, detail())
    question = question_of(world, opened)
    draft = Draft({"applicant-identity": card.version.id, "unknown": "x"}, {"applicant-name": "Trần Thị Ân"})
    with world.services.db.write() as session:
        question.keep(session, world.an.wallet, draft)
    row = world.row(AuthorizationRequest, opened.request_id)
    assert "Trần Thị Ân".encode() not in row.draft
    kept = question_of(world, opened).draft(world.an.wallet)
    assert kept == Draft({"applicant-identity": card.version.id}, {"applicant-name": "Trần Thị Ân"})
    agree(world, opened, chosen(applicant_identity=card.version.id))
    assert world.row(AuthorizationRequest, opened.request_id).draft is None


def test_nothing_is_kept_by_somebody_else_or_after_the_answer(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened = ask(world, detail())
    question, draft = question_of(world, opened), Draft({}, {"applicant-name": "Trần Thị Ân"})
    with world.services.db.write() as session:
        question.keep(session, world.binh.wallet, draft)
    assert world.row(AuthorizationRequest, opened.request_id).draft is None
    agree(world, opened, chosen(applicant_identity=card.version.id))
    with world.services.db.write() as session:  # from a page that was still open
        question.keep(session, world.an.wallet, draft)
    assert world.row(AuthorizationRequest, opened.request_id).draft is None


# What is granted


def test_one_consent_grants_the_papers_refers_the_dossier_to_them_and_answers_the_portal(world: World) -> None:
    card = put_in(world, "citizen-card", found=CARD)
    opened = ask(world, detail())
    draft = Draft({"applicant-identity": card.version.id}, {"applicant-name": "Trần Thị An"})
    agreed = agree(world, opened, draft)
    assert agreed.url
    query = parse_qs(urlsplit(agreed.url).query)
    assert agreed.url.startswith(f"{REDIRECT_URI}?")
    assert (query["state"], query["iss"]) == (["state-of-the-portal"], ["https://vault.example"])
    with world.services.db.read() as session:
        given = grants.get(session, world.an.wallet, agreed.grant_id)
        keys = parse_jwks(signing.published(session, timedelta(days=90)))
        terms = verify(given.signed, keys, world.registry.agency_id, now(session), issuer="https://vault.example")
        items = session.exec(select(DossierItem).where(DossierItem.dossier_id == agreed.dossier_id)).all()
        code = session.get(AuthorizationCode, tokens.digest(tokens.decode(query["code"][0]) or b""))
    assert (terms.procedure, terms.dossier) == ("marriage-registration", REFERENCE)
    assert terms.purpose == "Nộp hồ sơ đăng ký kết hôn"
    assert terms.items[0].components == ("applicant-identity",)
    assert (terms.expires_at - terms.not_before, terms.openings) == (timedelta(days=14), 50)
    assert [(item.component, item.version_id) for item in items] == [("applicant-identity", card.version.id)]
    assert code is not None and code.grant_id == agreed.grant_id
    for kind in ("granted", "attached"):
        assert [event.grant_id for event in world.events(kind)] == [agreed.grant_id]


def test_one_paper_for_two_components_is_one_item_of_the_grant(world: World) -> None:
    card = put_in(world, "citizen-card")
    agreed = agree(
        world, ask(world, detail()), chosen(applicant_identity=card.version.id, partner_identity=card.version.id)
    )
    with world.services.db.read() as session:
        (item,) = grants.get(session, world.an.wallet, agreed.grant_id).terms.items
    assert item.components == ("applicant-identity", "partner-identity")


def test_what_is_optional_may_be_left_out_and_what_is_needed_may_not(world: World) -> None:
    card, passport = put_in(world, "citizen-card"), put_in(world, "passport")
    opened = ask(world, detail())
    with pytest.raises(ConsentIncomplete):
        agree(world, opened, chosen(partner_identity=passport.version.id))
    agreed = agree(world, opened, chosen(applicant_identity=card.version.id, partner_identity=""))
    with world.services.db.read() as session:
        items = grants.get(session, world.an.wallet, agreed.grant_id).terms.items
    assert [item.version for item in items] == [card.version.id]


def test_a_grant_is_never_longer_than_this_vault_allows(world: World) -> None:
    settings = world.services.settings.model_copy(update={"grant_days_max": 3})
    world = replace(world, services=replace(world.services, settings=settings))
    card = put_in(world, "citizen-card")
    agreed = agree(world, ask(world, detail()), chosen(applicant_identity=card.version.id))
    grant = world.row(Grant, agreed.grant_id)
    assert grant.expires_at - grant.not_before == timedelta(days=3)


def test_refusing_tells_the_portal_no_more_than_that(world: World) -> None:
    put_in(world, "citizen-card")
    opened = ask(world, detail())
    with world.services.db.write() as session:
        question = questions.of_request(session, world.an, opened.request_id, opened.secret)
        url = consents.refuse(session, world.services, world.an, question)
    query = parse_qs(urlsplit(url).query)
    assert query == {
        "error": ["access_denied"], "state": ["state-of-the-portal"], "iss": ["https://vault.example"],
    }  # fmt: skip
    assert len(world.events("consent-refused")) == 1
    with pytest.raises(RequestOver):
        question_of(world, opened)


def test_an_uncertain_kind_is_confirmed_on_the_spot(world: World) -> None:
    card = put_in(world, "citizen-card", sure=False)
    opened = ask(world, detail())
    with world.services.db.write() as session:
        question = questions.of_request(session, world.an, opened.request_id, opened.secret)
        consents.confirm(session, world.services, world.an, question, card.version.id, None)
    assert world.row(Document, card.id).kind_confirmed
    assert proposal_of(world, opened).lacking == ()


def test_the_day_of_issue_is_said_on_the_spot(world: World) -> None:
    put_in(world, "citizen-card")
    paper = put_in(world, "marital-status", found={"full-name": "An"})
    opened = ask(world, detail())
    slot = proposal_of(world, opened).slot("marital-status")
    assert slot and slot.problem == Problem.AGE_UNKNOWN
    for said, error in (("hôm qua", Invalid), ("", Invalid)):
        with pytest.raises(error):
            say_issued(world, opened, paper.version.id, said)
    say_issued(world, opened, paper.version.id, f"{TODAY:%d/%m/%Y}")
    slot = proposal_of(world, opened).slot("marital-status")
    assert slot and slot.problem is None and slot.offered


def say_issued(world: World, opened: Opened, version_id: str, issued: str) -> None:
    with world.services.db.write() as session:
        question = questions.of_request(session, world.an, opened.request_id, opened.secret)
        consents.confirm(session, world.services, world.an, question, version_id, issued)


# Supplements


def supplement_of(world: World, supplement_id: str) -> Question:
    with world.services.db.read() as session:
        return questions.of_supplement(session, world.services, world.an, supplement_id)


def test_a_supplement_is_answered_into_the_agencys_hands_at_once(world: World) -> None:
    first = attaching.attach(world, {"applicant-identity": put_in(world, "citizen-card")})
    passport = put_in(world, "passport")
    supplement = attaching.ask(world, first, "partner-identity")
    with world.services.db.write() as session:
        question = questions.of_supplement(session, world.services, world.an, supplement.id)
        agreed = consents.agree(
            session, world.services, world.an, question, chosen(partner_identity=passport.version.id)
        )
    assert (agreed.dossier_id, agreed.url) == (first.dossier.id, None)
    assert question.purpose == "Bản chụp bị mờ"
    with world.services.db.read() as session:
        received = redeeming.get_for_agency(session, world.registry.ring, agreed.grant_id)
        holder = session.get(GrantHolder, (agreed.grant_id, Holder.dossier))
    assert received.terms and received.terms.purpose == "Bản chụp bị mờ"
    assert holder and grantkeys.open_by_dossier(holder, first.key)
    assert world.row(Supplement, supplement.id).answered_at is not None


def test_what_the_agency_has_already_is_not_proposed_again_but_can_be_chosen(world: World) -> None:
    card = put_in(world, "citizen-card")
    first = attaching.attach(world, {"applicant-identity": card})
    question = supplement_of(world, attaching.ask(world, first, "partner-identity").id)
    with world.services.db.read() as session:
        (slot,) = propose(session, world.services, world.an, question, Draft()).slots
    assert (slot.chosen, slot.problem) == (None, Problem.MISSING)
    assert [paper.version_id for paper in slot.match.others] == [card.version.id]
    passport = put_in(world, "passport")
    with world.services.db.read() as session:
        (slot,) = propose(session, world.services, world.an, question, Draft()).slots
        draft = chosen(partner_identity=card.version.id)
        (again,) = propose(session, world.services, world.an, question, draft).slots
    assert slot.chosen and slot.chosen.version_id == passport.version.id
    assert Reason.ONLY_ONE not in slot.match.reasons
    assert again.chosen and again.chosen.version_id == card.version.id


def test_a_supplement_is_answered_once_and_not_after_it_was_withdrawn(world: World) -> None:
    first = attaching.attach(world, {"applicant-identity": put_in(world, "citizen-card")})
    passport = put_in(world, "passport")
    supplement = attaching.ask(world, first, "partner-identity")
    question = supplement_of(world, supplement.id)
    draft = chosen(partner_identity=passport.version.id)
    with world.services.db.write() as session:
        consents.agree(session, world.services, world.an, question, draft)
    with pytest.raises(RequestOver), world.services.db.write() as session:
        consents.agree(session, world.services, world.an, question, draft)
    assert len(grants_of(world)) == 2
    with pytest.raises(RequestOver):
        supplement_of(world, supplement.id)


def test_another_citizens_supplement_is_not_there(world: World) -> None:
    first = attaching.attach(world, {"applicant-identity": put_in(world, "citizen-card")})
    supplement = attaching.ask(world, first, "partner-identity")
    with world.services.db.read() as session, pytest.raises(RequestOver):
        questions.of_supplement(session, world.services, world.binh, supplement.id)


# What nobody can make of it


def test_another_citizens_version_cannot_be_granted(world: World) -> None:
    foreign = put_in(world, "citizen-card", world.binh)
    with pytest.raises(ConsentIncomplete):
        agree(world, ask(world, detail()), chosen(applicant_identity=foreign.version.id))


def test_a_paper_that_went_into_the_bin_meanwhile_cannot_be_granted(world: World) -> None:
    card = put_in(world, "citizen-card")
    world.bin(card)
    with pytest.raises(ConsentIncomplete):
        agree(world, ask(world, detail()), chosen(applicant_identity=card.version.id))


def test_a_paper_that_expired_or_fell_meanwhile_cannot_be_granted(world: World) -> None:
    card = put_in(world, "citizen-card")
    diploma = put_in(world, "diploma", tier=Tier.CERTIFIED)
    opened = ask(world, detail(more=BEYOND))
    draft = chosen(applicant_identity=card.version.id, diploma=diploma.version.id)
    world.change(Version, diploma.version.id, tier="self")
    with pytest.raises(ConsentIncomplete):
        agree(world, opened, draft)
    world.change(Version, diploma.version.id, tier="certified")
    world.change(Document, card.id, expires_on=TODAY - timedelta(days=2))
    with pytest.raises(ConsentIncomplete):
        agree(world, opened, draft)
    assert grants_of(world) == []


def test_a_paper_of_another_kind_cannot_be_granted(world: World) -> None:
    card, diploma = put_in(world, "citizen-card"), put_in(world, "diploma")
    for version in (diploma.version.id, BEST, "x" * 36):
        with pytest.raises(ConsentIncomplete):
            agree(
                world,
                ask(world, detail()),
                chosen(applicant_identity=card.version.id, partner_identity=version),
            )


def test_a_component_or_field_that_was_not_asked_is_refused(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened, versions = ask(world, detail()), {"applicant-identity": card.version.id}
    with pytest.raises(Invalid):
        agree(world, opened, Draft(versions | {"hidden": card.version.id}))
    with pytest.raises(Invalid):
        agree(world, opened, Draft(versions, {"hidden": "x"}))
    assert grants_of(world) == []


def test_a_value_of_the_wrong_form_grants_nothing(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened = ask(world, detail())
    with pytest.raises(Invalid):
        agree(world, opened, Draft({"applicant-identity": card.version.id}, {"applicant-birth-date": "hôm qua"}))
    assert grants_of(world) == []
    assert world.row(AuthorizationRequest, opened.request_id).answered_at is None


def test_a_request_is_answered_once(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened, draft = ask(world, detail()), chosen(applicant_identity=card.version.id)
    agree(world, opened, draft)
    with pytest.raises(RequestOver):
        agree(world, opened, draft)
    assert len(grants_of(world)) == 1


def test_of_two_agreements_at_once_one_grants(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened, draft = ask(world, detail()), chosen(applicant_identity=card.version.id)
    question_of(world, opened)
    outcomes: list[str] = []

    def agreeing() -> None:
        try:
            agree(world, opened, draft)
            outcomes.append("agreed")
        except RequestOver:
            outcomes.append("over")

    threads = [threading.Thread(target=agreeing) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["agreed", "over"]
    assert len(grants_of(world)) == 1


def test_nobody_agrees_after_the_end(world: World) -> None:
    card = put_in(world, "citizen-card")
    opened = ask(world, detail())
    expire(world, opened)
    with pytest.raises(RequestOver):
        agree(world, opened, chosen(applicant_identity=card.version.id))


def test_another_citizen_or_browser_cannot_answer_what_one_has_claimed(world: World) -> None:
    foreign = put_in(world, "citizen-card", world.binh)
    opened = ask(world, detail())
    question_of(world, opened)
    with pytest.raises(RequestOver):
        agree(world, opened, chosen(applicant_identity=foreign.version.id), world.binh)
    with pytest.raises(RequestOver):
        question_of(world, Opened(opened.request_id, tokens.encode(tokens.new())))


def test_a_paper_that_does_not_serve_cannot_be_confirmed_through_a_consent(world: World) -> None:
    foreign, diploma = put_in(world, "citizen-card", world.binh, sure=False), put_in(world, "diploma", sure=False)
    opened = ask(world, detail())
    for paper in (foreign, diploma):
        with pytest.raises(NotFound):
            say_issued(world, opened, paper.version.id, "01/01/2026")
        assert not world.row(Document, paper.id).kind_confirmed
