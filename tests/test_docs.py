"""What the documents and the comments point at is there: files, anchors, commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from vault import firststart, metrics
from vault.cli import app
from vault.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
CODE = sorted(
    path
    for folder in ("storage", "ocr", "sharing", "vault", "examples", "bench", "scripts")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix in {".py", ".html", ".yaml", ""} and "vendor" not in path.parts
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CITED = re.compile(r"docs/[\w./-]+\.md(?:#[\w-]+)?")

DECISION_LINES = 40


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, spaces to hyphens, nothing but letters, digits, - and _."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(base: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    place = (base / name).resolve() if name else base
    return not place.exists() or bool(anchor and anchor not in anchors(place))


def links(page: Path) -> Iterator[str]:
    return (target for target in LINK.findall(page.read_text("utf-8")) if "://" not in target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_reader_follows_every_link(page: Path) -> None:
    assert [link for link in links(page) if dead(page if link.startswith("#") else page.parent, link)] == []


def test_what_a_comment_cites_is_written_there() -> None:
    cited = {
        (str(path.relative_to(ROOT)), cite)
        for path in CODE
        for cite in CITED.findall(path.read_text("utf-8", "ignore"))
    }
    assert len(cited) > 10
    assert [(path, cite) for path, cite in sorted(cited) if dead(ROOT, cite)] == []


def test_decisions_are_counted_one_by_one_and_short() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in decisions] == list(range(1, len(decisions) + 1))
    assert [page.name for page in decisions if len(page.read_text("utf-8").splitlines()) > DECISION_LINES] == []


def test_every_command_of_the_readme_is_one() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    known = get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"docvault (\w+)", text))
    assert named <= set(known)
    assert set(known) - named == set(), "each command stands in the README"


def test_every_target_of_make_that_is_named_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)`", page.read_text("utf-8"))}
    assert named
    assert named <= targets


def test_every_figure_is_explained_and_every_explained_one_is_told(tmp_path: Path) -> None:
    services = firststart.prepare(Settings(data_dir=tmp_path / "data"))
    services.metrics.watch(metrics.Standing(services.db, lambda: 0))
    services.metrics.watch(metrics.Beat(lambda: 0.0))
    services.metrics.answered("/", "GET", 200, 0.1)
    told = {family.name for family in services.metrics.registry.collect() if family.name.startswith("docvault_")}
    services.db.close()
    explained = set(re.findall(r"docvault_[a-z_]+", (ROOT / "docs" / "operations.md").read_text("utf-8")))
    assert {name.removesuffix("_total") for name in explained} == told
