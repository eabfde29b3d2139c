"""The container files name only what is there: settings, files, and no password."""

import re
from pathlib import Path
from typing import Any

import yaml

from vault.settings import Settings

ROOT = Path(__file__).parent.parent


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_every_variable_is_a_setting() -> None:
    known = {f"DOCVAULT_{name.upper()}" for name in Settings.model_fields}
    named = set(
        re.findall(r"DOCVAULT_[A-Z_]+", (ROOT / "docker-compose.yml").read_text() + (ROOT / "Dockerfile").read_text())
    )
    assert named and named <= known


def test_the_service_runs_with_nothing_it_does_not_need() -> None:
    service = _compose()["services"]["vault"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert "\nUSER docvault\n" in (ROOT / "Dockerfile").read_text()


def test_keys_lie_apart_from_what_they_open() -> None:
    service = _compose()["services"]["vault"]
    places = {volume.split(":")[1]: volume.split(":")[0] for volume in service["volumes"]}
    keys = {Path(service["environment"][f"DOCVAULT_{name}_KEY_FILE"]).parent for name in ("ROOT", "WORKER")}
    data = Path(service["environment"]["DOCVAULT_DATA_DIR"])
    assert keys == {Path("/keys")}
    assert places["/keys"] != places[str(data)]


def test_what_is_copied_into_the_image_is_in_the_repository() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
