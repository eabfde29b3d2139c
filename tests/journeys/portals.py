"""A public-service portal beside the vault, and pictures of every page that somebody sees on the way between them."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser, FilePayload

from tests.journeys import sheets
from tests.journeys.browsing import DESK, PHONE, Visitor
from tests.portal.conftest import PortalProcess
from tests.servers import Server
from vault.demo.people import CITIZEN

PICTURES = "DOCVAULT_TEST_PICTURES"
"""Variable with a folder for the pictures of every step; without it they go with the test."""


class Town:
    """Vault and portal as `make run` starts them, with the demo's citizen, officer and papers, all really read."""

    def __init__(self, folder: Path) -> None:
        self.portal = PortalProcess(folder / "portal")
        self.portal.prepare()
        self.vault = Server(folder / "data", "--demo", "--portal", str(self.portal.folder))
        self._running = ExitStack()

    def __enter__(self) -> Self:
        both: Sequence[AbstractContextManager[object]] = (self.vault, self.portal)
        for each in both:
            self._running.enter_context(each)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)


class Walker(Visitor):
    """A visitor of both sites who takes pictures: `show` looks at a page at the width of a phone and of a desk.

    Used as a context it ends with a window that is closed and nothing to complain of.
    """

    def __init__(self, browser: Browser, town: Town, pictures: Path, *, scripted: bool = True) -> None:
        super().__init__(browser, town.vault, scripted=scripted)
        self.town, self._pictures, self._shown = town, Path(os.environ.get(PICTURES) or pictures), 0
        self._pictures.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.page.context.close()
        if kind is None:
            self.fine()

    @property
    def at_portal(self) -> bool:
        return self.page.url.startswith(self.town.portal.url)

    def show(self, name: str) -> None:
        """Looked at twice, at 360 and at 1280 px, each time with a picture; it is a phone again afterwards."""
        self._shown += 1
        for size in (DESK, PHONE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dictionary is what it takes
            self.fits()
            path = self._pictures / f"{self._shown:02}-{name}-{size['width']}.png"
            self.page.screenshot(path=path, full_page=True)
        self.look()


def health_certificate(issued: date, *, conclusion: str = "Đủ sức khỏe lái xe hạng B2") -> FilePayload:
    """A photograph of a driver's health certificate, which a clinic of Da Nang gave on that day."""
    lines = [
        "GIẤY KHÁM SỨC KHỎE",
        "CỦA NGƯỜI LÁI XE",
        "",
        f"Họ và tên: {CITIZEN.name.upper()}",
        "Giới tính: Nam        Tuổi: 36",
        "",
        f"Kết luận: {conclusion}",
        "",
        f"Đà Nẵng, ngày {issued:%d} tháng {issued:%m} năm {issued:%Y}",
    ]
    return {"name": "Khám sức khỏe.png", "mimeType": "image/png", "buffer": sheets.photographed(lines)}
