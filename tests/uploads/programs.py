"""Other people's programs: tus-js-client in node, and `@tus/server` with its file store."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import needs
from tests.servers import free_port

NODE_FOLDER = Path(__file__).parent / "node"
PATIENCE_S = 20


def need_node() -> str:
    node = shutil.which("node")
    installed = (NODE_FOLDER / "node_modules" / "@tus" / "server").is_dir()
    needs.need(bool(node) and installed, "node, and `npm ci --prefix tests/uploads/node`")
    return str(node)


class TusJs:
    """tus-js-client in a process of its own; one upload after the other."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [need_node(), "client.mjs"], cwd=NODE_FOLDER, stdin=pipe, stdout=pipe, text=True
        )

    def send(self, path: Path, endpoint: str, **asked: Any) -> dict[str, Any]:
        """The last word: `done` with seconds and document, or `failed` with status and body."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"path": str(path), "endpoint": endpoint, **asked}) + "\n")
        self._process.stdin.flush()
        for event in self._events():
            if "done" in event or "failed" in event:
                return event
        raise AssertionError("the client ended without a word")

    def __enter__(self) -> "TusJs":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE_S)

    def _events(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout
        return map(json.loads, self._process.stdout)


@contextmanager
def tus_server(folder: Path, max_size: int) -> Iterator[str]:
    """The address of a running `@tus/server` that keeps its files in this folder."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    command = [need_node(), "server.mjs", str(folder), str(port), str(max_size)]
    process = subprocess.Popen(command, cwd=NODE_FOLDER, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
