"""Addresses in proofs: what RFC 3986 holds for the same is the same here, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing.addresses import normal

HERE = "https://vault.example/agency/grants"


@pytest.mark.parametrize(
    "same",
    [
        HERE,
        "HTTPS://Vault.EXAMPLE/agency/grants",
        "https://vault.example:443/agency/grants",
        "https://vault.example:/agency/grants",
        f"{HERE}?a=b#c",
        f"{HERE}?",
        f"{HERE}#",
        "https://vault.example/%61gency/gr%61nts",
        "https://vault.example/./agency/x/../grants",
        "https://vault.example/agency/%2E/grants",
        "https://v%61ult.example/agency/grants",
    ],
)
def test_other_spellings_of_the_address_are_the_address(same: str) -> None:
    assert normal(same) == HERE


@pytest.mark.parametrize(
    "other",
    [
        "http://vault.example/agency/grants",
        "https://vault.example/agency/grants/",
        "https://vault.example/Agency/grants",
        "https://vault.example:8443/agency/grants",
        "https://vault.example/agency%2Fgrants",
        "https://vault.example//agency/grants",
        "https://vault.example./agency/grants",
        "https://vault.example.attacker.example/agency/grants",
    ],
)
def test_another_address_is_another(other: str) -> None:
    assert normal(other) not in {None, HERE}


@pytest.mark.parametrize(
    "none",
    [
        "",
        "/agency/grants",
        "vault.example/agency/grants",
        "ftp://vault.example/agency/grants",
        "https://a@vault.example/agency/grants",
        "https://vault.example@attacker.example/agency/grants",
        "https:///agency/grants",
        "https://vault.example/%zz",
        "https://vault.example/%6",
        "https://vault.example/a b",
        "https://vault.example/a\n",
        "https://vault.example\\agency",
        "https://vault.example/\u0111",
        "https://vault.example:x/",
        "https://[::1/",
        f"{HERE}/{'a' * 2048}",
    ],
)
def test_what_is_no_address_of_a_request_is_none(none: str) -> None:
    assert normal(none) is None


@pytest.mark.parametrize(
    ("url", "normalised"),
    [
        ("http://127.0.0.1:80", "http://127.0.0.1/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("https://x/..", "https://x/"),
        ("https://x/a/..", "https://x/"),
        ("https://x/a/.", "https://x/a/"),
        ("https://x/a/b/c/./../../g", "https://x/a/g"),
        ("https://x/mid/content=5/../6", "https://x/mid/6"),
        ("https://x/%e1%ba%a5", "https://x/%E1%BA%A5"),
        ("https://x/%252e", "https://x/%252e"),
    ],
)
def test_rfc_3986_examples_and_edges(url: str, normalised: str) -> None:
    assert normal(url) == normalised


@given(path=st.text("/.%aA25E?#:@", max_size=30))
def test_normalising_twice_changes_nothing_more(path: str) -> None:
    once = normal(f"https://x/{path}")
    assert once is None or normal(once) == once


@given(text=st.text(max_size=60))
def test_no_text_breaks_anything(text: str) -> None:
    for url in (text, f"https://{text}", f"https://x/{text}"):
        found = normal(url)
        assert found is None or found.startswith(("http://", "https://"))
