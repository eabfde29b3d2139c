"""Bytes leave under a grant, to its agency, as often and as long as the citizen said, and never otherwise."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import sleep

import pytest
from sqlmodel import select

from sharing.keys import SigningKey
from tests.vault.world import CONTENT, PREVIEW, World
from vault import accesstokens, documents, grantkeys, redeeming, releases, tokens
from vault.db import now
from vault.errors import NotFound, ReleaseRefused, TokenInvalid
from vault.models import AccessToken, Dossier, DossierItem, Grant, GrantHolder, GrantItem, Holder
from vault.principals import Officer, TokenBearer
from vault.releases import Released

KEY = SigningKey.generate().kid
"""A key that is nobody's here."""
WINDOW = timedelta(minutes=10)


def open_as(world: World, who: Officer | TokenBearer, grant_id: str, version_id: str, **more: object) -> Released:
    return releases.release(world.services.db, world.services.blobs, who, grant_id, version_id, **more)  # type: ignore[arg-type]


def redeemed(world: World, link: str) -> TokenBearer:
    return world.bearer(link)


def refused_as(world: World, who: Officer | TokenBearer, grant_id: str, version_id: str) -> str:
    """The reason in the citizen's log; outwardly there is none."""
    before = len(world.events("refused"))
    with pytest.raises((ReleaseRefused, TokenInvalid)) as refusal:
        open_as(world, who, grant_id, version_id)
    assert refusal.value.values == {}
    entries = world.events("refused")
    assert len(entries) == before + 1
    return str(entries[-1].detail)


def test_officer_and_system_open_what_was_shared(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    for who in (world.registry, token):
        opened = open_as(world, who, grant_id, paper.version.id)
        assert b"".join(opened.original().stream()) == CONTENT
        assert opened.preview(1) == opened.preview(1, thumbnail=True) == PREVIEW
        assert opened.item.sha256 == paper.label.sha256
        with pytest.raises(NotFound):
            opened.preview(2)
    assert token.token not in repr(token)
    event = world.events("released")[0]
    assert (event.document_id, event.version_id, event.grant_id) == (paper.id, paper.version.id, grant_id)


def test_a_stranger_without_grant_or_token_gets_nothing(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    redeemed(world, link)
    for token in (tokens.encode(tokens.new()), "nonsense"):
        assert refused_as(world, TokenBearer(token, KEY), grant_id, paper.version.id) == "not-an-agency"
        with pytest.raises(TokenInvalid):
            open_as(world, TokenBearer(token, KEY), "no-such-grant", paper.version.id)
    with pytest.raises(ReleaseRefused):
        open_as(world, world.registry, "no-such-grant", paper.version.id)


def test_another_agency_is_refused(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    redeemed(world, link)
    assert refused_as(world, world.bank, grant_id, paper.version.id) == "other-agency"
    assert world.events("refused")[-1].agency_id == world.bank.agency_id


def test_another_agencys_token_is_refused(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    redeemed(world, link)
    _, bank_link = world.share(world.put_in(content=b"%PDF-1.7 another"), agency_id=world.bank.agency_id)
    banks = world.bearer(bank_link, world.bank_system)
    assert refused_as(world, banks, grant_id, paper.version.id) == "other-agency"
    assert world.events("refused")[-1].agency_id == world.bank.agency_id


def test_a_token_used_by_another_agency_with_a_key_of_its_own_is_refused_and_logged(world: World) -> None:
    """It found the token, and proves the only key that it has."""
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    thief = TokenBearer(token.token, KEY)
    assert refused_as(world, thief, grant_id, paper.version.id) == "key-not-proved"
    assert world.row(Grant, grant_id).openings == 0
    open_as(world, token, grant_id, paper.version.id)


def test_a_revoked_token_is_refused_and_its_grant_goes_on_for_officers(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    with world.services.db.write() as session:
        row = accesstokens.known(session, token.token)
        assert row is not None
        accesstokens.revoke(session, row)
    assert refused_as(world, token, grant_id, paper.version.id) == "not-an-agency"
    assert world.events("refused")[-1].agency_id == world.registry.agency_id
    assert [event.grant_id for event in world.events("token-revoked")] == [grant_id]
    open_as(world, world.registry, grant_id, paper.version.id)


def test_a_token_that_ends_before_its_grant_is_refused(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    digest = tokens.digest(tokens.decode(token.token) or b"")
    world.change(AccessToken, digest, expires_at=world.row(Grant, grant_id).created_at)
    with pytest.raises(TokenInvalid):
        open_as(world, token, grant_id, paper.version.id)
    assert world.events("refused")[-1].detail == "not-an-agency"
    assert world.row(Grant, grant_id).openings == 0


def test_a_token_of_the_first_grant_of_a_dossier_opens_what_supplements_it_and_nothing_else(world: World) -> None:
    first, later, other = (world.put_in(content=b"%%PDF-1.7 paper %d" % number) for number in range(3))
    grant_id, link = world.share(first)
    later_id, later_link = world.share(later)
    other_id, other_link = world.share(other)
    token = redeemed(world, link)
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, other_link)
    supplement(world, later_id, later_link, grant_id)
    opened = open_as(world, token, later_id, later.version.id)
    assert b"".join(opened.original().stream()) == b"%PDF-1.7 paper 1"
    assert redeeming.get_by_token(world.services.db, token, later_id).terms == opened.terms
    assert refused_as(world, token, other_id, other.version.id) == "not-an-agency"
    assert refused_as(world, TokenBearer(token.token, KEY), later_id, later.version.id) == "key-not-proved"
    world.revoke(later_id)
    assert refused_as(world, token, later_id, later.version.id) == "revoked"
    open_as(world, token, grant_id, first.version.id)


def test_a_token_of_a_revoked_first_grant_opens_no_supplement_but_officers_do(world: World) -> None:
    first, later = (world.put_in(content=b"%%PDF-1.7 paper %d" % number) for number in range(2))
    grant_id, link = world.share(first)
    later_id, later_link = world.share(later)
    token = redeemed(world, link)
    supplement(world, later_id, later_link, grant_id)
    world.revoke(grant_id)
    assert refused_as(world, token, later_id, later.version.id) == "no-longer-kept"
    assert redeeming.get_by_token(world.services.db, token, later_id).terms is None
    open_as(world, world.registry, later_id, later.version.id)


def supplement(world: World, grant_id: str, link: str, first_id: str) -> None:
    """The grant is handed to the agency, and its key to whoever opens the first grant's, as an answer would."""
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    with world.services.db.write() as session:
        later, first = (
            grantkeys.open_by_citizen(session.get_one(GrantHolder, (one, Holder.citizen)), world.an.wallet)
            for one in (grant_id, first_id)
        )
        session.add(grantkeys.hold_by_dossier(later, grant_id, first))
        at = now(session)
        dossier = Dossier(
            citizen_id=world.an.citizen_id,
            agency_id=world.registry.agency_id,
            procedure="marriage-registration",
            reference="H10.01",
            created_at=at,
        )
        session.add(dossier)
        session.flush()
        for number, one in enumerate((first_id, grant_id)):
            session.add(
                DossierItem(
                    dossier_id=dossier.id,
                    component=f"c{number}",
                    grant_id=one,
                    version_id="v",
                    kind="other",
                    tier="self",
                    size=1,
                    media_type="application/pdf",
                    added_at=at,
                )
            )


def test_bytes_stop_when_the_citizen_takes_the_grant_back_or_throws_the_paper_away(world: World) -> None:
    paper, thrown = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    grant_id, link = world.share(paper, thrown)
    token = redeemed(world, link)
    opened = [open_as(world, token, grant_id, one.version.id) for one in (paper, thrown)]
    assert all(releases.still_stands(world.services.db, one) for one in opened)
    assert world.events("refused") == []
    world.bin(thrown)
    assert [releases.still_stands(world.services.db, one) for one in opened] == [True, False]
    world.revoke(grant_id)
    assert not releases.still_stands(world.services.db, opened[0])
    assert [event.detail for event in world.events("refused")] == ["no-longer-kept", "revoked"]
    assert world.events("refused")[-1].version_id == paper.version.id


def test_a_token_of_another_grant_to_the_same_agency_is_refused(world: World) -> None:
    paper, other = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    grant_id, link = world.share(paper)
    _, other_link = world.share(other)
    redeemed(world, link)
    assert refused_as(world, redeemed(world, other_link), grant_id, paper.version.id) == "not-an-agency"


def test_before_the_link_is_used_nobody_opens(world: World) -> None:
    paper = world.put_in()
    grant_id, _ = world.share(paper)
    assert refused_as(world, world.registry, grant_id, paper.version.id) == "not-redeemed"


def test_revoked_then_refused(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    open_as(world, token, grant_id, paper.version.id)
    world.revoke(grant_id)
    for who in (token, world.registry):
        assert refused_as(world, who, grant_id, paper.version.id) == "revoked"
        assert world.events("refused")[-1].agency_id == world.registry.agency_id


def test_expired_then_refused_to_the_second(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    end = world.row(Grant, grant_id).expires_at
    open_as(world, token, grant_id, paper.version.id, at=end - timedelta(seconds=1))
    with pytest.raises(TokenInvalid):
        open_as(world, token, grant_id, paper.version.id, at=end)
    assert world.events("refused")[-1].detail == "expired"


def test_a_version_that_is_not_in_the_grant_is_refused(world: World) -> None:
    paper, other = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    assert refused_as(world, token, grant_id, other.version.id) == "not-in-grant"
    assert refused_as(world, token, grant_id, "<script>" * 20) == "not-in-grant"
    assert world.events("refused")[-1].version_id is None, "what a stranger typed is in no log"


def test_a_paper_in_the_bin_is_refused_until_it_is_restored(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    world.bin(paper)
    assert refused_as(world, token, grant_id, paper.version.id) == "no-longer-kept"
    with world.services.db.write() as session:
        documents.restore(session, world.an, paper.id)
    open_as(world, token, grant_id, paper.version.id)


def test_a_destroyed_paper_is_refused(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    world.bin(paper)
    with world.services.db.write() as session:
        documents.destroy(session, world.an, paper.id)
    assert refused_as(world, token, grant_id, paper.version.id) == "no-longer-kept"


def test_an_opening_is_counted_once_in_its_window_and_again_after_it(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper, openings=2)
    token = redeemed(world, link)
    start = world.row(Grant, grant_id).created_at + timedelta(hours=1)
    for minutes in (0, 3, 9.9):
        open_as(world, token, grant_id, paper.version.id, at=start + timedelta(minutes=minutes))
    assert world.row(Grant, grant_id).openings == len(world.events("released")) == 1
    open_as(world, token, grant_id, paper.version.id, at=start + WINDOW)
    assert world.row(Grant, grant_id).openings == len(world.events("released")) == 2
    with pytest.raises(ReleaseRefused):
        open_as(world, token, grant_id, paper.version.id, at=start + 2 * WINDOW)
    assert world.events("refused")[-1].detail == "openings-used-up"


def test_each_version_has_its_own_window(world: World) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    grant_id, link = world.share(one, two, openings=5)
    token = redeemed(world, link)
    open_as(world, token, grant_id, one.version.id)
    open_as(world, token, grant_id, two.version.id)
    assert world.row(Grant, grant_id).openings == 2


def test_asking_without_a_body_counts_nothing(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = redeemed(world, link)
    open_as(world, token, grant_id, paper.version.id, discloses=False)
    assert world.row(Grant, grant_id).openings == 0
    assert world.row(GrantItem, (grant_id, paper.version.id)).opened_at is None


def test_openings_at_once_never_exceed_the_maximum(world: World) -> None:
    shared = [world.put_in(content=b"%%PDF-1.7 paper %d" % number) for number in range(6)]
    grant_id, link = world.share(*shared, openings=3)
    token, at_once = redeemed(world, link), Barrier(12)

    def attempt(number: int) -> bool:
        at_once.wait()
        try:
            open_as(world, token, grant_id, shared[number % 6].version.id)
        except ReleaseRefused:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(attempt, range(12)))
    assert world.row(Grant, grant_id).openings == len(world.events("released")) == 3
    assert len({event.version_id for event in world.events("released")}) == 3
    assert sum(answers) == 6, "three versions, each asked twice: the second time falls into the window"
    assert len(world.events("refused")) == 6


def test_whoever_waited_for_the_one_opening_follows_it(world: World) -> None:
    """Asked before the other's opening began, and decided after it."""
    paper = world.put_in()
    grant_id, link = world.share(paper, openings=1)
    token = redeemed(world, link)
    with ThreadPoolExecutor(1) as pool:
        with world.services.db.write() as session:
            grant = session.exec(select(Grant).where(Grant.id == grant_id).with_for_update()).one()
            waiting = pool.submit(open_as, world, token, grant_id, paper.version.id)
            sleep(0.5)
            session.get_one(GrantItem, (grant_id, paper.version.id)).opened_at = now(session)
            grant.openings = 1
        assert waiting.result().original().read(0, 8) == CONTENT[:8]
    assert world.row(Grant, grant_id).openings == 1


def test_the_same_version_opened_at_once_counts_once(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper, openings=1)
    token, at_once = redeemed(world, link), Barrier(8)

    def attempt(_number: int) -> bytes:
        at_once.wait()
        return open_as(world, token, grant_id, paper.version.id).original().read(0, 8)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attempt, range(8))) == {CONTENT[:8]}
    assert world.row(Grant, grant_id).openings == 1
