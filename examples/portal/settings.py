"""Where the portal stands and where it keeps what is its own."""

from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
"""The demo has officers without a sign-in, so it is served to this machine alone."""
PORT = 8001
FOLDER = Path("data/portal")

UPLOAD_MAX = 20 * 1024 * 1024
"""Bytes of one form with the papers that were uploaded by hand."""
TEXT_MAX = 500
"""Characters of one form value or note."""


@dataclass(frozen=True)
class Settings:
    """`url` is the portal's own address without a slash at the end; `folder` holds its keys and its dossiers."""

    url: str = f"http://{HOST}:{PORT}"
    folder: Path = FOLDER

    @property
    def redirect_uri(self) -> str:
        """Where the vault sends the citizen back to."""
        return f"{self.url}/callback"
