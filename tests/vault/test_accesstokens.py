"""Access tokens: for one key, for a while, and ended at once when revoked."""

from datetime import timedelta

import pytest

from sharing.keys import SigningKey
from tests.vault import visitors
from tests.vault.world import World
from vault import accesstokens, erasure, redeeming, tokens
from vault.db import now
from vault.errors import TokenInvalid
from vault.models import AccessToken
from vault.principals import TokenBearer

KEY = SigningKey.generate().kid
HOUR = timedelta(hours=1)


def issued(world: World, grant_id: str | None = None) -> str:
    with world.services.db.write() as session:
        ends = now(session) + HOUR
        return accesstokens.issue(
            session, agency_id=world.registry.agency_id, key=KEY, expires_at=ends, grant_id=grant_id
        )


def test_a_token_is_found_while_it_holds(world: World) -> None:
    token = issued(world)
    with world.services.db.read() as session:
        at = now(session)
        row = accesstokens.find(session, token, at)
        assert row is not None
        assert (row.agency_id, row.grant_id, row.key) == (world.registry.agency_id, None, KEY)
        assert accesstokens.find(session, token, row.expires_at) is None
        assert accesstokens.known(session, token) is row
        assert accesstokens.entitled(session, TokenBearer(token, KEY)) is row


def test_the_table_holds_nothing_that_could_be_shown(world: World) -> None:
    token = issued(world)
    row = world.row(AccessToken, tokens.digest(tokens.decode(token) or b""))
    assert tokens.decode(token) not in {row.token_hash, *vars(row).values()}
    assert token not in repr(TokenBearer(token, KEY))


@pytest.mark.parametrize("text", ["", "nonsense", "A" * 43, "đ", "\ud800"])
def test_any_other_text_is_no_token(world: World, text: str) -> None:
    issued(world)
    with world.services.db.read() as session:
        assert accesstokens.known(session, text) is None
        with pytest.raises(TokenInvalid):
            accesstokens.entitled(session, TokenBearer(text, KEY))


def test_a_stolen_token_does_nothing_without_its_key(world: World) -> None:
    token = issued(world)
    with world.services.db.read() as session, pytest.raises(TokenInvalid):
        accesstokens.entitled(session, TokenBearer(token, SigningKey.generate().kid))


def test_a_revoked_token_is_known_and_holds_no_more(world: World) -> None:
    token = issued(world)
    for _ in range(2):
        with world.services.db.write() as session:
            row = accesstokens.known(session, token)
            assert row is not None
            accesstokens.revoke(session, row)
    with world.services.db.read() as session:
        assert accesstokens.find(session, token, now(session)) is None
        assert accesstokens.known(session, token) is not None
        with pytest.raises(TokenInvalid):
            accesstokens.entitled(session, TokenBearer(token, KEY))


def test_an_erased_wallets_tokens_are_gone(world: World) -> None:
    grant_id, link = world.share(world.put_in())
    system = world.bearer(link)
    visitors.give_passwords(world)
    erasure.erase_wallet(world.services, world.an, visitors.PASSWORD)
    with world.services.db.read() as session:
        assert accesstokens.known(session, system.token) is None
    with pytest.raises(TokenInvalid):
        redeeming.get_by_token(world.services.db, system, grant_id)
