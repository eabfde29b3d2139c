"""May these bytes be disclosed? One pure decision in one fixed, numbered order (docs/formats/sharing.md#releases).

The caller loads the state, asks, and acts on the answer in one transaction, so that two requests cannot both take the
last opening. Outwardly every refusal looks the same; step and reason are for the citizen's access log.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sharing.limits import OPENING_WINDOW


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for which version, when (aware). `agency` is the authenticated agency's id, or None.

    `key` is the thumbprint of the key that came with a valid proof of possession, or None. `begins` is False for what
    only goes on with an opening that was counted before, as the tiles of a sheet that somebody is looking at.
    """

    agency: str | None
    version: str
    now: datetime
    key: str | None = None
    begins: bool = True


@dataclass(frozen=True, slots=True)
class State:
    """What is known of the grant, and of the version that is asked for.

    `versions` are those in the grant; `kept` says that the version asked for still exists with its key under the grant;
    `openings` may happen at most, `opened` were counted; `window_from` is when the last counted opening of the version
    asked for began. Times are aware. `bound_to` is the thumbprint of the key that the requester has to prove; None
    where something else than a token speaks for them.
    """

    audience: str
    redeemed: bool
    revoked: bool
    not_before: datetime
    expires_at: datetime
    versions: frozenset[str]
    kept: bool
    openings: int
    opened: int
    window_from: datetime | None
    bound_to: str | None = None


class Reason(StrEnum):
    """Why a release was refused, for the log."""

    NOT_AN_AGENCY = "not-an-agency"
    NO_SUCH_GRANT = "no-such-grant"
    OTHER_AGENCY = "other-agency"
    KEY_NOT_PROVED = "key-not-proved"
    NOT_REDEEMED = "not-redeemed"
    REVOKED = "revoked"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    NOT_IN_GRANT = "not-in-grant"
    NO_LONGER_KEPT = "no-longer-kept"
    NO_OPENING = "no-opening"
    OPENINGS_USED_UP = "openings-used-up"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The bytes may go. `counts_as_opening` is False inside the window of an opening that was already counted."""

    counts_as_opening: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The bytes may not go: the number of the step that failed, and why."""

    step: int
    reason: Reason


def decide(request: Request, state: State | None) -> Allowed | Refused:
    """Whether to release; `state` is None when there is no such grant. The first step that fails is the answer."""
    if request.agency is None:
        return Refused(1, Reason.NOT_AN_AGENCY)
    if state is None:
        return Refused(2, Reason.NO_SUCH_GRANT)
    if state.audience != request.agency:
        return Refused(2, Reason.OTHER_AGENCY)
    if state.bound_to is not None and request.key != state.bound_to:
        return Refused(3, Reason.KEY_NOT_PROVED)
    if not state.redeemed:
        return Refused(4, Reason.NOT_REDEEMED)
    if state.revoked:
        return Refused(5, Reason.REVOKED)
    if request.now < state.not_before:
        return Refused(6, Reason.NOT_YET_VALID)
    if request.now >= state.expires_at:
        return Refused(6, Reason.EXPIRED)
    if request.version not in state.versions:
        return Refused(7, Reason.NOT_IN_GRANT)
    if not state.kept:
        return Refused(8, Reason.NO_LONGER_KEPT)
    if _window_open(request.now, state.window_from):
        return Allowed(counts_as_opening=False)
    if not request.begins:
        return Refused(9, Reason.NO_OPENING)
    if state.opened >= state.openings:
        return Refused(9, Reason.OPENINGS_USED_UP)
    return Allowed(counts_as_opening=True)


def _window_open(now: datetime, window_from: datetime | None) -> bool:
    # the window starts at the counted opening and does not slide: else one opening could be stretched without end;
    # a start in the future (a clock set back) is no open window
    return window_from is not None and window_from <= now < window_from + OPENING_WINDOW
