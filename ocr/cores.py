"""How many processes may read one paper: those of all papers on a machine together keep to its cores."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

MOST = 2  # for one paper: pages are decoded one after the other, and a third process would wait for them

_NAME = "docvault-core"


@contextmanager
def cores() -> Iterator[int]:
    """One in any case, and another while nobody has it; free again at the end, or when this process is gone."""
    taken = 0
    with ExitStack() as held:
        for number in range(len(os.sched_getaffinity(0))):
            if taken < MOST:
                taken += _take(held, number)
        yield max(taken, 1)


def _take(held: ExitStack, number: int) -> bool:
    """A core has a name that only one socket can have at a time (unix(7), abstract): no file is left of it."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0{_NAME}-{os.geteuid()}-{number}")
    except OSError:
        name.close()
        return False
    held.enter_context(name)
    return True
