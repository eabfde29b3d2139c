"""Portals are registered by the operator: where answers go and what may be asked."""

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from tests.vault.world import World
from vault import agencies
from vault.cli import app
from vault.errors import Invalid, NotFound
from vault.models import Agency, Event

CALLBACK = "https://portal.example/callback"


def register(world: World, *addresses: str, codes: tuple[str, ...] = ("marriage-registration",)) -> Agency:
    services = world.services
    with services.db.write() as session:
        return agencies.register_portal(session, world.registry.agency_id, addresses, codes, services.procedures)


@pytest.mark.parametrize(
    "address",
    [
        CALLBACK,
        "https://portal.example",
        "https://portal.example:8443/a/b?from=vault",
        "http://127.0.0.1:8001/callback",
        "http://localhost/callback",
        "http://[::1]:8001/callback",
        "https://" + "a" * 200 + ".example/" + "b" * 283,
    ],
)
def test_an_address_that_answers_can_safely_go_to_is_taken(world: World, address: str) -> None:
    assert register(world, address).redirect_uris == [address]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "portal.example/callback",
        "//portal.example/callback",
        "http://portal.example/callback",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "https://portal.example/#done",
        "https://portal.example/*",
        "https://*.example/callback",
        "https://user:secret@portal.example/",
        "https://portal.example:99999/",
        "https://portal.example:/",
        "https://Portal.example/",
        "https://-portal.example/",
        "https://portal.example/a b",
        "https://portal.example/\n",
        "https://portal.example\\evil.example/",
        "https://cổng.example/",
        "https:///callback",
        "https://",
        "javascript:alert(1)",
        "com.example.app:/callback",
        "https://portal.example/" + "x" * 500,
    ],
)
def test_an_address_that_answers_might_be_lost_at_is_refused(world: World, address: str) -> None:
    with pytest.raises(Invalid):
        register(world, address)


def test_a_procedure_that_nobody_described_cannot_be_registered(world: World) -> None:
    with pytest.raises(Invalid):
        register(world, CALLBACK, codes=("nothing",))
    with pytest.raises(NotFound), world.services.db.write() as session:
        agencies.register_portal(session, "nobody", [CALLBACK], [], world.services.procedures)


def test_registering_again_replaces_what_was_registered(world: World) -> None:
    register(world, CALLBACK, f"{CALLBACK}2")
    found = register(world, f"{CALLBACK}3", f"{CALLBACK}3", codes=())
    assert (found.redirect_uris, found.procedures) == ([f"{CALLBACK}3"], [])


@pytest.mark.usefixtures("commands")
def test_an_operator_registers_a_portal(world: World) -> None:
    done = CliRunner().invoke(
        app, ["agency", "portal", "Sở Tư pháp", "--redirect-uri", CALLBACK, "--redirect-uri", f"{CALLBACK}2",
              "--procedure", "marriage-registration", "--procedure", "birth-registration"]
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    found = world.row(Agency, world.registry.agency_id)
    assert found.redirect_uris == [CALLBACK, f"{CALLBACK}2"]
    assert found.procedures == ["marriage-registration", "birth-registration"]
    wrong = CliRunner().invoke(
        app, ["agency", "portal", "Sở Tư pháp", "--redirect-uri", "http://portal.example", "--procedure", "x"]
    )
    assert wrong.exit_code == 1
    assert "https://" in wrong.stderr
    unknown = CliRunner().invoke(
        app, ["agency", "portal", "Sở Tư pháp", "--redirect-uri", CALLBACK, "--procedure", "marriage"]
    )
    assert unknown.exit_code == 1
    assert "There is no procedure marriage. See: docvault procedure list" in unknown.stderr


@pytest.mark.usefixtures("commands")
def test_an_operator_takes_a_portals_registration_back(world: World) -> None:
    register(world, CALLBACK)
    for half in (["--redirect-uri", CALLBACK], [], ["--withdraw", "--redirect-uri", CALLBACK]):
        unclear = CliRunner().invoke(app, ["agency", "portal", "Sở Tư pháp", *half])
        assert unclear.exit_code == 1
        assert "--withdraw alone" in unclear.stderr
    assert world.row(Agency, world.registry.agency_id).redirect_uris == [CALLBACK]
    done = CliRunner().invoke(app, ["agency", "portal", "Sở Tư pháp", "--withdraw"])
    assert done.exit_code == 0, done.stderr
    found = world.row(Agency, world.registry.agency_id)
    assert (found.redirect_uris, found.procedures) == ([], [])


def test_who_registers_leaves_a_trace(world: World) -> None:
    register(world, CALLBACK)
    with world.services.db.read() as session:
        (event,) = session.exec(select(Event).where(Event.kind == "portal-registered")).all()
    assert event.agency_id == world.registry.agency_id
