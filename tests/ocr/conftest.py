"""Papers for the tests of reading."""

import os
import shutil
from collections.abc import Callable

import pytest
from PIL import Image

from tests.ocr.sheets import BIRTH, born_digital, draw, saved


@pytest.fixture
def tesseract() -> None:
    """For tests that recognise text: they may be left out on a small machine, never where CI decides."""
    if shutil.which("tesseract") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("tesseract is not installed")
        pytest.skip("tesseract is not installed")


@pytest.fixture(scope="session")
def birth_page() -> Image.Image:
    return draw(BIRTH)


@pytest.fixture(scope="session")
def samples(birth_page: Image.Image) -> dict[str, bytes]:
    """One small paper of every type that is taken."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    small = birth_page.resize((827, 700))
    making: dict[str, Callable[[], bytes]] = {
        "application/pdf": lambda: born_digital(["Certificate of something that was made for a test"]),
        "image/jpeg": lambda: saved(small, "JPEG"),
        "image/png": lambda: saved(small, "PNG"),
        "image/webp": lambda: saved(small, "WEBP"),
        "image/tiff": lambda: saved(small, "TIFF", save_all=True, append_images=[small], compression="tiff_lzw"),
        "image/heic": lambda: saved(small, "HEIF"),
    }
    return {media_type: make() for media_type, make in making.items()}
