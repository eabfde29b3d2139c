"""What is over at the authorisation server and must go by itself."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, or_, select

from vault import accesslog, grants
from vault.accesslog import Kind
from vault.db import now
from vault.models import AccessToken, AuthorizationCode, AuthorizationRequest, Grant

NEVER_FETCHED = "never-fetched"
KNOWN_FOR = timedelta(days=30)
"""How long a token for a grant is still known after its end, so that its use is told to the citizen."""


def sweep(session: Session) -> None:
    """Needs a write transaction. Twice at once does no harm."""
    at = now(session)
    over = or_(col(AuthorizationRequest.expires_at) < at, col(AuthorizationRequest.answered_at).is_not(None))
    session.exec(delete(AuthorizationRequest).where(over))
    _end_unfetched(session, at)
    _forget_codes(session, at)
    of_agency = (col(AccessToken.grant_id).is_(None), col(AccessToken.expires_at) < at)
    session.exec(delete(AccessToken).where(*of_agency))
    session.exec(delete(AccessToken).where(col(AccessToken.expires_at) < at - KNOWN_FOR))


def _end_unfetched(session: Session, at: datetime) -> None:
    """A grant whose code nobody redeemed is no use to anybody, and ends."""
    unfetched = (col(AuthorizationCode.used_at).is_(None), col(AuthorizationCode.expires_at) < at)
    lost = select(AuthorizationCode, Grant).join(Grant, col(Grant.id) == col(AuthorizationCode.grant_id))
    for code, grant in session.exec(lost.where(*unfetched).with_for_update()).all():
        session.delete(code)
        if grant.revoked_at is None:
            grants.end(session, grant)
            accesslog.record(
                session,
                Kind.revoked,
                citizen_id=grant.citizen_id,
                agency_id=grant.agency_id,
                grant_id=grant.id,
                detail=NEVER_FETCHED,
            )


def _forget_codes(session: Session, at: datetime) -> None:
    """A used code is known until what it gave has ended: until then its replay ends that (RFC 6749 section 4.1.2)."""
    ended = select(Grant.id).where(or_(col(Grant.revoked_at).is_not(None), col(Grant.expires_at) < at))
    over = (col(AuthorizationCode.used_at).is_not(None), col(AuthorizationCode.grant_id).in_(ended))
    session.exec(delete(AuthorizationCode).where(*over))
