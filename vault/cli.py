"""The command `docvault`.

Exit codes: 0 done; 1 not done, for the reason that was printed (`verify`: not genuine; `doctor`, `backup`, `restore`:
damage found); 2 arguments, settings or input that cannot be read; 3 (`verify` alone) another file than the grant names.
"""

from typing import NoReturn

import typer

from vault.commands import administer, care, keys, moving, procedures, run
from vault.commands.verify import verify_grant

OURS = ("storage", "ocr", "sharing", "vault")

app = typer.Typer(
    name="docvault",
    help="A personal vault for papers: sealed, read once, shared under signed grants.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, and with them keys and passwords
)
app.command()(run.serve)
app.command()(run.worker)
app.command()(run.migrate)
app.command()(run.secrets)
app.command()(care.doctor)
app.command()(care.restore)
app.command("verify")(verify_grant)
app.add_typer(administer.agency, name="agency")
app.add_typer(administer.officer, name="officer")
app.add_typer(administer.account, name="account")
app.add_typer(keys.keys, name="keys")
app.add_typer(care.backup, name="backup")
app.add_typer(moving.blobs, name="blobs")
app.add_typer(procedures.procedure, name="procedure")


def main() -> None:
    try:
        app()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OURS:
            raise
        _say_missing(error)


def _say_missing(error: ModuleNotFoundError) -> NoReturn:
    """Without the extra `server` there is `verify` alone; say so instead of a traceback."""
    typer.echo(f"docvault: this command needs more than `verify` does ({error.name} is missing).", err=True)
    typer.echo("Install the rest: pip install 'docvault[server]'", err=True)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
