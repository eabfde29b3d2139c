"""What a portal may ask, word by word; whatever else it says is refused before a person sees it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.kinds import load_kinds
from sharing.terms import Tier
from tests.vault.portal import DETAIL, PROCEDURE
from vault.oauth import parsing
from vault.oauth.details import Asked
from vault.oauth.refusals import InvalidDetails
from vault.procedures import load_procedures

KINDS = load_kinds()
PROCEDURES = load_procedures(None, KINDS)
MARRIAGE = PROCEDURES[PROCEDURE]
EXTRA: dict[str, Any] = {"name": "diploma", "kinds": ["diploma"]}


def parse(*objects: Any, text: str | None = None, allowed: tuple[str, ...] = (PROCEDURE,)) -> Asked:
    return parsing.parse(json.dumps(objects) if text is None else text, allowed, PROCEDURES, KINDS)


def asked(**changes: Any) -> Asked:
    return parse(dict(DETAIL) | changes)


def refused(*objects: Any, text: str | None = None) -> str:
    with pytest.raises(InvalidDetails) as refusal:
        parse(*objects, text=text)
    return refusal.value.description


def test_without_a_list_all_that_is_registered_is_asked() -> None:
    found = asked()
    assert tuple(item.component for item in found.components) == MARRIAGE.components
    assert tuple(item.field for item in found.fields) == MARRIAGE.fields
    assert all(item.registered for item in found.components)
    assert all(item.registered for item in found.fields)
    assert (found.procedure, found.dossier, found.purpose) == (PROCEDURE, DETAIL["dossier"], DETAIL["purpose"])


def test_a_portal_may_ask_for_less() -> None:
    found = asked(components=["partner-identity"], fields=[])
    assert [item.component.name for item in found.components] == ["partner-identity"]
    assert found.fields == ()


def test_what_goes_beyond_the_procedure_is_told_apart_and_never_needed() -> None:
    described = EXTRA | {"tier": "certified", "label": {"vi": "Bằng", "en": "Diploma"}, "needed": False}
    found = asked(components=["applicant-identity", described])
    (own, extra) = found.components
    assert own.registered and own.component.needed
    assert not extra.registered and not extra.component.needed
    assert (extra.component.tier, extra.component.labels["vi"]) == (Tier.CERTIFIED, "Bằng")


def test_what_goes_beyond_is_called_as_its_kind_unless_it_says_otherwise() -> None:
    (extra,) = asked(components=[EXTRA], fields=[]).components
    assert extra.component.labels == KINDS["diploma"].names
    assert extra.component.tier is Tier.SELF


def test_a_greatest_age_can_be_asked_of_dated_papers_alone() -> None:
    (extra,) = asked(components=[{"name": "x", "kinds": ["marital-status"], "max_age_days": 30}], fields=[]).components
    assert extra.component.max_age_days == 30
    for age in (0, -1, True, 3651, 1.5, "30", None, 10**30):
        refused(dict(DETAIL) | {"components": [{"name": "x", "kinds": ["marital-status"], "max_age_days": age}]})
    undated = next(code for code, kind in KINDS.items() if code != "other" and kind.field("issued-on") is None)
    refused(dict(DETAIL) | {"components": [{"name": "x", "kinds": [undated], "max_age_days": 30}]})


def test_a_field_beyond_the_form_is_filled_from_papers_that_are_asked_for() -> None:
    wanted = {"name": "passport-number", "kind": "passport", "field": "number"}
    (field,) = asked(fields=[wanted]).fields
    assert not field.registered
    assert {source.component for source in field.field.sources} == {"applicant-identity", "partner-identity"}
    for wrong in ({"field": "nothing"}, {"kind": "diploma"}, {"kind": "nothing"}, {"name": "applicant-name"}):
        refused(dict(DETAIL) | {"fields": [wanted | wrong]})


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "{}", "[]", "[[]]", "[1]", '"x"', "[{}]", "[" * 100_000, '[{"type":' * 5000, "1" * 6000, "[NaN]",
        "\ud800", json.dumps([dict(DETAIL), dict(DETAIL)]), "[" + json.dumps(dict(DETAIL)) + "]x",
        json.dumps([dict(DETAIL)])[:-2] + ', "dossier": "another"}]',
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_not_one_object_is_refused(text: str) -> None:
    refused(text=text)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "docvault_document"},
        {"type": ["docvault_dossier"]},
        {"procedure": "birth-registration"},
        {"procedure": "nothing"},
        {"procedure": ["marriage-registration"]},
        {"procedure": None},
        {"dossier": ""},
        {"dossier": "a b"},
        {"dossier": "x" * 65},
        {"dossier": "hồ-sơ"},
        {"dossier": 17},
        {"dossier": "a\n"},
        {"purpose": ""},
        {"purpose": " "},
        {"purpose": "x" * 501},
        {"purpose": "two\nlines"},
        {"purpose": ["x"]},
        {"components": []},
        {"components": "applicant-identity"},
        {"components": ["nothing"]},
        {"components": ["applicant-identity", "applicant-identity"]},
        {"components": [None]},
        {"components": [["applicant-identity"]]},
        {"components": [EXTRA, EXTRA]},
        {"components": [EXTRA | {"name": f"x{n}"} for n in range(41)]},
        {"components": [{"name": "x"}]},
        {"components": [{"kinds": ["diploma"]}]},
        {"components": [EXTRA | {"kinds": []}]},
        {"components": [EXTRA | {"kinds": ["other"]}]},
        {"components": [EXTRA | {"kinds": ["nothing"]}]},
        {"components": [EXTRA | {"kinds": ["diploma", "diploma"]}]},
        {"components": [EXTRA | {"kinds": "diploma"}]},
        {"components": [EXTRA | {"name": "Diploma"}]},
        {"components": [EXTRA | {"name": "x" * 65}]},
        {"components": [EXTRA | {"tier": "golden"}]},
        {"components": [EXTRA | {"tier": None}]},
        {"components": [EXTRA | {"tier": {}}]},
        {"components": [EXTRA | {"label": "Bằng"}]},
        {"components": [EXTRA | {"label": {"vi": "Bằng"}}]},
        {"components": [EXTRA | {"label": {"vi": "Bằng", "en": "x" * 101}}]},
        {"components": [EXTRA | {"label": {"vi": "Bằng", "en": "Diploma", "fr": "Diplôme"}}]},
        {"fields": ["nothing"]},
        {"fields": ["applicant-name", "applicant-name"]},
        {"fields": "applicant-name"},
        {"fields": [{"name": "x"}]},
        {"more": 1},
        {"locations": ["https://elsewhere.example"]},
    ],
    ids=str,
)
def test_what_the_format_does_not_know_is_refused(changes: dict[str, Any]) -> None:
    refused(dict(DETAIL) | changes)


@pytest.mark.parametrize("name", ["procedure", "dossier", "purpose", "type"])
def test_a_missing_member_is_refused(name: str) -> None:
    refused({key: value for key, value in DETAIL.items() if key != name})


def test_more_than_anybody_needs_is_refused() -> None:
    refused(text=" " * parsing.BYTES + json.dumps([dict(DETAIL)]))


def test_a_procedure_that_nobody_registered_for_this_agency_is_refused() -> None:
    with pytest.raises(InvalidDetails):
        parse(dict(DETAIL), allowed=())


def test_a_refusal_repeats_nothing_of_what_was_sent() -> None:
    secret = "bi-mat-cua-toi"
    for detail in ({secret: 1}, {"purpose": f"{secret}\n"}, {"components": [{secret: 1}]}, {"dossier": f"{secret} x"}):
        assert secret not in refused(dict(DETAIL) | detail)


def codes() -> st.SearchStrategy[str]:
    return st.from_regex(r"\A[a-z][a-z0-9-]{0,20}\Z")


EXTRAS = st.fixed_dictionaries(
    {"name": codes(), "kinds": st.lists(st.sampled_from(sorted(KINDS.keys() - {"other"})), min_size=1, unique=True)},
    optional={"tier": st.sampled_from([tier.value for tier in Tier]), "needed": st.just(False)},
)


@settings(max_examples=60, deadline=None)
@given(
    registered=st.lists(st.sampled_from([c.name for c in MARRIAGE.components]), unique=True),
    extras=st.lists(EXTRAS, max_size=4, unique_by=lambda extra: extra["name"]),
    fields=st.lists(st.sampled_from([field.name for field in MARRIAGE.fields]), unique=True),
)
def test_what_was_asked_survives_the_wait(registered: list[str], extras: list[Any], fields: list[str]) -> None:
    wanted = [*registered, *extras]
    if not wanted or any(MARRIAGE.component(extra["name"]) for extra in extras):
        return
    found = asked(components=wanted, fields=fields)
    assert Asked.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert [item.registered for item in found.components] == [isinstance(item, str) for item in wanted]
    assert all(item.registered or not item.component.needed for item in found.components)


TEXTS = st.sampled_from(["", "x", "\x00", "\ud800", "é", "docvault_dossier", PROCEDURE, "applicant-identity", "1e999"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = ("type", "procedure", "dossier", "purpose", "components", "fields", "name", "kinds", "tier", "needed", "label",
         "max_age_days", "kind", "field", "vi", "en")  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    changes=st.dictionaries(
        st.sampled_from(NAMES),
        VALUES | st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5), max_size=3),
        max_size=4,
    )
)
def test_nonsense_is_refused_and_breaks_nothing(changes: dict[str, Any]) -> None:
    try:
        asked(**changes)
    except InvalidDetails as refusal:
        assert refusal.description.isascii()
