"""A really started vault with its demo's citizen, and portals of other people's making that are registered there."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from tests import demo
from tests.databases import Databases
from tests.journeys.people import run
from tests.servers import Server
from vault.demo.seed import CITIZEN

PROCEDURES = ("marriage-registration", "criminal-record-certificate")
REDIRECT_URI = "https://portal.example/callback"

Register = Callable[[str], tuple[str, dict[str, Any]]]


@pytest.fixture(scope="package")
def vault(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Server]:
    data = demo.lay(tmp_path_factory.mktemp("vault") / "data", databases)
    with Server(data, "--demo", databases=databases) as server:
        yield server


@pytest.fixture
def citizen(vault: Server) -> httpx.Client:
    """Signed in, with the demo's four papers in the wallet."""
    return vault.signed_in(CITIZEN.login, CITIZEN.password)


@pytest.fixture
def register(vault: Server, tmp_path: Path) -> Register:
    """By command, as an operator does: an agency of that name with a fresh key, and its portal. Id and private JWK."""

    def registered(name: str) -> tuple[str, dict[str, Any]]:
        key = ECKey.generate_key("P-256", auto_kid=True)
        file = tmp_path / "agency.jwks"
        file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        client_id = run(vault, "agency", "add", name, "--jwks", str(file)).strip()
        chosen = [argument for code in PROCEDURES for argument in ("--procedure", code)]
        run(vault, "agency", "portal", name, "--redirect-uri", REDIRECT_URI, *chosen)
        return client_id, dict(key.as_dict(private=True))

    return registered
