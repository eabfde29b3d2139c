"""`python -m examples.portal`: serves the portal to this machine. `--prepare` only makes its keys and application."""

import argparse
import logging
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import requests
import uvicorn

from examples.portal import app
from examples.portal.keys import NotRegistered
from examples.portal.pages import Portal
from examples.portal.settings import FOLDER, HOST, PORT, Settings

LOOK_AGAIN_S = 0.2
STOP_S = 5


def main() -> None:
    """Exit code 1: it cannot listen there."""
    given = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    listener = _listen(given.port)
    settings = Settings(f"http://{HOST}:{listener.getsockname()[1]}", given.folder)
    portal = app.prepare(settings)
    if given.prepare:
        return
    threading.Thread(target=_tell, args=(portal,), daemon=True).start()
    config = uvicorn.Config(
        app.create_app(portal),
        access_log=False,  # the callback's address holds a code
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )
    with suppress(KeyboardInterrupt):  # uvicorn stops cleanly and passes it on
        uvicorn.Server(config).run(sockets=[listener])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.portal", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="port to listen on; 0 takes a free one")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where its keys and dossiers are kept")
    parser.add_argument("--prepare", action="store_true", help="only make the keys and the application for the vault")
    return parser.parse_args()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        sys.exit(
            f"portal: cannot listen on {HOST} port {port}: {error.strerror}. Another one: PORTAL_PORT=8011 make run"
        )
    return listener


def _tell(portal: Portal) -> None:
    """Says where the portal is once the vault answers, too: before that there is little to do there."""
    while True:
        try:
            issuer = portal.vault.registration.issuer
            requests.get(f"{issuer}/.well-known/jwks.json", timeout=LOOK_AGAIN_S * 10).raise_for_status()
            break
        except (NotRegistered, requests.RequestException):
            time.sleep(LOOK_AGAIN_S)
    print(f"Portal to try it with: {portal.settings.url}, its officers: {portal.settings.url}/officer", flush=True)


if __name__ == "__main__":
    main()
