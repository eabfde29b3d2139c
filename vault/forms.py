"""A procedure's form filled from the papers that were chosen; the citizen corrects values or leaves them out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ocr.checks import normalise
from ocr.errors import FieldInvalid
from ocr.kinds import FieldSpec
from sharing.terms import Tier
from vault import readings
from vault.documents import Paper
from vault.errors import Invalid
from vault.oauth.details import AskedField
from vault.procedures import FormField
from vault.readings import Fact, Kinds, ReadingView

CITIZEN = "citizen"


@dataclass(frozen=True)
class Origin:
    """The paper that a value stands on: for which component it was chosen, in which of its fields; how it was read."""

    component: str
    version: str
    field: str
    read: str  # one of ocr.reading.SOURCES


@dataclass(frozen=True)
class Filled:
    """A field of the form and what the papers say; `value` is canonical and empty where they say nothing."""

    asked: AskedField
    value: str = ""
    origin: Origin | None = None
    tier: Tier = Tier.SELF

    @property
    def name(self) -> str:
        return self.asked.field.name


def fill(kinds: Kinds, fields: Iterable[AskedField], papers: Mapping[str, Paper]) -> tuple[Filled, ...]:
    """Each field from its first source that says something; `papers` by the component that each was chosen for."""
    views = {component: readings.view(kinds, paper, pages=False) for component, paper in papers.items()}
    return tuple(_filled(asked, views) for asked in fields)


def answers(filled: Iterable[Filled], typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """What goes to the portal, as the token response has it. A field without text (or not named) is left out.

    A value that is not the one on the paper is the citizen's own word. Raises `Invalid` with the field's name.
    """
    said = ((field, _said(field, typed.get(field.name, ""))) for field in filled)
    return [_answer(field, value) for field, value in said if value]


def canonical(field: FormField, text: str) -> str:
    """What was typed, in the form's notation; empty stays empty. Raises `Invalid` with the field's name."""
    if not text.strip():
        return ""
    try:
        return normalise(FieldSpec(field.name, field.labels, field.type), text)
    except FieldInvalid:
        raise Invalid(field.name, "wrong-form") from None


def _said(field: Filled, text: str) -> str:
    """The paper's own value needs no check of its form: the citizen has not touched it."""
    untouched = " ".join(text.split()) == " ".join(field.value.split())
    return field.value if untouched else canonical(field.asked.field, text)


def _filled(asked: AskedField, views: Mapping[str, ReadingView]) -> Filled:
    for source in asked.field.sources:
        seen = views.get(source.component)
        fact = next((fact for fact in seen.facts if fact.spec.name == source.field), None) if seen else None
        if seen is not None and fact is not None and fact.value:
            version = seen.paper.version
            read = _read(fact)
            tier = Tier.SELF if read == CITIZEN else Tier(version.tier)
            return Filled(asked, fact.value, Origin(source.component, version.id, source.field, read), tier)
    return Filled(asked)


def _read(fact: Fact) -> str:
    """How the value that counts was found; the citizen's own word where none of the findings says the same."""
    return next((found.source for found in fact.found if found.value == fact.value), CITIZEN)


def _answer(field: Filled, value: str) -> dict[str, Any]:
    origin = field.origin
    own = value != field.value
    source = {
        "component": origin.component if origin else None,
        "version": origin.version if origin else None,
        "field": origin.field if origin else None,
        "read": CITIZEN if own or origin is None else origin.read,
    }
    return {"name": field.name, "value": value, "source": source, "tier": (Tier.SELF if own else field.tier).value}
