"""`docvault doctor|backup|restore`: what is kept is looked after."""

from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from vault.care.pace import RATE
from vault.commands.common import FAILED, load_settings, plain_errors
from vault.commands.progress import Bar

if TYPE_CHECKING:
    from vault.care.findings import Finding

DAY_S = 86_400
KEEP = 30

Rate = Annotated[int, typer.Option(min=0, help="MiB a second that are read at most; 0: no bound.")]
SetId = Annotated[str | None, typer.Option("--set", help="Which backup of the folder; the newest unless given.")]


class _Backup(TyperGroup):
    """`backup TO` is short for `backup take TO`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {*self.commands, "--help"}
        return super().parse_args(ctx, args if not args or args[0] in known else ["take", *args])


backup = typer.Typer(
    cls=_Backup,
    help="Back the vault up while it serves: docvault backup TO. Or look a backup over: docvault backup check FROM.",
    no_args_is_help=True,
)


def doctor(
    sweep: Annotated[bool, typer.Option("--sweep", help="Remove files that a crash left.")] = False,
    grace: Annotated[int, typer.Option(min=0, help="Seconds that such a file is left alone.")] = DAY_S,
    quick: Annotated[bool, typer.Option("--quick", help="Look whether papers are there in full length alone.")] = False,
    rate: Annotated[int, typer.Option(min=0, help="MiB a second that are opened at most; 0: no bound.")] = RATE,
    again: Annotated[bool, typer.Option("--again", help="Start anew where an earlier look was interrupted.")] = False,
    even_most: Annotated[
        bool, typer.Option("--even-most", help="Sweep also where the database knows little of what is stored.")
    ] = False,
) -> None:
    """Check database, keys, tools, and every stored paper to its last byte. Exit code 1: something is damaged.

    Interrupted, it goes on at the next call where it stopped. It prints ids, and nothing of any paper.
    """
    from vault.care.versions import Look
    from vault.doctor import Care, examine

    with plain_errors(), Bar() as bar:
        look = Look(quick=quick, rate=rate, again=again, progress=bar)
        damaged = tell(bar, examine(load_settings(), Care(sweep, even_most, timedelta(seconds=grace), look)))
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


@backup.command("take")
def take_backup(
    to: Annotated[Path, typer.Argument(metavar="TO", help="A folder of its own, best on another machine's disk.")],
    keep: Annotated[int, typer.Option(min=1, help="Backups kept there; older ones are removed.")] = KEEP,
    rate: Rate = 0,
) -> None:
    """Copy rows and sealed papers as they are at one moment. Needs no key, and holds none that opens by itself.

    Papers that an earlier backup there holds are not copied again. Interrupted, call it again. Exit code 1: not done,
    or an original was missing in the vault.
    """
    from vault.backups.taking import Wish, take
    from vault.db import Database
    from vault.stores import open_store

    with plain_errors(), Bar() as bar:
        settings = load_settings()
        with closing(Database.open_patient(settings)) as db:
            taken = take(db, open_store(settings), Wish(to, keep, rate, bar))
    made = taken.manifest
    typer.echo(
        f"The backup {taken.id} is made: the vault of {made.taken_at}, {made.blobs.count} blobs, {made.bytes} bytes."
    )
    typer.echo(f"{taken.copied} bytes were copied; {len(taken.pruned)} older backups were removed.")
    if made.destroyed:
        typer.echo(f"{len(made.destroyed)} versions were destroyed meanwhile, and are not in it.")
    for version_id in made.missing:
        typer.echo(
            f"BAD  Version {version_id}: its original is missing in the vault. Look with: docvault doctor", err=True
        )
    raise typer.Exit(FAILED if made.missing else 0)


@backup.command("check")
def check_backup(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="The folder of backups.")],
    set_id: SetId = None,
    rate: Rate = 0,
) -> None:
    """Read a backup to its last byte and compare every hash, without restoring it. Exit code 1: it is damaged."""
    from vault.backups.checking import check
    from vault.backups.sets import BackupFolder
    from vault.care.pace import Pace

    with plain_errors(), Bar() as bar:
        folder = BackupFolder(source)
        with folder.unchanged():
            damaged = tell(bar, check(folder, folder.get(set_id), Pace(rate), bar))
    raise typer.Exit(FAILED if damaged else 0)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="The folder of backups.")],
    set_id: SetId = None,
) -> None:
    """Make a vault of a backup, where there is none yet; the root key must be there. Then look at every paper.

    Interrupted, call it again. Exit code 1: refused, or something is damaged.
    """
    from vault.backups.restoring import Wish
    from vault.backups.restoring import restore as run
    from vault.care.versions import Look
    from vault.doctor import Care, examine

    settings = load_settings()
    with plain_errors(), Bar() as bar:
        damaged = tell(bar, run(settings, Wish(source, set_id, bar)))
        bar.clear()
        damaged |= tell(bar, examine(settings, Care(look=Look(rate=0, again=True, progress=bar))))
    raise typer.Exit(FAILED if damaged else 0)
