"""A decoder that a hostile file has taken over: what its code could reach from inside the child."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import ocr
from ocr import BytesSource, Limits, fence, seccomp
from ocr.frames import Channel
from ocr.scratch import scratch_folder
from storage.rootkey import FileRootKey
from tests.needs import need
from tests.ocr.sheets import born_digital

# The attacker's own code, in the place of a decoder: it tries everything and tells what worked.
CAPTURED = """
import json, os, sys
sys.path.append(sys.argv[1])
import ocr.cutting, ocr.papers

def attempt(name, deed):
    try:
        deed()
    except OSError:
        return []
    return [name]

def take_over(file, limits):
    key, parent = sys.argv[2], os.getppid()
    done = attempt("key", lambda: open(key, "rb").read())
    done += attempt("listing", lambda: os.listdir(os.path.dirname(key)))
    done += attempt("memory", lambda: open(f"/proc/{parent}/mem", "rb"))
    done += attempt("environment", lambda: open(f"/proc/{parent}/environ", "rb").read())
    done += attempt("planting", lambda: open(os.path.join(os.path.dirname(key), "planted"), "wb"))
    done += attempt("killing", lambda: os.kill(parent, 0))
    done += attempt("source", lambda: open(os.path.join(sys.argv[1], "pyproject.toml"), "rb").read())
    class Told:
        media_type, pages, check = json.dumps(done), 1, staticmethod(lambda: None)
    return Told

ocr.papers.open_paper = take_over
ocr.cutting.sheets = lambda paper: []
from ocr.child import main
from ocr.confine import Confines
socket_number, *caps, parent = map(int, sys.argv[3:])
main(socket_number, Confines(*caps), parent)
"""
# Doors of the kernel, by the numbers of this machine: those that open are printed.
KNOCKING = """
import ctypes, errno, os, sys
sys.path.append(sys.argv[1])
from ocr import confine, seccomp
column = seccomp._MACHINES[os.uname().machine][1]
libc = ctypes.CDLL(None, use_errno=True)
confine.confine(confine.Confines(2**31, 60, 2**20, 64, 0), os.getppid())
for name, numbers in seccomp.REFUSED.items():
    if numbers[column] is not None and (libc.syscall(numbers[column], 0, 0, 0, 0, 0, 0), ctypes.get_errno()) != (-1, 1):
        print(name)
if (libc.syscall(seccomp._CLONE[column], 0x10000000 | 17, 0, 0, 0, 0), ctypes.get_errno()) != (-1, errno.EPERM):
    print("clone into a namespace")
if (libc.syscall(435, 0, 0), ctypes.get_errno()) != (-1, errno.ENOSYS):
    print("clone3")
"""
# The same calls by the numbers of another machine: getpid, as x32 counts it.
ANOTHER_MACHINE = """
import ctypes, os, sys
sys.path.append(sys.argv[1])
from ocr import confine
libc = ctypes.CDLL(None, use_errno=True)
confine.confine(confine.Confines(2**31, 60, 2**20, 64, 0), os.getppid())
print(libc.syscall(0x40000000 + 39), ctypes.get_errno())
"""
ANSWERS_WITHIN_S = 60
LANDLOCK = "a kernel with Landlock (Linux 5.13 and later)"
SECCOMP = "a kernel that filters calls (seccomp)"
ROOT = Path(fence.__file__).parent.parent


def captured(key: Path) -> list[str]:
    """What the attacker's code could do inside a child that was asked to inspect a paper."""
    limits = Limits()
    ours, theirs = socket.socketpair()
    caps = (limits.memory_bytes, limits.cpu_s, limits.scratch_bytes, limits.open_files, 0)
    numbers = map(str, (theirs.fileno(), *caps, os.getpid()))
    with ours, theirs:
        command = [sys.executable, "-I", "-c", CAPTURED, str(ROOT), str(key), *numbers]
        with subprocess.Popen(command, pass_fds=(theirs.fileno(),)) as process:
            theirs.close()  # so that the end of the child is the end of what it says
            channel = Channel(ours, time.monotonic() + ANSWERS_WITHIN_S)
            channel.send({"do": "inspect", "size": 10, "limits": asdict(limits)})
            told, _ = channel.receive()
            process.wait(30)
    found: list[str] = json.loads(told["media_type"])
    return found


def test_captured_decoder_reaches_no_key_no_folder_and_not_the_server(tmp_path: Path) -> None:
    need(bool(fence.available()), LANDLOCK)
    key = tmp_path / "root.key"
    FileRootKey.create(key)
    assert captured(key) == []
    assert not (tmp_path / "planted").exists()


def confined(program: str) -> str:
    """What a program prints that confines itself as the child does."""
    command = [sys.executable, "-I", "-c", program, str(ROOT)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=ANSWERS_WITHIN_S).stdout


def test_captured_decoder_finds_the_doors_of_the_kernel_shut() -> None:
    need(seccomp.available(), SECCOMP)
    assert confined(KNOCKING) == ""


def test_captured_decoder_cannot_make_calls_as_on_another_machine() -> None:
    need(seccomp.available() and os.uname().machine == "x86_64", f"{SECCOMP} on x86_64")
    assert confined(ANOTHER_MACHINE) == "-1 1\n"


def test_operators_own_kinds_are_read_through_links_too(tmp_path: Path) -> None:
    kinds, elsewhere = tmp_path / "kinds", tmp_path / "elsewhere.yaml"
    kinds.mkdir()
    elsewhere.write_text("code: ration-book\nnames: {vi: Sổ gạo, en: Ration book}\ntitles: [SO GAO CUA HO GIA DINH]\n")
    (kinds / "ration-book.yaml").symlink_to(elsewhere)
    paper = BytesSource(born_digital(["SO GAO CUA HO GIA DINH", "Ho ten: NGUYEN VAN AN"]))
    assert ocr.read(paper, Limits(), kinds_dir=kinds, on_page=lambda _: None).kind == "ration-book"


def test_fenced_process_writes_in_its_scratch_alone() -> None:
    need(bool(fence.available()), LANDLOCK)
    program = (
        "import os, sys; sys.path.append(sys.argv[1])\n"
        "from pathlib import Path; from ocr import confine, fence\n"
        "confine.confine(confine.Confines(2**31, 60, 2**20, 64, 0), os.getppid())\n"
        "assert fence.fence([], [Path(sys.argv[2])])\n"
        "Path(sys.argv[2], 'page.pgm').write_bytes(b'x')\n"
        "try:\n    Path('/dev/shm/elsewhere').write_bytes(b'x')\n"
        "except OSError:\n    print('refused')\n"
    )
    with scratch_folder() as scratch:
        command = [sys.executable, "-I", "-c", program, str(ROOT), str(scratch)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert (scratch / "page.pgm").read_bytes() == b"x"
    assert told.stdout == "refused\n"
