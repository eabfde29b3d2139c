"""What an operator does to accounts."""

from sqlmodel import Session, select

from vault import accesslog, accounts, signins
from vault.db import now
from vault.errors import NotFound
from vault.models import Account


def disable_account(session: Session, login: str) -> Account:
    """Ends all its sessions and lets nobody sign in to it; what it holds stays. Raises `NotFound`."""
    account = session.exec(select(Account).where(Account.login == accounts.fold_login(login))).first()
    if account is None:
        raise NotFound
    account.disabled_at = now(session)
    session.add(account)
    signins.end_all(session, account.id)
    accesslog.record(
        session,
        accesslog.Kind.signed_out,
        citizen_id=account.citizen_id,
        account_id=account.id,
        agency_id=account.agency_id,
        detail="account-disabled",
    )
    return account
