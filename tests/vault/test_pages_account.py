"""The account's page: password, devices, and erasing everything."""

import httpx
import pytest
from fastapi import FastAPI

from tests.vault import visitors
from tests.vault.world import World
from vault.i18n import translator
from vault.models import Account
from vault.pages.devices import device_name

LOGIN = {"login": "hoa", "password": "mat khau cua hoa"}
PHONE = "Mozilla/5.0 (Linux; Android 13; SM-A125F) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36"


@pytest.fixture
def app(world: World) -> FastAPI:
    return visitors.app_of(world)


@pytest.fixture
def hoa(world: World, app: FastAPI) -> httpx.Client:
    client = visitors.visitor(world, app)
    client.post("/sign-up", data=LOGIN, headers={"User-Agent": PHONE})
    return client


def test_a_citizen_changes_the_password_and_signs_in_anew(hoa: httpx.Client) -> None:
    answer = hoa.post("/account/password", data={"old": LOGIN["password"], "new": "mot mat khau khac"})
    assert answer.headers["location"] == "/sign-in?done=password-changed"
    assert hoa.get("/papers").status_code == 303
    assert hoa.post("/sign-in", data=LOGIN).status_code == 401
    assert hoa.post("/sign-in", data={**LOGIN, "password": "mot mat khau khac"}).status_code == 303


def test_somebody_at_an_open_device_cannot_change_the_password(hoa: httpx.Client) -> None:
    answer = hoa.post("/account/password", data={"old": "khong phai the", "new": "mot mat khau khac"})
    assert answer.status_code == 401
    assert "The sign-in name or the password is wrong." in answer.text
    assert hoa.get("/papers").status_code == 200


def test_a_lost_phone_is_signed_out_from_another_device(world: World, app: FastAPI, hoa: httpx.Client) -> None:
    laptop = visitors.visitor(world, app)
    laptop.post("/sign-in", data=LOGIN)
    page = laptop.get("/account").text
    assert "Chrome on Android" in page
    ended = page.split("/account/sessions/")[1].split("/end")[0]
    assert laptop.post(f"/account/sessions/{ended}/end").headers["location"] == "/account?done=device-signed-out"
    assert hoa.get("/papers").status_code == 303
    assert laptop.get("/papers").status_code == 200


def test_nobody_ends_another_persons_session(world: World, app: FastAPI, hoa: httpx.Client) -> None:
    laptop = visitors.visitor(world, app)
    laptop.post("/sign-in", data=LOGIN)
    theirs = laptop.get("/account").text.split("/account/sessions/")[1].split("/end")[0]
    visitors.visitor(world, app, world.binh).post(f"/account/sessions/{theirs}/end")
    assert hoa.get("/papers").status_code == 200


def test_a_citizen_signs_out_everywhere(world: World, app: FastAPI, hoa: httpx.Client) -> None:
    laptop = visitors.visitor(world, app)
    laptop.post("/sign-in", data=LOGIN)
    assert laptop.post("/account/sessions/end").headers["location"] == "/sign-in?done=signed-out-everywhere"
    assert hoa.get("/papers").status_code == 303


def test_a_wallet_is_erased_with_the_password_alone(world: World, hoa: httpx.Client) -> None:
    assert "Erase your wallet for good?" in hoa.get("/account/erase").text
    assert hoa.post("/account/erase", data={"password": "doan bua thoi"}).status_code == 401
    assert hoa.get("/papers").status_code == 200
    assert hoa.post("/account/erase", data={"password": LOGIN["password"]}).status_code == 303
    assert hoa.post("/sign-in", data=LOGIN).status_code == 401


def test_an_officer_has_an_account_but_no_wallet_to_erase(world: World, app: FastAPI) -> None:
    officer = visitors.visitor(world, app, world.registry)
    page = officer.get("/account").text
    assert world.registry.agency_name in page and "/account/erase" not in page
    assert officer.get("/account/erase").status_code == 403
    assert world.row(Account, world.registry.account_id) is not None


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (PHONE, "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/120.0", "Edge on Windows"),
        ("curl/8.0", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_as_people_say_it(user_agent: str, name: str) -> None:
    assert device_name(user_agent, translator("en")) == name
