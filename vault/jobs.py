"""Jobs: rows claimed with a lease, so that a killed worker's job is taken over; attempts fence writes."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, func, select, update

from storage.errors import SealBroken
from storage.keys import Key, context
from storage.rootkey import RootKey
from vault.db import now
from vault.models import Job, JobKind, Version

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ticket:
    """A claimed job: the one document key it carries, and the attempt that fences its writes."""

    job_id: str
    version_id: str
    citizen_id: str
    attempt: int
    key: Key = field(repr=False)


@dataclass(frozen=True)
class Queue:
    """The jobs of one kind: how many are not done, and how long the one that waits longest has been due."""

    kind: str
    count: int
    oldest_due: timedelta


def queues(session: Session) -> list[Queue]:
    """One for each kind of job, also where none waits."""
    at = now(session)
    due = select(Job.kind, func.count(), func.min(Job.run_after)).group_by(col(Job.kind))
    found = {JobKind(kind): (count, since) for kind, count, since in session.exec(due)}
    return [_queue(kind, at, *found.get(kind, (0, None))) for kind in JobKind]


def _queue(kind: JobKind, at: datetime, count: int, since: datetime | None) -> Queue:
    return Queue(kind.value, count, max(at - since, timedelta(0)) if since else timedelta(0))


def enqueue(
    session: Session,
    worker_key: RootKey,
    version_id: str,
    citizen_id: str,
    document_key: Key,
    kind: JobKind = JobKind.reading,
) -> None:
    """Part of the transaction that adds the version. A job of the kind that is there already starts anew."""
    session.exec(delete(Job).where(col(Job.version_id) == version_id, col(Job.kind) == kind))
    at = now(session)
    wrapped = worker_key.wrap(document_key, _ticket_context(version_id, kind))
    job = Job(version_id=version_id, kind=kind, citizen_id=citizen_id, ticket=wrapped, created_at=at, run_after=at)
    session.add(job)
    session.flush()


def enqueue_all(
    session: Session, worker_key: RootKey, version: Version, document_key: Key, *, again: bool = False
) -> None:
    """All that a version needs: its reading, and its tiles where pages wait for them, or `again` may turn out to."""
    enqueue(session, worker_key, version.id, version.citizen_id, document_key)
    if version.cutting or again:
        enqueue(session, worker_key, version.id, version.citizen_id, document_key, JobKind.sheets)


def claim(session: Session, worker_key: RootKey, lease: timedelta, kind: JobKind = JobKind.reading) -> Ticket | None:
    """The job of a kind that waits longest, leased; None when there is nothing to do. Needs a write transaction.

    A job that this worker's key does not open is put off and not counted: it must not keep the others from their turn,
    and it goes on once the operator has put the right key back.
    """
    at = now(session)
    stranded = col(Job.run_after) > at + 2 * lease  # by a clock that was set back: attempts fence whoever still works
    ready = (col(Job.run_after) <= at) | stranded
    due = select(Job).where(Job.kind == kind, ready).order_by(col(Job.run_after), col(Job.id)).limit(1)
    while (job := session.exec(due.with_for_update(skip_locked=True)).first()) is not None:
        job.run_after = at + lease
        session.add(job)
        try:
            key = worker_key.unwrap(job.ticket, _ticket_context(job.version_id, kind))
        except SealBroken:
            log.error("a job was made with another worker key, or is damaged")
            session.flush()
            continue
        job.attempt += 1
        return Ticket(job.id, job.version_id, job.citizen_id, job.attempt, key)
    return None


def extend(session: Session, ticket: Ticket, lease: timedelta) -> bool:
    """Keeps the job for another lease; False when another attempt has taken over, which fences this one's writes."""
    return _postpone(session, ticket, now(session) + lease)


def release(session: Session, ticket: Ticket) -> bool:
    """Gives the job back at once, for a worker that is told to stop."""
    return _postpone(session, ticket, now(session))


def finish(session: Session, ticket: Ticket) -> bool:
    """Deletes the job, and with it the key it carried; False when another attempt has taken over."""
    return bool(session.exec(delete(Job).where(*_mine(ticket))).rowcount)


def _postpone(session: Session, ticket: Ticket, until: datetime) -> bool:
    return bool(session.exec(update(Job).where(*_mine(ticket)).values(run_after=until)).rowcount)


def _mine(ticket: Ticket) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (col(Job.id) == ticket.job_id, col(Job.attempt) == ticket.attempt)


def _ticket_context(version_id: str, kind: JobKind) -> bytes:
    return context(f"{kind.value}-ticket", version_id)
