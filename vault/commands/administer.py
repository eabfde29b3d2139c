"""`docvault agency|officer|account`: who is in the vault."""

from pathlib import Path
from typing import Annotated

import typer

from vault.commands.common import PasswordStdin, ask_password, fail, opened

agency = typer.Typer(help="Agencies that papers can be shared with.", no_args_is_help=True)
officer = typer.Typer(help="Officers: people who act for an agency.", no_args_is_help=True)
account = typer.Typer(help="Accounts of citizens, and sign-ins of anybody.", no_args_is_help=True)

AgencyName = Annotated[str, typer.Argument(metavar="AGENCY", help="Name or id of the agency.")]
Login = Annotated[str, typer.Argument(help="Name to sign in with.")]
FullName = Annotated[str, typer.Option("--name", help="Full name, as others see it.")]
JwksFile = Annotated[Path, typer.Option("--jwks", help="File with the public keys of its systems (RFC 7517).")]


@agency.command("add")
def add_agency(
    name: Annotated[str, typer.Argument(help="Name, as citizens see it.")],
    jwks: Annotated[Path | None, typer.Option(help="File with the public keys of its systems (RFC 7517).")] = None,
) -> None:
    """Add an agency, and print its id (its `audience` and `client_id`). Without --jwks only officers act for it."""
    from vault import agencies

    with opened() as services:
        published = _read(jwks) if jwks else None
        with services.db.write() as session:
            added = agencies.add(session, services.root, name, published)
        typer.echo(added.id)


@agency.command("list")
def list_agencies() -> None:
    """Print the id, the number of keys and the name of every agency."""
    from vault import agencies

    with opened() as services, services.db.read() as session:
        for found in agencies.listed(session):
            published = found.jwks.get("keys")
            count = len(published) if isinstance(published, list) else 0
            typer.echo(f"{found.id}\t{count} keys\t{found.name}")


@agency.command("keys")
def replace_keys(name: AgencyName, jwks: JwksFile) -> None:
    """Replace the public keys of an agency's systems; the old ones are refused from now on."""
    from vault import agencies

    with opened() as services:
        published = _read(jwks)
        with services.db.write() as session:
            agencies.replace_keys(session, agencies.find(session, name).id, published)
    typer.echo("The keys are replaced.")


@agency.command("portal")
def register_portal(
    name: AgencyName,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Address that answers go to, exactly as the portal sends it.")
    ] = None,
    procedure: Annotated[list[str] | None, typer.Option(help="Code of a procedure that it may ask papers for.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="It may ask for nothing any more.")] = False,
) -> None:
    """Say where an agency's portal gets its answers and what it may ask for; what was registered before is replaced."""
    from vault import agencies

    if bool(redirect_uri) + bool(procedure) != (0 if withdraw else 2):
        fail("give --redirect-uri and --procedure, each at least once, or --withdraw alone.")
    with opened() as services, services.db.write() as session:
        found = agencies.find(session, name)
        agencies.register_portal(session, found.id, redirect_uri or (), procedure or (), services.procedures)
    typer.echo("The portal may ask for nothing any more." if withdraw else "The portal is registered.")


@officer.command("add")
def add_officer(
    name: AgencyName, login: Login, full_name: FullName = "", password_stdin: PasswordStdin = False
) -> None:
    """Add an officer to an agency; asks for the password."""
    from vault import agencies

    with opened() as services:
        with services.db.read() as session:
            agency_id = agencies.find(session, name).id
        hashed = services.passwords.hash(ask_password(password_stdin))
        with services.db.write() as session:
            agencies.add_officer(session, agency_id, login, hashed, full_name)
    typer.echo("The officer can sign in.")


@account.command("add")
def add_account(login: Login, full_name: FullName = "", password_stdin: PasswordStdin = False) -> None:
    """Open a citizen's account with an empty wallet; asks for the password."""
    from vault import accounts

    with opened() as services:
        hashed = services.passwords.hash(ask_password(password_stdin))
        with services.db.write() as session:
            accounts.open_account(session, services.root, hashed, login, full_name)
    typer.echo("The account is open.")


@account.command("disable")
def disable_account(login: Login) -> None:
    """Sign an account out everywhere and let nobody sign in to it; what it holds stays."""
    from vault import administration

    with opened() as services, services.db.write() as session:
        administration.disable_account(session, login)
    typer.echo("The account is disabled.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")
