"""The command `docvault`, as an operator, an agency and somebody with a forged grant use it."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from sharing.keys import SigningKey, jwks
from tests.vault import attaching
from tests.vault.world import CONTENT, World
from vault import accounts, grants, signing
from vault.accounts import Attempt
from vault.cli import app
from vault.db import Database, now
from vault.errors import SignInFailed
from vault.models import Account, Agency
from vault.services import Services
from vault.settings import Settings

PASSWORD = "mat-khau-cua-toi"


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def well(*arguments: str, stdin: str = "") -> str:
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def sign_in(services: Services, login: str) -> str:
    attempt = Attempt(login, PASSWORD, "127.0.0.1")
    return accounts.sign_in(services.db, services.root, services.passwords, services.settings, attempt)


@pytest.mark.usefixtures("commands")
def test_an_operator_adds_an_agency_its_officer_and_a_citizen(services: Services, tmp_path: Path) -> None:
    published = tmp_path / "jwks.json"
    published.write_text(json.dumps(jwks([SigningKey.generate()])))
    agency_id = well("agency", "add", "Sở Tư pháp", "--jwks", str(published)).strip()
    assert agency_id in well("agency", "list")
    well("officer", "add", "Sở Tư pháp", "lan", "--password-stdin", stdin=f"{PASSWORD}\n")
    well("account", "add", "an", "--name", "Nguyễn Văn An", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert sign_in(services, "lan")
    assert sign_in(services, "an")
    with services.db.read() as session:
        assert session.exec(select(Account).where(Account.login == "lan")).one().agency_id == agency_id


@pytest.mark.usefixtures("commands")
def test_a_prompted_password_is_typed_twice_and_never_shown(services: Services) -> None:
    shown = run("account", "add", "an", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert shown.exit_code == 0
    assert PASSWORD not in shown.output
    assert sign_in(services, "an")


@pytest.mark.usefixtures("commands")
def test_a_disabled_account_is_signed_out_and_stays_out(services: Services) -> None:
    well("account", "add", "an", "--password-stdin", stdin=PASSWORD)
    sign_in(services, "an")
    well("account", "disable", "AN")
    with pytest.raises(SignInFailed):
        sign_in(services, "an")


@pytest.mark.usefixtures("commands")
def test_agency_keys_are_replaced(world: World, tmp_path: Path) -> None:
    published, fresh = tmp_path / "jwks.json", SigningKey.generate()
    published.write_text(json.dumps(jwks([fresh])))
    well("agency", "keys", "Sở Tư pháp", "--jwks", str(published))
    kept = world.row(Agency, world.registry.agency_id).jwks["keys"]
    assert [key["kid"] for key in kept] == [fresh.kid]


@pytest.mark.usefixtures("commands")
def test_what_cannot_be_done_is_said_in_a_sentence(services: Services, tmp_path: Path) -> None:
    private = tmp_path / "private.json"
    private.write_text(json.dumps({"keys": [{**SigningKey.generate().public_jwk(), "d": "tell-nobody"}]}))
    for arguments, stdin, words in (
        (("agency", "add", " "), "", "name"),
        (("agency", "add", "A", "--jwks", str(private)), "", "private"),
        (("agency", "add", "A", "--jwks", str(tmp_path / "none")), "", "No such file"),
        (("officer", "add", "nowhere", "lan", "--password-stdin"), PASSWORD, "nothing of that name"),
        (("account", "add", "an", "--password-stdin"), "short", "at least 10"),
        (("account", "disable", "nobody"), "", "nothing of that name"),
    ):
        result = run(*arguments, stdin=stdin)
        assert result.exit_code == 1, arguments
        assert words in result.stderr, result.stderr
        assert "tell-nobody" not in result.output
        assert "Traceback" not in result.output


def test_a_setting_that_cannot_be_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCVAULT_PORT", "not-a-port")
    result = run("migrate")
    assert (result.exit_code, "DOCVAULT_PORT" in result.stderr) == (2, True)
    assert "not-a-port" not in result.output


@pytest.mark.usefixtures("commands")
def test_a_rotation_prints_the_key_that_signs_now(services: Services) -> None:
    kid = well("keys", "rotate").strip()
    with services.db.read() as session:
        current = signing.current(session)
    assert current is not None and current.kid == kid


@pytest.mark.usefixtures("commands")
def test_migrate_makes_the_tables_and_no_keys(settings: Settings) -> None:
    assert "revision" in well("migrate")
    assert not settings.root_key.exists()
    db = Database(settings.database)
    with db.read() as session:
        assert now(session)
    db.close()


@pytest.fixture
def shared(world: World, tmp_path: Path) -> list[str]:
    """The arguments that verify a genuine grant offline."""
    grant_id, _ = world.share(world.put_in(), world.put_in(content=b"%PDF-1.7 another", kind="citizen-card"))
    with world.services.db.read() as session:
        (tmp_path / "grant.jws").write_text(grants.get(session, world.an.wallet, grant_id).signed)
        published = signing.published(session, timedelta(days=90))
    (tmp_path / "jwks.json").write_text(json.dumps(published))
    (tmp_path / "paper.pdf").write_bytes(CONTENT)
    return [
        "verify", str(tmp_path / "grant.jws"), "--jwks", str(tmp_path / "jwks.json"),
        "--audience", world.registry.agency_id, "--issuer", "https://vault.example",
    ]  # fmt: skip


def test_a_genuine_grant_and_its_paper_are_recognised(shared: list[str], tmp_path: Path) -> None:
    assert "genuine" in well(*shared)
    assert "this file" in well(*shared, "--document", str(tmp_path / "paper.pdf"))
    said = json.loads(well(*shared, "--document", str(tmp_path / "paper.pdf"), "--json"))
    assert (said["genuine"], said["file_matches"]) == (True, True)
    assert said["terms"]["purpose"] == "Đăng ký kết hôn"


def test_a_dossiers_grant_says_which_dossier_and_component_it_is_for(
    shared: list[str], world: World, tmp_path: Path
) -> None:
    attached = attaching.attach(world, {"applicant-identity": world.put_in(kind="citizen-card")})
    with world.services.db.read() as session:
        signed = grants.get(session, world.an.wallet, attached.grant_id).signed
    said = well("verify", signed, *shared[2:])
    assert f"dossier  {attached.dossier.reference} ({attached.dossier.procedure})" in said
    assert "citizen-card for applicant-identity" in said


def test_a_grant_on_standard_input_or_as_an_argument_does_too(shared: list[str]) -> None:
    token = Path(shared[1]).read_text()
    assert "genuine" in well("verify", "-", *shared[2:], stdin=token)
    assert "genuine" in well("verify", token, *shared[2:])


def test_verifying_needs_neither_database_nor_server(shared: list[str], tmp_path: Path) -> None:
    blocked = (
        "import sys\n"
        "for name in ('sqlmodel', 'sqlalchemy', 'fastapi', 'alembic', 'uvicorn', 'ocr', 'storage', 'vault.settings'):\n"
        "    sys.modules[name] = None\n"
        "from vault.cli import main\n"
        "main()\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", blocked, *shared]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (result.returncode, "genuine" in result.stdout) == (0, True), result.stderr


def test_an_agency_that_installed_only_what_verifies_is_told_what_the_rest_needs(tmp_path: Path) -> None:
    blocked = "import sys\nsys.modules['pydantic_settings'] = None\nfrom vault.cli import main\nmain()\n"
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", blocked, "migrate"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "docvault[server]" in result.stderr
    assert "Traceback" not in result.stderr


def test_another_file_is_told_apart_from_a_false_grant(shared: list[str], tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(CONTENT[:-1] + b"x")
    result = run(*shared, "--document", str(tmp_path / "paper.pdf"), "--json")
    assert result.exit_code == 3
    said = json.loads(result.stdout)
    assert (said["genuine"], said["file_matches"]) == (True, False)


def test_a_changed_grant_one_for_others_and_one_of_another_vault_are_refused(shared: list[str], tmp_path: Path) -> None:
    token = Path(shared[1]).read_text()
    header, payload, signature = token.split(".")
    changed = tmp_path / "changed.jws"
    changed.write_text(f"{header}.{payload[:-2]}AA.{signature}")
    for arguments, error in (
        (["verify", str(changed), *shared[2:]], "BadSignature"),
        ([*shared, "--audience", "somebody-else"], "WrongAudience"),
        ([*shared, "--issuer", "https://elsewhere.example"], "WrongIssuer"),
    ):
        result = run(*arguments, "--json")
        assert result.exit_code == 1
        assert (json.loads(result.stdout)["error"], json.loads(result.stdout)["genuine"]) == (error, False)
        assert "NOT GENUINE (step" in run(*arguments).stdout


def test_what_cannot_be_read_is_neither_genuine_nor_false(shared: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{}")
    for arguments in (
        ["verify", str(tmp_path / "none"), *shared[2:]],
        [*shared, "--jwks", str(tmp_path / "none")],
        [*shared, "--jwks", str(tmp_path / "broken.json")],
        [*shared, "--jwks", "http://127.0.0.1.example/jwks.json"],
        [*shared, "--document", str(tmp_path / "none")],
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), arguments
        assert result.stderr.startswith("docvault: ")


def test_the_demo_is_served_to_nobody_but_this_machine(tmp_path: Path) -> None:
    refused = CliRunner().invoke(
        app, ["serve", "--demo", "--host", "192.0.2.1"], env={"DOCVAULT_DATA_DIR": str(tmp_path)}
    )
    assert refused.exit_code == 1
    assert "known to everybody" in refused.output


def test_whoever_opens_the_address_as_soon_as_it_is_printed_is_answered(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vault.cli", "serve", "--port", "0"]
    environment = os.environ | {"DOCVAULT_DATA_DIR": str(tmp_path / "data")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[3]
            assert httpx.get(f"{address}/sign-in", timeout=60).status_code == 200
        finally:
            server.send_signal(signal.SIGINT)
        assert (server.stdout.read(), server.wait(20)) == ("Stopped.\n", 0)
