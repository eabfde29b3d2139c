"""Files of procedures that an operator was handed by somebody else, and that are made to stop the vault."""

import time
from pathlib import Path

import pytest

from ocr.kinds import load_kinds
from vault.errors import ProcedureMalformed
from vault.procedures import COMPONENTS, load_procedures

COMPONENT = "{name: a, labels: {vi: a, en: a}, kinds: [passport]}"
HEAD = "code: x\nnames: {vi: a, en: a}\nlevel: commune\ndays: 3\n"
SOON_S = 10


def faults_of(folder: Path, text: str) -> list[str]:
    (folder / "handed-over.yaml").write_text(text, "utf-8")
    begun = time.monotonic()
    with pytest.raises(ProcedureMalformed) as caught:
        load_procedures(folder, load_kinds())
    assert time.monotonic() - begun < SOON_S
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_yaml_nested_until_the_stack_is_used_up(tmp_path: Path, opening: str) -> None:
    (fault,) = faults_of(tmp_path, opening * 60_000)
    assert "nested too deeply" in fault


def test_yaml_of_a_billion_laughs(tmp_path: Path) -> None:
    laughs = [f"a0: &a0 [{'ha, ' * 9}ha]", *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}*a{n - 1}]" for n in range(1, 30))]
    (fault,) = faults_of(tmp_path, HEAD + "\n".join(laughs))
    assert "alias" in fault


def test_yaml_that_stands_for_itself(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, HEAD + "components: &all [*all]")
    assert "alias" in fault


def test_yaml_of_more_components_than_anybody_reads(tmp_path: Path) -> None:
    found = faults_of(tmp_path, f"{HEAD}components: [{', '.join([COMPONENT] * 4000)}]")
    assert found == [f"handed-over.yaml:5: components: expected 1 to {COMPONENTS} in this list"]


def test_yaml_tag_that_would_run_something(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    assert faults_of(tmp_path, f'{HEAD}components: !!python/object/apply:os.system ["touch {trace}"]')
    assert not trace.exists()
