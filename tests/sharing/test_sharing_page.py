"""docs/formats/sharing.md says what the code does: steps, errors, limits and the example."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sharing import errors, grants, limits, nonces
from sharing.keys import parse_jwks
from sharing.releases import Reason

PAGE = (Path(__file__).parents[2] / "docs" / "formats" / "sharing.md").read_text("utf-8")
PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def section(title: str) -> str:
    """The text from that heading to the next."""
    return re.split(r"^#+ ", PAGE.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("title", "base"),
    [
        ("Verifying a grant", errors.GrantError),
        ("Verifying a client assertion", errors.AssertionRefused),
        ("Verifying a proof", errors.ProofRefused),
    ],
)
def test_the_numbered_steps_are_those_of_the_code(title: str, base: type[errors.Stepped]) -> None:
    written = re.findall(r"^\| (\d+) \|.*\| `(\w+)` \|$", section(title), re.MULTILINE)
    assert written == [(str(error.step), error.__name__) for error in base.__subclasses__()]
    assert [int(step) for step, _ in written] == list(range(1, len(written) + 1))


def test_the_release_order_names_every_reason_once() -> None:
    rows = re.findall(r"^\| \d+ \|.*\| (.*) \|$", section("Releases"), re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`([^`]+)`", row)] == [reason.value for reason in Reason]


def test_the_numbers_are_those_of_the_code() -> None:
    written = re.findall(r"([A-Z]+(?:_[A-Z]+)*) = (2\^50|\d+)( minutes| s)?", PAGE)
    assert len(written) >= 22
    for name, number, unit in written:
        value = getattr(limits, name)
        factor = {" minutes": 60, " s": 1}.get(unit, 1)
        seconds = value.total_seconds() if isinstance(value, timedelta) else value
        assert seconds == (2**50 if number == "2^50" else int(number) * factor), name


def test_the_vector_of_a_nonce() -> None:
    at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    written = re.findall(r"→ `([^`]+)`", section("Nonces"))
    assert written == [nonces.issue(bytes(range(32)), at)]


def test_the_example_of_a_dossier_verifies() -> None:
    token = section("A grant for a dossier").partition("```text\n")[2].partition("\n")[0]
    keys = parse_jwks({"keys": [{**PUBLIC, "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}]})
    terms = grants.verify(
        token, keys, "agency-1", datetime(2026, 11, 23, 9, 30, tzinfo=UTC), issuer="https://vault.example"
    )
    assert (terms.procedure, terms.dossier) == ("birth-registration", "H10.01.02-261123-0001")
    assert terms.items[0].components == ("child-birth",)
    assert terms.key == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_the_example_verifies() -> None:
    token = section("An example").partition("```text\n")[2].partition("\n")[0]
    keys = parse_jwks({"keys": [{**PUBLIC, "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}]})
    begins = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    terms = grants.verify(token, keys, "agency-1", begins, issuer="https://vault.example", leeway=timedelta(0))
    assert terms.not_before == begins
    assert terms.expires_at - begins == timedelta(days=7)
    grants.check_file(terms.items[0], [b"Docvault"])
