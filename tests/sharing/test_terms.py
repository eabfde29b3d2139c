"""Terms: whatever can be said comes back the same, and what no grant may say cannot be made."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing import grants
from sharing.encoding import b64url_encode
from sharing.errors import TermsInvalid
from sharing.keys import KeySet, SigningKey
from sharing.limits import COMPONENTS, FILE_BYTES, GRANT_BYTES, ITEMS
from sharing.terms import Item, Terms, Tier

ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
codes = st.from_regex(r"[a-z][a-z0-9-]{0,63}", fullmatch=True)
items = st.builds(
    Item,
    version=ids,
    kind=codes,
    tier=st.sampled_from(Tier),
    sha256=st.binary(min_size=32, max_size=32),
    size=st.integers(1, FILE_BYTES),
    media_type=st.sampled_from(["application/pdf", "image/jpeg", "image/svg+xml"]),
    components=st.lists(codes, max_size=3, unique=True).map(tuple),
)
purposes = st.text(min_size=1, max_size=500).filter(lambda text: text.isprintable() and not text.isspace())


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    start = draw(st.integers(0, 4_000_000_000))
    times = [start, start + draw(st.integers(0, 10**6)), start + draw(st.integers(10**6 + 1, 10**9))]
    issued_at, not_before, expires_at = (datetime.fromtimestamp(second, UTC) for second in times)
    chosen = draw(st.lists(items, min_size=1, max_size=5, unique_by=lambda item: item.version))
    issuer, audience, subject, grant_id = (draw(ids) for _ in range(4))
    procedure = draw(st.none() | codes)
    if procedure is None:
        chosen = [dataclasses.replace(item, components=()) for item in chosen]
    return Terms(
        issuer,
        audience,
        subject,
        grant_id,
        issued_at,
        not_before,
        expires_at,
        draw(purposes),
        tuple(chosen),
        draw(st.integers(1, 10_000)),
        procedure,
        draw(ids) if procedure is not None else None,
        draw(st.none() | st.binary(min_size=32, max_size=32).map(b64url_encode)),
    )


@given(terms=any_terms())
def test_what_is_signed_is_what_is_verified(terms: Terms, key: SigningKey, keys: KeySet) -> None:
    token = grants.sign(terms, key)
    assert grants.verify(token, keys, terms.audience, terms.not_before, issuer=terms.issuer) == terms


def test_the_longest_terms_fit_into_a_grant(terms: Terms, key: SigningKey, keys: KeySet) -> None:
    long = "x" * 255
    papers = tuple(
        Item(f"{n:0255}", "k" * 64, Tier.CERTIFIED, bytes(32), FILE_BYTES, "a" * 63 + "/" + "b" * 63, (f"c{n:063}",))
        for n in range(ITEMS)
    )
    longest = dataclasses.replace(
        terms,
        issuer=long,
        audience=long,
        subject=long,
        grant_id=long,
        purpose="𠀀" * 500,
        items=papers,
        openings=10_000,
        procedure="p" * 64,
        dossier="d" * 64,
        key=key.kid,
    )
    token = grants.sign(longest, key)
    assert len(token) <= GRANT_BYTES
    assert grants.verify(token, keys, long, terms.not_before, issuer=long) == longest


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": datetime(2026, 11, 23, 9, 30, tzinfo=UTC)},
        {"not_before": datetime(2026, 11, 23, 9, 29, tzinfo=UTC)},
        {"issued_at": datetime(2026, 11, 23, 9, 30)},
        {"issued_at": datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=7)))},
        {"expires_at": datetime(2026, 11, 30, 9, 30, 0, 5, tzinfo=UTC)},
        {"issued_at": datetime(1969, 1, 1, tzinfo=UTC)},
        {"items": ()},
        {"items": []},
        {"items": ("ver-1",)},
        {"purpose": "line\nbreak"},
        {"openings": True},
        {"procedure": "birth-registration"},
        {"dossier": "H10.01"},
        {"procedure": "birth-registration", "dossier": "a b"},
        {"key": "AAAA"},
        {"key": "A" * 42 + "B"},
    ],
)
def test_terms_that_no_grant_may_carry_cannot_be_made(terms: Terms, changes: dict[str, Any]) -> None:
    with pytest.raises(TermsInvalid):
        dataclasses.replace(terms, **changes)


def test_tiers_compare_by_trust_and_not_by_spelling() -> None:
    assert Tier.SELF < Tier.CHECKED < Tier.CERTIFIED < Tier.ISSUED
    assert sorted([Tier.ISSUED, Tier.CERTIFIED, Tier.SELF, Tier.CHECKED])[0] is Tier.SELF
    assert max(Tier) is Tier.ISSUED
    assert Tier.CERTIFIED >= Tier.CHECKED
    assert not Tier.SELF >= Tier.CHECKED
    assert Tier.CHECKED <= Tier.CHECKED
    assert Tier("issued") > Tier.SELF


def test_an_item_is_found_by_its_version(terms: Terms) -> None:
    assert terms.item("ver-2") == terms.items[1]
    assert terms.item("ver-3") is None


def test_components_need_a_procedure_and_are_not_named_without_end(attached: Terms) -> None:
    with pytest.raises(TermsInvalid, match="procedure"):
        dataclasses.replace(attached, procedure=None, dossier=None)
    many = tuple(f"c{n}" for n in range(COMPONENTS - 2))
    fits = dataclasses.replace(attached.items[1], components=many)
    assert dataclasses.replace(attached, items=(attached.items[0], fits))
    with pytest.raises(TermsInvalid, match="components"):
        dataclasses.replace(attached, items=(attached.items[0], dataclasses.replace(fits, components=(*many, "x"))))
