"""`docvault keys`: the keys that sign grants, and the root key."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from vault.commands.common import fail, load_settings, opened, plain_errors

if TYPE_CHECKING:
    from storage.rootkey import RootKey, Succession
    from vault.db import Database
    from vault.rewrapping import Step
    from vault.settings import Settings

SHOWN = 20
"""Ids of keys that do not open, at most: a wrong root key would list every wallet."""

keys = typer.Typer(help="The keys that sign grants, and the root key.", no_args_is_help=True)


@keys.command("rotate")
def rotate_keys() -> None:
    """Sign grants with a new key from now on, in running servers too; print its `kid`. Older grants stay valid."""
    from vault import signing

    with opened() as services:
        with services.db.write() as session:
            added = signing.rotate(session, services.root)
        typer.echo(added.kid)


@keys.command("create")
def create_root_key() -> None:
    """Make the root key where the settings say, and print its id. One that is there is left as it is."""
    from vault import rootkeys

    with plain_errors():
        typer.echo(rootkeys.create(load_settings()).id)


@keys.command("rewrap")
def rewrap(
    check: Annotated[bool, typer.Option("--check", help="Change nothing: see whether the root key opens all.")] = False,
) -> None:
    """Move everything from the second root key to the root key, beside running servers. Stop and begin again at will.

    Exit code 1: something is not under the root key, and the other must be kept.
    """
    from vault import rewrapping, rootkeys, rootwraps

    settings = load_settings()
    with plain_errors(), _database(settings) as db:
        if check:
            _check(db, rootkeys.open_current(settings))
            return
        succession = _succession(settings)
        _move(db, succession)
        _check(db, succession.current)
        with db.write() as session:
            rootwraps.left(session, succession.current)
            if rewrapping.waiting(session, succession.current):
                fail("another rewrap moves keys back at the same time. Keep all root keys, and run one of them alone.")
        typer.echo(
            f"The root key {succession.second.id} is not needed for this database any more: take the settings of the "
            "second root key away and start the servers again. Database backups from before still need it."
        )


@contextmanager
def _database(settings: "Settings") -> Iterator["Database"]:
    """Without a start: a rewrap that was cut off, or turned round, may find root keys that no server would take."""
    from vault import migrate
    from vault.db import Database

    with closing(Database.open(settings)) as db:
        migrate.refuse_old(db)
        yield db


def _succession(settings: "Settings") -> "Succession":
    from storage.rootkey import Succession
    from vault import rootkeys

    root = rootkeys.open_root(settings)
    if not isinstance(root, Succession):
        fail("there is one root key alone. Name the old one: DOCVAULT_SECOND_ROOT_KEY_PROVIDER and what belongs to it.")
    return root


def _move(db: "Database", succession: "Succession") -> None:
    from vault import rewrapping, rootwraps

    with db.write() as session:
        rewrapping.refuse_strangers(session, succession)
        if not rewrapping.lies_under(session, succession.second) and not rootwraps.known(session, succession.second):
            fail(
                f"nothing lies under the second root key {succession.second.id}. Name as the second the one to be left."
            )
        rootwraps.leave(session, succession)
    with db.read() as session:
        waiting = rewrapping.waiting(session, succession)
    typer.echo(f"{waiting} keys go from the root key {succession.second.id} to {succession.current.id}.")
    _refuse_unopened(_seen(rewrapping.move(db, succession), waiting, "Moving  "), "either root key")


def _check(db: "Database", current: "RootKey") -> None:
    from vault import rewrapping

    with db.read() as session:
        count = rewrapping.count(session)
    _refuse_unopened(_seen(rewrapping.check(db, current), count, "Checking"), f"the root key {current.id} alone")
    typer.echo(f"All {count} keys open with the root key {current.id} alone.")


def _seen(steps: Iterator["Step"], length: int, label: str) -> list[str]:
    """What did not open, once the bar is full."""
    unopened: list[str] = []
    with typer.progressbar(length=length, label=label) as bar:
        for step in steps:
            unopened += step.unopened
            bar.update(step.count)
    return unopened


def _refuse_unopened(unopened: list[str], by: str) -> None:
    if unopened:
        more = f", and {len(unopened) - SHOWN} more" if len(unopened) > SHOWN else ""
        fail(f"{len(unopened)} do not open with {by}: {', '.join(unopened[:SHOWN])}{more}. Keep all root keys.")
