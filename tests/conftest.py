"""What tests of all parts share: real servers that take a while to start, once in each process of the tests."""

from collections.abc import Iterator

import pytest

from tests import tokens as made_tokens
from tests.swift.servers import Swift
from tests.tokens import Tokens


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    """A running object store that speaks S3. Whoever stops, pauses or fills one starts a `Swift` of their own."""
    with Swift(tmp_path_factory.mktemp("swift") / "store") as swift:
        yield swift


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """Where tests make tokens that hold root keys."""
    return made_tokens.made(tmp_path_factory.mktemp("softhsm"))
