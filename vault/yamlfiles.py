"""YAML read strictly: every fault is kept with its file, line and place, so that all are told at once.

A `Node` is a value together with where it stands. Its methods give the value in the asked form, or note a fault and
give something harmless instead; whoever reads a file throws the result away when there were faults.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import cast

import yaml

LANGUAGES = ("vi", "en")
TEXT_CHARS = 500
FILE_BYTES = 256 * 1024
DEPTH = 12
"""Lists and members within each other: more than any file here needs."""

_CODE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Fault:
    """What is wrong in a file, where (`line` from 1, `place` like `components[2].tier`) and what to do about it."""

    file: str
    line: int
    place: str
    what: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (f"{self.file}:{self.line}", self.place, self.what)))


@dataclass(frozen=True)
class Node:
    """One value of a file. `faults` is the list that all nodes of one file share."""

    at: yaml.Node
    file: str
    place: str = ""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, what: str) -> None:
        self.faults.append(Fault(self.file, self.at.start_mark.line + 1, self.place, what))

    def members(self, needed: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, "Node"]:
        """The members by name; unknown, doubled and missing ones are faults."""
        if not isinstance(self.at, yaml.MappingNode):
            self.fault(f"expected the members {', '.join(needed)}")
            return {}
        found: dict[str, Node] = {}
        for key, value in self.at.value:
            member = Node(key, self.file, self._below(key), self.faults)
            if not isinstance(key, yaml.ScalarNode) or key.value not in {*needed, *optional}:
                member.fault(f"unknown member; known are {', '.join((*needed, *optional))}")
            elif key.value in found:
                member.fault("stands here twice; keep one")
            else:
                found[key.value] = Node(value, self.file, member.place, self.faults)
        if missing := [name for name in needed if name not in found]:
            self.fault(f"missing: {', '.join(missing)}")
        return found

    def items(self, *, least: int = 0, most: int = 20) -> tuple["Node", ...]:
        if not isinstance(self.at, yaml.SequenceNode):
            self.fault("expected a list")
            return ()
        if not least <= len(self.at.value) <= most:
            self.fault(f"expected {least} to {most} in this list")
        if len(self.at.value) > most:  # each would cost, and be told
            return ()
        places = (f"{self.place}[{number}]" for number in range(len(self.at.value)))
        return tuple(Node(at, self.file, place, self.faults) for at, place in zip(self.at.value, places, strict=True))

    def text(self) -> str:
        value = self._scalar("str")
        if value is None:
            self.fault("expected a text; put it in quotes if YAML takes it for something else")
        elif not value.strip() or len(value) > TEXT_CHARS or not value.isprintable():
            self.fault(f"expected one line of 1 to {TEXT_CHARS} characters")
        return value or ""

    def code(self) -> str:
        value = self._scalar("str")
        if value is None or not _CODE.fullmatch(value):
            self.fault("expected a code: a lower-case letter, then lower-case letters, digits and hyphens, 64 at most")
        return value or ""

    def number(self, least: int, most: int) -> int:
        value = self._scalar("int") or ""
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            self.fault(f"expected a whole number from {least} to {most}")
            return least
        return int(value)

    def flag(self) -> bool:
        value = self._scalar("bool")
        if value not in ("true", "false"):
            self.fault("expected true or false")
        return value == "true"

    def choice(self, choices: Iterable[str]) -> str:
        """One of the choices; the first when it is none of them."""
        known = tuple(choices)
        value = self._scalar("str")
        if value not in known:
            self.fault(f"expected one of {', '.join(known)}")
            return known[0]
        return value

    def languages(self) -> Mapping[str, str]:
        """A text in each of LANGUAGES."""
        return MappingProxyType({name: node.text() for name, node in self.members(LANGUAGES).items()})

    def _scalar(self, tag: str) -> str | None:
        fits = isinstance(self.at, yaml.ScalarNode) and self.at.tag == f"tag:yaml.org,2002:{tag}"
        return str(self.at.value) if fits else None

    def _below(self, key: yaml.Node) -> str:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        return f"{self.place}.{name}" if self.place else str(name)


def opened(file: Path) -> Node:
    """The file's one document. One that is no YAML is a node with a fault and no members. Raises OSError."""
    empty = Node(yaml.MappingNode("tag:yaml.org,2002:map", [], yaml.Mark("", 0, 0, 0, "", 0)), file.name)
    try:
        if file.stat().st_size > FILE_BYTES:
            raise yaml.YAMLError(f"larger than {FILE_BYTES} bytes")
        text = file.read_text(encoding="utf-8")
        _check_shape(text)
        root = yaml.compose(text, Loader=_LOADER)
    except UnicodeDecodeError:
        empty.fault("not UTF-8; save it as UTF-8")
        return empty
    except yaml.YAMLError as error:
        line = mark.line + 1 if (mark := getattr(error, "problem_mark", None)) else 1
        what = getattr(error, "problem", None) or str(error)
        empty.faults.append(Fault(file.name, line, "", f"not to be read as YAML: {what}"))
        return empty
    if root is None:
        empty.fault("the file is empty")
        return empty
    return Node(root, file.name)


def _check_shape(text: str) -> None:
    """Composing calls itself at each level, in C until the process dies; an alias lets a few bytes stand for many."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        alias = isinstance(event, yaml.AliasEvent)
        if alias or depth > DEPTH:
            what = "an alias; write it out instead" if alias else "nested too deeply"
            raise yaml.MarkedYAMLError(problem=what, problem_mark=cast(yaml.Mark, event.start_mark))
