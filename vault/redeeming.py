"""Grants at the agency: a link is redeemed once, and what was shared is listed to those who can open it."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select, update

from sharing.terms import Terms
from storage.errors import SealBroken
from storage.keys import Key
from vault import accesslog, agencies, grantkeys, grants, tokens
from vault.accesslog import Kind
from vault.agencies import AgencySystem
from vault.db import Database, now
from vault.errors import LinkUnusable, NotFound, SignInNeeded
from vault.models import AccessToken, Grant, GrantHolder, Holder
from vault.principals import Officer
from vault.wallets import KeyRing


@dataclass(frozen=True)
class Received:
    """A grant as its agency sees it. `terms` and `signed` are None once it was revoked: the key is gone."""

    grant: Grant
    state: grants.State
    terms: Terms | None = None
    signed: str | None = None


@dataclass(frozen=True)
class Redeemed:
    """What a link turned into. `access_token` is for the agency's system alone, shown once."""

    received: Received
    access_token: str | None = field(default=None, repr=False)

    @property
    def grant_id(self) -> str:
        return self.received.grant.id


def redeem_by_officer(db: Database, officer: Officer, link: str) -> Redeemed:
    """The officer's agency can open what is shared from now on, the link nobody any more. Raises `LinkUnusable`."""
    return _redeem(db, officer.agency_id, link, account_id=officer.account_id)


def redeem_by_agency(db: Database, agency: AgencySystem, link: str) -> Redeemed:
    """As by an officer, and the agency's system gets an access token for this grant. Raises `LinkUnusable`."""
    return _redeem(db, agency.agency_id, link, token=tokens.new())


def for_agency(session: Session, ring: KeyRing, limit: int = 200) -> list[Received]:
    """What was shared with the agency, the last redeemed first."""
    query = _redeemed_by(ring.agency_id).order_by(col(Grant.redeemed_at).desc(), Grant.id).limit(limit)
    rows = session.exec(query).all()
    if not rows:
        return []
    private, at = grantkeys.open_inbox(ring, agencies.get(session, ring.agency_id)), now(session)
    return [_received(grant, holder, private, at) for grant, holder in rows]


def get_for_agency(session: Session, ring: KeyRing, grant_id: str) -> Received:
    """Raises `NotFound`, also for a grant to another agency."""
    row = session.exec(_redeemed_by(ring.agency_id).where(Grant.id == grant_id)).first()
    if row is None:
        raise NotFound
    private = grantkeys.open_inbox(ring, agencies.get(session, ring.agency_id))
    grant, holder = row
    return _received(grant, holder, private, now(session))


def get_by_token(session: Session, access_token: str, grant_id: str) -> Received:
    """For the agency's system. Raises `SignInNeeded` for an unknown token, `NotFound` for another grant's."""
    secret = tokens.decode(access_token)
    grant = by_token(session, secret) if secret else None
    if grant is None or secret is None:
        raise SignInNeeded
    if grant.id != grant_id:
        raise NotFound
    at, holder = now(session), session.get(GrantHolder, (grant.id, Holder.token))
    if holder is None:
        return Received(grant, grants.state_of(grant, at))
    return _opened(grant, grantkeys.open_by_token(holder, secret), at)


def by_token(session: Session, secret: bytes) -> Grant | None:
    """The grant that an access token is for."""
    wanted = tokens.digest(secret)
    row = session.get(AccessToken, wanted)
    return session.get(Grant, row.grant_id) if row is not None and row.grant_id is not None else None


def _redeem(
    db: Database, agency_id: str, link: str, *, account_id: str | None = None, token: bytes | None = None
) -> Redeemed:
    named = grantkeys.parse_link(link)
    if named is None:
        raise LinkUnusable
    with db.write() as session:
        grant = _by_link(session, *named)
        redeemed = None
        if grant is not None and _take(session, grant, agency_id):
            redeemed = _hand_over(session, grant, named[1], token)
            _record(session, Kind.redeemed, grant, agency_id, account_id)
        elif grant is not None:
            reason = _why_not(grant, agency_id, now(session))
            _record(session, Kind.refused, grant, agency_id, account_id, detail=reason)
    if redeemed is None:  # only now, so that the refusal above is committed
        raise LinkUnusable
    return redeemed


def _by_link(session: Session, grant_id: str, secret: bytes) -> Grant | None:
    wanted = tokens.digest(secret)
    grant = session.exec(select(Grant).where(Grant.link_hash == wanted, Grant.id == grant_id)).first()
    return grant if grant is not None and hmac.compare_digest(grant.link_hash or b"", wanted) else None


def _take(session: Session, grant: Grant, agency_id: str) -> bool:
    """One statement decides who was first; of any number of redemptions at once, one changes the row."""
    at = now(session)
    usable = (
        col(Grant.id) == grant.id,
        col(Grant.link_hash) == grant.link_hash,
        col(Grant.agency_id) == agency_id,
        col(Grant.redeemed_at).is_(None),
        col(Grant.revoked_at).is_(None),
        col(Grant.not_before) <= at,
        col(Grant.expires_at) > at,
    )
    taken = session.exec(update(Grant).where(*usable).values(redeemed_at=at)).rowcount == 1
    session.refresh(grant)
    return taken


def _hand_over(session: Session, grant: Grant, secret: bytes, token: bytes | None) -> Redeemed:
    """The link's hold on the grant key becomes the agency's, and the token's where there is one."""
    link = session.get_one(GrantHolder, (grant.id, Holder.link))
    key = grantkeys.open_by_link(link, secret)
    session.delete(link)
    session.add(grantkeys.hold_by_agency(key, grant.id, agencies.get(session, grant.agency_id)))
    if token is not None:
        session.add(grantkeys.hold_by_token(key, grant.id, token))
        session.add(
            AccessToken(
                token_hash=tokens.digest(token),
                agency_id=grant.agency_id,
                grant_id=grant.id,
                key="",
                created_at=now(session),
                expires_at=grant.expires_at,
            )
        )
    session.flush()
    return Redeemed(_opened(grant, key, now(session)), tokens.encode(token) if token else None)


def _why_not(grant: Grant, agency_id: str, at: datetime) -> str:
    if grant.agency_id != agency_id:
        return "other-agency"
    if grant.revoked_at is not None:
        return "revoked"
    if grant.redeemed_at is not None:
        return "link-used"
    return "expired" if at >= grant.expires_at else "not-yet-valid"


def _redeemed_by(agency_id: str):  # type: ignore[no-untyped-def]  # the select's own type says nothing that helps
    holder = (col(GrantHolder.grant_id) == col(Grant.id)) & (col(GrantHolder.holder) == Holder.agency)
    return (
        select(Grant, GrantHolder)
        .join(GrantHolder, holder, isouter=True)
        .where(Grant.agency_id == agency_id, col(Grant.redeemed_at).is_not(None))
    )


def _received(grant: Grant, holder: GrantHolder | None, private: bytes, at: datetime) -> Received:
    if holder is None:
        return Received(grant, grants.state_of(grant, at))
    try:
        key = grantkeys.open_by_agency(holder, private, grant.agency_id)
    except SealBroken:  # one damaged row must not hide all the others
        return Received(grant, grants.state_of(grant, at))
    return _opened(grant, key, at)


def _opened(grant: Grant, key: Key, at: datetime) -> Received:
    signed = grantkeys.open_grant(key, grant)
    return Received(grant, grants.state_of(grant, at), grants.read_terms(signed), signed)


def _record(
    session: Session, kind: Kind, grant: Grant, agency_id: str, account_id: str | None, detail: str | None = None
) -> None:
    accesslog.record(
        session,
        kind,
        citizen_id=grant.citizen_id,
        account_id=account_id,
        agency_id=agency_id,
        grant_id=grant.id,
        detail=detail,
    )
