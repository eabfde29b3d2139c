"""Sign-ins: a random token in a cookie, its hash in a row, and the owner's key wrapped under the token."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from storage.errors import SealBroken
from storage.keys import Key, context
from vault import models, tokens
from vault.db import now
from vault.errors import SignInNeeded
from vault.principals import Citizen, Officer
from vault.settings import Settings
from vault.wallets import KeyRing, Wallet

SEEN_EVERY = timedelta(minutes=1)


def start(session: Session, account: models.Account, key: Key, settings: Settings, device: str) -> str:
    """Opens a session for the account whose key was just unlocked; returns the token for the cookie."""
    token = tokens.new()
    at, sign_in_id = now(session), models.new_id()
    session.add(
        models.SignIn(
            id=sign_in_id,
            account_id=account.id,
            token_hash=tokens.digest(token),
            wrapped_key=_session_key(token, sign_in_id).wrap(key, _key_context(account)),
            created_at=at,
            seen_at=at,
            expires_at=at + timedelta(hours=settings.session_hours),
            device=device[:200],
        )
    )
    return tokens.encode(token)


def resume(session: Session, token: str, settings: Settings) -> Citizen | Officer:
    """The principal behind a cookie's token. Raises `SignInNeeded` when it is unknown, idle for too long or expired."""
    raw = tokens.decode(token)
    if raw is None:
        raise SignInNeeded
    row = session.exec(
        select(models.SignIn, models.Account)
        .join(models.Account, col(models.SignIn.account_id) == col(models.Account.id))
        .where(models.SignIn.token_hash == tokens.digest(raw), col(models.Account.disabled_at).is_(None))
    ).first()
    if row is None or not is_live(row[0], now(session), settings):
        raise SignInNeeded
    sign_in, account = row
    try:
        key = _session_key(raw, sign_in.id).unwrap(sign_in.wrapped_key, _key_context(account))
    except SealBroken:
        raise SignInNeeded from None
    return _principal(session, sign_in, account, key)


def is_live(sign_in: models.SignIn, at: datetime, settings: Settings) -> bool:
    """One last seen in what is now the future ends likewise: a clock that was set back must not prolong it."""
    idle = timedelta(minutes=settings.session_idle_minutes)
    return at < sign_in.expires_at and abs(at - sign_in.seen_at) < idle


def stands(session: Session, sign_in_id: str, settings: Settings) -> bool:
    """Is this session still live?"""
    sign_in = session.get(models.SignIn, sign_in_id)
    return sign_in is not None and is_live(sign_in, now(session), settings)


def began_after(session: Session, sign_in_id: str, moment: datetime) -> bool:
    """Whoever began the session then gave the password after `moment`."""
    sign_in = session.get(models.SignIn, sign_in_id)
    return sign_in is not None and sign_in.created_at >= moment


def needs_touch(session: Session, sign_in_id: str) -> bool:
    sign_in = session.get(models.SignIn, sign_in_id)
    return sign_in is not None and abs(now(session) - sign_in.seen_at) > SEEN_EVERY


def touch(session: Session, sign_in_id: str) -> None:
    """Notes that the session was used, at most once a minute."""
    session.exec(update(models.SignIn).where(col(models.SignIn.id) == sign_in_id).values(seen_at=now(session)))


def end(session: Session, account_id: str, sign_in_id: str) -> None:
    mine = (col(models.SignIn.id) == sign_in_id, col(models.SignIn.account_id) == account_id)
    session.exec(delete(models.SignIn).where(*mine))


def end_all(session: Session, account_id: str) -> None:
    """Signs the account out everywhere."""
    session.exec(delete(models.SignIn).where(col(models.SignIn.account_id) == account_id))


def live(session: Session, account_id: str, settings: Settings) -> list[models.SignIn]:
    rows = session.exec(select(models.SignIn).where(models.SignIn.account_id == account_id)).all()
    at = now(session)
    return sorted((row for row in rows if is_live(row, at, settings)), key=lambda row: row.seen_at, reverse=True)


def sweep(session: Session, settings: Settings) -> None:
    """Deletes the rows of ended sessions, and with them their wrapped keys."""
    at = now(session)
    idle, seen_at = timedelta(minutes=settings.session_idle_minutes), col(models.SignIn.seen_at)
    ended = (col(models.SignIn.expires_at) <= at) | (seen_at <= at - idle) | (seen_at >= at + idle)
    session.exec(delete(models.SignIn).where(ended))


def _principal(session: Session, sign_in: models.SignIn, account: models.Account, key: Key) -> Citizen | Officer:
    if account.citizen_id is not None:
        return Citizen(account.id, sign_in.id, account.login, Wallet(account.citizen_id, key))
    agency = session.get(models.Agency, account.agency_id)
    if agency is None:
        raise SignInNeeded
    return Officer(account.id, sign_in.id, account.name or account.login, agency.name, KeyRing(agency.id, key))


def _session_key(token: bytes, sign_in_id: str) -> Key:
    return Key.derive(token, context("session", sign_in_id))


def _key_context(account: models.Account) -> bytes:
    return context("session-holds", account.id, account.citizen_id or account.agency_id or "")
