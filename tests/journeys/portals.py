"""A public-service portal beside the vault, and pictures of every page that somebody sees on the way between them."""

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from playwright.sync_api import Browser, FilePayload

from sharing.keys import SigningKey, jwks
from tests import demo
from tests.attaching import REDIRECT_URI, Portal
from tests.databases import Databases
from tests.journeys import people, sheets
from tests.journeys.browsing import DESK, PHONE, Visitor
from tests.portal.conftest import PortalProcess
from tests.servers import PASSWORD, Server, until_read
from vault.demo.people import CITIZEN

PICTURES = "DOCVAULT_TEST_PICTURES"
"""Variable with a folder for the pictures of every step; without it they go with the test."""


class Town:
    """Vault and portal as `make run` starts them, with the demo's citizen, officer and papers, all really read."""

    def __init__(self, folder: Path, databases: Databases) -> None:
        self.portal = PortalProcess(folder / "portal")
        self.portal.prepare()
        self.vault = Server(
            demo.lay(folder / "data", databases), "--demo", "--portal", str(self.portal.folder), databases=databases
        )
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


def open_portal(server: Server, folder: Path, name: str, *procedures: str, officer: str | None = None) -> Portal:
    """The operator adds an agency with a program of its own and, where one is named, an officer; all by command."""
    signing, file = SigningKey.generate(), folder / f"{name}.jwks"
    file.write_text(json.dumps(jwks([signing])))
    client_id = people.run(server, "agency", "add", name, "--jwks", str(file)).strip()
    codes = [word for code in procedures for word in ("--procedure", code)]
    people.run(server, "agency", "portal", name, "--redirect-uri", REDIRECT_URI, *codes)
    if officer:
        people.run(server, "officer", "add", name, officer, "--password-stdin", stdin=PASSWORD)
    return Portal(server.client(), client_id, signing, server.url)


def put_in(citizen: httpx.Client, kind: str, *lines: str, **fields: str) -> str:
    """A small paper that was read, its kind and `fields` (`_` for a hyphen) as its owner says; returns its version."""
    file = ("paper.pdf", sheets.born_digital([*lines, kind]))
    added = citizen.post("/api/documents", files={"file": file}, data={"kind": kind})
    document = until_read(citizen, added.raise_for_status().json()["id"])
    if fields:
        body = {"fields": {name.replace("_", "-"): value for name, value in fields.items()}}
        citizen.patch(f"/api/documents/{document['id']}", json=body).raise_for_status()
    return str(document["version"]["id"])
