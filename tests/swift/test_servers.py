"""The object store of the tests is a real one, and comes back with what it held."""

import io
from pathlib import Path

import urllib3

from tests.swift.servers import Swift


def test_the_store_comes_back_with_what_it_held(tmp_path: Path) -> None:
    with Swift(tmp_path / "store") as swift:
        bucket, client = swift.bucket(), swift.client()
        client.put_object(bucket, "paper", io.BytesIO(b"sealed"), 6)
        swift.stop()
        assert swift.pids == []
        assert swift.start().client().get_object(bucket, "paper").read() == b"sealed"
        assert swift.objects()
    assert not swift.folder.exists()


def test_it_is_swift(swift: Swift) -> None:
    answer = urllib3.request("GET", f"{swift.endpoint}/healthcheck")
    assert (answer.status, answer.data) == (200, b"OK")
    assert answer.headers["x-trans-id"].startswith("tx")
