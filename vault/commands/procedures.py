"""`docvault procedure`: what can be asked for, and whether an operator's files of procedures are right."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vault.commands.common import FAILED, USAGE, fail, load_settings, plain_errors

if TYPE_CHECKING:
    from ocr.kinds import Kind
    from vault.procedures import Component, FormField, Procedure, Procedures

procedure = typer.Typer(help="Procedures: which papers agencies ask for.", no_args_is_help=True)

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE|FOLDER]...", help="What to check; without any, everything that the vault loads."),
]


@procedure.command("check")
def check(files: Files = None) -> None:
    """Print every fault in files of procedures with its file, line and place; exit with 1 when there are any."""
    from vault.procedures import DATA, files_in, read_procedures

    settings = load_settings()
    with plain_errors():
        kinds = _kinds(settings.kinds_dir)
        given = files or [DATA, *filter(None, [settings.procedures_dir])]
        sets = [files_in(path) for path in given if path.is_dir()] + [[path for path in given if not path.is_dir()]]
        results = [read_procedures(each, kinds) for each in sets]
    faults = [fault for _, wrong in results for fault in wrong]
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(FAILED)
    typer.echo(f"{sum(len(found) for found, _ in results)} procedures, no faults.")


@procedure.command("list")
def list_procedures() -> None:
    """Print the code, the national code, the level and the name of every procedure."""
    for found in _loaded().values():
        typer.echo(f"{found.code}\t{found.national_code or '–'}\t{found.level}\t{found.names['vi']}")


@procedure.command("show")
def show(code: Annotated[str, typer.Argument(help="Code of the procedure.")]) -> None:
    """Print what a procedure asks for."""
    found = _loaded().get(code)
    if found is None:
        fail(f"there is no procedure {code}. See: docvault procedure list")
    _show(found)


def _loaded() -> "Procedures":
    from vault.procedures import load_procedures

    settings = load_settings()
    with plain_errors():
        return load_procedures(settings.procedures_dir, _kinds(settings.kinds_dir))


def _kinds(extra: Path | None) -> "Mapping[str, Kind]":
    from ocr.errors import KindMalformed
    from ocr.kinds import load_kinds

    try:
        return load_kinds(extra)
    except KindMalformed as error:
        fail(str(error), USAGE)


def _show(found: "Procedure") -> None:
    typer.echo(f"{found.code}: {found.names['vi']} / {found.names['en']}")
    typer.echo(f"national code {found.national_code or '–'}, level {found.level}, papers needed for {found.days} days")
    typer.echo("papers:")
    for component in found.components:
        typer.echo(f"  {_component(component)}")
    typer.echo("form:")
    for field in found.fields:
        typer.echo(f"  {_field(field)}")


def _component(component: "Component") -> str:
    age = f", at most {component.max_age_days} days old" if component.max_age_days else ""
    copies = f", {component.copies} copies" if component.copies > 1 else ""
    return (
        f"{component.name} ({component.labels['vi']}): {'needed' if component.needed else 'if there is one'}, "
        f"{' or '.join(component.kinds)}, tier {component.tier} or higher{age}{copies}"
    )


def _field(field: "FormField") -> str:
    sources = ", else ".join(f"{source.component}.{source.field}" for source in field.sources)
    return f"{field.name} ({field.labels['vi']}, {field.type}): from {sources}"
