"""The access log: what happened to a wallet, entry by entry, in the transaction of what it records."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from vault.db import HAPPENED, now
from vault.models import Event

PAGE = 100


class Kind(StrEnum):
    """Kinds of events, as written."""

    account_opened = "account-opened"
    signed_in = "signed-in"
    signed_out = "signed-out"
    password_changed = "password-changed"  # noqa: S105 - the name of an event
    wallet_erased = "wallet-erased"
    document_added = "document-added"
    version_added = "version-added"
    document_changed = "document-changed"
    document_deleted = "document-deleted"
    document_restored = "document-restored"
    document_destroyed = "document-destroyed"
    reading_done = "reading-done"
    reading_failed = "reading-failed"
    reading_retried = "reading-retried"
    copy_asked = "copy-asked"
    reading_confirmed = "reading-confirmed"
    granted = "granted"
    redeemed = "redeemed"
    revoked = "revoked"
    released = "released"
    refused = "refused"
    attached = "attached"
    consent_refused = "consent-refused"
    supplement_asked = "supplement-asked"
    supplement_answered = "supplement-answered"
    supplement_withdrawn = "supplement-withdrawn"
    token_revoked = "token-revoked"  # noqa: S105 - the name of an event
    code_replayed = "code-replayed"
    export_prepared = "export-prepared"
    export_discarded = "export-discarded"
    wallet_exported = "wallet-exported"
    wallet_imported = "wallet-imported"
    portal_registered = "portal-registered"
    agency_added = "agency-added"
    agency_keys_changed = "agency-keys-changed"
    officer_added = "officer-added"
    service_key_added = "service-key-added"
    vault_restored = "vault-restored"


def record(
    session: Session,
    kind: Kind,
    *,
    at: datetime | None = None,
    citizen_id: str | None = None,
    account_id: str | None = None,
    agency_id: str | None = None,
    document_id: str | None = None,
    version_id: str | None = None,
    grant_id: str | None = None,
    detail: str | None = None,
) -> None:
    """Adds one entry; `detail` is a code (why a release was refused), never a value of a paper."""
    session.info.setdefault(HAPPENED, []).append(kind.value)
    session.add(
        Event(
            kind=kind,
            at=at or now(session),
            citizen_id=citizen_id,
            account_id=account_id,
            agency_id=agency_id,
            document_id=document_id,
            version_id=version_id,
            grant_id=grant_id,
            detail=detail,
        )
    )


def entries(
    session: Session,
    citizen_id: str,
    *,
    before: int | None = None,
    limit: int = PAGE,
    kinds: tuple[Kind, ...] = (),
    grant_ids: tuple[str, ...] = (),
) -> list[Event]:
    """A wallet's entries, newest first; `before` is the last id of the page before.

    Only those of some kinds, or about some grants, where they are named.
    """
    query = select(Event).where(Event.citizen_id == citizen_id)
    if before is not None:
        query = query.where(col(Event.id) < before)
    if kinds:
        query = query.where(col(Event.kind).in_(kinds))
    if grant_ids:
        query = query.where(col(Event.grant_id).in_(grant_ids))
    return list(session.exec(query.order_by(col(Event.id).desc()).limit(limit)))
