"""`docvault doctor`: what is kept is looked after."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from vault.care.pace import RATE
from vault.commands.common import FAILED, load_settings, plain_errors
from vault.commands.progress import Bar

if TYPE_CHECKING:
    from vault.care.findings import Finding

DAY_S = 86_400


def doctor(
    sweep: Annotated[bool, typer.Option("--sweep", help="Remove files that a crash left.")] = False,
    grace: Annotated[int, typer.Option(min=0, help="Seconds that such a file is left alone.")] = DAY_S,
    quick: Annotated[bool, typer.Option("--quick", help="Look whether papers are there in full length alone.")] = False,
    rate: Annotated[int, typer.Option(min=0, help="MiB a second that are opened at most; 0: no bound.")] = RATE,
    again: Annotated[bool, typer.Option("--again", help="Start anew where an earlier look was interrupted.")] = False,
) -> None:
    """Check database, keys, tools, and every stored paper to its last byte. Exit code 1: something is damaged.

    Interrupted, it goes on at the next call where it stopped. It prints ids, and nothing of any paper.
    """
    from vault.care.versions import Look
    from vault.doctor import Care, examine

    with plain_errors(), Bar() as bar:
        look = Look(quick=quick, rate=rate, again=again, progress=bar)
        damaged = tell(bar, examine(load_settings(), Care(sweep, timedelta(seconds=grace), look)))
    raise typer.Exit(FAILED if damaged else 0)


def tell(bar: Bar, findings: "Iterable[Finding]") -> bool:
    """Prints each as it comes; is something damaged?"""
    from vault.care.findings import Severity

    marks = {Severity.fine: "ok  ", Severity.remark: "note", Severity.damage: "BAD "}
    damaged = False
    for finding in findings:
        bar.say(f"{marks[finding.severity]} {finding.sentence}")
        damaged = damaged or finding.severity == Severity.damage
    return damaged
