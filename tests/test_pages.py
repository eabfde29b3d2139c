"""Sets of papers: laid out as the programs that measure read them, and damaged the same way for the same seed."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.pages import chosen, truth, write
from bench.papers import degrade, tables
from bench.papers.classes import CLASSES, picture
from vault.demo.drawing import draw, layouts

DPI = 60


def _page(width: int = 300, height: int = 200) -> degrade.Picture:
    """A white page with a black cross."""
    page = np.full((height, width, 3), 250, np.uint8)
    page[height // 2 - 3 : height // 2 + 3] = 20
    page[:, width // 2 - 3 : width // 2 + 3] = 20
    return page


def _chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


STEPS = (
    degrade.shadowed, degrade.glaring, degrade.blurred, degrade.slightly_blurred, degrade.grained, degrade.coloured,
    degrade.folded, degrade.stamped,
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_damage_keeps_the_size_and_follows_from_its_seed(step: degrade.Step) -> None:
    page = _page()
    before = page.copy()
    seen = step(page, _chance())
    assert (seen.shape, seen.dtype) == (page.shape, np.uint8)
    assert (page == before).all()
    assert (seen == step(page, _chance())).all()
    assert (seen != page).any()


def test_a_shadow_darkens_and_glare_brightens() -> None:
    page = _page()
    assert degrade.shadowed(page, _chance()).mean() < page.mean()
    assert degrade.glaring(page, _chance())[page < 100].mean() > page[page < 100].mean()


def test_a_turned_page_is_whole_and_larger() -> None:
    seen = degrade.turned(_page(), 5)
    assert seen.shape[0] > 200 and seen.shape[1] > 300
    assert abs(int((seen < 100).sum()) - int((_page() < 100).sum())) < 900


def test_a_page_turned_by_quarters_is_one_of_three() -> None:
    page = _page()
    page[:20, :20] = 0
    for seed in range(6):
        seen = degrade.quarter_turned(page, _chance(seed))
        assert any(
            (seen.shape == turned.shape and (seen == turned).all()) for turned in (np.rot90(page, k) for k in (1, 2, 3))
        )


def test_a_page_on_a_table_is_seen_whole() -> None:
    seen = tables.laid(_page(), _chance())
    assert seen.shape[0] > 200 and seen.shape[1] > 300
    assert (seen > 240).all(axis=2).sum() > 0.75 * 200 * 300
    assert (seen == tables.laid(_page(), _chance())).all()


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_makes_a_jpeg_of_the_page(name: str) -> None:
    drawn = draw(layouts()["cccd_mat_sau.chip"], "1", dpi=DPI)
    data = picture(drawn.image, drawn.dpi, CLASSES[name], (1, 2), card=True)
    assert data == picture(drawn.image, drawn.dpi, CLASSES[name], (1, 2), card=True)
    with Image.open(io.BytesIO(data)) as seen:
        assert seen.format == "JPEG"
        long, short = max(seen.size), min(seen.size)
        assert 0.9 < short / (54 / 25.4 * CLASSES[name].dpi * 1.25) < 1.6
        assert 0.9 < long / (85.6 / 25.4 * CLASSES[name].dpi * 1.25) < 1.6


def test_a_set_is_written_as_it_is_read(tmp_path: Path) -> None:
    [(name, layout, seed)] = list(chosen(5, ["cccd_mat_sau"], 1))
    drawn = draw(layout, seed, dpi=DPI)
    write(tmp_path, name, drawn, ["low120", "skew"], 5)
    said = json.loads((tmp_path / "truth" / f"{name}.json").read_text("utf-8"))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg")) == [
        f"low120/{name}.jpg",
        f"skew/{name}.jpg",
    ]
    assert said == json.loads(json.dumps(truth(name, drawn)))
    assert (said["kind"], said["type"], said["size"]) == ("citizen-card", "cccd_mat_sau", [202, 128])
    assert [line["text"] for line in said["lines"] if line.get("mrz")] == said["mrz"]


def test_a_larger_count_gives_other_papers_of_the_same_layouts() -> None:
    names = [name for name, _layout, _seed in chosen(1, ["passport"], 3)]
    assert len(names) == len(set(names)) == 3 * sum(layout.kind == "passport" for layout in layouts().values())
