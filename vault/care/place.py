"""Where a long look stands, kept in a small file so that an interrupted one goes on."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import monotonic

OLDEST = timedelta(days=7)
"""An older place tells too little about today: the look starts anew."""

SAVE_EVERY_S = 2.0
NAMED = 1000
"""So many damaged versions are kept by id; more than that needs no second look."""


@dataclass
class Place:
    """What was looked at: everything up to the version `after` (citizen's id, version's id); `damaged` are ids."""

    database: str
    began: str
    after: tuple[str, str] = ("", "")
    versions: int = 0
    damaged: list[str] = field(default_factory=list)

    def passed(self, citizen_id: str, version_id: str, *, damaged: bool) -> None:
        self.after = (citizen_id, version_id)
        self.versions += 1
        if damaged and len(self.damaged) < NAMED:
            self.damaged.append(version_id)


class PlaceFile:
    """The file of one installation's place. A folder that cannot be written to is no error: then none is kept."""

    def __init__(self, path: Path, database: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path, self._clock = path, clock
        self._database = sha256(database.encode()).hexdigest()  # an address may hold a password
        self._saved = monotonic()

    def load(self) -> Place | None:
        """The place of an unfinished look at this database that is not too old."""
        try:
            kept = json.loads(self._path.read_bytes())
            place = Place(kept["database"], kept["began"], (kept["after"][0], kept["after"][1]), kept["versions"])
            place.damaged = [str(version_id) for version_id in kept["damaged"]]
            began = datetime.fromisoformat(place.began)
        except (OSError, ValueError, LookupError, TypeError):
            return None
        fresh = timedelta(0) <= self._clock() - began <= OLDEST
        return place if fresh and place.database == self._database else None

    def new(self) -> Place:
        return Place(self._database, self._clock().isoformat(timespec="seconds"))

    def save(self, place: Place, *, now: bool = False) -> None:
        """Durably, every two seconds at most unless it must be `now`."""
        if not now and monotonic() - self._saved < SAVE_EVERY_S:
            return
        self._saved = monotonic()
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            _write(temporary, json.dumps(asdict(place)).encode())
            temporary.replace(self._path)

    def forget(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
