"""Failed sign-ins are slowed by counters in the database, per account and per address, shared by all processes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete

from vault.db import insert, now
from vault.errors import TooManyAttempts
from vault.models import Failures

FORGET_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Allowance:
    """`free` failures for `subject` before it is slowed, by at most `longest`."""

    subject: bytes
    free: int
    longest: timedelta


def subject(kind: str, value: str) -> bytes:
    """A name for a counter that does not tell whose it is."""
    return hashlib.sha256(f"{kind}\x00{value}".encode()).digest()


def begin(session: Session, allowances: tuple[Allowance, ...]) -> None:
    """Counts an attempt as failed before it is checked, so that a burst cannot slip through.

    Raises `TooManyAttempts` (with seconds to wait) and counts nothing while any of the subjects is slowed.
    """
    at = now(session)
    rows = [_held(session, allowance.subject, at) for allowance in allowances]
    # an end beyond the longest wait was set before the clock went back
    waits = [r.until - at for a, r in zip(allowances, rows, strict=True) if at < r.until <= at + a.longest]
    if waits:
        raise TooManyAttempts(retry_after=int(max(waits).total_seconds()) + 1)
    for allowance, row in zip(allowances, rows, strict=True):
        _count(allowance, row, at)


def succeed(session: Session, subject: bytes) -> None:
    """The account's counter starts anew; the address keeps its own (one good password frees no guesser)."""
    session.exec(delete(Failures).where(col(Failures.subject) == subject))


def undo(session: Session, subject: bytes) -> None:
    """Takes one counted attempt and its wait back, because it succeeded: others may come from the same address."""
    row = session.get(Failures, subject, with_for_update=True)
    if row and row.count > 0:
        row.count -= 1
        row.until = now(session)  # no wait was left before it: else it would not have been let in


def forget(session: Session) -> None:
    """Drops counters that nothing has touched for a day."""
    session.exec(delete(Failures).where(col(Failures.updated_at) < now(session) - FORGET_AFTER))


def _held(session: Session, subject: bytes, at: datetime) -> Failures:
    """The counter, new or old, locked: whoever counts at the same time waits, also where there was none yet."""
    new = insert(session, Failures).values(subject=subject, count=0, until=at, updated_at=at)
    session.exec(new.on_conflict_do_update(index_elements=["subject"], set_={"count": Failures.count}))
    return session.get_one(Failures, subject)


def _count(allowance: Allowance, row: Failures, at: datetime) -> None:
    if row.updated_at < at - FORGET_AFTER:
        row.count = 0
    row.count += 1
    row.updated_at = at
    row.until = at + delay(row.count, allowance)


def delay(count: int, allowance: Allowance) -> timedelta:
    """No wait up to `free` failures, then 1 s, 2 s, 4 s … up to `longest`."""
    over = count - allowance.free
    if over <= 0:
        return timedelta()
    return min(timedelta(seconds=2 ** min(over - 1, 20)), allowance.longest)
