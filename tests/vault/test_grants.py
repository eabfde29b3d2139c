"""Citizens make grants, see them and take them back."""

from datetime import timedelta

import pytest

from sharing.grants import verify
from sharing.keys import parse_jwks
from sharing.terms import Tier
from tests.vault.world import World
from vault import documents, grantkeys, grants, redeeming, signing
from vault.db import now
from vault.errors import InBin, Invalid, NotFound
from vault.grants import State
from vault.models import Grant, GrantHolder, GrantItem, Holder


def test_a_grant_says_what_the_citizen_chose_and_verifies_offline(world: World) -> None:
    paper = world.put_in()
    grant_id, _ = world.share(paper, purpose="  Đăng ký\nkết hôn ")
    with world.services.db.read() as session:
        given = grants.get(session, world.an.wallet, grant_id)
        keys = parse_jwks(signing.published(session, timedelta(days=90)))
        terms = verify(
            given.signed, keys, world.registry.agency_id, now(session), issuer=world.services.settings.public_url
        )
    assert terms == given.terms
    assert terms.purpose == "Đăng ký kết hôn"
    assert terms.expires_at - terms.not_before == timedelta(days=7)
    item = terms.items[0]
    assert (item.kind, item.tier, item.sha256) == ("birth-certificate", Tier.SELF, paper.label.sha256)
    assert given.state == State.waiting
    assert given.papers == {paper.version.id: paper.id}


def test_two_agencies_cannot_tell_that_their_subjects_are_one_person(world: World) -> None:
    paper = world.put_in()
    ids = [
        world.share(paper, agency_id=officer.agency_id)[0] for officer in (world.registry, world.registry, world.bank)
    ]
    with world.services.db.read() as session:
        subjects = [grants.get(session, world.an.wallet, grant_id).terms.subject for grant_id in ids]
    assert subjects[0] == subjects[1] != subjects[2]
    assert world.an.citizen_id not in subjects


def test_a_stranger_cannot_share_see_or_revoke_what_is_not_theirs(world: World) -> None:
    paper = world.put_in()
    grant_id, _ = world.share(paper)
    with pytest.raises(NotFound):
        world.share(paper, citizen=world.binh)
    with pytest.raises(NotFound):
        world.revoke(grant_id, world.binh)
    with world.services.db.read() as session:
        assert grants.mine(session, world.binh.wallet) == []
        assert grants.who_has(session, world.binh.wallet, paper.id) == []
        with pytest.raises(NotFound):
            grants.get(session, world.binh.wallet, grant_id)
    assert world.row(Grant, grant_id).revoked_at is None


def test_a_paper_in_the_bin_cannot_be_shared(world: World) -> None:
    paper = world.put_in()
    world.bin(paper)
    with pytest.raises(InBin):
        world.share(paper)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": " \n "}, "purpose"),
        ({"purpose": "x" * 501}, "purpose"),
        ({"purpose": "a\u202eb"}, "purpose"),
        ({"days": 0}, "days"),
        ({"days": 91}, "days"),
        ({"openings": 0}, "openings"),
        ({"openings": 10_001}, "openings"),
        ({"version_ids": ()}, "versions"),
    ],
)
def test_terms_that_no_grant_may_have_are_refused(world: World, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        world.share(world.put_in(), **changes)
    assert refused.value.values["field"] == field


def test_the_same_version_twice_is_refused(world: World) -> None:
    paper = world.put_in()
    with pytest.raises(Invalid):
        world.share(paper, paper)


def test_an_unknown_agency_is_refused(world: World) -> None:
    with pytest.raises(NotFound):
        world.share(world.put_in(), agency_id="nobody")


def test_revoking_deletes_everything_that_opens_but_the_citizens_own(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    world.bearer(link)
    world.revoke(grant_id)
    world.revoke(grant_id)
    with world.services.db.read() as session:
        given = grants.get(session, world.an.wallet, grant_id)
    assert (given.state, given.terms.purpose) == (State.revoked, "Đăng ký kết hôn")
    assert world.row(GrantHolder, (grant_id, Holder.citizen)) is not None
    for holder in (Holder.link, Holder.agency, Holder.token):
        assert world.row(GrantHolder, (grant_id, holder)) is None
    assert world.row(GrantItem, (grant_id, paper.version.id)).wrapped_key is None
    assert len(world.events("revoked")) == 1


def test_each_shared_paper_is_in_the_log(world: World) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    grant_id, _ = world.share(one, two)
    assert {(e.document_id, e.grant_id) for e in world.events("granted")} == {(one.id, grant_id), (two.id, grant_id)}


def test_who_has_a_paper_names_every_grant_of_any_of_its_versions(world: World) -> None:
    one, two = world.put_in(), world.put_in(content=b"%PDF-1.7 another")
    both, _ = world.share(one, two)
    only_one, _ = world.share(one, agency_id=world.bank.agency_id)
    with world.services.db.read() as session:
        assert {given.grant.id for given in grants.who_has(session, world.an.wallet, one.id)} == {both, only_one}
        assert {given.grant.id for given in grants.who_has(session, world.an.wallet, two.id)} == {both}
        names = {given.agency_name for given in grants.who_has(session, world.an.wallet, one.id)}
    assert names == {"Sở Tư pháp", "Ngân hàng"}


def test_a_grant_stays_in_the_history_when_its_paper_is_destroyed(world: World) -> None:
    paper = world.put_in()
    grant_id, _ = world.share(paper)
    world.bin(paper)
    with world.services.db.write() as session:
        documents.destroy(session, world.an, paper.id)
    with world.services.db.read() as session:
        given = grants.get(session, world.an.wallet, grant_id)
    assert given.papers == {}
    assert given.terms.items[0].version == paper.version.id
    assert world.row(GrantItem, (grant_id, paper.version.id)).wrapped_key is None


def test_states_follow_time_and_use(world: World) -> None:
    grant_id, link = world.share(world.put_in(), openings=1)
    grant = world.row(Grant, grant_id)
    at = grant.created_at
    assert grants.state_of(grant, at) == State.waiting
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    grant = world.row(Grant, grant_id)
    assert grants.state_of(grant, at) == State.running
    assert grants.state_of(grant, at + timedelta(days=7)) == State.ended
    grant.openings = 1
    assert grants.state_of(grant, at) == State.used_up


def test_the_secret_is_in_the_fragment_and_a_link_is_read_however_it_comes(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    url = grantkeys.link_url("https://vault.example/", link)
    path, _, fragment = url.partition("#")
    assert (path, fragment) == ("https://vault.example/s", link)
    assert grantkeys.parse_link(url) == grantkeys.parse_link(f" {link}\n")
    assert grantkeys.parse_link(link)[0] == grant_id  # type: ignore[index]
    for broken in (
        "",
        grant_id,
        f"{grant_id}.",
        f"{grant_id}.abc",
        f".{link.partition('.')[2]}",
        link + "=",
        link[:-1],
    ):
        assert grantkeys.parse_link(broken) is None
