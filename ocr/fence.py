"""What a child still sees of the file system: programs, libraries, fonts, and its scratch. Never keys, never papers.

The child runs as the server's own user, so that permissions alone would let a decoder that was taken over read the
key files, the database, or the server's memory through /proc. Landlock (Linux 5.13, landlock(7)) takes that away.
"""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH = 1
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE  # what can be allowed on something that is no folder
_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: _TRUNCATE, 5: 1 << 15}  # by the version of the interface that brought them
_TCP = {4: 0b11}  # bind, connect
_SCOPES = {6: 0b11}  # abstract sockets of others, signals to others

_SYSTEM = (
    "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/bin", "/usr/share", "/usr/local/lib",
    "/usr/local/bin", "/usr/local/share", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache",
    "/etc/fonts", "/etc/localtime", "/dev/zero", "/dev/random", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo",
    "/sys/devices/system/cpu",
)  # fmt: skip
_PACKAGE = Path(__file__).resolve().parent
_LIBC = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def available() -> int:
    """The version of the kernel's interface, 0 where there is none."""
    return max(int(_LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)), 0)


def fence(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """From now on only these, and what programs need, can be opened by this process and those that it starts.

    Needs PR_SET_NO_NEW_PRIVS. False where the kernel has no Landlock: the other limits hold without it. Raises OSError.
    """
    version = available()
    if not version:
        return False
    rules = _Ruleset(_since(_RIGHTS, version), _since(_TCP, version), _since(_SCOPES, version))
    ruleset = _call(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    for path in (*_programs(), *readable):
        _allow(ruleset, path, rules.fs & (_EXECUTE | _READ | _LIST))
    _allow(ruleset, Path("/dev/null"), rules.fs & _FILES)
    for path in writable:
        _allow(ruleset, path, rules.fs)
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return True


def _programs() -> Iterator[Path]:
    """Where the interpreter, its libraries and the engine lie; of the folder around this package, only the package.

    The folder around it may be the one that the vault was started in, with its keys beside the code.
    """
    yield from map(Path, _SYSTEM)
    yield from (Path(entry) for entry in sys.path if entry and Path(entry).resolve() != _PACKAGE.parent)
    yield from (_PACKAGE, Path(sys.base_prefix) / "lib")
    for name in ("LD_LIBRARY_PATH", "TESSDATA_PREFIX"):
        yield from (Path(entry) for entry in os.environ.get(name, "").split(os.pathsep) if entry)
    engine = shutil.which("tesseract")
    if engine is not None:
        place = Path(engine).resolve().parent
        yield from (place, place.parent / "lib", place.parent / "share")


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this system
        return
    try:
        if not path.is_dir():
            rights &= _FILES
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(_Beneath(rights, place)), 0)
    finally:
        os.close(place)


def _since(rights: dict[int, int], version: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= version)


def _call(number: int, *arguments: object) -> int:
    result = int(_LIBC.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    return result
