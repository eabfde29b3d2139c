"""What a portal asks for: papers for one dossier, each told apart as registered for the procedure or beyond it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sharing.terms import Tier
from vault.procedures import Component, FormField, Source


@dataclass(frozen=True)
class AskedComponent:
    """A paper that is asked for; not `registered` where it goes beyond the procedure, and then never needed."""

    component: Component
    registered: bool


@dataclass(frozen=True)
class AskedField:
    """A field of the form that is to be filled; not `registered` where it goes beyond the procedure."""

    field: FormField
    registered: bool


@dataclass(frozen=True)
class Asked:
    """One request: for which procedure and dossier (the agency's own reference), why, and what."""

    procedure: str
    dossier: str
    purpose: str
    components: tuple[AskedComponent, ...]
    fields: tuple[AskedField, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything, so that a change of the procedure's file changes no request that is under way."""
        return {
            "procedure": self.procedure,
            "dossier": self.dossier,
            "purpose": self.purpose,
            "components": [_component_json(asked) for asked in self.components],
            "fields": [_field_json(asked) for asked in self.fields],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(
            value["procedure"],
            value["dossier"],
            value["purpose"],
            tuple(_component_of(item) for item in value["components"]),
            tuple(_field_of(item) for item in value["fields"]),
        )


def _component_json(asked: AskedComponent) -> dict[str, Any]:
    component = asked.component
    return {
        "name": component.name,
        "labels": dict(component.labels),
        "kinds": list(component.kinds),
        "tier": component.tier.value,
        "max_age_days": component.max_age_days,
        "needed": component.needed,
        "copies": component.copies,
        "registered": asked.registered,
    }


def _component_of(value: Mapping[str, Any]) -> AskedComponent:
    component = Component(
        value["name"],
        value["labels"],
        tuple(value["kinds"]),
        Tier(value["tier"]),
        value["max_age_days"],
        value["needed"],
        value["copies"],
    )
    return AskedComponent(component, value["registered"])


def _field_json(asked: AskedField) -> dict[str, Any]:
    field = asked.field
    return {
        "name": field.name,
        "labels": dict(field.labels),
        "type": field.type,
        "sources": [[source.component, source.field] for source in field.sources],
        "registered": asked.registered,
    }


def _field_of(value: Mapping[str, Any]) -> AskedField:
    sources = tuple(Source(component, field) for component, field in value["sources"])
    return AskedField(FormField(value["name"], value["labels"], value["type"], sources), value["registered"])
