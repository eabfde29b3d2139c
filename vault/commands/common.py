"""What commands share: settings, an opened vault, plain sentences instead of tracebacks, passwords typed unseen."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from vault.services import Services
    from vault.settings import Settings

FAILED = 1
"""The exit code of a command that says why it could not do what was asked."""
USAGE = 2
"""The exit code for arguments or settings that cannot be."""

PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    typer.echo(f"docvault: {sentence}", err=True)
    raise typer.Exit(code)


def load_settings(**overrides: str | int) -> "Settings":
    from pydantic import ValidationError

    from vault.settings import Settings

    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks
    except ValidationError as error:
        # `loc` and `msg` alone: a value may be what somebody meant to keep to themselves
        names = [f"DOCVAULT_{e['loc'][0]}: ".upper() if e["loc"] else "" for e in error.errors()]
        wrong = "; ".join(name + e["msg"] for name, e in zip(names, error.errors(), strict=True))
        fail(f"a setting cannot be: {wrong}", USAGE)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Says in one sentence what is wrong, and ends the command."""
    from sqlalchemy.exc import SQLAlchemyError

    from storage.errors import StorageError
    from vault.errors import VaultError

    try:
        yield
    except VaultError as error:
        fail(_sentence(error))
    except StorageError as error:
        fail(str(error))
    except SQLAlchemyError as error:
        fail(f"the database does not do what it should ({type(error).__name__}). Look with: docvault doctor")
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror}")


@contextmanager
def opened() -> Iterator["Services"]:
    """The vault that the settings name, made at first use."""
    from vault import firststart

    with plain_errors():
        services = firststart.prepare(load_settings())
        try:
            yield services
        finally:
            services.db.close()


def ask_password(from_stdin: bool) -> str:
    """Never an argument: those show in lists of processes and in the shell's history."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _sentence(error: Exception) -> str:
    from vault import problems
    from vault.backups.errors import BackupError
    from vault.errors import Invalid, ProcedureMalformed, VaultError
    from vault.i18n import translator
    from vault.migrate import Unready

    if isinstance(error, ProcedureMalformed | Unready | BackupError):
        return str(error)
    if isinstance(error, Invalid) and "why" in error.values:
        return f"{error.values['field']}: {error.values['why']}"
    if isinstance(error, VaultError) and error.code == "not-found":
        return "there is nothing of that name."
    return problems.of(error, translator("en")).detail
