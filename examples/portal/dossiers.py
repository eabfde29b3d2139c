"""Dossiers as the portal knows them, kept in one SQLite file that only its owner can read.

Access tokens lie in it as they are: each is worth nothing without the key in `keys.json`, to which it is bound.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
OFFICE = "H17.34"
"""The code of the office that receives the dossiers; invented, in the form that such codes have."""

_TABLE = """
CREATE TABLE IF NOT EXISTS dossier (
    reference TEXT PRIMARY KEY, session TEXT NOT NULL, submitted INTEGER NOT NULL, body TEXT NOT NULL)
"""


@dataclass(frozen=True)
class Pending:
    """What must come back with the citizen (`state`) and go out with the code (`verifier`, RFC 7636)."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Attached:
    """What the vault gave: a token (bound to the portal's key), the signed grant, and what the form is filled with."""

    token: str = field(repr=False)
    grant: str = field(repr=False)
    grant_id: str
    dossier_id: str
    components: list[dict[str, Any]]
    form: list[dict[str, Any]] = field(repr=False)


@dataclass
class Dossier:
    """One application, from the first click on. `session` is the hash of the cookie that it belongs to."""

    reference: str
    session: str
    procedure: str
    created_at: str
    typed: dict[str, str] = field(default_factory=dict, repr=False)
    outcome: str = ""
    """Why nothing is attached: "" (not asked), "refused", or the code of an error."""
    pending: Pending | None = None
    attached: Attached | None = None
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    submitted_at: str | None = None
    later: dict[str, str] = field(default_factory=dict, repr=False)
    """The signed grants of supplements by their ids, kept as they are seen: what was proved stays proved."""

    @property
    def uploaded_bytes(self) -> int:
        return sum(each["size"] for each in self.uploads.values())

    @classmethod
    def from_json(cls, text: str) -> Self:
        body = json.loads(text)
        body["pending"] = Pending(**body["pending"]) if body["pending"] else None
        body["attached"] = Attached(**body["attached"]) if body["attached"] else None
        return cls(**body)


class Store:
    """The dossiers of this portal; every call is a transaction of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / "portal.sqlite"
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
        with self._open() as db:
            db.execute(_TABLE)

    def begin(self, cookie: str, procedure: str, now: datetime) -> Dossier:
        """A new dossier with the day's next reference, as such codes are: OFFICE-YYMMDD-NNNN."""
        day = now.astimezone(HERE).strftime("%y%m%d")
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            query = "SELECT count(*) FROM dossier WHERE reference LIKE ?"  # none is ever removed
            (so_far,) = db.execute(query, (f"{OFFICE}-{day}-%",)).fetchone()
            made = Dossier(f"{OFFICE}-{day}-{so_far + 1:04}", session_of(cookie), procedure, now.isoformat())
            _put(db, made)
        return made

    def save(self, dossier: Dossier) -> None:
        with self._open() as db:
            _put(db, dossier)

    def mine(self, cookie: str) -> list[Dossier]:
        """The dossiers of one browser, the last first."""
        return self._listed("WHERE session = ?", session_of(cookie))

    def one_of_mine(self, cookie: str, reference: str) -> Dossier | None:
        return next(iter(self._listed("WHERE session = ? AND reference = ?", session_of(cookie), reference)), None)

    def submitted(self) -> list[Dossier]:
        return self._listed("WHERE submitted")

    def one_submitted(self, reference: str) -> Dossier | None:
        return next(iter(self._listed("WHERE submitted AND reference = ?", reference)), None)

    def _listed(self, where: str, *values: str) -> list[Dossier]:
        query = f"SELECT body FROM dossier {where} ORDER BY reference DESC"  # noqa: S608 - `where` is one of those above
        with self._open() as db:
            return [Dossier.from_json(body) for (body,) in db.execute(query, values)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as db:
            yield db
            if db.in_transaction:
                db.commit()


def session_of(cookie: str) -> str:
    """The store knows a browser by the hash of its cookie alone."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def _put(db: sqlite3.Connection, dossier: Dossier) -> None:
    row = (dossier.reference, dossier.session, dossier.submitted_at is not None, json.dumps(asdict(dossier)))
    db.execute("INSERT OR REPLACE INTO dossier VALUES (?, ?, ?, ?)", row)
