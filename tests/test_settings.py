"""Every setting is documented as it is, and no secret has a value that somebody could know."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from vault.settings import Settings, table

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"

NAMES_ONLY = {"root_key_provider", "second_root_key_provider"} | {
    f"{which}pkcs11_{label}" for which in ("", "second_") for label in ("token", "key")
}
"""Settings that say where a key lies by the labels of a device, which are no secrets."""


def documented(text: str) -> dict[str, tuple[str, str]]:
    """Name → (default, meaning) of the table between the marks."""
    rows = text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows]
    return {name.strip("`"): (default, meaning) for name, default, meaning in cells if name.startswith("`DOCVAULT_")}


def test_the_readme_has_every_setting_with_its_default_and_meaning_and_no_other() -> None:
    assert documented(README.read_text("utf-8")) == documented(BEGIN + table() + END)


def test_the_table_has_every_field_of_the_settings() -> None:
    assert set(documented(BEGIN + table() + END)) == {f"DOCVAULT_{name.upper()}" for name in Settings.model_fields}


def test_a_setting_that_is_missing_or_has_another_default_is_noticed() -> None:
    whole = documented(BEGIN + table() + END)
    assert documented(BEGIN + table().replace("`8000`", "`8001`") + END) != whole
    assert documented(BEGIN + "\n".join(table().splitlines()[:-1]) + END) != whole


def test_every_setting_says_what_it_means_in_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert "|" not in field.description, name


def test_no_secret_is_a_setting_or_has_a_default() -> None:
    """A variable shows in process lists and a default is known to everybody: keys are files, made at first start."""
    secrets = ("key", "secret", "password", "token")
    for name, field in Settings.model_fields.items():
        words = name.split("_")
        if any(word in words for word in secrets) and "slots" not in words and name not in NAMES_ONLY:
            assert name.endswith("_file"), name
            assert field.default is None, name


@pytest.mark.parametrize("url", ["postgresql://an:x@db/vault", "postgresql://db/vault?user=an&password=x"])
def test_a_password_in_the_address_of_the_database_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValidationError, match="DOCVAULT_DATABASE_PASSWORD_FILE") as refused:
        Settings(database_url=url)
    assert url not in str(refused.value)
    assert Settings(database_url="postgresql://an@db/vault").database == "postgresql://an@db/vault"


def test_only_variables_of_ours_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DOCVAULT_PORT=1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "2")
    assert Settings().port == 8000
    monkeypatch.setenv("DOCVAULT_PORT", "3")
    assert Settings().port == 3


@pytest.mark.parametrize("name", ["max_upload_bytes", "session_hours", "upload_slots", "grant_days", "lease_s"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: 0})


def test_settings_cannot_be_changed_while_the_service_runs() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_the_table_can_be_printed_for_the_readme() -> None:
    command = [sys.executable, "-W", "error", "-m", "vault.settings"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=README.parent).stdout
    assert printed == table() + "\n"
