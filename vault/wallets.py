"""Wallets and agencies' key rings: made, unlocked at sign-in, erased."""

from dataclasses import dataclass

from sqlmodel import Session

from storage import inbox
from storage.keys import Key, context
from storage.rootkey import RootKey
from vault import models, rootwraps
from vault.db import now
from vault.errors import SignInNeeded


@dataclass(frozen=True)
class Wallet:
    """A citizen's unlocked wallet: whoever holds this value can open the papers in it."""

    citizen_id: str
    key: Key

    def document_key(self, version: models.Version) -> Key:
        """The key of one of this wallet's versions; raises `SealBroken` for anybody else's."""
        return self.key.unwrap(version.wrapped_key, document_key_context(self.citizen_id, version.id))


@dataclass(frozen=True)
class KeyRing:
    """An agency's unlocked keys: an officer's session holds it, and with it what was shared with the agency."""

    agency_id: str
    key: Key


def document_key_context(citizen_id: str, version_id: str) -> bytes:
    return context("document-key", citizen_id, version_id)


def wallet_root_context(citizen_id: str) -> bytes:
    return context("wallet-key", citizen_id)


def agency_root_context(agency_id: str) -> bytes:
    return context("agency-key", agency_id)


def inbox_context(agency_id: str) -> bytes:
    return context("agency-inbox", agency_id)


def lock_wallet(session: Session, citizen_id: str) -> None:
    """Whoever else puts something into this wallet, or erases it, waits until this transaction ends.

    Taken before any other row of the wallet is locked, so that no two wait for each other. Whoever only refers to the
    wallet waits for nobody (PostgreSQL 13.3.2, FOR NO KEY UPDATE). Raises `SignInNeeded` when it was erased: nothing
    may enter it any more.
    """
    wallet = session.get(models.Wallet, citizen_id, with_for_update={"key_share": True})
    if wallet is None or not wallet.key_under_root:
        raise SignInNeeded


def create_wallet(session: Session, root: RootKey) -> models.Wallet:
    citizen_id = models.new_id()
    wrapped = rootwraps.wrap(session, root, Key.generate(), wallet_root_context(citizen_id))
    wallet = models.Wallet(citizen_id=citizen_id, created_at=now(session), key_under_root=wrapped)
    session.add(wallet)
    session.flush()
    return wallet


def unlock_wallet(wallet: models.Wallet, root: RootKey) -> Wallet:
    """Through the root key: at sign-in alone."""
    key = root.unwrap(wallet.key_under_root, wallet_root_context(wallet.citizen_id))
    return Wallet(wallet.citizen_id, key)


def create_agency(session: Session, root: RootKey, name: str, jwks: dict[str, object]) -> models.Agency:
    """A new agency with a key of its own, and an inbox to which papers' keys are sealed while no officer is there."""
    agency_id, key = models.new_id(), Key.generate()
    private, public = inbox.generate()
    agency = models.Agency(
        id=agency_id,
        name=name,
        created_at=now(session),
        key_under_root=rootwraps.wrap(session, root, key, agency_root_context(agency_id)),
        inbox_public=public,
        inbox_private=key.seal(private, inbox_context(agency_id)),
        jwks=jwks,
    )
    session.add(agency)
    session.flush()
    return agency


def unlock_agency(agency: models.Agency, root: RootKey) -> KeyRing:
    """Through the root key: at an officer's sign-in alone."""
    return KeyRing(agency.id, root.unwrap(agency.key_under_root, agency_root_context(agency.id)))
