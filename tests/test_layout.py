"""The house's plan held against the imports: which package may know which, and no cycles anywhere."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "storage": {"storage"},
    "ocr": {"ocr"},
    "sharing": {"sharing"},
    "vault": {"vault", "storage", "ocr", "sharing"},
}
FORBIDDEN_OUTSIDE = {  # a library, and the only package that may touch it
    "fastapi": "vault",
    "starlette": "vault",
    "uvicorn": "vault",
    "sqlmodel": "vault",
    "sqlalchemy": "vault",
    "alembic": "vault",
    "pytesseract": "ocr",
    "pypdfium2": "ocr",
    "cv2": "ocr",
    "joserfc": "sharing",
}


def _modules() -> dict[str, Path]:
    found = {}
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _named(node: ast.AST) -> list[str]:
    """The modules that one statement names; a name imported from a package may itself be a module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written out whole"
        base = node.module or ""
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return []


def _is_for_types_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        found.update(_named(node))
        if not _is_for_types_alone(node):
            waiting.extend(ast.iter_child_nodes(node))
    return found


MODULES = _modules()
IMPORTS = {module: _imports(path) for module, path in MODULES.items()}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_knows_only_those_that_the_plan_lets_it_know(package: str) -> None:
    for module, imports in IMPORTS.items():
        if module.split(".")[0] == package:
            known = {name.split(".")[0] for name in imports} & MAY_IMPORT.keys()
            assert known <= MAY_IMPORT[package], f"{module} imports {known - MAY_IMPORT[package]}"


@pytest.mark.parametrize("library", FORBIDDEN_OUTSIDE)
def test_a_library_stays_in_the_one_package_that_may_touch_it(library: str) -> None:
    users = {module.split(".")[0] for module, imports in IMPORTS.items() if _uses(imports, library)}
    assert users <= {FORBIDDEN_OUTSIDE[library]}


def _uses(imports: set[str], library: str) -> bool:
    return any(name.split(".")[0] == library for name in imports)


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {module: {name for name in imports if name in MODULES} - {module} for module, imports in IMPORTS.items()}
    packages_of_own_names = {module: _ancestors(module) for module in graph}
    TopologicalSorter({module: graph[module] - packages_of_own_names[module] for module in graph}).prepare()


def _ancestors(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def test_the_verbs_know_nothing_of_routes_and_routes_nothing_of_the_app() -> None:
    entrances = ("vault.app", "vault.cli")
    for module, imports in IMPORTS.items():
        if not module.startswith("vault.") or module.startswith(entrances):
            continue
        above = {name for name in imports if name.startswith("vault.app.") or name == "vault.app"}
        if not module.startswith(("vault.api", "vault.pages")):
            above |= {name for name in imports if name.startswith(("vault.api.", "vault.pages."))}
        assert not above, f"{module} imports {above}"
