"""What tests of all parts share: real servers that take a while to start, once in each process of the tests.

What touches a database runs on each that a vault may have; `only_on` marks what is of one alone.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tokens as made_tokens
from tests.databases import KINDS, Databases, Postgresql, Sqlite
from tests.postgres import PostgresServer
from tests.swift.servers import Swift
from tests.tokens import Tokens

HERE = Path(__file__).parent
LONGEST = ("journeys", "attacks", "portal", "oauth", "ocr")
"""Folders whose tests start programs and read papers."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "databases" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only_on")
        metafunc.parametrize("databases", only.args if only else KINDS, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, one process takes the tests of one file on one kind of database; those that last begin first."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=_turn)


def _group(item: pytest.Item) -> str:
    chosen = getattr(item, "callspec", None)
    kind = chosen.params.get("databases", "") if chosen else ""
    return f"{item.path.relative_to(HERE)} {kind}".strip()


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder that all processes of this run of the tests have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


@pytest.fixture(scope="session")
def sqlite(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(run_folder, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def postgresql(run_folder: Path) -> Iterator[Postgresql]:
    with PostgresServer() as server:
        yield Postgresql(run_folder, server)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """Those of one kind. Each test that asks for it runs once for each kind, unless `only_on` says otherwise."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    """A running object store that speaks S3. Whoever stops, pauses or fills one starts a `Swift` of their own."""
    with Swift(tmp_path_factory.mktemp("swift") / "store") as swift:
        yield swift


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """Where tests make tokens that hold root keys."""
    return made_tokens.made(tmp_path_factory.mktemp("softhsm"))
