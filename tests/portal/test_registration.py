"""How the demo's portal and the demo's vault get to know each other: two files, and the operator's own commands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import func, select

from examples.portal import keys
from examples.portal.keys import NotRegistered
from examples.portal.settings import Settings as PortalSettings
from tests.databases import TABLES, Databases
from tests.servers import Server
from vault import agencies, firststart
from vault.demo.portal import ApplicationUnusable, register
from vault.demo.seed import AGENCY
from vault.models import Agency, Event
from vault.services import Services
from vault.settings import Settings

PROCEDURES = ["marriage-registration"]


@pytest.fixture
def services(tmp_path: Path, databases: Databases) -> Iterator[Services]:
    """A vault with the demo's agency, as the demo of an earlier version left it."""
    with databases.at(tmp_path / "data", TABLES) as where:
        settings = Settings(data_dir=tmp_path / "data", public_url="http://127.0.0.1:8000", **where)
        services = firststart.prepare(settings)
        with services.db.write() as session:
            agencies.add(session, services.root, AGENCY)
        yield services
        services.db.close()


@pytest.fixture
def portal(tmp_path: Path) -> PortalSettings:
    settings = PortalSettings("http://127.0.0.1:8001", tmp_path / "portal")
    keys.apply(settings, keys.load_or_make(settings.folder), PROCEDURES)
    return settings


def agency(services: Services) -> Agency:
    with services.db.read() as session:
        return agencies.find(session, AGENCY)


def test_a_portal_hears_by_which_id_the_vault_knows_it(services: Services, portal: PortalSettings) -> None:
    with pytest.raises(NotRegistered):
        keys.registration(portal.folder)
    register(services, portal.folder)
    known, found = keys.registration(portal.folder), agency(services)
    assert (known.issuer, known.client_id) == ("http://127.0.0.1:8000", found.id)
    assert (found.redirect_uris, found.procedures) == ([portal.redirect_uri], PROCEDURES)
    assert found.jwks["keys"]


def test_the_next_start_changes_nothing(services: Services, portal: PortalSettings) -> None:
    register(services, portal.folder)
    before, events = agency(services), counted(services)
    register(services, portal.folder)
    assert agency(services) == before
    assert counted(services) == events


def test_a_portal_with_new_keys_replaces_the_old_ones(services: Services, portal: PortalSettings) -> None:
    register(services, portal.folder)
    before = agency(services).jwks
    (portal.folder / "keys.json").unlink()
    keys.apply(portal, keys.load_or_make(portal.folder), PROCEDURES)
    register(services, portal.folder)
    assert agency(services).jwks != before


@pytest.mark.parametrize(
    "application",
    ["", "[]", "{}", '{"redirect_uris": [1], "procedures": [], "jwks": {"keys": []}}', '{"redirect_uris": null}'],
)
def test_what_is_no_application_is_told_plainly(services: Services, tmp_path: Path, application: str) -> None:
    (tmp_path / "client.json").write_text(application)
    with pytest.raises(ApplicationUnusable, match=r"client\.json is not a portal's application"):
        register(services, tmp_path)


def test_a_private_key_is_no_application(services: Services, portal: PortalSettings) -> None:
    own = keys.load_or_make(portal.folder)
    path = portal.folder / "client.json"
    asked = json.loads(path.read_text("utf-8"))
    asked["jwks"] = {"keys": [own.client.to_dict()]}
    path.write_text(json.dumps(asked))
    with pytest.raises(ApplicationUnusable):
        register(services, portal.folder)


def test_only_the_demo_takes_applications_by_file(tmp_path: Path) -> None:
    done = Server(tmp_path / "data").run("serve", "--portal", str(tmp_path))
    assert done.returncode == 2
    assert "docvault agency portal" in done.stderr


def counted(services: Services) -> int:
    with services.db.read() as session:
        return session.exec(select(func.count()).select_from(Event)).one()
