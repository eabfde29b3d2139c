"""Every route × everybody who may knock. The table is held against the app, so that no route goes without an answer."""

import io
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from PIL import Image
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import func, select

from ocr import Reading
from tests.databases import Databases
from tests.dpop import Dpop
from tests.vault import attaching, consenting, exporting, visitors
from tests.vault import world as worlds
from tests.vault.visitors import URL
from tests.vault.world import World
from vault import accounts, firststart, models, papers, passwords, wallets
from vault.documents import Paper
from vault.middleware import SAFE
from vault.models import Account, Event, GrantItem, Version
from vault.oauth import requests
from vault.oauth.requests import Opened
from vault.principals import Citizen
from vault.resumable import rows
from vault.settings import MIB, Settings

PASSWORD = "mat-khau-cua-toi"
PEOPLE = ("nobody", "other", "owner", "wrong officer", "officer", "token", "wrong token")
"""`other` is another citizen; the officers and tokens are those of the agency that the grant is for, and of another."""

Cell = int | str
Row = tuple[Cell, ...]
Route = tuple[str, str]
IN = "sign-in"
"""Sent to the sign-in page."""


def everybody(status: Cell) -> Row:
    return (status,) * len(PEOPLE)


def signed_in(status: Cell) -> Row:
    return (401, status, status, status, status, 401, 401)


def citizens(status: Cell) -> Row:
    return (401, status, status, 403, 403, 401, 401)


def own(status: Cell) -> Row:
    """Somebody else's thing is not there."""
    return (401, 404, status, 403, 403, 401, 401)


def own_export(status: Cell) -> Row:
    """Somebody else has none ready."""
    return (401, 409, status, 403, 403, 401, 401)


def granted(status: Cell) -> Row:
    return (401, 403, 403, 404, status, status, 404)


def officers(status: Cell, elsewhere: Cell | None = None) -> Row:
    return (401, 403, 403, elsewhere or status, status, 401, 401)


def page_of(row: Row) -> Row:
    """On a page who is not signed in is sent to do so; access tokens are for machines."""
    return tuple(IN if cell == 401 else cell for cell in row)


CLIENTS_ALONE: Row = (401, 401, 401, 401, 401, 400, 400)
"""Neither a session nor a token is the signature of an agency's system (tests/vault/test_oauth_flow.py)."""

API: Mapping[Route, Row] = {
    ("GET", "/openapi.json"): everybody(200),
    ("GET", "/healthz"): everybody(200),
    ("GET", "/readyz"): everybody(200),
    ("GET", "/.well-known/jwks.json"): everybody(200),
    ("GET", "/.well-known/oauth-authorization-server"): everybody(200),
    ("POST", "/oauth/par"): CLIENTS_ALONE,
    ("POST", "/oauth/token"): CLIENTS_ALONE,
    ("POST", "/oauth/revoke"): CLIENTS_ALONE,
    ("POST", "/oauth/introspect"): CLIENTS_ALONE,
    ("POST", "/api/accounts"): everybody(201),
    ("POST", "/api/session"): everybody(204),
    ("DELETE", "/api/session"): signed_in(204),
    ("DELETE", "/api/sessions"): signed_in(204),
    ("GET", "/api/account"): signed_in(200),
    ("POST", "/api/account/password"): signed_in(204),
    ("POST", "/api/account/erase"): citizens(204),
    ("POST", "/api/documents"): citizens(201),
    ("GET", "/api/documents"): citizens(200),
    ("GET", "/api/documents/{document_id}"): own(200),
    ("PATCH", "/api/documents/{document_id}"): own(200),
    ("DELETE", "/api/documents/{document_id}"): own(204),
    ("POST", "/api/documents/{document_id}/restore"): own(200),
    ("GET", "/api/documents/{document_id}/content"): own(200),
    ("HEAD", "/api/documents/{document_id}/content"): own(200),
    ("GET", "/api/documents/{document_id}/pages/{page}.webp"): own(200),
    ("GET", "/api/documents/{document_id}/pages/{page}/tiles"): own(200),
    ("GET", "/api/documents/{document_id}/pages/{page}/tiles/{level}/{column}/{row}.jpg"): own(200),
    ("GET", "/api/documents/{document_id}/reading"): own(200),
    ("HEAD", "/api/documents/{document_id}/searchable"): own(200),
    ("GET", "/api/documents/{document_id}/searchable"): own(200),
    ("POST", "/api/documents/{document_id}/searchable"): own(202),
    ("POST", "/api/documents/{document_id}/reading"): own(202),
    ("GET", "/api/documents/{document_id}/versions"): own(200),
    ("POST", "/api/documents/{document_id}/versions"): own(201),
    ("POST", "/api/export"): citizens(201),
    ("POST", "/api/export/continue"): own_export(200),
    ("GET", "/api/export/state"): own_export(200),
    ("GET", "/api/export"): own_export(200),
    ("HEAD", "/api/export"): own_export(200),
    ("DELETE", "/api/export"): own_export(204),
    ("OPTIONS", "/api/uploads"): everybody(204),
    ("OPTIONS", "/api/uploads/{upload_id}"): everybody(204),
    ("POST", "/api/uploads"): citizens(201),
    ("GET", "/api/uploads"): citizens(200),
    ("GET", "/api/uploads/{upload_id}"): own(200),
    ("HEAD", "/api/uploads/{upload_id}"): own(200),
    ("PATCH", "/api/uploads/{upload_id}"): own(204),
    ("DELETE", "/api/uploads/{upload_id}"): own(204),
    ("POST", "/api/import"): citizens(200),
    ("POST", "/api/import/papers"): citizens(200),
    ("GET", "/api/agencies"): signed_in(200),
    ("POST", "/api/grants"): own(201),
    ("GET", "/api/grants"): citizens(200),
    ("GET", "/api/grants/{grant_id}"): own(200),
    ("POST", "/api/grants/{grant_id}/revoke"): own(200),
    ("GET", "/api/access-log"): citizens(200),
    ("POST", "/agency/grants/redeem"): (401, 403, 403, 404, 200, 401, 401),
    ("GET", "/agency/grants"): (401, 403, 403, 200, 200, 401, 401),
    ("GET", "/agency/grants/{grant_id}"): granted(200),
    ("GET", "/agency/grants/{grant_id}/documents/{version_id}"): granted(200),
    ("HEAD", "/agency/grants/{grant_id}/documents/{version_id}"): granted(200),
    ("GET", "/agency/grants/{grant_id}/documents/{version_id}/pages/{page}.webp"): granted(200),
    ("GET", "/agency/grants/{grant_id}/documents/{version_id}/pages/{page}/tiles"): granted(200),
    (
        "GET",
        "/agency/grants/{grant_id}/documents/{version_id}/pages/{page}/tiles/{level}/{column}/{row}.jpg",
    ): granted(200),
    ("GET", "/api/dossiers"): citizens(200),
    ("GET", "/api/dossiers/{dossier_id}"): own(200),
    ("POST", "/api/dossiers/{dossier_id}/revoke"): own(200),
    ("GET", "/agency/dossiers"): (401, 403, 403, 200, 200, 200, 200),
    ("GET", "/agency/dossiers/{dossier_id}"): granted(200),
    ("POST", "/agency/dossiers/{dossier_id}/supplements"): granted(201),
    ("DELETE", "/agency/dossiers/{dossier_id}/supplements/{supplement_id}"): (401, 403, 403, 404, 204, 404, 404),
    ("GET", "/agency/statistics"): (401, 403, 403, 200, 200, 403, 403),
}
"""Whoever comes second to withdraw a supplement finds none; figures are not for the token of one grant."""


PAGES: Mapping[Route, Row] = {
    ("GET", "/oauth/authorize"): everybody(404),
    ("GET", "/"): page_of(signed_in(303)),
    ("POST", "/language"): everybody(303),
    ("GET", "/problems/{code}"): everybody(200),
    ("GET", "/sign-in"): (200, 303, 303, 303, 303, 200, 200),
    ("POST", "/sign-in"): everybody(303),
    ("GET", "/sign-up"): everybody(200),
    ("POST", "/sign-up"): everybody(303),
    ("POST", "/sign-out"): page_of(signed_in(303)),
    ("GET", "/s"): everybody(200),
    ("POST", "/s"): page_of((401, 403, 403, 404, 303, 401, 401)),
    ("GET", "/papers"): page_of(citizens(200)),
    ("GET", "/papers/new"): page_of(citizens(200)),
    ("POST", "/papers/new"): page_of(citizens(303)),
    ("GET", "/papers/{document_id}"): page_of(own(200)),
    ("POST", "/papers/{document_id}"): page_of(own(303)),
    ("GET", "/papers/{document_id}/card"): page_of(own(200)),
    ("GET", "/papers/{document_id}/progress"): page_of(own(200)),
    ("GET", "/papers/{document_id}/sheets"): page_of(own(200)),
    ("GET", "/papers/{document_id}/searchable"): page_of(own(200)),
    ("POST", "/papers/{document_id}/searchable"): page_of(own(303)),
    ("GET", "/papers/{document_id}/pages/{number}"): page_of(own(200)),
    ("POST", "/papers/{document_id}/read-again"): page_of(own(303)),
    ("GET", "/papers/{document_id}/photo"): page_of(own(200)),
    ("POST", "/papers/{document_id}/photo"): page_of(own(303)),
    ("POST", "/papers/{document_id}/keep-photo"): page_of(own(303)),
    ("GET", "/papers/{document_id}/versions"): page_of(own(200)),
    ("POST", "/papers/{document_id}/versions"): page_of(own(303)),
    ("GET", "/papers/{document_id}/delete"): page_of(own(200)),
    ("POST", "/papers/{document_id}/delete"): page_of(own(303)),
    ("GET", "/bin"): page_of(citizens(200)),
    ("POST", "/bin/{document_id}/restore"): page_of(own(303)),
    ("GET", "/bin/{document_id}/destroy"): page_of(own(200)),
    ("POST", "/bin/{document_id}/destroy"): page_of(own(303)),
    ("GET", "/account"): page_of(signed_in(200)),
    ("POST", "/account/password"): page_of(signed_in(303)),
    ("POST", "/account/sessions/end"): page_of(signed_in(303)),
    ("POST", "/account/sessions/{sign_in_id}/end"): page_of(signed_in(303)),
    ("GET", "/account/erase"): page_of(citizens(200)),
    ("POST", "/account/erase"): page_of(citizens(303)),
    ("GET", "/export"): page_of(citizens(200)),
    ("POST", "/export"): page_of(citizens(303)),
    ("POST", "/export/continue"): page_of(citizens(303)),
    ("POST", "/export/discard"): page_of(own_export(303)),
    ("GET", "/import"): page_of(citizens(200)),
    ("POST", "/import"): page_of(citizens(200)),
    ("POST", "/import/papers"): page_of(citizens(200)),
    ("GET", "/share"): page_of(citizens(200)),
    ("POST", "/share"): page_of(own(201)),
    ("GET", "/share/new"): page_of(citizens(200)),
    ("POST", "/share/new"): page_of(citizens(200)),
    ("GET", "/share/check"): everybody(303),
    ("POST", "/share/check"): page_of(own(200)),
    ("GET", "/share/{grant_id}/revoke"): page_of(own(200)),
    ("POST", "/share/{grant_id}/revoke"): page_of(own(303)),
    ("GET", "/seen"): page_of(citizens(200)),
    ("GET", "/consent/{request_id}"): page_of(own(200)),
    ("POST", "/consent/{request_id}"): page_of(own(303)),
    ("GET", "/supplements/{supplement_id}"): page_of(own(200)),
    ("POST", "/supplements/{supplement_id}"): page_of(own(303)),
    ("GET", "/dossiers"): page_of(citizens(200)),
    ("GET", "/dossiers/{dossier_id}"): page_of(own(200)),
    ("GET", "/dossiers/{dossier_id}/revoke"): page_of(own(200)),
    ("POST", "/dossiers/{dossier_id}/revoke"): page_of(own(303)),
    ("GET", "/officer/dossiers"): page_of(officers(200)),
    ("GET", "/officer/dossiers/{dossier_id}"): page_of(officers(200, 404)),
    ("POST", "/officer/dossiers/{dossier_id}/supplements"): page_of(officers(303, 404)),
    ("POST", "/officer/dossiers/{dossier_id}/supplements/{supplement_id}/withdraw"): page_of(officers(303, 404)),
    ("GET", "/officer/figures"): page_of(officers(200)),
    ("GET", "/officer/figures.csv"): page_of(officers(200)),
    ("GET", "/officer"): page_of((401, 403, 403, 200, 200, 401, 401)),
    ("GET", "/officer/grants/{grant_id}"): page_of((401, 403, 403, 404, 200, 401, 401)),
    ("GET", "/officer/grants/{grant_id}/grant.jws"): page_of((401, 403, 403, 404, 200, 401, 401)),
    ("GET", "/officer/grants/{grant_id}/documents/{version_id}"): page_of((401, 403, 403, 404, 200, 401, 401)),
    ("GET", "/officer/grants/{grant_id}/documents/{version_id}/pages/{number}"): page_of(
        (401, 403, 403, 404, 200, 401, 401)
    ),
    ("GET", "/officer/verify"): page_of((401, 403, 403, 200, 200, 401, 401)),
    ("POST", "/officer/verify"): page_of((401, 403, 403, 200, 200, 401, 401)),
}

TABLE = API | PAGES
MOUNTS = {"/static"}

UNLOGGED: Mapping[Route, str] = {
    ("POST", "/api/uploads"): "announces a paper; what enters the wallet is logged with its last byte",
    ("DELETE", "/api/uploads/{upload_id}"): "takes back what was never in the wallet",
    ("POST", "/language"): "a choice of one browser; no wallet changes",
    ("POST", "/api/export/continue"): "one of many steps; the first one and the download are told",
    ("POST", "/export/continue"): "the same from the page",
    ("POST", "/share/new"): "shows the form again with what was typed; nothing is kept",
    ("POST", "/share/check"): "shows what would be agreed to; nothing is kept",
    ("POST", "/officer/verify"): "checks a signature that the officer brought; nothing is opened",
}
"""Unsafe routes that leave no entry in the access log, and why."""

IN_BIN = ("/restore", "/destroy")
"""Ends of routes about a paper that rests in the bin."""


@dataclass(frozen=True)
class Scene:
    """One owner's paper, granted to the registry, beside another citizen and another agency."""

    world: World
    app: FastAPI
    owner: Citizen
    other: Citizen
    paper: Paper
    grant_id: str
    tokens: Mapping[str, Dpop]
    opened: Opened
    supplement_id: str
    dossier_id: str
    upload_id: str

    def ask(self, who: str, method: str, template: str, **more: str) -> httpx.Response:
        """The route's request as that person would send it from the vault's own page."""
        path = template.format(
            document_id=self.paper.id,
            version_id=self.paper.version.id,
            grant_id=self.grant_id,
            page=1,
            number=1,
            level=1,
            column=1,
            row=0,
            code="not-found",
            sign_in_id=models.new_id(),
            request_id=self.opened.request_id,
            supplement_id=self.supplement_id,
            dossier_id=self.dossier_id,
            upload_id=self.upload_id,
        )
        content = BODIES[method, template](self) if method not in SAFE else {}
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": URL} | TUS | content.pop("headers", {}) | more
        person = {"other": self.other, "owner": self.owner, "wrong officer": self.world.bank}
        with visitors.visitor(self.world, self.app, (person | {"officer": self.world.registry}).get(who)) as client:
            if who == "owner":
                client.cookies.set(requests.cookie_name(self.world.services.settings), self.opened.secret)
            return client.request(method, path, headers=headers, auth=self.tokens.get(who), **content)

    def events(self) -> int:
        with self.world.services.db.read() as session:
            return session.exec(select(func.count()).select_from(Event)).one()


Body = Callable[[Scene], dict[str, Any]]


def _picture() -> bytes:
    picture = io.BytesIO()
    Image.frombytes("RGB", (16, 16), secrets.token_bytes(16 * 16 * 3)).save(picture, "PNG")
    return picture.getvalue()


def _file(_: Scene) -> dict[str, Any]:
    return {"files": {"file": ("giay.png", _picture(), "image/png")}}


def _bytes_of_upload(_: Scene) -> dict[str, Any]:
    return {"content": UPLOADED, "headers": {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}}


def _export(scene: Scene) -> bytes:
    """A photo that is in no wallet here, taken along from somewhere else."""
    if not EXPORTS:
        exporting.add(scene.world, citizen=scene.world.an)
        EXPORTS.append(exporting.export_of(scene.world))
    return EXPORTS[0]


def _login() -> str:
    return f"moi-{next(NUMBERS)}"


def _form(**fields: str) -> Body:
    return lambda _: {"data": fields}


def _json(**members: Any) -> Body:
    return lambda _: {"json": members}


def _offer(scene: Scene) -> dict[str, Any]:
    return {
        "version": scene.paper.version.id,
        "agency": scene.world.registry.agency_id,
        "purpose": "Đăng ký kết hôn",
        "days": "7",
        "openings": "3",
    }


def _grant(scene: Scene) -> dict[str, Any]:
    offer = _offer(scene)
    return {
        "json": {"agency_id": offer["agency"], "versions": [offer["version"]], "purpose": offer["purpose"]},
    }


def _supplement(scene: Scene) -> dict[str, Any]:
    """An answer with a paper that was put in for it."""
    paper = consenting.put_in(scene.world, "passport", scene.owner)
    return {"data": {"decision": "agree", "component.partner-identity": paper.version.id}}


def _link(scene: Scene) -> str:
    return scene.world.share(scene.paper, citizen=scene.owner)[1]


NUMBERS = count()
TUS = {"Tus-Resumable": "1.0.0"}
UNREAD = Reading((), "other", 0.0, "")
UPLOADED = _picture()
EXPORTS: list[bytes] = []
NOTHING: Body = lambda _: {}  # noqa: E731 - one of many values of this type
BODIES: Mapping[Route, Body] = {
    ("POST", "/api/accounts"): lambda _: {"json": {"login": _login(), "password": PASSWORD}},
    ("POST", "/api/session"): lambda scene: {"json": {"login": scene.owner.login, "password": PASSWORD}},
    ("DELETE", "/api/session"): NOTHING,
    ("DELETE", "/api/sessions"): NOTHING,
    ("POST", "/api/account/password"): _json(old=PASSWORD, new=PASSWORD),
    ("POST", "/api/account/erase"): _json(password=PASSWORD),
    ("POST", "/api/documents"): _file,
    ("POST", "/api/uploads"): lambda _: {"headers": {"Upload-Length": "1000"}},
    ("PATCH", "/api/uploads/{upload_id}"): _bytes_of_upload,
    ("DELETE", "/api/uploads/{upload_id}"): NOTHING,
    ("PATCH", "/api/documents/{document_id}"): _json(title="Khai sinh"),
    ("DELETE", "/api/documents/{document_id}"): NOTHING,
    ("POST", "/api/documents/{document_id}/restore"): NOTHING,
    ("POST", "/api/documents/{document_id}/reading"): NOTHING,
    ("POST", "/api/documents/{document_id}/searchable"): NOTHING,
    ("POST", "/api/documents/{document_id}/versions"): _file,
    ("POST", "/api/export"): _json(password=PASSWORD),
    ("POST", "/api/export/continue"): NOTHING,
    ("DELETE", "/api/export"): NOTHING,
    ("POST", "/export"): _form(password=PASSWORD),
    ("POST", "/export/continue"): NOTHING,
    ("POST", "/export/discard"): NOTHING,
    ("POST", "/api/import"): lambda scene: {"content": _export(scene)},
    ("POST", "/api/import/papers"): lambda scene: {"content": exporting.runs(_export(scene))[0]},
    ("POST", "/import"): lambda scene: {"files": {"file": ("kho.zip", _export(scene))}},
    ("POST", "/import/papers"): lambda scene: {"content": exporting.runs(_export(scene))[0]},
    ("POST", "/api/grants"): _grant,
    ("POST", "/api/grants/{grant_id}/revoke"): NOTHING,
    ("POST", "/agency/grants/redeem"): lambda scene: {"json": {"link": _link(scene)}},
    ("POST", "/oauth/par"): _form(response_type="code"),
    ("POST", "/oauth/token"): _form(grant_type="client_credentials"),
    ("POST", "/oauth/revoke"): _form(token="x"),
    ("POST", "/oauth/introspect"): _form(token="x"),
    ("POST", "/language"): _form(language="en"),
    ("POST", "/sign-in"): lambda scene: {"data": {"login": scene.owner.login, "password": PASSWORD}},
    ("POST", "/sign-up"): lambda _: {"data": {"login": _login(), "password": PASSWORD}},
    ("POST", "/sign-out"): NOTHING,
    ("POST", "/s"): lambda scene: {"data": {"link": _link(scene)}},
    ("POST", "/papers/new"): _file,
    ("POST", "/papers/{document_id}"): _form(title="Khai sinh"),
    ("POST", "/papers/{document_id}/read-again"): NOTHING,
    ("POST", "/papers/{document_id}/searchable"): NOTHING,
    ("POST", "/papers/{document_id}/photo"): _file,
    ("POST", "/papers/{document_id}/keep-photo"): NOTHING,
    ("POST", "/papers/{document_id}/versions"): _file,
    ("POST", "/papers/{document_id}/delete"): NOTHING,
    ("POST", "/bin/{document_id}/restore"): NOTHING,
    ("POST", "/bin/{document_id}/destroy"): NOTHING,
    ("POST", "/account/password"): _form(old=PASSWORD, new=PASSWORD),
    ("POST", "/account/sessions/end"): NOTHING,
    ("POST", "/account/sessions/{sign_in_id}/end"): NOTHING,
    ("POST", "/account/erase"): _form(password=PASSWORD),
    ("POST", "/share"): lambda scene: {"data": _offer(scene)},
    ("POST", "/share/new"): lambda scene: {"data": _offer(scene)},
    ("POST", "/share/check"): lambda scene: {"data": _offer(scene)},
    ("POST", "/share/{grant_id}/revoke"): NOTHING,
    ("POST", "/api/dossiers/{dossier_id}/revoke"): NOTHING,
    ("POST", "/agency/dossiers/{dossier_id}/supplements"): _json(components=["partner-identity"], note="Bị mờ"),
    ("DELETE", "/agency/dossiers/{dossier_id}/supplements/{supplement_id}"): NOTHING,
    ("POST", "/dossiers/{dossier_id}/revoke"): NOTHING,
    ("POST", "/officer/dossiers/{dossier_id}/supplements"): _form(component="partner-identity", note="Bị mờ"),
    ("POST", "/officer/dossiers/{dossier_id}/supplements/{supplement_id}/withdraw"): NOTHING,
    ("POST", "/consent/{request_id}"): _form(decision="refuse"),
    ("POST", "/supplements/{supplement_id}"): _supplement,
    ("POST", "/officer/verify"): _form(grant="a.b.c"),
}
"""What is sent to each unsafe route, so that whoever may do it succeeds."""


@pytest.fixture(scope="module")
def cheap_passwords() -> Iterator[None]:
    """Hundreds of hashes are made here, and none is attacked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "Argon2Hasher", partial(Argon2Hasher, time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, databases: Databases, cheap_passwords: None) -> Iterator[World]:
    data = tmp_path_factory.mktemp("routes") / "data"
    with databases.at(data) as where:
        settings = Settings(data_dir=data, public_url=URL, max_upload_bytes=8 * MIB, address_failures=1000, **where)
        services = firststart.prepare(settings)
        world = worlds.build(services)
        for officer in (world.registry, world.bank):
            world.change(Account, officer.account_id, password_hash=services.passwords.hash(PASSWORD))
        yield world
        services.db.close()


@pytest.fixture(scope="module")
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture(scope="module")
def password_hash(world: World) -> str:
    return world.services.passwords.hash(PASSWORD)


@pytest.fixture
def scene(world: World, app: FastAPI, password_hash: str, request: pytest.FixtureRequest) -> Scene:
    owner, other = _citizen(world, password_hash), _citizen(world, password_hash)
    paper = world.put_in(owner)
    world.change(Version, paper.version.id, quality=["blurred"])
    world.cut(paper)
    method, template = request.node.callspec.params["route"]
    if template.endswith("/searchable"):
        world.change(Version, paper.version.id, reading=papers.seal_reading(paper.key, paper.version.id, UNREAD))
        if method in SAFE:
            world.copy(paper, owner)
    grant_id, link = world.share(paper, citizen=owner)
    if "/tiles/" in request.node.callspec.params["route"][1]:
        world.change(GrantItem, (grant_id, paper.version.id), opened_at=paper.version.created_at)  # tiles begin nothing
    _, elsewhere = world.share(paper, citizen=owner, agency_id=world.bank.agency_id)
    tokens = {
        "token": Dpop(world.registry_key, world.bearer(link).token),
        "wrong token": Dpop(world.registry_key, world.bearer(elsewhere, world.bank_system).token),
    }
    opened = consenting.ask(world, consenting.detail())
    first = attaching.attach(world, {"applicant-identity": paper}, citizen=owner)
    if request.node.callspec.params["route"][1].startswith("/agency/dossiers"):
        tokens["token"] = Dpop(world.registry_key, first.bearer.token)
    supplement_id = attaching.ask(world, first, "partner-identity").id
    if request.node.callspec.params["route"][1].startswith(("/api/export", "/export")):
        exporting.prepare(world, owner)
    if request.node.callspec.params["route"][1].endswith(IN_BIN):
        world.bin(paper, owner)
    upload_id = rows.begin(world.services, owner, len(UPLOADED), "").id
    return Scene(world, app, owner, other, paper, grant_id, tokens, opened, supplement_id, first.dossier.id, upload_id)


def _citizen(world: World, password_hash: str) -> Citizen:
    services, login = world.services, _login()
    with services.db.write() as session:
        account = accounts.open_account(session, services.root, password_hash, login)
        wallet = session.get_one(models.Wallet, account.citizen_id)
        return Citizen(account.id, "sign-in", login, wallets.unlock_wallet(wallet, services.root))


def routes(app: FastAPI) -> tuple[set[Route], set[str]]:
    """Method and template of every route, also of included routers; and the mounts."""
    found: set[Route] = set()
    mounts: set[str] = set()
    for context in iter_route_contexts(app.routes):
        if context.methods is None:
            mounts.add(context.path or "")
            continue
        methods = context.methods - ({"HEAD"} if "GET" in context.methods else set())
        found |= {(method, context.path or "") for method in methods}
    return found, mounts


def outcome(answer: httpx.Response) -> Cell:
    place = answer.headers.get("location", "")
    to_sign_in = place == "/sign-in" or place.startswith("/sign-in?next=")
    return IN if answer.status_code == 303 and to_sign_in else answer.status_code


def unsafe() -> list[Route]:
    return [route for route in TABLE if route[0] not in SAFE]


def test_every_route_has_its_row_and_every_row_its_route(app: FastAPI) -> None:
    found, mounts = routes(app)
    assert found == TABLE.keys()
    assert mounts == MOUNTS
    assert set(unsafe()) == BODIES.keys()


def test_a_route_that_somebody_adds_is_found_wherever_it_is(world: World) -> None:
    app, inner, outer = visitors.app_of(world), APIRouter(), APIRouter(prefix="/outer")
    inner.add_api_route("/new", lambda: None, methods=["PUT"])
    outer.include_router(inner, prefix="/inner")
    app.include_router(outer)
    app.mount("/files", FastAPI())
    found, mounts = routes(app)
    assert found - TABLE.keys() == {("PUT", "/outer/inner/new")}
    assert "/files" in mounts


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_each_route_answers_everybody_as_the_table_says(scene: Scene, route: Route) -> None:
    outcomes = {}
    for who in PEOPLE:
        before = scene.events()
        answer = scene.ask(who, *route)
        outcomes[who] = outcome(answer)
        if outcomes[who] != IN and answer.status_code < 400 and route[0] not in SAFE:
            assert (scene.events() > before) == (route not in UNLOGGED), f"{who} left no entry, or one too many"
    assert outcomes == dict(zip(PEOPLE, TABLE[route], strict=True))


@pytest.mark.parametrize("route", unsafe(), ids=" ".join)
def test_no_other_site_can_make_a_browser_do_anything(scene: Scene, route: Route) -> None:
    others: tuple[dict[str, str], ...] = (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": URL},
    )
    made = route[1] in {"/s", "/agency/grants/redeem"}  # their bodies need a fresh link, which is an entry of its own
    for headers in others:
        for who in ("owner", "officer"):
            before = scene.events()
            assert scene.ask(who, *route, **headers).status_code == 403
            assert scene.events() - before == made


@pytest.mark.parametrize("route", unsafe(), ids=" ".join)
def test_an_old_browser_is_judged_by_the_origin_that_it_names(world: World, app: FastAPI, route: Route) -> None:
    """Before Fetch Metadata there is only `Origin`; one that is opaque or merely looks alike is another site."""
    for origin in ("https://evil.example", "null", "https://vault.example.evil.example", "https://vault.example:8443"):
        assert _as_old_browser(world, app, route, origin).status_code == 403
    assert _as_old_browser(world, app, route, URL).status_code != 403


def _as_old_browser(world: World, app: FastAPI, route: Route, origin: str) -> httpx.Response:
    method, template = route
    names = ("document_id", "grant_id", "sign_in_id", "request_id", "supplement_id", "dossier_id", "upload_id")
    path = template.format(**dict.fromkeys(names, "x"))
    with visitors.visitor(world, app) as client:
        return client.request(method, path, headers={"Origin": origin})


@pytest.mark.parametrize("route", [("GET", "/static")], ids=" ".join)
def test_what_is_mounted_serves_its_own_files_alone(scene: Scene, route: Route) -> None:
    with visitors.visitor(scene.world, scene.app) as client:
        assert client.get("/static/docvault.css").status_code == 200
        for path in (
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/..%2fapp.py",
            "/static//etc/passwd",
            "/static/",
        ):
            assert client.get(path).status_code == 404
