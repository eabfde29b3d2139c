"""What tests need from the machine: without it they skip with the reason, except under CI=true, where they fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from vault.demo.drawing import fonts


def need(present: bool, what: str) -> None:
    """Skips (or, under CI=true, fails) unless `present`; `what` says what to install."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"this machine lacks {what}")


def need_program(name: str, package: str) -> str:
    path = shutil.which(name)
    need(path is not None, f"the program {name} (package {package})")
    return path or ""


def need_tesseract(languages: Sequence[str] = ("vie", "eng", "osd")) -> None:
    need_program("tesseract", "tesseract-ocr")
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True).stdout.split()
    missing = [language for language in languages if language not in listed]
    need(not missing, f"tesseract's languages {', '.join(missing)} (packages tesseract-ocr-…)")


def need_softhsm() -> Path:
    """SoftHSM's module for PKCS#11."""
    need_program("softhsm2-util", "softhsm2")
    found = [path for path in Path("/usr/lib").glob("**/softhsm/libsofthsm2.so") if path.is_file()]
    need(bool(found), "SoftHSM's module (package libsofthsm2)")
    return found[0]


def need_font(face: str) -> None:
    """The letters that papers are drawn with."""
    need(fonts.installed(face), f"the fonts for {face} (package {fonts.FACES[face][0]})")


def need_chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    need(path is not None, "Chromium (package chromium)")
    driver = subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True, check=False)
    need(driver.returncode == 0, "what starts Playwright's driver (package libatomic1)")
    return path or ""
