"""Wrapping under the root key, and which root keys this vault has used.

A root key that is being left wraps nothing any more, in whichever process: otherwise one that still runs with the old
settings would put keys under it behind the back of the rewrap.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from storage.errors import KeyUnusable
from storage.keys import Key
from storage.rootkey import RootKey, Succession
from vault.db import now
from vault.models import RootKeyState


def wrap(session: Session, root: RootKey, key: Key, ctx: bytes) -> bytes:
    """The key under the root key, in the transaction that keeps it. Raises `KeyUnusable` under one that is left."""
    hold(session, root)
    return root.wrap(key, ctx)


def hold(session: Session, root: RootKey) -> None:
    """Until the transaction ends the root key is in use: `leave` waits. Raises `KeyUnusable` for one that is left."""
    asked = select(RootKeyState.id, RootKeyState.leaving_at).where(RootKeyState.id == root.id)
    state = session.exec(asked.with_for_update(read=True)).first()
    if state is None or state[1] is not None:
        raise KeyUnusable(
            f"The root key {root.id} is not in use any more. Start again with the settings of the others."
        )


def refuse_left(session: Session, root: RootKey) -> None:
    """At a start. Raises `KeyUnusable` for a root key that was left for another."""
    state = session.get(RootKeyState, root.id)
    if state is not None and state.leaving_at is not None:
        raise KeyUnusable(
            f"The root key {root.id} was left for another on {state.leaving_at:%Y-%m-%d}. Name that one as the root "
            "key, or run `docvault keys rewrap` with these settings to go back."
        )


def enter(session: Session, root: RootKey) -> None:
    """At a start: notes that the root key is in use.

    Raises `KeyUnusable` while it may open only a part of what is there, because a rewrap was cut off.
    """
    for other in unfinished(session):
        if other.id not in ids(root):
            raise KeyUnusable(
                f"Something may still lie under the root key {other.id}, which the settings do not name. Name it as "
                "the second root key, and run: docvault keys rewrap"
            )
    if not known(session, root):
        session.add(RootKeyState(id=root.id, since=now(session)))
        session.flush()


def leave(session: Session, succession: Succession) -> None:
    """From the end of this transaction on nobody wraps under the second key; the current one may, also once more."""
    at = now(session)
    for root_id, leaving_at in sorted({succession.current.id: None, succession.second.id: at}.items()):
        _set(session, root_id, at, leaving_at)


def left(session: Session, current: RootKey) -> None:
    """Notes that nothing lies under any key that was being left. Raises `KeyUnusable` where `current` is left, too."""
    hold(session, current)
    at = now(session)
    for state in unfinished(session):
        if state.id != current.id and state.leaving_at is not None:
            state.left_at = at


def known(session: Session, root: RootKey) -> bool:
    """Whether this vault ever used it."""
    return session.get(RootKeyState, root.id) is not None


def unfinished(session: Session) -> list[RootKeyState]:
    """The root keys under which something lies, or may."""
    return list(session.exec(select(RootKeyState).where(col(RootKeyState.left_at).is_(None))))


def ids(root: RootKey) -> set[str]:
    """Of the root key, and of the second where there is one."""
    return {root.current.id, root.second.id} if isinstance(root, Succession) else {root.id}


def _set(session: Session, root_id: str, at: datetime, leaving_at: datetime | None) -> None:
    asked = select(RootKeyState).where(RootKeyState.id == root_id).with_for_update()
    state = session.exec(asked).first() or RootKeyState(id=root_id, since=at)
    state.leaving_at, state.left_at = state.leaving_at or leaving_at if leaving_at else None, None
    session.add(state)
