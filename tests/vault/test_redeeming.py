"""Links are redeemed once, by the agency that they are for."""

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from sharing.grants import verify
from sharing.keys import SigningKey, jwks, parse_jwks
from tests.databases import Databases
from tests.vault.world import World
from vault import agencies, grantkeys, grants, redeeming, releases, signing, tokens
from vault.db import now
from vault.errors import LinkUnusable, NotFound, TokenInvalid, VaultError
from vault.models import Grant, GrantHolder, Holder
from vault.principals import TokenBearer

KEY = SigningKey.generate().kid
"""The key that the registry's system proves."""


def test_an_officer_redeems_a_link_and_sees_what_was_shared(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    url = grantkeys.link_url("https://vault.example", link)
    redeemed = redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, url)
    assert redeemed.access_token is None
    assert redeemed.received.terms is not None
    with world.services.db.read() as session:
        listed = redeeming.for_agency(session, world.registry.ring)
        one = redeeming.get_for_agency(session, world.registry.ring, grant_id)
    assert [received.terms for received in listed] == [redeemed.received.terms] == [one.terms]
    assert world.row(GrantHolder, (grant_id, Holder.link)) is None
    event = world.events("redeemed")[0]
    assert (event.agency_id, event.account_id) == (world.registry.agency_id, world.registry.account_id)


def test_a_system_redeems_a_link_for_a_token_of_this_grant_alone(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    other_id, _ = world.share(world.put_in(content=b"%PDF-1.7 another"))
    redeemed = by_system(world, link)
    token = redeemed.access_token
    assert token is not None and token not in repr(redeemed)
    system, db = TokenBearer(token, KEY), world.services.db
    assert redeeming.get_by_token(db, system, grant_id).terms == redeemed.received.terms
    with pytest.raises(NotFound):
        redeeming.get_by_token(db, system, other_id)
    with pytest.raises(NotFound):
        redeeming.get_by_token(db, system, "no-such-grant")
    for unknown in (tokens.encode(tokens.new()), "not a token"):
        with pytest.raises(TokenInvalid):
            redeeming.get_by_token(db, TokenBearer(unknown, KEY), grant_id)
    with world.services.db.read() as session:
        assert len(redeeming.for_agency(session, world.registry.ring)) == 1, "officers see it too"


def test_the_grant_is_signed_anew_for_the_key_of_the_system_that_redeems_it(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    with world.services.db.read() as session:
        before = grants.get(session, world.an.wallet, grant_id).terms
    redeemed = by_system(world, link)
    assert before.key is None
    assert redeemed.received.terms == dataclasses.replace(before, key=KEY), "nothing else has changed"
    with world.services.db.read() as session:
        published = parse_jwks(json.dumps(signing.published(session, timedelta(days=90))))
        verified = verify(
            redeemed.received.signed or "",
            published,
            world.registry.agency_id,
            now(session),
            issuer=world.services.settings.public_url,
        )
        assert verified == redeemed.received.terms
        assert grants.get(session, world.an.wallet, grant_id).terms == verified, "the citizen sees the same"
        assert redeeming.get_for_agency(session, world.registry.ring, grant_id).terms == verified


def test_a_stolen_token_with_another_key_shows_nothing_and_the_citizen_sees_it(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    token = by_system(world, link).access_token or ""
    with pytest.raises(TokenInvalid):
        redeeming.get_by_token(world.services.db, TokenBearer(token, SigningKey.generate().kid), grant_id)
    assert [event.detail for event in world.events("refused")] == ["key-not-proved"]


def by_system(world: World, link: str) -> redeeming.Redeemed:
    services = world.services
    return redeeming.redeem_by_agency(services.db, services.signer, world.registry_system, KEY, link)


def test_a_link_used_twice_is_refused_and_the_citizen_sees_it(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    with pytest.raises(LinkUnusable):
        by_system(world, link)
    assert [(e.detail, e.grant_id) for e in world.events("refused")] == [("link-used", grant_id)]
    assert world.row(GrantHolder, (grant_id, Holder.token)) is None


def test_two_redemptions_at_once_and_one_wins(world: World) -> None:
    _, link = world.share(world.put_in())
    at_once = Barrier(8)

    def redeem(number: int) -> VaultError | redeeming.Redeemed:
        at_once.wait()
        try:
            if number % 2:
                return redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
            return by_system(world, link)
        except VaultError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(redeem, range(8)))
    assert sum(isinstance(answer, redeeming.Redeemed) for answer in answers) == 1
    assert sum(isinstance(answer, LinkUnusable) for answer in answers) == 7
    assert len(world.events("redeemed")) == 1
    assert [e.detail for e in world.events("refused")] == ["link-used"] * 7


def test_another_agency_redeems_and_uses_nothing_up(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    with pytest.raises(LinkUnusable):
        redeeming.redeem_by_officer(world.services.db, world.services.signer, world.bank, link)
    refused = world.events("refused")[0]
    assert (refused.detail, refused.agency_id) == ("other-agency", world.bank.agency_id)
    assert (
        redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link).grant_id == grant_id
    )
    with world.services.db.read() as session:
        assert redeeming.for_agency(session, world.bank.ring) == []
        with pytest.raises(NotFound):
            redeeming.get_for_agency(session, world.bank.ring, grant_id)


def test_an_expired_link_is_refused(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    created = world.row(Grant, grant_id).created_at
    world.change(Grant, grant_id, expires_at=created)
    with pytest.raises(LinkUnusable):
        redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    assert world.events("refused")[0].detail == "expired"


def test_a_link_of_tomorrow_is_refused(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    world.change(Grant, grant_id, not_before=world.row(Grant, grant_id).created_at + timedelta(days=1))
    with pytest.raises(LinkUnusable):
        redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)


def test_a_revoked_link_is_refused(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    world.revoke(grant_id)
    with pytest.raises(LinkUnusable):
        redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, link)
    assert world.events("refused")[0].detail == "revoked"


def test_a_secret_fits_its_own_grant_alone(world: World) -> None:
    one, _ = world.share(world.put_in())
    _, link_two = world.share(world.put_in(content=b"%PDF-1.7 another"))
    mixed = f"{one}.{link_two.partition('.')[2]}"
    for broken in (mixed, f"{one}.{tokens.encode(tokens.new())}", "nonsense", ""):
        with pytest.raises(LinkUnusable):
            redeeming.redeem_by_officer(world.services.db, world.services.signer, world.registry, broken)
    assert world.events("refused") == [], "nobody's log grows by guessing"


def test_a_revoked_grant_is_listed_without_its_terms(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    token = by_system(world, link).access_token or ""
    world.revoke(grant_id)
    with world.services.db.read() as session:
        for received in (
            *redeeming.for_agency(session, world.registry.ring),
            redeeming.get_by_token(world.services.db, TokenBearer(token, KEY), grant_id),
        ):
            assert (received.state, received.terms, received.signed) == ("revoked", None, None)


def test_a_stolen_database_with_the_root_key_missing_opens_no_grant(world: World, databases: Databases) -> None:
    """What the tables hold is wrapped under the link, then under the agency's key: neither is in them."""
    paper = world.put_in()
    _, link = world.share(paper)
    token = by_system(world, link).access_token or ""
    stolen = databases.stolen(world.services.settings.data_dir)
    secret = link.partition(".")[2]
    for shown_once in (secret, token):
        assert shown_once.encode() not in stolen
        assert (tokens.decode(shown_once) or b"?") not in stolen
        assert tokens.digest(tokens.decode(shown_once) or b"") in stolen
    for said in ("Đăng ký kết hôn", "Giấy khai sinh của An", "khai-sinh.pdf"):
        assert said.encode() not in stolen
    assert paper.key.expose() not in stolen
    assert world.an.wallet.key.expose() not in stolen
    assert world.registry.ring.key.expose() not in stolen


def test_tokens_of_keys_that_an_agency_gave_up_open_nothing_and_its_officers_go_on(world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    token = by_system(world, link).access_token or ""
    with world.services.db.write() as session:
        agencies.replace_keys(session, world.registry.agency_id, jwks([SigningKey.generate()]))
    system = TokenBearer(token, KEY)
    with pytest.raises(TokenInvalid):
        redeeming.get_by_token(world.services.db, system, grant_id)
    with pytest.raises(TokenInvalid):
        releases.release(world.services.db, world.services.blobs, system, grant_id, paper.version.id)
    released = releases.release(world.services.db, world.services.blobs, world.registry, grant_id, paper.version.id)
    assert released.item.version == paper.version.id
