"""What the reading child is given, and what it is not."""

from pathlib import Path

import pytest

from ocr import sandbox


def test_tesseract_uses_one_thread_and_the_child_sees_nothing_of_the_servers_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCVAULT_DATABASE_URL", "postgresql://somebody:secret@db/vault")
    monkeypatch.setenv("OMP_THREAD_LIMIT", "8")
    given = sandbox._environment(tmp_path)
    assert given["OMP_THREAD_LIMIT"] == "1"
    assert given["TMPDIR"] == str(tmp_path)
    assert not [name for name in given if name.startswith("DOCVAULT")]
    assert "secret" not in " ".join(given.values())
