"""Ways into the app for each who may stand behind a request."""

from functools import cache

import httpx
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.routing import BaseRoute

from tests.vault import clients
from tests.vault.world import World
from vault import signins
from vault.api.principals import TLS_COOKIE
from vault.app import create_app
from vault.models import Account
from vault.principals import Citizen, Officer

URL = "https://vault.example"
PASSWORD = "mat-khau-cua-toi"


_ROUTES: list[BaseRoute] = []
"""Of the first app: which parameters each route takes is worked out at the first request, and the same for all apps."""


def app_of(world: World) -> FastAPI:
    app = create_app(world.services.settings, world.services)
    if _ROUTES:
        app.router.routes[:] = _ROUTES
    else:
        _ROUTES.extend(app.router.routes)
    return app


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


@cache
def password_hash() -> str:
    """Of `PASSWORD`. It is tried hundreds of times and guessed by nobody, so it need not cost what others do."""
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash(PASSWORD)


def give_passwords(world: World) -> None:
    """So that citizens and officers can also sign in by what they type."""
    for who in (world.an, world.binh, world.registry, world.bank):
        world.change(Account, who.account_id, password_hash=password_hash())
