"""What can be applied for here: the portal's own list, by the codes that the vault knows the procedures by."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "procedures.toml"


@dataclass(frozen=True)
class Named:
    """A form field or a paper: its name in the vault's procedure, and what people call it."""

    name: str
    vi: str
    en: str
    type: str = "text"
    needed: bool = True


@dataclass(frozen=True)
class Procedure:
    """One thing to apply for, with the fields of its form and the papers that it takes."""

    code: str
    vi: str
    en: str
    fields: tuple[Named, ...]
    papers: tuple[Named, ...]

    def paper(self, name: str) -> Named:
        """That paper; one that the portal has no name for keeps its code."""
        return next((each for each in self.papers if each.name == name), Named(name, name, name))


def load(path: Path = FILE) -> Mapping[str, Procedure]:
    """Code → procedure, in the order of the file."""
    listed = tomllib.loads(path.read_text("utf-8"))
    return {
        code: Procedure(
            code,
            body["vi"],
            body["en"],
            tuple(Named(name, **each) for name, each in body["fields"].items()),
            tuple(Named(name, **each) for name, each in body["papers"].items()),
        )
        for code, body in listed.items()
    }
