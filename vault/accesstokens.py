"""Access tokens: 32 random bytes, kept as a hash, bound to the key of the agency's system (RFC 9449 section 6).

A token for a grant opens that grant and those that supplement its dossier; one without is for an agency's own lists.
"""

import hmac
from datetime import datetime

from sqlmodel import Session, col, delete, select

from vault import accesslog, tokens
from vault.accesslog import Kind
from vault.db import now
from vault.errors import TokenInvalid
from vault.models import AccessToken, Grant, GrantHolder, Holder
from vault.principals import TokenBearer


def issue(session: Session, *, agency_id: str, key: str, expires_at: datetime, grant_id: str | None = None) -> str:
    """A new token that only the holder of the key with the thumbprint `key` can use; returned once, kept as a hash."""
    secret = tokens.new()
    session.add(
        AccessToken(
            token_hash=tokens.digest(secret),
            agency_id=agency_id,
            grant_id=grant_id,
            key=key,
            created_at=now(session),
            expires_at=expires_at,
        )
    )
    session.flush()
    return tokens.encode(secret)


def known(session: Session, token: str) -> AccessToken | None:
    """The row of a token, also when it has ended; None for any other text."""
    secret = tokens.decode(token)
    if secret is None:
        return None
    wanted = tokens.digest(secret)
    row = session.exec(select(AccessToken).where(AccessToken.token_hash == wanted)).first()
    return row if row is not None and hmac.compare_digest(row.token_hash, wanted) else None


def find(session: Session, token: str, at: datetime) -> AccessToken | None:
    """The row of a token that holds at that time. Whether its key was proved is for the caller: see `entitled`."""
    row = known(session, token)
    return row if row is not None and is_live(row, at) else None


def is_live(row: AccessToken, at: datetime) -> bool:
    return row.revoked_at is None and at < row.expires_at


def entitled(session: Session, who: TokenBearer) -> AccessToken:
    """The row of a token that holds now and whose key was proved with this request. Raises `TokenInvalid`."""
    row = find(session, who.token, now(session))
    if row is None or not hmac.compare_digest(row.key, who.key):
        raise TokenInvalid
    return row


def revoke(session: Session, row: AccessToken) -> None:
    """Ends a token, and its hold on its grant. Twice changes nothing; the hash stays, so that later use is known."""
    if row.revoked_at is not None:
        return
    row.revoked_at = now(session)
    session.add(row)
    grant = session.get(Grant, row.grant_id) if row.grant_id is not None else None
    if grant is not None:
        held = (col(GrantHolder.grant_id) == grant.id, col(GrantHolder.holder) == Holder.token)
        session.exec(delete(GrantHolder).where(*held))
    accesslog.record(
        session,
        Kind.token_revoked,
        citizen_id=grant.citizen_id if grant is not None else None,
        agency_id=row.agency_id,
        grant_id=row.grant_id,
    )
