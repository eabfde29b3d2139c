"""`authorization_details` of the type `docvault_dossier` (RFC 9396), read strictly.

What goes beyond the registered procedure is told apart here, once and for all; docs/formats/authorization.md.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from ocr.kinds import LANGUAGES, OTHER
from sharing.limits import PURPOSE_CHARS
from sharing.terms import Tier
from vault.lines import is_stacked
from vault.oauth.details import Asked, AskedComponent, AskedField
from vault.oauth.refusals import InvalidDetails
from vault.procedures import (
    AGE_DAYS,
    COMPONENTS,
    FIELDS,
    ISSUED,
    Component,
    FormField,
    Procedure,
    Procedures,
    Source,
)
from vault.readings import Kinds

TYPE = "docvault_dossier"
BYTES = 32 * 1024
LABEL_CHARS = 100

_CODE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_DOSSIER = re.compile(r"[\x21-\x7e]{1,64}")


def parse(text: str, allowed: Collection[str], procedures: Procedures, kinds: Kinds) -> Asked:
    """The one request in `authorization_details`; `allowed` are the procedures registered for who asks.

    Raises `InvalidDetails`.
    """
    members = _one_object(text)
    _known(members, "authorization_details", ("procedure", "dossier", "purpose"), ("type", "components", "fields"))
    code = members["procedure"]
    procedure = procedures.get(code) if isinstance(code, str) and code in allowed else None
    if procedure is None:
        _refuse("procedure is not registered for this client")
    components = _components(members, procedure, kinds)
    return Asked(
        procedure.code,
        _dossier(members["dossier"]),
        _line(members["purpose"], "purpose", PURPOSE_CHARS),
        components,
        _fields(members, procedure, components, kinds),
    )


def _one_object(text: str) -> dict[str, Any]:
    if len(text.encode("utf-8", "surrogatepass")) > BYTES:
        _refuse(f"authorization_details has more than {BYTES} bytes")
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        raise InvalidDetails("authorization_details is no JSON, or names a member twice") from None
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        _refuse("authorization_details is a list with exactly one object")
    found: dict[str, Any] = value[0]
    if found.get("type") != TYPE:
        _refuse(f"type is {TYPE}, and no other")
    return found


def _components(members: Mapping[str, Any], procedure: Procedure, kinds: Kinds) -> tuple[AskedComponent, ...]:
    if "components" not in members:
        return tuple(AskedComponent(component, True) for component in procedure.components)
    asked = [_component(item, procedure, kinds) for item in _list(members["components"], "components", COMPONENTS)]
    _distinct([found.component.name for found in asked], "components")
    return tuple(asked)


def _component(item: object, procedure: Procedure, kinds: Kinds) -> AskedComponent:
    if isinstance(item, str):
        registered = procedure.component(item)
        if registered is None:
            _refuse("components names one that the procedure does not have; describe it as an object")
        return AskedComponent(registered, True)
    found = _object(item, "components", ("name", "kinds"), ("tier", "max_age_days", "needed", "label"))
    name = _code(found["name"], "components.name")
    if procedure.component(name) is not None:
        _refuse("components describes one under a name that the procedure has; name it as a string")
    if found.get("needed", False) is not False:
        _refuse("what goes beyond the procedure is never needed")
    codes = _kinds(found["kinds"], kinds)
    labels = _label(found["label"]) if "label" in found else dict(kinds[codes[0]].names)
    age = _age(found["max_age_days"], codes, kinds) if "max_age_days" in found else None
    return AskedComponent(Component(name, labels, codes, _tier(found.get("tier", Tier.SELF.value)), age, False), False)


def _fields(
    members: Mapping[str, Any], procedure: Procedure, components: tuple[AskedComponent, ...], kinds: Kinds
) -> tuple[AskedField, ...]:
    if "fields" not in members:
        return tuple(AskedField(field, True) for field in procedure.fields)
    items = _list(members["fields"], "fields", FIELDS, least=0)
    asked = [_field(item, procedure, components, kinds) for item in items]
    _distinct([found.field.name for found in asked], "fields")
    return tuple(asked)


def _field(item: object, procedure: Procedure, components: tuple[AskedComponent, ...], kinds: Kinds) -> AskedField:
    if isinstance(item, str):
        registered = procedure.field(item)
        if registered is None:
            _refuse("fields names one that the procedure does not have; describe it as an object")
        return AskedField(registered, True)
    found = _object(item, "fields", ("name", "kind", "field"), ())
    name = _code(found["name"], "fields.name")
    if procedure.field(name) is not None:
        _refuse("fields describes one under a name that the procedure has; name it as a string")
    code, place = _code(found["kind"], "fields.kind"), _code(found["field"], "fields.field")
    spec = kinds[code].field(place) if code in kinds else None
    if spec is None:
        _refuse("fields asks for a field that papers of this kind do not have")
    sources = tuple(Source(asked.component.name, place) for asked in components if code in asked.component.kinds)
    if not sources:
        _refuse("fields asks for a field of a kind of paper that no component asks for")
    return AskedField(FormField(name, spec.labels, spec.type, sources), False)


def _kinds(value: object, kinds: Kinds) -> tuple[str, ...]:
    codes = [_code(item, "components.kinds") for item in _list(value, "components.kinds", COMPONENTS)]
    if any(code == OTHER or code not in kinds for code in codes):
        _refuse("components.kinds names a kind of paper that is not known here")
    _distinct(codes, "components.kinds")
    return tuple(codes)


def _age(value: object, codes: tuple[str, ...], kinds: Kinds) -> int:
    if type(value) is not int or not 1 <= value <= AGE_DAYS:
        _refuse(f"components.max_age_days is a whole number from 1 to {AGE_DAYS}")
    if not all(kinds[code].field(ISSUED) for code in codes):
        _refuse("components.max_age_days asks for the age of papers that bear no date of issue")
    return value


def _tier(value: object) -> Tier:
    if not isinstance(value, str) or value not in set(Tier):
        _refuse(f"components.tier is one of {', '.join(Tier)}")
    return Tier(value)


def _label(value: object) -> dict[str, str]:
    found = _object(value, "components.label", LANGUAGES, ())
    return {language: _line(found[language], "components.label", LABEL_CHARS) for language in LANGUAGES}


def _dossier(value: object) -> str:
    if not isinstance(value, str) or _DOSSIER.fullmatch(value) is None:
        _refuse("dossier has 1 to 64 visible ASCII characters")
    return value


def _line(value: object, place: str, most: int) -> str:
    """One line that reads as it is: no control, format or odd space characters, nothing stacked."""
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        _refuse(f"{place} is one line of 1 to {most} printable characters")
    if " ".join(value.split()) != value or unicodedata.normalize("NFC", value) != value:
        _refuse(f"{place} is in NFC, its words parted by single spaces")
    if is_stacked(value):
        _refuse(f"{place} stacks marks")
    return value


def _code(value: object, place: str) -> str:
    if not isinstance(value, str) or _CODE.fullmatch(value) is None:
        _refuse(f"{place} is a code of lower-case letters, digits and hyphens, 64 at most")
    return value


def _object(value: object, place: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(f"{place} holds something that is no object")
    _known(value, place, needed, optional)
    return value


def _known(value: Mapping[str, Any], place: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """The names of unknown members are the sender's text, and not repeated."""
    if value.keys() - {*needed, *optional}:
        _refuse(f"{place} has a member that is not known; known are {', '.join((*needed, *optional))}")
    if missing := [name for name in needed if name not in value]:
        _refuse(f"{place} lacks {', '.join(missing)}")


def _list(value: object, place: str, most: int, *, least: int = 1) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        _refuse(f"{place} is a list of {least} to {most}")
    return value


def _distinct(names: list[str], place: str) -> None:
    if len(set(names)) != len(names):
        _refuse(f"{place} names something twice")


def _refuse(what: str) -> NoReturn:
    raise InvalidDetails(what)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
