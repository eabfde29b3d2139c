"""What tests of all parts share: real servers that take a while to start, once in each process of the tests.

What touches a database runs on each that a vault may have; `only_on` marks what is of one alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import tokens as made_tokens
from tests.databases import KINDS, Databases, Postgresql, Sqlite
from tests.postgres import PostgresServer
from tests.swift.servers import Swift
from tests.tokens import Tokens

HERE = Path(__file__).parent
LONGEST = ("journeys", "uploads", "attacks", "portal", "oauth", "ocr")
"""Folders whose tests start programs and read papers."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "databases" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only_on")
        metafunc.parametrize("databases", only.args if only else KINDS, indirect=True, scope="session")


class ByFile(LoadScopeScheduling):
    """Side by side, one process takes the tests of one file on one kind of database."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        return " ".join([path, *(kind for kind in KINDS if f"[{kind}" in test)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those that last begin first, where they run side by side."""
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = "journeys" if "browser" in item.path.stem else item.path.relative_to(HERE).parts[0]
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
