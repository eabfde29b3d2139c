"""Spoilt papers of every type: each gives a result or one clear error within its limits, and leaves nothing behind.

`make test` tries a few hundred, `make nightly` ten thousand; seed, type and number tell which input it was.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Mapping

import pytest

import ocr
from ocr import BytesSource, Limits
from ocr.errors import OcrError, ReadingFailed
from ocr.scratch import ROOT
from tests.ocr.children import children
from tests.ocr.mutations import mutated, seeds

INPUTS = int(os.environ.get("DOCVAULT_SPOILT_PAPERS", "300"))
SEED = int(os.environ.get("DOCVAULT_SPOILT_SEED", "1"))
TYPES = ("application/pdf", "image/heic", "image/jpeg", "image/png", "image/tiff", "image/webp")
PARTS = max(1, INPUTS // 1500)
"""Of each type, so that no single test takes long."""

LIMITS = Limits(memory_bytes=768 * 2**20, cpu_s=10, wall_s=20.0, pages=20, pixels=50_000_000, page_wall_s=10.0)
REAP_S = 6.0
READ_EVERY = 50  # recognising a page takes ten times as long as looking a paper over
CUT_EVERY = 5


@pytest.fixture(scope="module")
def papers() -> Mapping[str, tuple[bytes, ...]]:
    return seeds()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("media_type", TYPES)
def test_somebody_sends_spoilt_papers(papers: Mapping[str, tuple[bytes, ...]], media_type: str, part: int) -> None:
    ends: Counter[str] = Counter()
    for number in range(part, INPUTS // len(TYPES), PARTS):
        chance = random.Random(f"{SEED} {media_type} {number}")  # noqa: S311 - repeatable noise
        data = mutated(chance.choice(papers[media_type]), papers[media_type], chance)
        began = time.monotonic()
        end = outcome(data, number)
        assert time.monotonic() - began < LIMITS.wall_s + REAP_S, f"{SEED} {media_type} {number}"
        assert end not in ("reader-unusable", "protocol"), f"{SEED} {media_type} {number}"
        ends[end] += 1
    print(media_type, dict(ends))  # for whoever looks at a night's run
    assert ends["taken"] > ends["died"]  # a child that died of everything would prove nothing
    assert not children()
    assert not list(ROOT.glob(f"docvault-{os.getpid()}-*"))


def outcome(data: bytes, number: int) -> str:
    """What became of it, in a word; anything but an OcrError is the test's failure."""
    source = BytesSource(data)
    try:
        if number % READ_EVERY == 0:
            ocr.read(source, LIMITS, on_page=lambda _: None)
        elif number % CUT_EVERY == 0:
            with ocr.cut(source, LIMITS, 1) as sheet:
                list(sheet.tiles)
        else:
            ocr.inspect(source, LIMITS)
    except ReadingFailed as error:
        return error.reason if error.code == ReadingFailed.code else error.code
    except OcrError as error:
        return error.code
    return "taken"


def test_papers_that_nobody_spoilt_are_taken(papers: Mapping[str, tuple[bytes, ...]]) -> None:
    for media_type, ways in papers.items():
        for data in ways:
            assert ocr.inspect(BytesSource(data), LIMITS).media_type == media_type
