"""Grants at the agency: a link or code is redeemed once, and what was shared is listed to those who can open it."""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select, update

from sharing.releases import Reason
from sharing.terms import Terms
from storage.errors import SealBroken
from storage.keys import Key
from vault import accesslog, accesstokens, agencies, grantkeys, grants, tokens
from vault.accesslog import Kind
from vault.agencies import AgencySystem
from vault.agencykeys import TokenReader
from vault.db import Database, now
from vault.errors import LinkUnusable, NotFound, TokenInvalid
from vault.models import AccessToken, DossierItem, Grant, GrantHolder, Holder
from vault.principals import Officer, TokenBearer
from vault.signing import Signer
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
    """What a link or code turned into. `access_token` is for the agency's system alone, shown once."""

    received: Received
    access_token: str | None = field(default=None, repr=False)

    @property
    def grant_id(self) -> str:
        return self.received.grant.id


def redeem_by_officer(db: Database, signer: Signer, officer: Officer, link: str) -> Redeemed:
    """The officer's agency can open what is shared from now on, the link nobody any more. Raises `LinkUnusable`."""
    return _redeem(db, signer, officer.agency_id, link, account_id=officer.account_id)


def redeem_by_agency(db: Database, signer: Signer, agency: AgencySystem, key: str, link: str) -> Redeemed:
    """As by an officer, and the agency's system gets an access token for this grant, bound to the key it proved.

    Raises `LinkUnusable`.
    """
    return _redeem(db, signer, agency.agency_id, link, key=key)


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


def get_by_token(db: Database, who: TokenBearer, grant_id: str) -> Received:
    """For the agency's system. Raises `TokenInvalid`, `NotFound` for a grant that the token is not for."""
    with db.read() as session:
        token, grant = accesstokens.find(session, who.token, now(session)), session.get(Grant, grant_id)
        if token is not None and token.key == who.key:
            return _by_token(session, who, token, grant)
    if token is not None and grant is not None:  # stolen, as it seems: its citizen gets to know
        with db.write() as session:
            _record(session, Kind.refused, grant, token.agency_id, None, detail=Reason.KEY_NOT_PROVED)
    raise TokenInvalid


def is_for(session: Session, token: AccessToken, grant: Grant) -> bool:
    """Whether the token is for this grant, or for another of the same dossier, which this one supplements."""
    if token.grant_id == grant.id:
        return True
    own, other = aliased(DossierItem), aliased(DossierItem)
    both = (col(own.grant_id) == token.grant_id, col(other.grant_id) == grant.id)
    same = select(own.dossier_id).join(other, col(own.dossier_id) == col(other.dossier_id)).where(*both).limit(1)
    return token.agency_id == grant.agency_id and session.exec(same).first() is not None


def key_by_token(session: Session, who: TokenBearer, token: AccessToken, grant: Grant) -> Key | None:
    """The grant's key, as far as this token leads to it: directly, or through the first grant of the dossier."""
    secret = tokens.decode(who.token)
    if secret is None or token.grant_id is None:
        return None
    return TokenReader(token.agency_id, token.grant_id, secret).key(session, grant)


def hand_over(
    session: Session,
    signer: Signer,
    grant: Grant,
    grant_key: Key,
    *,
    key: str | None,
    account_id: str | None = None,
) -> Redeemed:
    """What a link or a code held becomes the agency's: its officers', and with `key` its system's under a new token.

    `grant_key` is what the secret opened; the caller has made sure, atomically, that it is used once. With `key`, the
    thumbprint of the key that the system proved, the grant is signed anew to name it.
    """
    used = (col(GrantHolder.grant_id) == grant.id, col(GrantHolder.holder).in_((Holder.link, Holder.code)))
    session.exec(delete(GrantHolder).where(*used))
    grant.redeemed_at = grant.redeemed_at or now(session)
    session.add(grantkeys.hold_by_agency(grant_key, grant.id, agencies.get(session, grant.agency_id)))
    token = None if key is None else _bind(session, signer, grant, grant_key, key)
    session.add(grant)
    session.flush()
    _record(session, Kind.redeemed, grant, grant.agency_id, account_id)
    return Redeemed(_opened(grant, grant_key, now(session)), token)


def _bind(session: Session, signer: Signer, grant: Grant, grant_key: Key, key: str) -> str:
    """The grant says from now on whose key opens it (`cnf`), and a token for that key opens the grant's."""
    terms = replace(grants.read_terms(grantkeys.open_grant(grant_key, grant)), key=key)
    grant.sealed_grant = grantkeys.seal_grant(grant_key, grant.id, signer.sign(session, terms))
    ends = grant.expires_at
    token = accesstokens.issue(session, agency_id=grant.agency_id, key=key, expires_at=ends, grant_id=grant.id)
    session.add(grantkeys.hold_by_token(grant_key, grant.id, _secret(token)))
    return token


def _secret(token: str) -> bytes:
    secret = tokens.decode(token)
    if secret is None:
        raise ValueError("not what `issue` gave")
    return secret


def _by_token(session: Session, who: TokenBearer, token: AccessToken, grant: Grant | None) -> Received:
    if grant is None or not is_for(session, token, grant):
        raise NotFound
    key, at = key_by_token(session, who, token, grant), now(session)
    if key is None:
        return Received(grant, grants.state_of(grant, at))
    return _opened(grant, key, at)


def _redeem(
    db: Database, signer: Signer, agency_id: str, link: str, *, key: str | None = None, account_id: str | None = None
) -> Redeemed:
    named = grantkeys.parse_link(link)
    if named is None:
        raise LinkUnusable
    with db.write() as session:
        grant = _by_link(session, *named)
        redeemed = None
        if grant is not None and _take(session, grant, agency_id):
            grant_key = grantkeys.open_by_link(session.get_one(GrantHolder, (grant.id, Holder.link)), named[1])
            redeemed = hand_over(session, signer, grant, grant_key, key=key, account_id=account_id)
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
