"""Everything that people read is there in Vietnamese, and what stands in the catalogue is used."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from jinja2.ext import babel_extract

import vault
from vault import i18n, problems
from vault.pages import shares, telling, words

PACKAGE = Path(vault.__file__).parent
TABLES = (
    words.NOTICES, words.TIERS, words.TIERS_EXPLAINED, words.SOURCES, words.FIELDS, words.DOUBTS, words.SEXES,
    words.GRANT_STATES, words.GRANT_STATES_AT_AGENCY, words.DOSSIER_STATES,
    words.MATCH_REASONS, words.MATCH_PROBLEMS, words.MATCH_ADVICE, words.IMPORT_OUTCOMES, words.IMPORT_NOTES,
    words.TIERS_AT_AGENCY, words.TIERS_EXPLAINED_AT_AGENCY, words.PROBLEMS, problems.REASONS,
    telling.SENTENCES, telling.WITHOUT_PAPER, telling.REFUSALS, words.POOR, words.POOR_ADVICE,
)  # fmt: skip
SINGLES = (
    words.DOUBT_UNKNOWN, words.SURE, words.LIKELY, words.UNSURE, words.DOUBTFUL, words.NOT_FOUND,
    words.CONFIRMED, words.STRUCK_OUT, words.CHOSEN_BY_YOU, words.NO_OTHER,
    telling.SOMETHING, telling.SOMEBODY, telling.A_PAPER, *telling.STEPS,
    *shares.HEADINGS,
)  # fmt: skip


def in_templates() -> Iterator[str]:
    for file in sorted((PACKAGE / "templates").rglob("*.html")):
        with file.open("rb") as stream:
            for _line, _function, message, _comments in babel_extract(stream, ("_",), (), {"encoding": "utf-8"}):
                first = message if isinstance(message, str) else message and message[0]
                if first:  # else a text that a variable holds
                    yield first


def in_code() -> Iterator[str]:
    """Literals given to `translate` or `_`."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"translate", "_"}:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield first.value


def messages() -> set[str]:
    tables = {text for table in TABLES for text in table.values()}
    titled = {text for _status, title, detail in problems.TABLE.values() for text in (title, detail)}
    return {*in_templates(), *in_code(), *tables, *titled, *SINGLES}


@pytest.mark.parametrize("message", sorted(messages()))
def test_a_reader_of_vietnamese_never_meets_english(message: str) -> None:
    only_values = not any(letter.isalpha() for part, *_ in Formatter().parse(message) for letter in part)
    assert only_values or message in i18n.catalog()


@pytest.mark.parametrize("message", sorted(messages() & i18n.catalog().keys()))
def test_a_translation_has_the_same_values_as_its_message(message: str) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert names(i18n.catalog()[message]) == names(message)


def test_no_translation_is_left_over() -> None:
    assert i18n.catalog().keys() - messages() == set()
