"""`docvault blobs`: the stores in which sealed papers lie."""

from collections import Counter
from typing import Annotated

import typer

from vault.commands.common import FAILED, fail, load_settings, plain_errors
from vault.commands.progress import Bar

blobs = typer.Typer(help="The stores in which sealed papers lie.", no_args_is_help=True)

WHERE = (
    "settings (where this vault keeps its papers), files:FOLDER (the folder `blobs` of a vault's data), or "
    "https://HOST/BUCKET?access_key_file=FILE&secret_key_file=FILE (and &region=… if it is another than the settings')"
)


@blobs.command("copy")
def copy_blobs(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"A store: {WHERE}.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Another store, named likewise.")],
) -> None:
    """Copy every sealed paper to another store, and read each copy back. Needs no key, and opens nothing.

    What is there already is compared byte by byte, and mended where it differs; what the target holds besides stays.
    Interrupted, call it again. While the vault serves, call it once, stop the vault, call it again, and only then let
    the settings name the other store. Exit code 1: something is not there, for the reason that was printed.
    """
    from storage.copying import Outcome, copy
    from vault.stores import open_address

    with plain_errors(), Bar() as bar:
        settings = load_settings()
        if source == target:
            fail("FROM and TO are the same store.")
        out, into = open_address(source, settings, make=False), open_address(target, settings, make=True)
        found = sorted(out.list(), key=lambda blob: blob.name)
        total, done = sum(blob.size for blob in found), 0

        def moved(size: int) -> None:
            nonlocal done
            done += size
            bar(min(done, total), total)

        counted: Counter[Outcome] = Counter()
        for result in copy(out, into, found, moved):
            counted[result.outcome] += 1
            if result.outcome in {Outcome.broken, Outcome.mended}:
                bar.say(f"{result.outcome}: {result.blob.name}")
        bar.say(_summary({str(outcome): count for outcome, count in counted.items()}, total))
    raise typer.Exit(FAILED if counted[Outcome.broken] else 0)


def _summary(counted: dict[str, int], total: int) -> str:
    words = ("copied", "mended", "same", "gone", "broken")
    told = ", ".join(f"{counted[word]} {word}" for word in words if counted.get(word))
    return f"{sum(counted.values())} blobs, {total} bytes: {told or 'nothing to do'}."
