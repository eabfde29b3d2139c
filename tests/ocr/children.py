"""The children of this process that parse papers. Servers that other tests have running are its children as well."""

from contextlib import suppress
from pathlib import Path

from tests.journeys.processes import OWN, descendants


def children() -> list[int]:
    """Pids of those that live."""
    return [pid for pid in descendants(OWN) if _parses_papers(pid)]


def _parses_papers(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text() == "ocr-child\n"
    return False
