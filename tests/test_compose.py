"""The container files, held against the formats' own rules, against the settings and against each other."""

import json
import os
import re
import stat
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from vault import deployment
from vault.settings import MIB, Settings

ROOT = Path(__file__).parent.parent
MANY, ONE = "docker-compose.yml", "deploy/compose.one.yml"
IMAGE, PROXY = ROOT / "Dockerfile", ROOT / "deploy" / "Caddyfile"
BIN = Path(sys.executable).parent
SERVERS, WORKERS = ("server-1", "server-2"), ("worker-1", "worker-2")
OURS = (*SERVERS, *WORKERS, "setup")


@cache
def compose(name: str = MANY) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)


def schema_faults(path: Path) -> str:
    done = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("name", [MANY, ONE])
def test_a_compose_file_is_one_by_the_specification(name: str) -> None:
    assert schema_faults(ROOT / name) == ""


def test_a_misspelt_key_would_be_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text((ROOT / MANY).read_text().replace("read_only: true", "readonly: true"))
    assert "readonly" in schema_faults(wrong)


def test_the_image_is_made_as_its_linter_would(tmp_path: Path) -> None:
    done = run(BIN / "hadolint", "--no-color", IMAGE)
    assert (done.returncode, done.stdout) == (0, "")
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python\nRUN apt-get install curl\n")
    assert run(BIN / "hadolint", "--no-color", careless).returncode == 1


def test_every_variable_is_a_setting() -> None:
    known = {f"DOCVAULT_{name.upper()}" for name in Settings.model_fields}
    text = "".join((ROOT / name).read_text() for name in (MANY, ONE, "Dockerfile", "deploy/Caddyfile"))
    named = set(re.findall(r"DOCVAULT_[A-Z0-9_]+", text))
    assert named and named <= known


@pytest.mark.parametrize("name", OURS)
def test_the_settings_of_a_container_are_taken_as_they_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value parses, and together they say: shared keys, a database elsewhere, papers in a bucket."""
    for variable, value in services()[name]["environment"].items():
        monkeypatch.setenv(variable, "https://giay-to.example.vn" if value.startswith("${") else value)
    settings = Settings()
    assert settings.database.startswith("postgresql://docvault@database/")
    assert not settings.make_keys and not settings.migrate_at_start and not settings.embedded_worker
    assert settings.over_tls
    assert settings.database_connections * (len(SERVERS) + len(WORKERS) + 1) <= 200, "as the database allows"


def test_every_required_secret_has_a_file_and_the_command_makes_it(tmp_path: Path) -> None:
    made = {path.relative_to(tmp_path / "secrets") for path in deployment.make_secrets(tmp_path / "secrets")}
    declared = {name: Path(secret["file"]).relative_to("secrets") for name, secret in compose()["secrets"].items()}
    yours = {declared.pop("tls_certificate"), declared.pop("tls_key")}
    assert set(declared.values()) == made
    assert not yours & made
    for service in services().values():
        assert set(service.get("secrets", ())) <= compose()["secrets"].keys()


@pytest.mark.parametrize("name", OURS)
def test_a_container_has_the_secrets_that_its_settings_name_and_no_other(name: str) -> None:
    service = services()[name]
    files = {value for variable, value in service["environment"].items() if variable.endswith("_FILE")}
    assert files == {f"/run/secrets/{secret}" for secret in service["secrets"]}


def test_nobody_elses_container_sees_a_key() -> None:
    for name, service in services().items():
        if name not in OURS:
            assert not {"root_key", "worker_key", "s3_secret_key"} & set(service.get("secrets", ())), name


def test_no_password_is_known_beforehand() -> None:
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY", variable) and variable != "DOCVAULT_MAKE_KEYS":
                assert variable.endswith("_FILE") and str(value).startswith("/run/secrets/"), (name, variable)
    assert not re.search(r"://[^/\s@]+:[^/\s@]+@", (ROOT / MANY).read_text())


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_a_container_runs_with_nothing_it_does_not_need(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= {"NET_BIND_SERVICE", "DAC_OVERRIDE"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() == {"memory", "cpus", "pids"}
    image = service["image"].rpartition(":")
    assert image[0] and image[2] not in {"", "latest"}, "pinned"


def test_only_the_proxy_is_reached_from_outside() -> None:
    networks = compose()["networks"]
    assert {name for name, network in networks.items() if not network.get("internal")} == {"outside"}
    for name, service in services().items():
        assert ("outside" in service["networks"]) == ("ports" in service) == (name == "proxy"), name
    for name in ("database", "store", "bucket", "setup"):
        assert list(services()[name]["networks"]) == ["stores"], name
    for name in WORKERS:
        assert set(services()[name]["networks"]) == {"stores", "watching"}, name


def test_servers_believe_the_proxy_alone() -> None:
    address = services()["proxy"]["networks"]["inside"]["ipv4_address"]
    for name in SERVERS:
        assert services()[name]["environment"]["DOCVAULT_FORWARDED_ALLOW_IPS"] == address


def test_each_is_asked_how_it_is_and_waits_for_what_it_needs() -> None:
    probes = {name: " ".join(service["healthcheck"].get("test", ())) for name, service in services().items()}
    for name in SERVERS:
        assert "8000/readyz" in probes[name]
        port = services()[name]["environment"]["DOCVAULT_METRICS_PORT"]
        assert {"setup", "bucket", "database", "store"} == services()[name]["depends_on"].keys()
    for name in WORKERS:
        assert f"{port}/healthz" in probes[name]
    conditions = {
        (waits, need["condition"])
        for service in services().values()
        for waits, need in service.get("depends_on", {}).items()
    }
    for waits, condition in conditions:
        once = waits in {"setup", "bucket"}
        assert condition == ("service_completed_successfully" if once else "service_healthy")
        assert once or probes[waits], waits


def test_a_server_drains_for_as_long_as_the_proxy_may_take_to_notice() -> None:
    (interval,) = re.findall(r"health_interval (\d+)s", PROXY.read_text())
    environment = services()[SERVERS[0]]["environment"]
    assert int(environment["DOCVAULT_DRAIN_S"]) >= 3 * int(interval)
    assert services()[SERVERS[0]]["stop_grace_period"] == "45s"


def test_the_proxy_is_told_what_it_asks_and_takes_what_the_vault_takes() -> None:
    proxy = services()["proxy"]
    asked = set(re.findall(r"\{\$([A-Z_]+)\}", PROXY.read_text()))
    assert asked == proxy["environment"].keys()
    assert proxy["environment"]["PROXY_UPSTREAMS"].split() == [f"{name}:8000" for name in SERVERS]
    most = int(services()[SERVERS[0]]["environment"]["DOCVAULT_MAX_UPLOAD_BYTES"])
    assert int(proxy["environment"]["PROXY_BODY_MAX"]) == most + MIB
    for secret in proxy["secrets"]:
        assert f"/run/secrets/{secret}" in PROXY.read_text()


def test_the_store_and_the_database_keep_what_they_hold() -> None:
    kept = {volume.split(":")[0] for service in services().values() for volume in service.get("volumes", ())}
    assert compose()["volumes"].keys() <= kept


def test_one_machine_alone_needs_nothing_else() -> None:
    service = compose(ONE)["services"]["vault"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    (network,) = compose(ONE)["networks"]["default"]["ipam"]["config"]
    believed = service["environment"]["DOCVAULT_FORWARDED_ALLOW_IPS"]
    assert believed == f"${{DOCVAULT_FORWARDED_ALLOW_IPS:-{network['gateway']}}}"


def test_keys_lie_apart_from_what_they_open() -> None:
    service = compose(ONE)["services"]["vault"]
    places = {volume.split(":")[1]: volume.split(":")[0] for volume in service["volumes"]}
    keys = {Path(service["environment"][f"DOCVAULT_{name}_KEY_FILE"]).parent for name in ("ROOT", "WORKER")}
    data = Path(service["environment"]["DOCVAULT_DATA_DIR"])
    assert keys == {Path("/keys")}
    assert places["/keys"] != places[str(data)]


def test_the_last_stage_of_the_image_has_neither_root_nor_tools_to_build_with() -> None:
    *_, last = IMAGE.read_text().split("\nFROM ")
    assert f"USER {deployment.USERS['docvault']}:" in last
    assert "STOPSIGNAL SIGTERM" in last
    assert "8000/healthz" in last
    for tool in ("gcc", "build-essential", "npm", "softhsm", "curl"):
        assert tool not in last


def test_bases_are_pinned_by_tag() -> None:
    bases = re.findall(r"^FROM (\S+)", IMAGE.read_text(), re.MULTILINE)
    assert len(bases) == 3
    assert all(re.fullmatch(r"[a-z]+:\d[\w.-]*", base) for base in bases)


def test_what_is_copied_into_the_image_is_in_the_repository() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", IMAGE.read_text(), re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name


def test_secrets_are_made_once_for_their_reader_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = deployment.make_secrets(folder)
    texts = {path: path.read_text() for path in made}
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        if os.geteuid() == 0:
            assert path.stat().st_uid == deployment.USERS[path.parent.name]
    identity = json.loads((folder / "store" / "s3.json").read_text())["identities"][0]
    assert identity["credentials"][0]["secretKey"] == (folder / "docvault" / "s3-secret-key").read_text().strip()
    assert identity["actions"] and all(action.endswith(":papers") for action in identity["actions"])
    assert (folder / "database" / "password").read_text() == (folder / "docvault" / "database-password").read_text()
    other = deployment.make_secrets(tmp_path / "other")
    assert not {path.read_text() for path in other} & set(texts.values())
    (folder / "docvault" / "root.key").unlink()
    with pytest.raises(FileExistsError):
        deployment.make_secrets(folder)
    assert not (folder / "docvault" / "root.key").exists(), "nothing is made beside what is there"
    assert all(path.read_text() == text for path, text in texts.items() if path.exists())


def test_an_operator_makes_secrets_by_the_command(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "vault.cli", "secrets", tmp_path / "secrets")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 7
    again = run(sys.executable, "-m", "vault.cli", "secrets", tmp_path / "secrets")
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    assert "Traceback" not in again.stderr
