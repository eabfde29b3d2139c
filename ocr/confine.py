"""What a child process may still do: little. Linux; called in the child before it touches the paper."""

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

from ocr.seccomp import refuse

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)  # opened before any fork, where nothing may be opened any more


@dataclass(frozen=True)
class Confines:
    """Limits of a process and, where inherited, of those that it starts: bytes, seconds, and `nice` added.

    `memory_bytes` come on top of what the process starts with: libraries that all children share.
    """

    memory_bytes: int
    cpu_s: int
    file_bytes: int
    open_files: int
    nice: int


def confine(confines: Confines, parent: int) -> None:
    """Set the limits of this process, which ends with its parent. Raises OSError if refused."""
    _limit(resource.RLIMIT_CORE, 0)  # a core file would put the paper on a disk
    _limit(resource.RLIMIT_AS, _mapped() + confines.memory_bytes)
    _limit(resource.RLIMIT_CPU, confines.cpu_s, grace=1)  # SIGXCPU first: a bare kill would not say why
    _limit(resource.RLIMIT_FSIZE, confines.file_bytes)
    _limit(resource.RLIMIT_NOFILE, confines.open_files)
    os.nice(confines.nice)
    end_with_parent()
    if os.getppid() != parent:  # it died before the line above took hold
        os._exit(1)
    _drop_network(_LIBC)
    _prctl(_LIBC, _PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_LIBC, _PR_SET_DUMPABLE, 0)  # nobody else reads this memory through /proc or ptrace
    refuse()


def end_with_parent() -> None:
    """Let the kernel kill this process when the one that started it is gone. For between fork and exec."""
    _prctl(_LIBC, _PR_SET_PDEATHSIG, signal.SIGKILL)


def name_process(name: str) -> None:
    """How tools show it; at most 15 characters (PR_SET_NAME(2const))."""
    _LIBC.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def _mapped() -> int:
    """Bytes of address space that are taken already."""
    return int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()


def _limit(which: int, value: int, grace: int = 0) -> None:
    hard = resource.getrlimit(which)[1]
    most = value + grace if hard == resource.RLIM_INFINITY else min(value + grace, hard)
    resource.setrlimit(which, (min(value, most), most))


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _drop_network(libc: ctypes.CDLL) -> None:
    """An empty network namespace, where the kernel allows one; the other limits hold without it."""
    with contextlib.suppress(AttributeError):  # a C library without unshare
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
