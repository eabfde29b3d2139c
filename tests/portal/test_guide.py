"""The guide for portals does what it says: its Python, block by block, against the started vault."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import attaching
from tests.journeys.people import run
from tests.portal.conftest import PortalProcess
from tests.servers import Server

ROOT = Path(__file__).parent.parent.parent
GUIDE = ROOT / "docs" / "portals.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
REDIRECT_URI = "https://portal.example/callback"


def test_a_developer_follows_the_guide_line_by_line(
    vault: Server, citizen: httpx.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"ISSUER": vault.url, "REDIRECT_URI": REDIRECT_URI}
    for number, block in enumerate(BLOCKS):
        if number == 1:  # by now the operator has the public key
            (tmp_path / "portal.jwks").write_text(capsys.readouterr().out)
            names["CLIENT_ID"] = registered(vault, tmp_path / "portal.jwks")
        if "callback_url" in block:  # by now the citizen's browser has been sent away
            names["callback_url"] = attaching.agree(citizen, names["address"])
        exec(compile(block, f"{GUIDE.name}, block {number + 1}", "exec"), names)  # noqa: S102 - our own page
    assert names["form"]["applicant-id-number"].isdigit()
    assert [each["reference"] for each in names["listed"]] == ["H17.34-261123-0001"]
    assert names["figures"]["consents"] == 1


def registered(vault: Server, keys: Path) -> str:
    name = "Cơ quan theo hướng dẫn"
    client_id = run(vault, "agency", "add", name, "--jwks", str(keys)).strip()
    chosen = ("--redirect-uri", REDIRECT_URI, "--procedure", "marriage-registration")
    run(vault, "agency", "portal", name, *chosen)
    return client_id


def test_the_guide_names_all_attributes_of_the_element() -> None:
    element = (ROOT / "examples" / "portal" / "static" / "docvault-attach.js").read_text("utf-8")
    used = set(re.findall(r"getAttribute\('(\w+)'\)", element)) | {"lang"}
    assert used == {"state", "count", "lang", "action", "procedure"}
    text = GUIDE.read_text("utf-8")
    assert all(f"`{name}`" in text for name in used)


def test_the_guide_speaks_of_the_portal_that_is_there(portal: PortalProcess) -> None:
    assert httpx.get(f"{portal.url}/button").is_success
