"""Codes of procedures, components and kinds as people call them."""

from vault.readings import Kinds
from vault.services import Services


def procedure_name(services: Services, code: str, language: str) -> str:
    """The code itself where the operator no longer has the procedure."""
    procedure = services.procedures.get(code)
    return procedure.names[language] if procedure else code


def component_name(services: Services, code: str, name: str, language: str, kind: str | None = None) -> str:
    """A component of the procedure `code`; one that goes beyond it is called by the `kind` of its paper."""
    procedure = services.procedures.get(code)
    component = procedure.component(name) if procedure else None
    if component is not None:
        return component.labels[language]
    return kind_name(services.kinds, kind, language) if kind else name


def kind_name(kinds: Kinds, code: str, language: str) -> str:
    return (kinds.get(code) or kinds["other"]).names[language]
