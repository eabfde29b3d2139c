"""My agency's figures: what reusing papers has spared, by month and procedure."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from fastapi import APIRouter, Request, Response

from vault import figures
from vault.api.language import LanguageDep
from vault.api.principals import OfficerDep, ServicesDep
from vault.db import now
from vault.figures import Line, Statistics, Sum
from vault.i18n import Translate
from vault.pages import asked
from vault.pages.render import page, translate_for
from vault.principals import Officer
from vault.services import Services

router = APIRouter(prefix="/officer")

MONTHS = 12
COLUMNS = ("month", "procedure", "consents", "papers", "uploads_avoided", "bytes_not_sent", "median_seconds")
BOM = "\ufeff"
"""Without it a spreadsheet takes Vietnamese for another encoding."""


@dataclass(frozen=True)
class Told:
    """A sum, with its time in words."""

    sum: Sum
    time: str


@dataclass(frozen=True)
class Month:
    """`name` is mm/yyyy; each line has the name of its procedure."""

    name: str
    lines: tuple[tuple[str, Told], ...]


@router.get("/figures")
def our_figures(request: Request, officer: OfficerDep, services: ServicesDep, language: LanguageDep) -> Response:
    found, translate = _found(services, officer), translate_for(request)
    months = [
        Month(f"{month[5:]}/{month[:4]}", tuple(_line(services, line, language, translate) for line in lines))
        for month, lines in groupby(found.lines, lambda line: line.month)
    ]
    total = Told(found.total, duration(found.total.median_s, translate))
    return page(request, "officer/figures.html", officer, months=months, total=total, span=MONTHS)


@router.get("/figures.csv")
def table(officer: OfficerDep, services: ServicesDep) -> Response:
    """The same for a spreadsheet: codes and plain numbers."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in _found(services, officer).lines:
        total = line.sum
        writer.writerow(
            (
                line.month,
                line.procedure,
                total.consents,
                total.papers,
                total.reused,
                total.bytes_not_sent,
                total.median_s,
            )
        )
    headers = {"Content-Disposition": 'attachment; filename="docvault-figures.csv"'}
    return Response(BOM + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def duration(seconds: int | None, translate: Translate) -> str:
    """Roughly, in the two greatest units that matter."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(seconds, 60)
    hours, odd = divmod(minutes, 60)
    if minutes < 1:
        return translate("{n} s", n=rest)
    if hours < 1:
        return translate("{minutes} min {n} s", minutes=minutes, n=rest)
    return translate("{hours} h {minutes} min", hours=hours, minutes=odd)


def _found(services: Services, officer: Officer) -> Statistics:
    """Of this month and the eleven before it."""
    with services.db.read() as session:
        return figures.of_agency(session, officer.agency_id, since=_first(now(session)))


def _first(at: datetime) -> str:
    year, month = map(int, figures.month_of(at).split("-"))
    years, months = divmod(year * 12 + month - MONTHS, 12)
    return f"{years:04d}-{months + 1:02d}"


def _line(services: Services, line: Line, language: str, translate: Translate) -> tuple[str, Told]:
    told = Told(line.sum, duration(line.sum.median_s, translate))
    return asked.procedure_name(services, line.procedure, language), told
