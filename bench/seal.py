"""Speed of sealing and opening, in memory and on one core, beside `openssl speed` and age in the same run.

Run from the repository's root: `python -m bench.seal`. Prints JSON lines {name, value, unit, versus}.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator

import pyrage

from storage.keys import Key, context
from storage.sealed import SealedReader, seal

SIZE = 128 * 1024 * 1024
PIECE = 64 * 1024
"""Bytes that a web server hands over at once."""
ROUNDS = 5
ASKED = 0.9
ASKED_AGE = 3
CTX = context("bench", "original")


def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    key, plain = Key.generate(), os.urandom(SIZE)
    sealed = b"".join(seal(key, CTX, [plain]))
    identity = pyrage.x25519.Identity.generate()
    encrypted = pyrage.encrypt(plain, [identity.to_public()])
    assert pyrage.decrypt(encrypted, [identity]) == plain == b"".join(reader(key, sealed).stream())
    work: dict[str, Callable[[], float]] = {
        "openssl": openssl,
        "seal": lambda: rate(lambda: drain(seal(key, CTX, pieces(plain)))),
        "open": lambda: rate(lambda: drain(reader(key, sealed).stream())),
        "open_range": lambda: rate(lambda: drain(reader(key, sealed).stream(1))),
        "age_encrypt": lambda: rate(lambda: pyrage.encrypt(plain, [identity.to_public()])),
        "age_decrypt": lambda: rate(lambda: pyrage.decrypt(encrypted, [identity])),
    }
    figures = dict.fromkeys(work, 0.0)
    for _ in range(ROUNDS):
        for name, measure in work.items():
            figures[name] = max(figures[name], measure())
    report(figures)


def report(figures: dict[str, float]) -> None:
    """Print one line for each ratio and each absolute figure."""
    for name in ("seal", "open"):
        emit(f"{name}.vs_openssl", figures[name] / figures["openssl"], "ratio", f"openssl; asked >= {ASKED}")
    for name, other in (("seal", "age_encrypt"), ("open", "age_decrypt")):
        emit(f"{name}.vs_age", figures[name] / figures[other], "ratio", f"pyrage, same bytes; asked >= {ASKED_AGE}")
    for name, value in figures.items():
        emit(f"{name}.mib_per_s", value / 2**20, "MiB/s", "absolute")


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


def openssl() -> float:
    """Bytes a second of AES-256-GCM over 16 KiB blocks, as OpenSSL's own program measures it."""
    command = ["openssl", "speed", "-mr", "-seconds", "1", "-evp", "aes-256-gcm", "-bytes", "16384"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"^\+F:\d+:[^:]+:([\d.]+)", output, re.MULTILINE)
    assert found, output
    return float(found[1])


def rate(run: Callable[[], object]) -> float:
    """Bytes of content a second."""
    start = time.perf_counter()
    run()
    return SIZE / (time.perf_counter() - start)


def drain(blocks: Iterator[bytes]) -> None:
    """Take all and keep nothing."""
    for _ in blocks:
        pass


def pieces(plain: bytes) -> Iterator[bytes]:
    """Cut as an upload arrives."""
    return (plain[at : at + PIECE] for at in range(0, SIZE, PIECE))


def reader(key: Key, sealed: bytes) -> SealedReader:
    """Open from memory."""
    return SealedReader(key, CTX, len(sealed), lambda offset, length: sealed[offset : offset + length])


if __name__ == "__main__":
    main()
