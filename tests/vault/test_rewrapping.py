"""Another root key takes the old one's place, stopped and gone wrong in every way that an operator may meet."""

import re
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlmodel import SQLModel, select
from typer.testing import CliRunner, Result

from storage.errors import KeyUnavailable, KeyUnusable, OtherRootKey
from storage.keys import Key
from storage.rootkey import FileRootKey, RootKey, Succession, root_id
from tests.tokens import Tokens
from tests.vault.world import World
from vault import (
    accounts,
    agencies,
    firststart,
    models,
    problems,
    rewrapping,
    rootkeys,
    rootwraps,
    signing,
    wallets,
)
from vault.accounts import Attempt
from vault.cli import app
from vault.models import Agency, RootKeyState, Wallet
from vault.services import Services
from vault.settings import Settings

PASSWORD = "mat-khau-cua-toi"
PATHS = ("file to file", "pkcs11 to file")
"""The second goes from a file to the token first."""

Places = Mapping[str, object]


@pytest.fixture
def world(world: World) -> World:
    """With somebody who can sign in, a wallet that was erased, and a key that was retired."""
    services = world.services
    hashed = services.passwords.hash(PASSWORD)
    with services.db.write() as session:
        accounts.open_account(session, services.root, hashed, "chi")
        agencies.add_officer(session, world.bank.agency_id, "dung", hashed)
        signing.rotate(session, services.root)
        session.get_one(
            Wallet, accounts.open_account(session, services.root, "-", "gone").citizen_id
        ).key_under_root = b""
    return world


def settings_of(world: World, **changes: object) -> Settings:
    return world.services.settings.model_copy(update=changes)


def second_of(settings: Settings) -> dict[str, object]:
    """What the settings name as the root key, named as the second one."""
    return {
        "second_root_key_provider": settings.root_key_provider,
        "second_root_key_file": settings.root_key,
        "second_pkcs11_module": settings.pkcs11_module,
        "second_pkcs11_token": settings.pkcs11_token,
        "second_pkcs11_key": settings.pkcs11_key,
        "second_pkcs11_pin_file": settings.pkcs11_pin_file,
    }


def file_place(tmp_path: Path) -> dict[str, object]:
    return {"root_key_provider": "file", "root_key_file": tmp_path / f"{uuid.uuid4().hex}.key"}


def token_place(tokens: Tokens) -> dict[str, object]:
    place = tokens.place(f"r-{uuid.uuid4().hex[:12]}")
    return {
        "root_key_provider": "pkcs11",
        "pkcs11_module": place.module,
        "pkcs11_token": place.token,
        "pkcs11_key": place.key,
        "pkcs11_pin_file": place.pin_file,
    }


def docvault(settings: Settings, *arguments: str) -> Result:
    """The command with these settings, as an operator gives them."""
    given = {f"DOCVAULT_{name.upper()}": None if value is None else str(value) for name, value in settings}
    return CliRunner().invoke(app, arguments, env=given)


def started(settings: Settings) -> Services:
    return firststart.prepare(settings)


def serves(settings: Settings) -> None:
    """Everybody's keys open, as at sign-in, and grants can be signed."""
    services = started(settings)
    try:
        with services.db.read() as session:
            assert services.signer.nonce_secret(session)
            for wallet in session.exec(select(Wallet).where(Wallet.key_under_root != b"")):
                assert wallets.unlock_wallet(wallet, services.root)
            for agency in session.exec(select(Agency)):
                assert wallets.unlock_agency(agency, services.root)
    finally:
        services.db.close()


def wraps(world: World) -> dict[str, bytes]:
    """All that lies under a root key."""
    with world.services.db.read() as session:
        return {
            f"{kind.name} {owner}": wrapped
            for kind in rewrapping.KINDS
            for owner, wrapped in session.exec(select(kind.ids, kind.wrapped))
        }


def states(world: World) -> dict[str, tuple[bool, bool]]:
    """Of each root key that was used, whether it is being left and whether it was."""
    with world.services.db.read() as session:
        found = session.exec(select(RootKeyState)).all()
        return {state.id: (state.leaving_at is not None, state.left_at is not None) for state in found}


@pytest.fixture
def succession(world: World, tmp_path: Path) -> Succession:
    return Succession(FileRootKey.create(tmp_path / "new.key"), world.services.root)


@pytest.mark.parametrize("path", PATHS)
def test_everybody_signs_in_before_while_and_after_the_root_key_is_another(
    world: World, tmp_path: Path, path: str, request: pytest.FixtureRequest
) -> None:
    old_kind, _, new_kind = path.partition(" to ")
    make = {"file": lambda: file_place(tmp_path), "pkcs11": lambda: token_place(request.getfixturevalue("tokens"))}
    old = world.services.settings
    if old_kind == "pkcs11":
        first = settings_of(world, **make["pkcs11"]())
        go(world, first.model_copy(update=second_of(old)))
        old = first
    new = old.model_copy(update={**make[new_kind](), **second_of(old)})
    go(world, new)
    serves(new)
    alone = new.model_copy(update={"second_root_key_provider": None})
    if old_kind == "file":
        old.root_key.unlink()
    serves(alone)
    assert set(map(root_id, filter(None, wraps(world).values()))) == {rootkeys.open_current(alone).id}
    with pytest.raises(KeyUnusable):
        started(old)


def go(world: World, settings: Settings) -> None:
    """As the README says: make the key, start with both, move."""
    made = docvault(settings, "keys", "create")
    assert made.exit_code == 0, made.stderr
    serves(settings)
    moved = docvault(settings, "keys", "rewrap")
    assert moved.exit_code == 0, moved.stderr
    kept = len([wrapped for wrapped in wraps(world).values() if wrapped])
    assert f"All {kept} keys open with the root key {made.stdout.strip()} alone." in moved.stdout
    assert "take the settings of the second root key away" in moved.stdout
    alone = docvault(settings.model_copy(update={"second_root_key_provider": None}), "keys", "rewrap", "--check")
    assert (alone.exit_code, "alone." in alone.stdout) == (0, True)


def test_stopped_after_any_batch_it_goes_on_where_it_was(
    world: World, succession: Succession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 1)
    services = world.services
    with services.db.write() as session:
        rootwraps.leave(session, succession)
    before, moved = wraps(world), 0
    while any(rewrapping.move(services.db, succession)):
        waiting = [name for name, wrapped in wraps(world).items() if wrapped and root_id(wrapped) != succession.id]
        opens_all(world, succession)
        moved += 1
        if not waiting:
            break
        steps = rewrapping.move(services.db, succession)
        next(steps)
        steps.close()
    opens_all(world, succession.current)
    assert {name for name, wrapped in wraps(world).items() if not wrapped} == {n for n, w in before.items() if not w}


def begin(world: World, succession: Succession) -> None:
    with world.services.db.write() as session:
        rootwraps.leave(session, succession)


def opens_all(world: World, root: RootKey) -> None:
    assert [step.unopened for step in rewrapping.check(world.services.db, root) if step.unopened] == []


def test_what_was_wrapped_before_root_keys_were_named_is_moved_too(world: World, succession: Succession) -> None:
    before = Key.from_bytes(bytes.fromhex(world.services.settings.root_key.read_text().split()[2]))
    with world.services.db.write() as session:
        for wallet in session.exec(select(Wallet).where(Wallet.key_under_root != b"")):
            unlocked = wallets.unlock_wallet(wallet, world.services.root)
            wallet.key_under_root = before.wrap(unlocked.key, wallets.wallet_root_context(wallet.citizen_id))
    with world.services.db.read() as session:
        rewrapping.refuse_strangers(session, succession)
        assert rewrapping.lies_under(session, succession.second)
    begin(world, succession)
    assert sum(step.count for step in rewrapping.move(world.services.db, succession)) == 7
    opens_all(world, succession.current)


def test_a_wallet_that_is_erased_while_its_key_is_moved_stays_erased(world: World, succession: Succession) -> None:
    class Slow:
        """While the first wallet's key is being wrapped, its owner erases it."""

        id, head = succession.current.id, succession.current.head
        erased: tuple[str, ...] = ()

        def wrap(self, key: Key, ctx: bytes) -> bytes:
            if ctx == wallets.wallet_root_context(world.an.citizen_id):
                erase(world, world.an.citizen_id)
            return succession.current.wrap(key, ctx)

        def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
            return succession.current.unwrap(wrapped, ctx)

    begin(world, succession)
    for _ in rewrapping.move(world.services.db, Succession(Slow(), succession.second)):
        pass
    assert world.row(Wallet, world.an.citizen_id).key_under_root == b""
    opens_all(world, succession.current)


def erase(world: World, citizen_id: str) -> None:
    with world.services.db.write() as session:
        session.get_one(Wallet, citizen_id).key_under_root = b""


def test_a_new_key_that_does_not_give_back_what_it_wrapped_changes_nothing(
    world: World, succession: Succession
) -> None:
    class Forgetful(FileRootKey):
        def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
            return Key.generate()

    before = wraps(world)
    with pytest.raises(KeyUnusable, match="does not give back"):
        list(rewrapping.move(world.services.db, Succession(Forgetful(Key.generate()), succession.second)))
    assert wraps(world) == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("no second", "one root key alone"),
        ("the same", "the same"),
        ("no new", "There is no root key"),
        ("lost old", "There is no root key"),
        ("wrong old", "which the settings do not name"),
        ("swapped", "nothing lies under the second root key"),
    ],
)
def test_wrong_keys_are_refused_before_anything_changes(world: World, tmp_path: Path, wrong: str, says: str) -> None:
    old, none, other = world.services.settings.root_key, tmp_path / "none", tmp_path / "other.key"
    FileRootKey.create(other)
    FileRootKey.create(tmp_path / "third.key")
    both: dict[str, tuple[Path, Path | None]] = {
        "no second": (other, None),
        "the same": (old, old),
        "no new": (none, old),
        "lost old": (other, none),
        "wrong old": (other, tmp_path / "third.key"),
        "swapped": (old, other),
    }
    new, second = both[wrong]
    given = {"root_key_file": new, "second_root_key_file": second, "second_root_key_provider": second and "file"}
    before = (wraps(world), states(world))
    result = docvault(settings_of(world, **given), "keys", "rewrap")
    assert (result.exit_code, says in result.stderr) == (1, True), result.stderr
    assert "Traceback" not in result.output
    assert (wraps(world), states(world)) == before
    serves(world.services.settings)


def test_a_check_says_what_the_root_key_does_not_open(world: World, tmp_path: Path) -> None:
    FileRootKey.create(tmp_path / "new.key")
    result = docvault(settings_of(world, root_key_file=tmp_path / "new.key"), "keys", "rewrap", "--check")
    assert result.exit_code == 1
    assert f"wallet {world.an.citizen_id}" in result.stderr
    assert "Keep all root keys" in result.stderr


def test_one_damaged_row_holds_nothing_else_up_and_the_old_key_is_not_let_go(world: World, tmp_path: Path) -> None:
    key = world.row(Wallet, world.an.citizen_id).key_under_root
    world.change(Wallet, world.an.citizen_id, key_under_root=key[:-1] + bytes([key[-1] ^ 1]))
    new = settings_of(world, root_key_file=tmp_path / "new.key", **second_of(world.services.settings))
    FileRootKey.create(new.root_key)
    result = docvault(new, "keys", "rewrap")
    assert (result.exit_code, f"1 do not open with either root key: wallet {world.an.citizen_id}" in result.stderr) == (
        1,
        True,
    )
    under = [root_id(wrapped) for wrapped in wraps(world).values() if wrapped]
    assert under.count(world.services.root.id) == 1
    assert states(world)[world.services.root.id] == (True, False)


def test_a_server_that_knows_only_the_old_key_puts_nothing_more_under_it(world: World, succession: Succession) -> None:
    """It runs on with the old settings; what it wrapped after the move would be lost with the old key."""
    services = world.services
    with services.db.write() as session:
        rootwraps.leave(session, succession)
    for wraps_ in (
        lambda session: accounts.open_account(session, services.root, "-", "late"),
        lambda session: agencies.add(session, services.root, "Sở muộn"),
        lambda session: signing.rotate(session, services.root),
    ):
        with pytest.raises(KeyUnusable, match="not in use any more"), services.db.write() as session:
            wraps_(session)
    with services.db.write() as session:
        assert accounts.open_account(session, succession, "-", "in time").citizen_id


def test_whoever_wraps_at_the_very_moment_is_waited_for(world: World, succession: Succession) -> None:
    """Otherwise a wallet would come under the old key after everything under it was moved."""
    order, wrapped = list[str](), Event()

    def sign_up() -> None:
        with world.services.db.write() as session:
            accounts.open_account(session, world.services.root, "-", "just now")
            wrapped.set()
            time.sleep(0.3)
            order.append("wrapped")

    with ThreadPoolExecutor(1) as pool:
        signing_up = pool.submit(sign_up)
        assert wrapped.wait(10)
        with world.services.db.write() as session:
            rootwraps.leave(session, succession)
            order.append("left")
        signing_up.result()
    assert order == ["wrapped", "left"]
    for _ in rewrapping.move(world.services.db, succession):
        pass
    opens_all(world, succession.current)


def test_a_token_that_is_away_is_held_against_nobody(world: World) -> None:
    class Away(FileRootKey):
        def unwrap(self, wrapped: bytes, ctx: bytes) -> Key:
            raise KeyUnavailable("pulled")

    services, attempt = world.services, Attempt("em", PASSWORD, "127.0.0.1")
    settings = services.settings.model_copy(update={"account_failures": 1, "address_failures": 1})
    with services.db.write() as session:
        accounts.open_account(session, services.root, services.passwords.hash(PASSWORD), "em")
    for _ in range(2):
        with pytest.raises(KeyUnavailable):
            accounts.sign_in(services.db, Away(Key.generate()), services.passwords, settings, attempt)
    assert accounts.sign_in(services.db, services.root, services.passwords, settings, attempt)


def test_a_visitor_of_such_a_server_is_asked_to_wait(world: World, succession: Succession) -> None:
    services = world.services
    with services.db.write() as session:
        accounts.open_account(session, services.root, services.passwords.hash(PASSWORD), "em")
        rootwraps.leave(session, succession)
    for _ in rewrapping.move(services.db, succession):
        pass
    with pytest.raises(OtherRootKey) as refused:
        accounts.sign_in(
            services.db, services.root, services.passwords, services.settings, Attempt("em", PASSWORD, "::1")
        )
    for error in (refused.value, KeyUnusable("left"), KeyUnavailable("away")):
        problem = problems.of(error, lambda text, **values: text)
        assert (problem.code, problem.status, bool(problem.headers["Retry-After"])) == ("key-away", 503, True)


def test_a_start_with_the_wrong_one_of_two_keys_is_refused(world: World, tmp_path: Path) -> None:
    old = world.services.settings
    both = settings_of(world, root_key_file=tmp_path / "new.key", **second_of(old))
    alone = both.model_copy(update={"second_root_key_provider": None})
    with pytest.raises(KeyUnusable, match="docvault keys create"):
        started(both)
    new = rootkeys.create(both)
    with pytest.raises(KeyUnusable, match="not the one of this database"):
        started(alone)
    serves(both)
    with world.services.db.write() as session:
        rootwraps.leave(session, Succession(new, world.services.root))
    moving = rewrapping.move(world.services.db, Succession(new, world.services.root))
    next(moving)
    with pytest.raises(KeyUnusable, match="may still lie under"):
        started(alone)
    with pytest.raises(KeyUnusable, match="was left for another"):
        started(old)
    serves(both)
    list(moving)
    assert docvault(both, "keys", "rewrap").exit_code == 0
    serves(alone)
    with pytest.raises(KeyUnusable):
        started(old)


def test_an_operator_turns_back_halfway(world: World, tmp_path: Path) -> None:
    old = world.services.settings
    both = settings_of(world, root_key_file=tmp_path / "new.key", **second_of(old))
    new = rootkeys.create(both)
    with world.services.db.write() as session:
        rootwraps.leave(session, Succession(new, world.services.root))
    next(rewrapping.move(world.services.db, Succession(new, world.services.root)))
    back = settings_of(world, **second_of(both))
    result = docvault(back, "keys", "rewrap")
    assert result.exit_code == 0, result.stderr
    both.root_key.unlink()
    serves(old)


@pytest.mark.parametrize("turned", ["while it moves", "before it says that it is done"])
def test_two_operators_rewrap_against_each_other_and_nobody_lets_a_key_go_that_is_needed(
    world: World, tmp_path: Path, turned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 1)
    db, old = world.services.db, world.services.root
    new = FileRootKey.create(tmp_path / "new.key")
    there, back = Succession(new, old), Succession(old, new)
    with db.write() as session:
        rootwraps.leave(session, there)
    moving = rewrapping.move(db, there)
    next(moving)
    if turned == "before it says that it is done":
        list(moving)
    with db.write() as session:
        rootwraps.leave(session, back)
    with pytest.raises(KeyUnusable, match="not in use any more"):
        list(moving)
        with db.write() as session:
            rootwraps.left(session, new)
    list(rewrapping.move(db, back))
    with db.write() as session:
        assert not rewrapping.waiting(session, old)
        rootwraps.left(session, old)
    opens_all(world, old)


def test_several_servers_change_over_one_after_the_other(world: World, tmp_path: Path) -> None:
    """First all of them open the new key, then all wrap under it; a wallet of either opens at each in the meantime."""
    old = world.services.settings
    after = settings_of(world, root_key_file=tmp_path / "new.key", **second_of(old))
    rootkeys.create(after)
    before = settings_of(world, **second_of(after))
    early, late = started(before), started(after)
    for services in (early, late):
        with services.db.write() as session:
            wallets.create_wallet(session, services.root)
    for settings in (before, after):
        serves(settings)
    for services in (early, late):
        services.db.close()
    assert docvault(after, "keys", "rewrap").exit_code == 0
    serves(after.model_copy(update={"second_root_key_provider": None}))


def test_a_key_that_is_there_is_not_made_again(world: World) -> None:
    before = world.services.settings.root_key.read_bytes()
    result = docvault(world.services.settings, "keys", "create")
    assert (result.exit_code, "already" in result.stderr) == (1, True)
    assert world.services.settings.root_key.read_bytes() == before


def test_a_first_start_makes_its_key_on_the_token_once(settings: Settings, tokens: Tokens) -> None:
    on_token = settings.model_copy(update=token_place(tokens))
    with pytest.raises(KeyUnusable, match="DOCVAULT_MAKE_KEYS"):
        started(on_token.model_copy(update={"make_keys": False}))
    started(on_token).db.close()
    first = rootkeys.open_root(on_token).id
    started(on_token).db.close()
    assert rootkeys.open_root(on_token).id == first
    assert not settings.root_key.exists()
    elsewhere = on_token.model_copy(update={"pkcs11_key": "another"})
    with pytest.raises(KeyUnusable, match="is gone"):
        started(elsewhere)
    assert not rootkeys.is_there(elsewhere)


def test_settings_that_a_token_needs_are_asked_for(settings: Settings) -> None:
    with pytest.raises(KeyUnusable, match="DOCVAULT_PKCS11_MODULE"):
        rootkeys.open_root(settings.model_copy(update={"root_key_provider": "pkcs11"}))
    without_pin = {"root_key_provider": "pkcs11", "pkcs11_module": Path("/none")}
    with pytest.raises(KeyUnusable, match="DOCVAULT_PKCS11_PIN_FILE"):
        rootkeys.open_root(settings.model_copy(update=without_pin))


def test_nothing_is_under_the_root_key_that_a_rewrap_would_pass_over() -> None:
    named = {
        (table.name, column.name)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_under_root")
    }
    assert named == {(str(kind.table.__tablename__), kind.column) for kind in rewrapping.KINDS}
    wrapping = {
        path.name
        for path in Path(models.__file__).parent.rglob("*.py")
        if re.search(r"\broot\.wrap\(", path.read_text())
    }
    assert wrapping == {"rootwraps.py"}
