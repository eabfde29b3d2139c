"""A person at a browser: Chromium without a window, which looks at every page it visits."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

from tests import needs
from tests.servers import PASSWORD, Server

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 60_000
Language = Literal["vi", "en"]


@contextmanager
def chromium() -> Iterator[Browser]:
    path = needs.need_chromium()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """One browser window. `complaints` gathers what a page should never do; `fine` at the end says there were none."""

    def __init__(
        self, browser: Browser, server: Server, *, desk: bool = False, scripted: bool = True, language: Language = "vi"
    ) -> None:
        context = browser.new_context(
            viewport=DESK if desk else PHONE,  # type: ignore[arg-type]  # a plain dictionary is what it takes
            java_script_enabled=scripted,
            locale="vi-VN" if language == "vi" else "en-GB",
            base_url=server.url,
        )
        context.set_default_timeout(PATIENCE_MS)
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self._scripted = scripted
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.path}: {error}"))
        self.page.on("response", self._on_response)

    @property
    def path(self) -> str:
        return re.sub(r"^https?://[^/]*", "", self.page.url)

    def go(self, address: str) -> None:
        self.page.goto(address)
        self.look()

    def press(self, selector: str) -> None:
        """A button or a link that leads to another page."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()
        self.look()

    def type(self, **values: str) -> None:
        """Text for the inputs with these ids."""
        for name, value in values.items():
            self.page.fill(f"#{name}", value)

    def sign_up(self, login: str) -> None:
        self.go("/sign-up")
        self.type(name="Nguyễn Văn An", login=login, password=PASSWORD)
        self.press("main form button.main-action")

    def sign_in(self, login: str) -> None:
        """On the page to sign in, wherever that came from."""
        self.type(login=login, password=PASSWORD)
        self.press("main form button.main-action")

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def look(self) -> None:
        """Nothing sticks out at the side, and no rule of WCAG 2.2 AA that a program can check is broken."""
        if self._scripted:
            self.fits()
            self.complaints += [f"{self.path}: {violation}" for violation in self._violations()]

    def fits(self) -> None:
        """Nothing sticks out at the side."""
        if not self._scripted:
            return
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.complaints.append(f"{self.path}: {wide} px wider than the window")

    def fine(self) -> None:
        assert self.complaints == [], self.complaints

    def _violations(self) -> list[str]:
        if not AXE.exists():
            return []
        self.page.evaluate(AXE.read_text())
        options = {"runOnly": RULES, "resultTypes": ["violations"]}
        found: dict[str, Any] = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{rule['id']} at {', '.join(str(node['target']) for node in rule['nodes'])}: {rule['nodes'][0]['html']}"
            for rule in found["violations"]
        ]

    def _on_console(self, message: ConsoleMessage) -> None:
        told_already = message.text.startswith("Failed to load resource")  # by _on_response, which knows what it was
        if message.type in {"error", "warning"} and not told_already:
            self.complaints.append(f"{self.path}: {message.text}")

    def _on_response(self, response: Response) -> None:
        """A page may say no to its reader; what it is made of must all be there."""
        if response.status >= 500 or (response.status >= 400 and not response.request.is_navigation_request()):
            self.complaints.append(f"{self.path}: {response.status} {response.url.partition('#')[0]}")
