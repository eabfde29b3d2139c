"""Procedures as data: vault/data/procedures/*.yaml and an operator's own folder (docs/formats/procedures.md)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from ocr.kinds import OTHER, TYPES, Kind
from sharing.terms import Tier
from vault.errors import ProcedureMalformed
from vault.yamlfiles import Fault, Node, opened

DATA = Path(__file__).parent / "data" / "procedures"
SUFFIXES = (".yaml", ".yml")
DAYS = 365
"""Longest time that an agency can be said to need the papers."""
AGE_DAYS = 3650
COPIES = 20
COMPONENTS = 40
FIELDS = 60
ISSUED = "issued-on"
"""The field of a paper that its age counts from."""

_NATIONAL_CODE = re.compile(r"[1-9]\.[0-9]{6}")


class Level(StrEnum):
    """Which level of agency decides, lowest first."""

    COMMUNE = "commune"
    DISTRICT = "district"
    PROVINCE = "province"
    CENTRAL = "central"


@dataclass(frozen=True)
class Component:
    """One paper that a procedure asks for: of one of `kinds` (the first is the usual one), at least of `tier`.

    `max_age_days` counts from its date of issue; `copies` is how many the agency keeps, for people to know.
    """

    name: str
    labels: Mapping[str, str]  # by language, vi and en
    kinds: tuple[str, ...]
    tier: Tier = Tier.SELF
    max_age_days: int | None = None
    needed: bool = True
    copies: int = 1


@dataclass(frozen=True)
class Source:
    """Where a form's field can be filled from: a field of the paper that is chosen for a component."""

    component: str
    field: str


@dataclass(frozen=True)
class FormField:
    """One field of the procedure's form; the first source that has a value fills it."""

    name: str
    labels: Mapping[str, str]
    type: str  # one of ocr.kinds.TYPES
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Procedure:
    """What an agency asks for. `days` is how long it needs the papers, and so how long a grant for it lasts."""

    code: str
    names: Mapping[str, str]
    level: Level
    days: int
    components: tuple[Component, ...]
    fields: tuple[FormField, ...] = ()
    national_code: str | None = None

    def component(self, name: str) -> Component | None:
        return next((component for component in self.components if component.name == name), None)

    def field(self, name: str) -> FormField | None:
        return next((field for field in self.fields if field.name == name), None)


Procedures = Mapping[str, Procedure]


def load_procedures(extra: Path | None, kinds: Mapping[str, Kind]) -> Procedures:
    """The package's procedures by code, those of `extra` added or put in their place.

    Raises ProcedureMalformed with every fault of every file, OSError.
    """
    loaded: dict[str, Procedure] = {}
    faults: list[Fault] = []
    for folder in filter(None, (DATA, extra)):
        found, wrong = read_procedures(files_in(folder), kinds)
        loaded |= found
        faults += wrong
    if faults:
        raise ProcedureMalformed(faults)
    return MappingProxyType(loaded)


def files_in(folder: Path) -> list[Path]:
    """The folder's files of procedures, by name. Raises OSError."""
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)


def read_procedures(files: Iterable[Path], kinds: Mapping[str, Kind]) -> tuple[Procedures, tuple[Fault, ...]]:
    """What can be read of the files, and what is wrong in them. Raises OSError."""
    found: dict[str, Procedure] = {}
    faults: list[Fault] = []
    for file in files:
        root = opened(file)
        procedure = None if root.faults else _procedure(root, kinds)
        if procedure and procedure.code in found:
            root.fault(f"another file here has the code {procedure.code} too; keep one")
        elif procedure:
            found[procedure.code] = procedure
        faults += sorted(root.faults, key=lambda fault: fault.line)
    return found, tuple(faults)


def _procedure(root: Node, kinds: Mapping[str, Kind]) -> Procedure | None:
    found = root.members(("code", "names", "level", "days", "components"), ("fields", "national_code"))
    if root.faults:
        return None
    items = found["components"].items(least=1, most=COMPONENTS)
    components = [_component(item, kinds) for item in items]
    _distinct(items, [component.name if component else "" for component in components])
    known = {component.name: component for component in components if component}
    forms = found["fields"].items(most=FIELDS) if "fields" in found else ()
    fields = [_form_field(form, known, kinds) for form in forms]
    _distinct(forms, [field.name if field else "" for field in fields])
    procedure = Procedure(
        found["code"].code(), found["names"].languages(), Level(found["level"].choice(Level)),
        found["days"].number(1, DAYS), tuple(filter(None, components)), tuple(filter(None, fields)),
        _national_code(found["national_code"]) if "national_code" in found else None,
    )  # fmt: skip
    return None if root.faults else procedure


def _component(node: Node, kinds: Mapping[str, Kind]) -> Component | None:
    found = node.members(("name", "labels", "kinds"), ("tier", "max_age_days", "needed", "copies"))
    if not {"name", "labels", "kinds"} <= found.keys():
        return None
    component = Component(
        found["name"].code(), found["labels"].languages(), _kinds(found["kinds"], kinds),
        Tier(found["tier"].choice(Tier)) if "tier" in found else Tier.SELF,
        found["max_age_days"].number(1, AGE_DAYS) if "max_age_days" in found else None,
        found["needed"].flag() if "needed" in found else True,
        found["copies"].number(1, COPIES) if "copies" in found else 1,
    )  # fmt: skip
    if component.max_age_days is not None:
        _dated(found["max_age_days"], component.kinds, kinds)
    return component


def _kinds(node: Node, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    items = node.items(least=1)
    codes = [item.code() for item in items]
    for item, code in zip(items, codes, strict=True):
        if code == OTHER:
            item.fault(f"{OTHER} says nothing about a paper; add a kind for it")
        elif code not in kinds:
            item.fault(f"no such kind of paper; known are {', '.join(sorted(kinds))}")
    _distinct(items, codes)
    return tuple(codes)


def _dated(node: Node, codes: Sequence[str], kinds: Mapping[str, Kind]) -> None:
    """A greatest age needs a date to count from."""
    for code in codes:
        kind = kinds.get(code)
        if kind and not kind.field(ISSUED):
            node.fault(f"papers of the kind {code} have no field {ISSUED}; add it to the kind or leave the age out")


def _form_field(node: Node, components: Mapping[str, Component], kinds: Mapping[str, Kind]) -> FormField | None:
    found = node.members(("name", "labels", "type", "sources"))
    if len(found) < 4:
        return None
    type_ = found["type"].choice(TYPES)
    sources = tuple(_source(item, type_, components, kinds) for item in found["sources"].items(least=1))
    return FormField(found["name"].code(), found["labels"].languages(), type_, tuple(filter(None, sources)))


def _source(node: Node, type_: str, components: Mapping[str, Component], kinds: Mapping[str, Kind]) -> Source | None:
    found = node.members(("component", "field"))
    if len(found) < 2:
        return None
    source = Source(found["component"].code(), found["field"].code())
    component = components.get(source.component)
    if component is None:
        found["component"].fault("no such component in this procedure")
        return None
    specs = [spec for code in component.kinds if code in kinds and (spec := kinds[code].field(source.field))]
    if not specs:
        found["field"].fault(f"none of {', '.join(component.kinds)} has this field")
    for other in {spec.type for spec in specs} - {type_}:
        found["field"].fault(f"papers say this as {other}, the form as {type_}; make them alike")
    return source


def _national_code(node: Node) -> str:
    code = node.text()
    if code and not _NATIONAL_CODE.fullmatch(code):
        node.fault("expected a code of the national portal, like 1.001193")
    return code


def _distinct(nodes: Sequence[Node], names: Sequence[str]) -> None:
    for number, (node, name) in enumerate(zip(nodes, names, strict=True)):
        if name and name in names[:number]:
            node.fault(f"{name} stands here twice; names are distinct")
