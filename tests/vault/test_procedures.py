"""Procedures as data: what the package brings, what an operator adds, and every way to get a file wrong."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ocr.kinds import load_kinds
from sharing.terms import Tier
from vault import firststart
from vault.cli import app
from vault.errors import ProcedureMalformed
from vault.matching import Candidate, Problem, match
from vault.procedures import Component, FormField, Level, Procedure, Source, load_procedures
from vault.settings import Settings

KINDS = load_kinds()
PACKAGE = load_procedures(None, KINDS)
TODAY = date(2026, 5, 4)
DEMO = ("birth-certificate", "citizen-card", "land-use-certificate", "driving-licence")

PET = """\
code: pet-registration
national_code: "1.999999"
names: {vi: Đăng ký vật nuôi, en: Pet registration}
level: commune
days: 5
components:
  - name: owner
    labels: {vi: Chủ nuôi, en: Owner}
    kinds: [citizen-card, passport]
  - name: home
    labels: {vi: Nơi ở, en: Home}
    kinds: [residence-confirmation]
    tier: checked
    max_age_days: 90
    needed: false
    copies: 2
fields:
  - name: owner-name
    labels: {vi: Họ tên, en: Name}
    type: name
    sources:
      - {component: owner, field: full-name}
      - {component: home, field: full-name}
"""


def written(folder: Path, text: str, name: str = "pet.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


def faults_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(ProcedureMalformed) as caught:
        load_procedures(folder, KINDS)
    return caught.value.faults


def test_the_package_brings_procedures_from_different_fields() -> None:
    assert {
        "birth-registration", "marriage-registration", "marital-status-confirmation", "house-construction-permit",
        "change-of-driving-licence", "first-land-registration", "land-certificate-renewal",
        "household-business-registration", "criminal-record-certificate",
    } <= PACKAGE.keys()  # fmt: skip
    codes = [procedure.national_code for procedure in PACKAGE.values() if procedure.national_code]
    assert len(set(codes)) == len(codes)
    assert all(any(component.needed for component in procedure.components) for procedure in PACKAGE.values())


@pytest.mark.parametrize(
    ("code", "lacking"),
    [
        ("change-of-driving-licence", {"health-certificate"}),
        ("birth-registration", {"birth-notification"}),
        ("house-construction-permit", {"drawings"}),
        ("land-certificate-renewal", set()),
        ("permanent-residence", set()),
    ],
)
def test_what_the_demo_wallet_lacks(code: str, lacking: set[str]) -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    papers = [Candidate(kind, kind, kind, True, Tier.SELF, moment, None, None, True) for kind in DEMO]
    found = match([component for component in PACKAGE[code].components if component.needed], papers, TODAY)
    assert {each.component.name for each in found if each.best is None} == lacking
    assert {each.problem for each in found if each.best is None} <= {Problem.MISSING}


def test_an_operator_adds_a_procedure(tmp_path: Path) -> None:
    found = load_procedures(written(tmp_path, PET), KINDS)["pet-registration"]
    owner = Component("owner", {"vi": "Chủ nuôi", "en": "Owner"}, ("citizen-card", "passport"))
    home = Component(
        "home", {"vi": "Nơi ở", "en": "Home"}, ("residence-confirmation",), Tier.CHECKED, 90, needed=False, copies=2
    )
    name = FormField(
        "owner-name",
        {"vi": "Họ tên", "en": "Name"},
        "name",
        (Source("owner", "full-name"), Source("home", "full-name")),
    )
    names = {"vi": "Đăng ký vật nuôi", "en": "Pet registration"}
    assert found == Procedure(
        "pet-registration", names, Level.COMMUNE, 5, (owner, home), (name,), national_code="1.999999"
    )
    assert found.component("home") == home
    assert found.component("garden") is None
    assert found.field("owner-name") == name
    assert found.field("pet-name") is None


def test_an_operator_replaces_a_procedure_of_the_package(tmp_path: Path) -> None:
    written(tmp_path, PET.replace("pet-registration", "birth-registration"), "ours.yml")
    assert load_procedures(tmp_path, KINDS)["birth-registration"].days == 5


@pytest.mark.parametrize(
    ("old", "new", "place", "what"),
    [
        (PET, "", ":1: ", "empty"),
        (PET, "[]", ":1: ", "expected the members code, names, level"),
        (PET, "code: [", ":2: ", "not to be read as YAML"),
        (PET, "code: a\n---\ncode: b", ":2: ", "not to be read as YAML"),
        (PET, f"# {'x' * 300_000}", ":1: ", "larger than"),
        ("code: pet-registration\n", "", ":1: ", "missing: code"),
        ("code: pet-registration", "code: Pet Registration", ":1: code", "expected a code"),
        ("code: pet-registration", "code: pet-registration\ncode: twice", ":2: code", "stands here twice"),
        ("code: pet", "law: yes\ncode: pet", ":1: law", "unknown member; known are code"),
        ('"1.999999"', "1.999999", ":2: national_code", "put it in quotes"),
        ('"1.999999"', '"1.99"', ":2: national_code", "like 1.001193"),
        (", en: Pet registration", "", ":3: names", "missing: en"),
        ("en: Pet registration", "en: No", ":3: names.en", "put it in quotes"),
        ("en: Pet registration", 'en: " "', ":3: names.en", "one line of 1 to 500"),
        ("en: Pet registration", 'en: "a\\nb"', ":3: names.en", "one line of 1 to 500"),
        ("level: commune", "level: galaxy", ":4: level", "expected one of commune, district"),
        ("days: 5", "days: 0", ":5: days", "from 1 to 365"),
        ("days: 5", "days: 5.5", ":5: days", "from 1 to 365"),
        ("days: 5", "days: true", ":5: days", "from 1 to 365"),
        ("days: 5", "days: '5'", ":5: days", "from 1 to 365"),
        (PET[PET.index("components:") : PET.index("fields:")], "components: []\n", "components", "1 to 40 in this"),
        ("name: home", "name: owner", ":10: components[1]", "owner stands here twice"),
        ("kinds: [citizen-card, passport]", "kinds: []", "components[0].kinds", "1 to 20 in this list"),
        ("kinds: [citizen-card, passport]", "kinds: citizen-card", "components[0].kinds", "expected a list"),
        ("[citizen-card, passport]", "[citizen-card, dream]", ":9: components[0].kinds[1]", "known are birth-"),
        ("[citizen-card, passport]", "[citizen-card, other]", ":9: components[0].kinds[1]", "add a kind for it"),
        ("[citizen-card, passport]", "[passport, passport]", ":9: components[0].kinds[1]", "passport stands here"),
        ("tier: checked", "tier: holy", ":13: components[1].tier", "expected one of self, checked"),
        ("max_age_days: 90", "max_age_days: -1", ":14: components[1].max_age_days", "from 1 to 3650"),
        ("[residence-confirmation]", "[site-plan]", "components[1].max_age_days", "site-plan have no field issued-on"),
        ("needed: false", "needed: maybe", ":15: components[1].needed", "expected true or false"),
        ("needed: false", "needed: no", ":15: components[1].needed", "expected true or false"),
        ("copies: 2", "copies: 99", ":16: components[1].copies", "from 1 to 20"),
        ("copies: 2", "stamp: red", ":16: components[1].stamp", "unknown member"),
        ("    kinds: [residence-confirmation]\n", "", ":10: components[1]", "missing: kinds"),
        ("type: name", "type: poem", ":20: fields[0].type", "expected one of text, name"),
        ("    type: name\n", "", ":18: fields[0]", "missing: type"),
        ("component: home", "component: garden", ":23: fields[0].sources[1].component", "no such component"),
        ("home, field: full-name", "home, field: rank", ":23: fields[0].sources[1].field", "confirmation has"),
        ("home, field: full-name", "home, field: sex", ":23: fields[0].sources[1].field", "as sex, the form as name"),
        ("{component: home, field: full-name}", "{component: home}", "fields[0].sources[1]", "missing: field"),
        (PET[PET.index("    sources:") :], "    sources: []\n", "fields[0].sources", "1 to 20 in this list"),
        (PET[PET.index("    sources:") :], "", ":18: fields[0]", "missing: sources"),
        (PET, PET + PET[PET.index("  - name: owner-name") :], ":24: fields[1]", "owner-name stands here twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_and_place(tmp_path: Path, old: str, new: str, place: str, what: str) -> None:
    assert old in PET
    faults = faults_of(written(tmp_path, PET.replace(old, new)))
    assert any(fault.startswith("pet.yaml:") and place in fault and what in fault for fault in faults), faults


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    (tmp_path / "pet.yaml").write_bytes(PET.encode("utf-16"))
    assert faults_of(tmp_path) == ("pet.yaml:1: not UTF-8; save it as UTF-8",)


def test_two_files_with_one_code_are_not_guessed_between(tmp_path: Path) -> None:
    written(tmp_path, PET, "a.yaml")
    written(tmp_path, PET, "b.yaml")
    assert faults_of(tmp_path) == ("b.yaml:1: another file here has the code pet-registration too; keep one",)


def test_a_loop_in_a_file_ends(tmp_path: Path) -> None:
    assert faults_of(written(tmp_path, PET.replace("[citizen-card, passport]", "&loop [*loop]")))


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, PET.replace("days: 5", "days: 0").replace("tier: checked", "tier: holy"))
    written(tmp_path, "days: 1", "other.yaml")
    assert [fault.partition(":")[0] for fault in faults_of(tmp_path)] == ["other.yaml", "pet.yaml", "pet.yaml"]


def test_a_vault_with_a_faulty_procedure_does_not_start(settings: Settings, tmp_path: Path) -> None:
    folder = written(tmp_path / "ours", PET.replace("days: 5", "days: 0"))
    with pytest.raises(ProcedureMalformed, match=r"pet\.yaml:5: days: expected a whole number"):
        firststart.prepare(settings.model_copy(update={"procedures_dir": folder}))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ("procedure", *arguments))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("DOCVAULT_DATA_DIR", str(folder))
    return folder


def test_an_operator_checks_files_and_folders(tmp_path: Path, data: Path) -> None:
    good = written(tmp_path / "good", PET)
    bad = written(tmp_path / "bad", PET.replace("days: 5", "days: 0").replace("copies: 2", "copies: many"))
    assert run("check").stdout == f"{len(PACKAGE)} procedures, no faults.\n"
    assert run("check", str(good)).stdout == "1 procedures, no faults.\n"
    result = run("check", str(good), str(bad / "pet.yaml"))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "pet.yaml:5: days: expected a whole number from 1 to 365",
        "pet.yaml:16: components[1].copies: expected a whole number from 1 to 20",
    ]
    assert run("check", str(tmp_path / "nowhere")).exit_code == 1
    assert not data.exists()


def test_an_operator_lists_and_looks_at_procedures(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCVAULT_PROCEDURES_DIR", str(written(tmp_path / "ours", PET)))
    lines = run("list").stdout.splitlines()
    assert "pet-registration\t1.999999\tcommune\tĐăng ký vật nuôi" in lines
    assert len(lines) == len(PACKAGE) + 1
    shown = run("show", "pet-registration").stdout
    assert "home (Nơi ở): if there is one, residence-confirmation, tier checked or higher, at most 90 days old" in shown
    assert "owner-name (Họ tên, name): from owner.full-name, else home.full-name" in shown
    assert run("show", "dragon-registration").exit_code == 1
    assert not data.exists()


def test_a_faulty_folder_is_a_sentence_and_no_traceback(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCVAULT_PROCEDURES_DIR", str(written(tmp_path / "ours", "code: a")))
    for result in (run("list"), CliRunner().invoke(app, ("agency", "list"))):
        assert result.exit_code == 1
        assert "pet.yaml:1: missing: names, level, days, components" in result.stderr
