"""The release: the one way from a grant to a paper's bytes (docs/formats/sharing.md#releases)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, select, update

from sharing import releases
from sharing.limits import OPENING_WINDOW
from sharing.releases import Allowed, Reason, Refused, Request, State
from sharing.terms import Item, Terms
from storage.blobs import Blobs
from storage.errors import BlobMissing
from storage.keys import Key
from storage.sealed import SealedReader
from vault import accesslog, accesstokens, agencies, grantkeys, grants, papers, redeeming
from vault.accesslog import Kind
from vault.db import Database, now
from vault.errors import NotFound, NotReadYet, ReleaseRefused, TokenInvalid
from vault.models import AccessToken, Document, Grant, GrantHolder, GrantItem, Holder, Version
from vault.principals import Officer, TokenBearer
from vault.tiles import StoredSheet

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Case:
    """One request beside everything that is known about it. `agency_id` is whose it is, as far as that is proved."""

    who: Officer | TokenBearer
    at: datetime
    version_id: str
    agency_id: str | None
    token: AccessToken | None
    grant: Grant | None
    item: GrantItem | None
    version: Version | None
    document: Document | None


@dataclass(frozen=True)
class Released:
    """A granted version, opened: its terms, and its bytes on request. `case` is why it was."""

    terms: Terms
    item: Item
    pages: int
    version: Version = field(repr=False)
    blobs: Blobs = field(repr=False)
    key: Key = field(repr=False)
    case: _Case = field(repr=False)

    def original(self) -> SealedReader:
        return papers.open_original(self.blobs, self.key, self.item.version)

    def preview(self, page: int, *, thumbnail: bool = False) -> bytes:
        """One page as WebP. Raises `NotFound` beyond the last page, `NotReadYet` while it is being made."""
        if not 1 <= page <= self.pages:
            raise NotFound
        try:
            return papers.open_preview(self.blobs, self.key, self.item.version, page, thumbnail=thumbnail)
        except BlobMissing:
            raise NotReadYet from None

    def sheet(self, page: int) -> StoredSheet:
        """The tiles of one page. Raises `NotFound` where it has none, `NotReadYet` while they are being cut."""
        return papers.stored_sheet(self.blobs, self.key, self.version, page)


def release(
    db: Database,
    blobs: Blobs,
    who: Officer | TokenBearer,
    grant_id: str,
    version_id: str,
    *,
    at: datetime | None = None,
    discloses: bool = True,
) -> Released:
    """Decides, counts and logs in one transaction; when this returns, they are committed, and bytes may go out.

    `discloses` is False when no byte of the paper will follow (HEAD): then nothing is counted. Raises `TokenInvalid`
    for a token that is unknown or has ended, else `ReleaseRefused`, the same for every reason; the reason is in the log
    of the grant's citizen. `at` is the database's time unless given.
    """
    with db.write() as session:
        case = _load(session, who, grant_id, version_id, at)
        decision = _decide(session, case, discloses)
        if isinstance(decision, Refused):
            _record(session, Kind.refused, case, decision.reason.value)
            released = None
        else:
            released = _open(session, blobs, case)
    if released is None:  # only now, so that the refusal above is committed
        raise _refusal(case)
    return released


def follow(
    db: Database,
    blobs: Blobs,
    who: Officer | TokenBearer,
    grant_id: str,
    version_id: str,
    *,
    at: datetime | None = None,
) -> Released:
    """What goes on with an opening that was counted within OPENING_WINDOW.

    Decided like any release, but it begins none: it counts nothing and waits for nobody. Raises as `release` does. A
    refusal leaves the same entry, once within OPENING_WINDOW: one look asks for many tiles.
    """
    with db.read() as session:
        case = _load(session, who, grant_id, version_id, at, lock=False)
        decision = _decide(session, case, discloses=False, begins=False)
        if isinstance(decision, Allowed):
            return _open(session, blobs, case)
    with db.write() as session:
        if not _is_known(session, case, decision.reason.value):
            _record(session, Kind.refused, case, decision.reason.value)
    raise _refusal(case)


def _is_known(session: Session, case: _Case, reason: str) -> bool:
    """Whether the newest refusal under the grant is this very one, and of late."""
    if case.grant is None:
        return True
    asked = accesslog.entries(
        session, case.grant.citizen_id, limit=1, kinds=(Kind.refused,), grant_ids=(case.grant.id,)
    )
    version_id = case.item.version_id if case.item else None
    return any(
        (entry.agency_id, entry.version_id, entry.detail) == (case.agency_id, version_id, reason)
        and case.at - OPENING_WINDOW < entry.at <= case.at
        for entry in asked
    )


def _refusal(case: _Case) -> ReleaseRefused | TokenInvalid:
    return ReleaseRefused() if isinstance(case.who, Officer) or _holds(case) else TokenInvalid()


def still_stands(db: Database, released: Released) -> bool:
    """Whether its bytes may go on flowing: False once the grant was revoked, the paper thrown away, or the token given
    up, or ended with its agency's keys.

    The citizen's log then says that the rest was refused.
    """
    with db.read() as session:
        case = _again(session, released.case)
    reason = _ended(case)
    if reason is None:
        return True
    with db.write() as session:
        _record(session, Kind.refused, case, reason)
    return False


def _ended(case: _Case) -> Reason | None:
    if case.grant is None or case.grant.revoked_at is not None:
        return Reason.REVOKED
    if not _kept(case):
        return Reason.NO_LONGER_KEPT
    given_up = isinstance(case.who, TokenBearer) and (case.token is None or case.token.revoked_at is not None)
    return Reason.NOT_AN_AGENCY if given_up else None


def _again(session: Session, case: _Case) -> _Case:
    """The case as it is now, without a lock: nothing is counted."""
    grant, document, token = _there(case.grant), _there(case.document), case.token
    return replace(
        case,
        at=now(session),
        token=session.get(AccessToken, token.token_hash) if token else None,
        grant=session.get(Grant, grant.id),
        item=session.get(GrantItem, (grant.id, case.version_id)),
        document=session.get(Document, document.id),
    )


def _load(
    session: Session,
    who: Officer | TokenBearer,
    grant_id: str,
    version_id: str,
    at: datetime | None,
    *,
    lock: bool = True,
) -> _Case:
    query = select(Grant).where(Grant.id == grant_id)
    # the lock makes two requests for one grant wait for each other, so that both see the same count
    grant = session.exec(query.with_for_update() if lock else query).first()
    at = at or now(session)  # after the wait: an earlier moment would lie before the opening that was waited for
    item = session.get(GrantItem, (grant_id, version_id))
    version = session.get(Version, version_id) if item is not None else None
    document = session.get(Document, version.document_id) if version is not None else None
    token = accesstokens.known(session, who.token) if isinstance(who, TokenBearer) else None
    return _Case(who, at, version_id, _agency(session, who, token, grant), token, grant, item, version, document)


def _agency(session: Session, who: Officer | TokenBearer, token: AccessToken | None, grant: Grant | None) -> str | None:
    """Whose request it is. A token speaks for its agency on its own grants; on another's it only says who tried."""
    if isinstance(who, Officer):
        return who.agency_id
    if token is None or grant is None:
        return None
    if token.agency_id == grant.agency_id and not redeeming.is_for(session, token, grant):
        return None
    return token.agency_id


def _holds(case: _Case) -> bool:
    return case.token is not None and accesstokens.is_live(case.token, case.at)


def _decide(session: Session, case: _Case, discloses: bool, begins: bool = True) -> Allowed | Refused:
    proved = case.who.key if isinstance(case.who, TokenBearer) else None
    request = Request(case.agency_id, case.version_id, case.at, proved, begins)
    decision = releases.decide(request, _state(session, case))
    if isinstance(decision, Allowed) and isinstance(case.who, TokenBearer) and not _holds(case):
        return Refused(1, Reason.NOT_AN_AGENCY)  # last, so that the log says what ended where the grant ended too
    if isinstance(decision, Allowed) and decision.counts_as_opening and discloses:
        if not _count(session, case):
            return Refused(9, Reason.OPENINGS_USED_UP)
        _record(session, Kind.released, case)
    return decision


def _state(session: Session, case: _Case) -> State | None:
    grant, item = case.grant, case.item
    if grant is None:
        return None
    versions = session.exec(select(GrantItem.version_id).where(GrantItem.grant_id == grant.id))
    return State(
        audience=grant.agency_id,
        redeemed=grant.redeemed_at is not None,
        revoked=grant.revoked_at is not None,
        not_before=grant.not_before,
        expires_at=grant.expires_at,
        versions=frozenset(versions),
        kept=_kept(case) and _reaches(session, case),
        openings=grant.openings_max,
        opened=grant.openings,
        window_from=item.opened_at if item else None,
        bound_to=case.token.key if case.token else None,
    )


def _kept(case: _Case) -> bool:
    """A paper in the bin is not released either: its owner has thrown it away."""
    wrapped = case.item is not None and case.item.wrapped_key is not None
    return wrapped and case.document is not None and case.document.deleted_at is None


def _reaches(session: Session, case: _Case) -> bool:
    """Whether the token of the dossier's first grant leads to this later one's key: not once the first was revoked."""
    grant, token = case.grant, case.token
    if grant is None or token is None or token.grant_id == grant.id or not isinstance(case.who, TokenBearer):
        return True
    return redeeming.key_by_token(session, case.who, token, grant) is not None


def _count(session: Session, case: _Case) -> bool:
    """Takes one opening; the condition holds even where something else did not wait for the lock."""
    grant, item = _there(case.grant), _there(case.item)
    left = (col(Grant.id) == grant.id, col(Grant.openings) < col(Grant.openings_max), col(Grant.revoked_at).is_(None))
    if session.exec(update(Grant).where(*left).values(openings=Grant.openings + 1)).rowcount != 1:
        return False
    item.opened_at = case.at
    session.add(item)
    return True


def _open(session: Session, blobs: Blobs, case: _Case) -> Released:
    grant, item, version = _there(case.grant), _there(case.item), _there(case.version)
    key = _grant_key(session, case, grant)
    terms = grants.read_terms(grantkeys.open_grant(key, grant))
    document_key = grantkeys.unwrap_item(key, grant.id, version.id, _there(item.wrapped_key))
    return Released(terms, _there(terms.item(version.id)), version.pages, version, blobs, document_key, case)


def _grant_key(session: Session, case: _Case, grant: Grant) -> Key:
    who = case.who
    if isinstance(who, Officer):
        private = grantkeys.open_inbox(who.ring, agencies.get(session, who.agency_id))
        return grantkeys.open_by_agency(session.get_one(GrantHolder, (grant.id, Holder.agency)), private, who.agency_id)
    return _there(redeeming.key_by_token(session, who, _there(case.token), grant))


def _record(session: Session, kind: Kind, case: _Case, reason: str | None = None) -> None:
    """Ids only of what is the citizen's own: what a stranger asked for may be any text."""
    if case.grant is None:
        return
    accesslog.record(
        session,
        kind,
        at=case.at,
        citizen_id=case.grant.citizen_id,
        account_id=case.who.account_id if isinstance(case.who, Officer) else None,
        agency_id=case.agency_id,
        document_id=case.document.id if case.document else None,
        version_id=case.item.version_id if case.item else None,
        grant_id=case.grant.id,
        detail=reason,
    )


def _there(value: _T | None) -> _T:
    """What the decision has made sure of."""
    if value is None:
        raise ReleaseRefused
    return value
