"""`docvault serve|worker|migrate`: the service itself."""

import signal
import socket
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated

import typer

from vault.commands.common import USAGE, fail, load_settings, opened, plain_errors

if TYPE_CHECKING:
    from vault.services import Services
    from vault.settings import Settings
    from vault.worker import Worker

STOP_S = 10
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - names what was asked for, chooses nothing


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="With invented papers, and sign-ins that everybody knows.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    portal: Annotated[
        Path | None, typer.Option(help="With --demo: folder of a portal that applies to the demo's agency.")
    ] = None,
) -> None:
    """Serve the vault until Ctrl-C. The first start makes database and keys."""
    settings = _serve_settings(host, port)
    _log(settings)
    if demo and settings.host not in LOOPBACK:
        fail(f"the demo's passwords are known to everybody, so it is not served on {settings.host}. Leave --host out.")
    if portal and not demo:
        fail("--portal goes with --demo. Register a real one with: docvault agency portal", USAGE)
    listener = _listen(settings)
    settings = _with_address(settings, listener)
    try:
        with plain_errors():
            _start(settings, listener, demo, portal)
    except KeyboardInterrupt:  # also while the demo is made; uvicorn stops cleanly and passes it on
        typer.echo("Stopped.")


def worker() -> None:
    """Read papers, cut large pages, make copies until Ctrl-C, beside a server with DOCVAULT_EMBEDDED_WORKER=false."""
    from vault.copier import Copier
    from vault.cutter import Cutter
    from vault.worker import Worker

    with opened() as services:
        _log(services.settings)
        stop, workers = Event(), (Worker(services), Cutter(services), Copier(services))
        _offer_metrics(services, *workers)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        threads = [Thread(target=one.run, name=one.kind, daemon=True) for one in workers]
        for thread in threads:
            thread.start()
        typer.echo("Waiting for papers to read (Ctrl-C stops it)")
        stop.wait()
        for one in workers:
            one.stop()
        for thread in threads:
            thread.join(STOP_S)


def migrate() -> None:
    """Bring the database's tables up to date."""
    from contextlib import closing

    from vault import migrate as migrations
    from vault.db import Database

    settings = load_settings()
    with plain_errors():
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(Database.open_patient(settings)) as db:
            migrations.upgrade(db)
    typer.echo(f"The database is at revision {migrations.newest()}.")


def secrets(folder: Annotated[Path, typer.Argument(help="Folder for them; it stays out of backups.")]) -> None:
    """Make the secrets of a vault on several machines: keys, and what opens database and store. Run it as root."""
    import os

    from vault.deployment import make_secrets

    with plain_errors():
        for path in make_secrets(folder):
            typer.echo(path)
    if os.geteuid() != 0:
        typer.echo("They belong to you: only root can give each file to the container's user that reads it.", err=True)


def _log(settings: "Settings") -> None:
    from vault import logs

    logs.configure(settings)


def _serve_settings(host: str | None, port: int | None) -> "Settings":
    given = {"host": host, "port": port}
    return load_settings(**{name: value for name, value in given.items() if value is not None})


def _listen(settings: "Settings") -> socket.socket:
    """Takes the port before anything else is done, so that a taken one is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        fail(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}. Try --port 0 for a free one.")
    return listener


def _with_address(settings: "Settings", listener: socket.socket) -> "Settings":
    """Where no public address was set, people reach the vault where it listens."""
    if "public_url" in settings.model_fields_set:
        return settings
    host = ANYWHERE.get(settings.host, f"[{settings.host}]" if ":" in settings.host else settings.host)
    return settings.model_copy(update={"public_url": f"http://{host}:{listener.getsockname()[1]}"})


def _start(settings: "Settings", listener: socket.socket, demo: bool, portal: Path | None) -> None:
    from vault import firststart

    services = firststart.prepare(settings)
    sign_ins = _seed(services) if demo else []
    if portal:
        _register(services, portal)
    listener.listen()  # whoever opens the address on reading it waits for the first answer instead of being turned away
    typer.echo(f"Docvault serves at {settings.public_url} (Ctrl-C stops it)")
    for line in sign_ins:
        typer.echo(line)
    _serve(settings, services, listener)


def _seed(services: "Services") -> list[str]:
    from vault.demo.drawing import FontsMissing
    from vault.demo.seed import DemoNameTaken, seed

    typer.echo("Preparing the demo; the first time its papers are read, which takes about a minute …")
    try:
        return [f"  {who.role:<8} {who.login} / {who.password}" for who in seed(services)]
    except (FontsMissing, DemoNameTaken) as error:
        return fail(str(error))


def _register(services: "Services", portal: Path) -> None:
    from vault.demo.portal import ApplicationUnusable, register

    try:
        register(services, portal)
    except ApplicationUnusable as error:
        fail(str(error))


def _serve(settings: "Settings", services: "Services", listener: socket.socket) -> None:
    from vault.app import create_app
    from vault.commands import serving

    app = create_app(settings, services)
    _offer_metrics(services)
    serving.run(app, settings, listener)


def _offer_metrics(services: "Services", *workers: "Worker") -> None:
    """On a port of their own, where that is set."""
    from vault import metrics

    settings = services.settings
    if settings.metrics_port is None:
        return
    services.metrics.watch(metrics.Standing(services.db, lambda: services.uploading.borrowed_tokens))
    if workers:
        services.metrics.watch(metrics.Beat(lambda: max(one.silent_s() for one in workers)))
    try:
        port = metrics.serve(
            services.metrics, settings.metrics_host, settings.metrics_port, lambda: all(one.lives() for one in workers)
        )
    except OSError as error:
        where = f"{settings.metrics_host} port {settings.metrics_port}"
        fail(f"cannot listen for Prometheus on {where}: {error.strerror}. Set DOCVAULT_METRICS_PORT.")
    typer.echo(f"Figures for Prometheus on {settings.metrics_host} port {port}, /metrics")
