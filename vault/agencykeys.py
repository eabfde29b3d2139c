"""How an agency's side opens what was granted to it: an officer by the session, a system by a grant's token or not."""

from dataclasses import dataclass, field
from typing import Protocol

from sqlmodel import Session

from storage.errors import SealBroken
from storage.keys import Key
from vault import accesstokens, agencies, grantkeys, tokens
from vault.models import Grant, GrantHolder, Holder
from vault.principals import Officer, TokenBearer


class Reader(Protocol):
    """Who looks at an agency's dossiers."""

    @property
    def agency_id(self) -> str: ...

    @property
    def account_id(self) -> str | None:
        """The officer's account, for the citizen's log; None for a system."""

    @property
    def grant_id(self) -> str | None:
        """The one grant whose dossier may be seen; None for all of the agency's."""

    def key(self, session: Session, grant: Grant) -> Key | None:
        """The grant's key, or None where this reader does not hold it (any more)."""


@dataclass(frozen=True)
class OfficerReader:
    """Opens every grant to the agency that still stands."""

    officer: Officer
    grant_id: None = None
    _inbox: list[bytes] = field(default_factory=list, init=False, repr=False)

    @property
    def agency_id(self) -> str:
        return self.officer.agency_id

    @property
    def account_id(self) -> str:
        return self.officer.account_id

    def key(self, session: Session, grant: Grant) -> Key | None:
        holder = session.get(GrantHolder, (grant.id, Holder.agency))
        if holder is None:
            return None
        try:
            return grantkeys.open_by_agency(holder, self._private(session), self.agency_id)
        except SealBroken:  # one damaged row must not hide all the others
            return None

    def _private(self, session: Session) -> bytes:
        """Opened once, for the length of one request."""
        if not self._inbox:
            self._inbox.append(grantkeys.open_inbox(self.officer.ring, agencies.get(session, self.agency_id)))
        return self._inbox[0]


@dataclass(frozen=True)
class ListReader:
    """An agency's system with a token for its lists alone: it sees what lies in the clear and opens nothing."""

    agency_id: str
    account_id: None = None
    grant_id: None = None

    def key(self, session: Session, grant: Grant) -> None:
        return None


@dataclass(frozen=True)
class TokenReader:
    """An agency's system with the token of a grant: it opens that grant, and later ones of the same dossier."""

    agency_id: str
    grant_id: str
    secret: bytes = field(repr=False)
    account_id: None = None

    def key(self, session: Session, grant: Grant) -> Key | None:
        own = session.get(GrantHolder, (self.grant_id, Holder.token))
        try:
            first = grantkeys.open_by_token(own, self.secret) if own else None
            if first is None or grant.id == self.grant_id:
                return first
            later = session.get(GrantHolder, (grant.id, Holder.dossier))
            return grantkeys.open_by_dossier(later, first) if later else None
        except SealBroken:  # another first grant's, or damaged
            return None


def reader_of(session: Session, who: Officer | TokenBearer) -> Reader:
    """Raises `TokenInvalid`."""
    return OfficerReader(who) if isinstance(who, Officer) else of_token(session, who)


def of_token(session: Session, who: TokenBearer) -> ListReader | TokenReader:
    """What a token lets see. Raises `TokenInvalid`."""
    row = accesstokens.entitled(session, who)
    secret = tokens.decode(who.token)
    if row.grant_id is None or secret is None:
        return ListReader(row.agency_id)
    return TokenReader(row.agency_id, row.grant_id, secret)
