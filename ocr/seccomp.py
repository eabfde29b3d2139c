"""What a child may no longer ask the kernel for: sockets, other processes, namespaces, and doors that few ever need.

A decoder that was taken over meets the kernel next, and where namespaces or Landlock are missing this is what is left
against it. A small program in the kernel (seccomp(2), BPF) answers EPERM to the calls named here, for the child and
all that it starts. What reading a paper needs is not named, so that a newer library does not meet a closed door.
"""

import ctypes
import errno
import platform
from collections.abc import Iterator, Mapping
from types import MappingProxyType

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h, of 32-bit words
_NUMBER_AT, _MACHINE_AT, _ARGUMENT_AT = 0, 4, 16  # struct seccomp_data; of the first argument its lower half
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000  # the error's number in the lower 16 bits
_X32 = 0x40000000  # x86_64: another set of numbers for the same calls begins here
_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h)

_MACHINES: Mapping[str, tuple[int, int]] = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine → the kernel's name for it (linux/audit.h), and the column below."""

REFUSED: Mapping[str, tuple[int, int | None]] = MappingProxyType({
    # the network, and whoever listens on this machine
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    # namespaces and mounts; clone with their flags is refused below
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # parts of the kernel where most of its holes were found
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "fanotify_init": (300, 262), "personality": (135, 92), "modify_ldt": (154, None),
    # memory and queues that would outlive the child
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semctl": (66, 191), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    # what only an administrator may do
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "vhangup": (153, 58), "lookup_dcookie": (212, 18), "iopl": (172, None),
    "ioperm": (173, None),
})  # fmt: skip
"""Call → its number on x86_64 and on aarch64 (asm/unistd_64.h, asm-generic/unistd.h)."""
_CLONE, _CLONE3 = (56, 220), 435  # glibc takes clone where clone3 is not there, whose flags no filter can see

_LIBC = ctypes.CDLL(None, use_errno=True)
_Step = tuple[int, int, int, int]  # code, steps to leave out when true, when false, operand


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16), ("true", ctypes.c_uint8), ("false", ctypes.c_uint8), ("operand", ctypes.c_uint32),
    )  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Filter)))


def available() -> bool:
    """The kernel filters calls, and their numbers are known for this machine."""
    refused = _LIBC.prctl(_PR_SET_SECCOMP, _MODE_FILTER, None, 0, 0) != 0
    return platform.machine() in _MACHINES and refused and ctypes.get_errno() == errno.EFAULT


def refuse() -> bool:
    """From now on this process and those that it starts are refused the calls above.

    Needs PR_SET_NO_NEW_PRIVS. False where the kernel has no filters, or on another machine: the other limits hold
    without them.
    """
    steps = _STEPS.get(platform.machine())
    if steps is None:
        return False
    array = (_Filter * len(steps))(*(_Filter(*step) for step in steps))
    return int(_LIBC.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(_Program(len(steps), array)), 0, 0)) == 0


def _steps(machine: int, column: int) -> Iterator[_Step]:
    """Numbers of calls mean something else to another machine: 32-bit calls on a 64-bit kernel are all refused."""
    answers = (_ERROR | errno.EPERM, _ERROR | errno.ENOSYS, _ALLOW)
    no, unknown, yes = ((_RETURN, 0, 0, answer) for answer in answers)
    yield from ((_LOAD, 0, 0, _MACHINE_AT), (_EQUAL, 1, 0, machine), no, (_LOAD, 0, 0, _NUMBER_AT))
    yield from ((_AT_LEAST, 0, 1, _X32), no, (_EQUAL, 0, 1, _CLONE3), unknown)
    for number in (numbers[column] for numbers in REFUSED.values()):
        if number is not None:
            yield from ((_EQUAL, 0, 1, number), no)
    yield from ((_EQUAL, 1, 0, _CLONE[column]), yes)
    yield from ((_LOAD, 0, 0, _ARGUMENT_AT), (_ANY_BIT, 0, 1, _NAMESPACES), no, yes)


_STEPS = {name: tuple(_steps(*machine)) for name, machine in _MACHINES.items()}
