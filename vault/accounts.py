"""Accounts: opened, signed in to, changed, closed."""

import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from storage.errors import StorageError
from storage.keys import Key
from storage.rootkey import RootKey
from vault import accesslog, models, signins, slowdown, wallets
from vault.db import Database, now
from vault.errors import Invalid, LoginTaken, SignInFailed, SignUpClosed
from vault.passwords import Passwords
from vault.settings import Settings

LOGIN_MAX = 100


@dataclass(frozen=True)
class Attempt:
    """What somebody typed into the sign-in form, and where from."""

    login: str
    password: str = field(repr=False)
    address: str
    device: str = ""


def fold_login(login: str) -> str:
    """A sign-in name as compared: NFKC, no outer blanks, lower case."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def open_account(session: Session, root: RootKey, password_hash: str, login: str, name: str = "") -> models.Account:
    """A new citizen with an empty wallet. Raises `Invalid`, `LoginTaken`."""
    wallet = wallets.create_wallet(session, root)
    account = add_account(session, login, password_hash, name=name, citizen_id=wallet.citizen_id)
    accesslog.record(session, accesslog.Kind.account_opened, citizen_id=wallet.citizen_id, account_id=account.id)
    return account


def sign_up(
    db: Database, root: RootKey, passwords: Passwords, settings: Settings, attempt: Attempt, name: str = ""
) -> models.Account:
    """A visitor opens an account; how many from one address is slowed as failed sign-ins are."""
    if not settings.sign_up:
        raise SignUpClosed
    longest = timedelta(seconds=settings.slowdown_max_s)
    address = slowdown.Allowance(slowdown.subject("sign-up", attempt.address), settings.address_failures, longest)
    with db.write() as session:
        slowdown.begin(session, (address,))
    hashed = passwords.hash(attempt.password)
    with db.write() as session:
        return open_account(session, root, hashed, attempt.login, name)


def add_account(
    session: Session,
    login: str,
    password_hash: str,
    *,
    name: str = "",
    citizen_id: str | None = None,
    agency_id: str | None = None,
) -> models.Account:
    folded = fold_login(login)
    if not folded:
        raise Invalid("login", "missing")
    if len(folded) > LOGIN_MAX:
        raise Invalid("login", "too-long", most=LOGIN_MAX)
    account = models.Account(
        login=folded,
        name=name.strip(),
        password_hash=password_hash,
        citizen_id=citizen_id,
        agency_id=agency_id,
        created_at=now(session),
    )
    session.add(account)
    try:
        session.flush()
    except IntegrityError:
        raise LoginTaken from None
    return account


def sign_in(db: Database, root: RootKey, passwords: Passwords, settings: Settings, attempt: Attempt) -> str:
    """Returns the session token. Raises `SignInFailed`, or `TooManyAttempts` before any password is looked at."""
    by_account, by_address = _allowances(attempt, settings)
    with db.write() as session:
        slowdown.begin(session, (by_account, by_address))
    with db.read() as session:
        account = _by_login(session, attempt.login)
    if not passwords.verify(attempt.password, account.password_hash if account else None) or account is None:
        raise SignInFailed
    try:
        with db.read() as session:
            key = _unlock(session, account, root)  # no lock is held: a token may take its time
    except StorageError:  # or be away, which is nobody's guess at a password
        _forgive(db, by_account, by_address)
        raise
    with db.write() as session:
        fresh = _by_login(session, attempt.login)
        if fresh is None or fresh.password_hash != account.password_hash:
            raise SignInFailed
        slowdown.succeed(session, by_account.subject)
        slowdown.undo(session, by_address.subject)
        token = signins.start(session, fresh, key, settings, attempt.device)
        _record(session, accesslog.Kind.signed_in, fresh)
        return token


def _forgive(db: Database, by_account: slowdown.Allowance, by_address: slowdown.Allowance) -> None:
    with db.write() as session:
        slowdown.succeed(session, by_account.subject)
        slowdown.undo(session, by_address.subject)


def change_password(
    db: Database, passwords: Passwords, settings: Settings, account_id: str, old: str, new: str
) -> None:
    """Signs out everywhere. Raises `SignInFailed` when the old password is wrong, `Invalid` for the new one."""
    with db.read() as session:
        account = session.get(models.Account, account_id)
    if account is None:
        raise SignInFailed
    check_password(db, passwords, settings, account, old)
    hashed = passwords.hash(new)
    with db.write() as session:
        fresh = session.get(models.Account, account_id)
        if fresh is None:
            raise SignInFailed
        fresh.password_hash = hashed
        signins.end_all(session, account_id)
        _record(session, accesslog.Kind.password_changed, fresh)


def check_password(
    db: Database, passwords: Passwords, settings: Settings, account: models.Account, password: str
) -> None:
    """Asks again for the password before something grave; guesses count and are slowed as at sign-in."""
    longest = timedelta(seconds=settings.slowdown_max_s)
    allowance = slowdown.Allowance(slowdown.subject("check", account.id), settings.account_failures, longest)
    with db.write() as session:
        slowdown.begin(session, (allowance,))
    if not passwords.verify(password, account.password_hash):
        raise SignInFailed
    with db.write() as session:
        slowdown.succeed(session, allowance.subject)


def sign_out(session: Session, account_id: str, sign_in_id: str) -> None:
    signins.end(session, account_id, sign_in_id)
    account = session.get(models.Account, account_id)
    if account is not None:
        _record(session, accesslog.Kind.signed_out, account)


def sign_out_everywhere(session: Session, account_id: str) -> None:
    signins.end_all(session, account_id)
    account = session.get(models.Account, account_id)
    if account is not None:
        _record(session, accesslog.Kind.signed_out, account)


def _allowances(attempt: Attempt, settings: Settings) -> tuple[slowdown.Allowance, slowdown.Allowance]:
    longest = timedelta(seconds=settings.slowdown_max_s)
    account = slowdown.subject("login", fold_login(attempt.login))
    address = slowdown.subject("address", attempt.address)
    return (
        slowdown.Allowance(account, settings.account_failures, longest),
        slowdown.Allowance(address, settings.address_failures, longest),
    )


def _by_login(session: Session, login: str) -> models.Account | None:
    query = select(models.Account).where(models.Account.login == fold_login(login))
    return session.exec(query.where(col(models.Account.disabled_at).is_(None))).first()


def _unlock(session: Session, account: models.Account, root: RootKey) -> Key:
    if account.citizen_id is not None:
        wallet = session.get(models.Wallet, account.citizen_id)
        if wallet is None or not wallet.key_under_root:  # erased just now
            raise SignInFailed
        return wallets.unlock_wallet(wallet, root).key
    agency = session.get(models.Agency, account.agency_id)
    if agency is None:
        raise SignInFailed
    return wallets.unlock_agency(agency, root).key


def _record(session: Session, kind: accesslog.Kind, account: models.Account) -> None:
    accesslog.record(session, kind, citizen_id=account.citizen_id, account_id=account.id, agency_id=account.agency_id)
