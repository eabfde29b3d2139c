"""Erasing a wallet: every key that could open its papers is destroyed, then their bytes."""

from sqlmodel import Session, col, delete, select, update

from vault import accesslog, accounts, documents, papers, wallets
from vault.db import now
from vault.errors import NotFound
from vault.export import preparing
from vault.models import (
    AccessToken,
    Account,
    AuthorizationCode,
    AuthorizationRequest,
    Dossier,
    Grant,
    GrantHolder,
    GrantItem,
    SignIn,
    Supplement,
    Wallet,
)
from vault.principals import Citizen
from vault.resumable import parts, rows
from vault.services import Services


def erase_wallet(services: Services, citizen: Citizen, password: str) -> None:
    """Needs the password once more. Raises `SignInFailed`, `TooManyAttempts`, `SignInNeeded` (erased meanwhile).

    What agencies were granted ends; the access log keeps ids and kinds of events, which name nobody any more.
    """
    with services.db.read() as session:
        account = session.get(Account, citizen.account_id)
    if account is None:
        raise NotFound
    accounts.check_password(services.db, services.passwords, services.settings, account, password)
    with services.db.write() as session:
        wallets.lock_wallet(session, citizen.citizen_id)
        destroyed = documents.destroy_all(session, citizen.citizen_id)
        prepared = preparing.forget_all(session, citizen.citizen_id)
        sent = rows.destroy_all(session, citizen.citizen_id)
        _end_grants(session, citizen.citizen_id)
        session.exec(delete(SignIn).where(col(SignIn.account_id) == citizen.account_id))
        session.exec(delete(Account).where(col(Account.id) == citizen.account_id))
        wallet = session.get_one(Wallet, citizen.citizen_id)
        wallet.key_under_root = b""
        accesslog.record(session, accesslog.Kind.wallet_erased, citizen_id=citizen.citizen_id)
    preparing.remove(services, prepared)
    for remains in destroyed:
        papers.remove(services.blobs, remains)
    parts.remove(services.blobs, sent)


def _end_grants(session: Session, citizen_id: str) -> None:
    """The grants first: whoever is redeeming one holds its row, and is waited for, so that nothing is left behind."""
    ended = {"revoked_at": now(session), "link_hash": None, "sealed_grant": b""}
    session.exec(update(Grant).where(col(Grant.citizen_id) == citizen_id).values(**ended))
    mine = select(Grant.id).where(Grant.citizen_id == citizen_id)
    session.exec(delete(GrantHolder).where(col(GrantHolder.grant_id).in_(mine)))
    session.exec(update(GrantItem).where(col(GrantItem.grant_id).in_(mine)).values(wrapped_key=None))
    for held in (AuthorizationCode, AccessToken):
        session.exec(delete(held).where(col(held.grant_id).in_(mine)))
    for own in (AuthorizationRequest, Supplement, Dossier):
        session.exec(delete(own).where(col(own.citizen_id) == citizen_id))
