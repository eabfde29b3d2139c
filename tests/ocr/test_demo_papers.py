"""The demo's four papers: every field of them is read exactly."""

import pytest

import ocr
from ocr.folding import fold
from vault.demo.papers import papers


@pytest.mark.usefixtures("tesseract")
@pytest.mark.parametrize("number", range(4))
def test_demo_paper_is_read_as_it_was_made(number: int) -> None:
    paper = papers()[number]
    reading = ocr.read(ocr.BytesSource(paper.data), ocr.Limits(), on_page=lambda _: None)
    assert reading.kind == paper.kind
    found = {item.name: fold(item.value) for item in reversed(reading.fields)}
    assert found == {**found, **{name: fold(value) for name, value in paper.truth.items()}}
    assert reading.warnings == ()
