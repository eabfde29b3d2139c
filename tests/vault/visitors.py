"""Ways into the app for each who may stand behind a request."""

import httpx
from fastapi import FastAPI

from tests.vault import clients
from tests.vault.world import World
from vault import signins
from vault.api.principals import TLS_COOKIE
from vault.app import create_app
from vault.models import Account
from vault.principals import Citizen, Officer

URL = "https://vault.example"


def app_of(world: World) -> FastAPI:
    return create_app(world.services.settings, world.services)


def token_of(world: World, who: Citizen | Officer) -> str:
    """A fresh session's token, as the cookie carries it."""
    key = who.wallet.key if isinstance(who, Citizen) else who.ring.key
    with world.services.db.write() as session:
        account = session.get_one(Account, who.account_id)
        return signins.start(session, account, key, world.services.settings, "test")


def visitor(world: World, app: FastAPI, who: Citizen | Officer | None = None) -> httpx.Client:
    """A client that is signed in where somebody is given."""
    client = clients.client(app, URL)
    if who is not None:
        client.cookies.set(TLS_COOKIE, token_of(world, who))
    return client


def cookie(world: World, who: Citizen | Officer) -> dict[str, str]:
    """The headers of a fresh session."""
    return {"Cookie": f"{TLS_COOKIE}={token_of(world, who)}"}
