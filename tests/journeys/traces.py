"""Looks for what must not be there: words or bytes of a paper in files, whatever their encoding."""

import base64
import mmap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SLICE = 24


@dataclass(frozen=True)
class Needle:
    """Bytes to look for. `name` says what was found without showing it."""

    name: str
    data: bytes


def of_word(name: str, word: str) -> list[Needle]:
    """A word as text may be written: in small, capital or title letters, in three encodings, in base64, in hex."""
    needles = []
    for form in {word.lower(), word.upper(), word.title(), word}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            needles.append(Needle(f"{name} in {encoding}", form.encode(encoding)))
        raw = form.encode()
        needles.append(Needle(f"{name} in hex", raw.hex().encode()))
        needles += [Needle(f"{name} in base64", piece) for piece in _base64(raw)]
    return needles


def of_file(name: str, data: bytes) -> list[Needle]:
    """Slices from the middle of a file's bytes, where it is like no other file."""
    places = [len(data) * part // 10 for part in range(3, 9)]
    return [Needle(f"{name} at {place}", data[place : place + SLICE]) for place in places]


def found(needles: Sequence[Needle], paths: Iterable[Path]) -> list[str]:
    """What was found where; files that vanish or may not be read while looking are passed over."""
    return [f"{needle.name}: {path}" for path in paths for needle in _held(path, needles)]


def files_below(folder: Path, *, since: float = 0.0) -> Iterator[Path]:
    """Files of a folder and its folders that were written at or after `since` (seconds of the epoch)."""
    for path in folder.rglob("*"):
        with suppress(OSError):
            status = path.lstat()
            if path.is_file() and not path.is_symlink() and status.st_mtime >= since:
                yield path


def _held(path: Path, needles: Sequence[Needle]) -> list[Needle]:
    with suppress(OSError, ValueError), path.open("rb") as file, _mapped(file) as view:  # an empty file has no map
        return [needle for needle in needles if view.find(needle.data) >= 0]
    return []


def _mapped(file: BinaryIO) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _base64(raw: bytes) -> Iterator[bytes]:
    """The letters that do not depend on what stands before and after, for each of the three places to begin."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        yield coded[-(-before * 8 // 6) : len(raw) * 8 // 6 + before]
