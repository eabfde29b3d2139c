"""Figures for agencies: how many papers were reused, and what that spared. Counts only, of nobody in particular."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy
from sqlalchemy import ColumnElement, SQLColumnExpression
from sqlmodel import Session, col, func, select

from sharing.terms import Terms
from vault.errors import Invalid
from vault.models import Figure, Version

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
Columns = Mapping[str, SQLColumnExpression[str]]
"""Columns that figures are grouped by, by name."""
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Sum:
    """What a number of consents amounts to. `reused` of the `papers` lay in the wallet before the agency asked.

    Each of those is an upload avoided, of altogether `bytes_not_sent`; `median_s` is from the request to the consent,
    None where there was none.
    """

    consents: int = 0
    papers: int = 0
    reused: int = 0
    bytes_not_sent: int = 0
    median_s: int | None = None

    @property
    def reused_percent(self) -> int | None:
        """Rounded down, so that no target counts as met before it is."""
        return self.reused * 100 // self.papers if self.papers else None


@dataclass(frozen=True)
class Line:
    """One procedure in one month (YYYY-MM in Viet Nam)."""

    procedure: str
    month: str
    sum: Sum


@dataclass(frozen=True)
class Statistics:
    """The lines, the newest month first, and all of them together."""

    lines: tuple[Line, ...]
    total: Sum


def count(session: Session, agency_id: str, procedure: str, terms: Terms, asked_at: datetime, at: datetime) -> None:
    """One consent. A paper is reused when its version lay in the wallet before the agency asked."""
    sizes = {item.version: item.size for item in terms.items}
    there = (col(Version.id).in_(sizes), col(Version.created_at) < asked_at)
    reused = session.exec(select(Version.id).where(*there)).all()
    session.add(
        Figure(
            agency_id=agency_id,
            procedure=procedure,
            month=month_of(at),
            papers=len(sizes),
            reused=len(reused),
            bytes_not_sent=sum(sizes[version] for version in reused),
            seconds=max(0, round((at - asked_at).total_seconds())),
        )
    )


def of_agency(
    session: Session,
    agency_id: str,
    *,
    procedure: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Statistics:
    """The agency's figures from the month `since` to the month `until`, both included. Raises `Invalid`."""
    these = [col(Figure.agency_id) == agency_id]
    if procedure:
        these.append(col(Figure.procedure) == procedure)
    if since:
        these.append(col(Figure.month) >= _month("since", since))
    if until:
        these.append(col(Figure.month) <= _month("until", until))
    by = {"procedure": col(Figure.procedure), "month": col(Figure.month)}
    found = [Line(procedure, month, total) for (procedure, month), total in _sums(session, these, by).items()]
    lines = sorted(sorted(found, key=lambda line: line.procedure), key=lambda line: line.month, reverse=True)
    return Statistics(tuple(lines), _sums(session, these, {}).get((), Sum()))


def month_of(at: datetime) -> str:
    """YYYY-MM in Viet Nam."""
    return at.astimezone(ZONE).strftime("%Y-%m")


def _month(field: str, text: str) -> str:
    if not MONTH.fullmatch(text):
        raise Invalid(field, "malformed")
    return text


def _sums(session: Session, these: list[ColumnElement[bool]], by: Columns) -> dict[tuple[str, ...], Sum]:
    """By the values of the columns `by`; without any, all together under ()."""
    medians = _medians(session, these, by)
    counted = (func.count(), func.sum(Figure.papers), func.sum(Figure.reused), func.sum(Figure.bytes_not_sent))
    query = sqlalchemy.select(*by.values(), *counted).where(*these).group_by(*by.values())
    sums: dict[tuple[str, ...], Sum] = {}
    for *key, consents, papers, reused, not_sent in session.connection().execute(query):
        if consents:  # without a group there is a row of nothing as well
            sums[tuple(key)] = Sum(consents, int(papers), int(reused), int(not_sent), medians[tuple(key)])
    return sums


def _medians(session: Session, these: list[ColumnElement[bool]], by: Columns) -> dict[tuple[str, ...], int]:
    """Of the seconds: the middle one, or the mean of the two in the middle. SQLite knows no median of its own."""
    within = list(by.values())
    place = func.row_number().over(partition_by=within, order_by=[col(Figure.seconds), col(Figure.id)])
    many = func.count().over(partition_by=within)
    columns = (*within, col(Figure.seconds), place.label("place"), many.label("many"))
    ranked = sqlalchemy.select(*columns).where(*these).subquery()
    middle = ranked.c.place.in_([(ranked.c.many + 1) // 2, (ranked.c.many + 2) // 2])
    found = [ranked.c[name] for name in by]
    query = sqlalchemy.select(*found, func.avg(ranked.c.seconds)).where(middle).group_by(*found)
    return {tuple(key): round(mean) for *key, mean in session.connection().execute(query) if mean is not None}
