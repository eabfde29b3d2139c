"""The house: who may import whom, inside the project and from outside, held against the code."""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
PACKAGES = ("storage", "ocr", "sharing", "vault", "examples")

ARROWS: Mapping[str, frozenset[str]] = {
    "storage": frozenset(),
    "ocr": frozenset(),
    "sharing": frozenset(),
    "vault": frozenset({"storage", "ocr", "sharing"}),
    "examples": frozenset({"sharing"}),  # they speak to the vault as anybody would: over HTTP
}
"""package → the other packages of the project that it may import."""

ONLY: Mapping[str, frozenset[str]] = {
    "storage": frozenset({"cryptography", "minio", "pkcs11", "urllib3"}),
    "sharing": frozenset({"cryptography", "joserfc"}),
}
"""package → all that it may import from outside: an agency takes `sharing` alone, so it stays light."""

OWNERS: Mapping[str, tuple[str, ...]] = {
    "cryptography": ("storage", "sharing"),
    "minio": ("storage.s3", "storage.s3client", "storage.s3errors"),
    "urllib3": ("storage.s3client", "storage.s3errors", "storage.s3wire"),
    "joserfc": ("sharing",),
    "pkcs11": ("storage.hsm",),
    "pytesseract": ("ocr",),
    "pypdfium2": ("ocr",),
    "cv2": ("ocr",),
    "pillow_heif": ("ocr",),
    "pyvips": ("ocr",),
    "PIL": ("ocr", "vault.demo"),
    "zxingcpp": ("ocr", "vault.demo", "vault.pages.qr"),
    "numpy": ("ocr", "vault.demo"),
    "sqlmodel": ("vault",),
    "sqlalchemy": ("vault",),
    "alembic": ("vault",),
    "psycopg": ("vault",),
    "prometheus_client": ("vault.metrics",),
    "structlog": ("vault.logs",),
    "fastapi": ("vault.api", "vault.pages", "vault.app", "vault.commands.serving", "examples.portal"),
    "starlette": (
        "vault.api",
        "vault.pages",
        "vault.app",
        "vault.middleware",
        "vault.commands.serving",
        "examples.portal",
    ),
    "jinja2": ("vault.pages", "vault.export.index"),
    "requests_oauth2client": ("examples.portal.vault",),
    "python_multipart": ("vault.uploads",),
    "uvicorn": ("vault.commands.serving", "vault.commands.heads", "examples.portal"),
    "typer": ("vault.cli", "vault.commands"),
}
"""package from outside → the only places that may import it: HTTP stays at the routes, keys and pixels at home."""

FLOORS: Sequence[tuple[str, ...]] = (
    ("vault.settings", "vault.errors"),
    ("vault.db",),
    ("vault.models",),
    ("vault",),  # the verbs: everything that is not named here
    ("vault.api", "vault.middleware"),
    ("vault.pages",),
    ("vault.app",),
    ("vault.cli", "vault.commands"),
)
"""Inside `vault` imports go down this list, never up; where two prefixes fit, the longer one counts."""


@dataclass(frozen=True)
class Import:
    """`module` imports `target`: one of our modules by its full name, or a package from outside by its first name."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def modules(root: Path) -> dict[str, Path]:
    """Dotted name → file, for all modules of the project."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(known: Mapping[str, Path]) -> list[Import]:
    """Every import statement, wherever in a module it stands."""
    found = {
        Import(module, _resolved(target, known), line): None
        for module, path in known.items()
        for target, line in _targets(module, path)
    }
    return list(found)


def faults(root: Path) -> list[str]:
    """Everything in the tree that the tables above forbid."""
    known = modules(root)
    found = imports(known)
    return [
        *(f"{i}: not an arrow of the design" for i in found if _crosses(i)),
        *(f"{i}: {_top(i.module)} takes nothing else from outside" for i in found if _too_much(i)),
        *(f"{i}: that belongs to {', '.join(OWNERS[_top(i.target)])}" for i in found if _not_owner(i)),
        *(f"{i}: upwards" for i in found if _goes_up(i)),
        *(f"cycle: {' → '.join(ring)}" for ring in _cycles(known, found)),
    ]


def _targets(module: str, path: Path) -> Iterator[tuple[str, int]]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*up, *filter(None, [node.module])])
            yield from ((f"{base}.{name.name}", node.lineno) for name in node.names)


def _resolved(target: str, known: Mapping[str, Path]) -> str:
    """The module of ours that `a.b.c` means: `a.b.c` itself, or `a.b` when `c` is a name in it."""
    if _top(target) not in PACKAGES:
        return _top(target)
    while target not in known and "." in target:
        target = target.rpartition(".")[0]
    return target


def _crosses(found: Import) -> bool:
    ours, theirs = _top(found.module), _top(found.target)
    return theirs in {*PACKAGES, "tests", "bench"} and theirs != ours and theirs not in ARROWS[ours]


def _too_much(found: Import) -> bool:
    allowed = ONLY.get(_top(found.module))
    return allowed is not None and _is_outside(found.target) and found.target not in allowed


def _not_owner(found: Import) -> bool:
    owners = OWNERS.get(found.target)
    return owners is not None and not any(_within(found.module, owner) for owner in owners)


def _goes_up(found: Import) -> bool:
    if _top(found.module) != "vault" or _top(found.target) != "vault" or _within(found.module, "vault.migrations"):
        return False
    return _floor(found.module) < _floor(found.target)


def _floor(module: str) -> int:
    fitting = [(len(name), floor) for floor, names in enumerate(FLOORS) for name in names if _within(module, name)]
    return max(fitting)[1]


def _cycles(known: Mapping[str, Path], found: Sequence[Import]) -> list[list[str]]:
    """One ring of modules for each import that closes one (depth-first search)."""
    graph: dict[str, list[str]] = {module: [] for module in known}
    for i in found:
        if i.target in known and i.target != i.module:
            graph[i.module].append(i.target)
    rings: list[list[str]] = []
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> None:
        if module in way:
            rings.append([*way[way.index(module) :], module])
        elif module not in done:
            for target in graph[module]:
                visit(target, [*way, module])
            done.add(module)

    for module in graph:
        visit(module, [])
    return rings


def _top(name: str) -> str:
    return name.partition(".")[0]


def _within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def _is_outside(target: str) -> bool:
    return _top(target) not in {*sys.stdlib_module_names, *PACKAGES}


def test_the_imports_are_those_of_the_design() -> None:
    assert faults(HERE) == []


def test_every_package_is_looked_at() -> None:
    known = modules(HERE)
    assert {_top(module) for module in known} == set(PACKAGES)
    assert "vault.app" in known
    assert any(i.module == "vault.app" and i.target == "vault.pages" for i in imports(known))


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"storage/a.py": "import vault.db", "vault/db.py": ""}, "not an arrow"),
        ({"ocr/a.py": "from storage import keys", "storage/keys.py": ""}, "not an arrow"),
        ({"sharing/a.py": "def f():\n    from ocr.kinds import x", "ocr/kinds.py": ""}, "not an arrow"),
        ({"vault/a.py": "from tests import servers"}, "not an arrow"),
        ({"vault/a.py": "from examples import portal", "examples/portal.py": ""}, "not an arrow"),
        ({"examples/a.py": "from vault import tokens", "vault/tokens.py": ""}, "not an arrow"),
        ({"sharing/a.py": "import httpx"}, "nothing else from outside"),
        ({"storage/a.py": "from sqlalchemy import text"}, "nothing else from outside"),
        ({"vault/documents.py": "from cryptography.hazmat import x"}, "belongs to storage, sharing"),
        ({"vault/grants.py": "from fastapi import HTTPException"}, "belongs to vault.api"),
        ({"vault/pages/a.py": "import PIL.Image"}, "belongs to ocr, vault.demo"),
        ({"ocr/a.py": "import sqlmodel"}, "belongs to vault"),
        ({"vault/documents.py": "from vault.api import streams", "vault/api/streams.py": ""}, "upwards"),
        ({"vault/api/a.py": "from ..pages import b", "vault/pages/b.py": ""}, "upwards"),
        ({"vault/db.py": "from vault import models", "vault/models.py": ""}, "upwards"),
        ({"vault/pages/a.py": "import vault.app", "vault/app.py": ""}, "upwards"),
        ({"ocr/a.py": "from ocr.b import x", "ocr/b.py": "def f():\n    from . import a"}, "ocr.a → ocr.b → ocr.a"),
        (
            {"vault/a.py": "import vault.b", "vault/b.py": "from . import c", "vault/c.py": "from .a import x"},
            "cycle: vault.a → vault.b → vault.c → vault.a",
        ),
    ],
)  # fmt: skip
def test_a_forbidden_import_is_found(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    _write(tmp_path, files)
    found = faults(tmp_path)
    assert any(fault in text for text in found)


def test_what_the_design_allows_is_no_fault(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "storage/keys.py": "import os\nfrom cryptography.hazmat import x",
            "sharing/jws.py": "import joserfc.jws",
            "ocr/codes.py": "import zxingcpp",
            "vault/settings.py": "",
            "vault/db.py": "import sqlmodel",
            "vault/models.py": "from vault.db import x",
            "vault/documents.py": "from storage import keys\nfrom vault import models\nimport ocr.codes",
            "vault/demo/cards.py": "from PIL import Image\nimport vault.documents",
            "vault/api/documents.py": "from fastapi import x\nfrom vault import documents",
            "vault/pages/paper.py": "from vault.api.documents import x",
            "vault/app.py": "from vault import pages\nfrom vault.pages import paper",
            "vault/pages/__init__.py": "from vault.pages import paper",
        },
    )
    assert faults(tmp_path) == []


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
