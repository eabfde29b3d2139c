"""Every version of every paper against what the store holds: cheaply, or opened to the last byte."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import col, func, select

from storage.blobs import Blobs
from storage.errors import KeyUnusable, SealBroken, StoreUnavailable
from storage.rootkey import RootKey
from vault import models, wallets
from vault.care import parts
from vault.care.findings import Finding, Severity
from vault.care.pace import RATE, Pace, Progress, unseen
from vault.care.place import Place, PlaceFile
from vault.db import Database
from vault.models import Version

QUICK_BATCH = 500
WHOLE_BATCH = 20
"""Rows fetched at once; whole ones hold readings, some of them large."""

AWAY = 5
"""Versions in a row that cannot be read: then it is the store that is away, and the look stops at its place."""


@dataclass(frozen=True)
class Look:
    """How a look at all versions goes: at `rate` MiB a second (0: unbounded), from the start with `again`."""

    quick: bool = False
    rate: int = RATE
    again: bool = False
    progress: Progress = field(default=unseen, repr=False)


def quick(db: Database, blobs: Blobs) -> Iterator[Finding]:
    """Is each original there, in full length? Opens nothing, and needs no key."""
    count, broken = 0, 0
    for version_id, size in _sizes(db):
        count += 1
        wrong = list(parts.original_faults(blobs, version_id, size))
        if wrong and _exists(db, version_id):  # destroyed between the row and the look at its blob: that is no damage
            broken += 1
            yield _damage(version_id, wrong)
    if not broken:
        yield Finding(Severity.fine, f"All {count} versions of papers are there, in full length.")


def whole(db: Database, blobs: Blobs, root: RootKey, file: Path, look: Look) -> Iterator[Finding]:
    """Every chunk of every part authenticates, every original has its hash. Goes on where one was interrupted.

    What is put in behind its back while it looks is left to the next look.
    """
    places = PlaceFile(file, str(db.engine.url))
    place = None if look.again else places.load()
    if place is not None:
        yield Finding(
            Severity.remark,
            f"Goes on with the look that began at {place.began}: {place.versions} versions are done (--again: anew).",
        )
    yield from _Looking(db, blobs, root, places, place or places.new(), look).run()


class _Looking:
    """One look, from its place to the end."""

    def __init__(self, db: Database, blobs: Blobs, root: RootKey, places: PlaceFile, place: Place, look: Look) -> None:
        self._db, self._blobs, self._root = db, blobs, root
        self._places, self._place = places, place
        self._pace, self._progress = Pace(look.rate), look.progress
        self._done, self._total = 0, 0
        self._wallet: wallets.Wallet | None = None
        self._locked: set[str] = set()

    def run(self) -> Iterator[Finding]:
        self._total = self._bytes()
        still = yield from self._once_more()
        found = len(still)
        self._place.damaged = still
        try:
            for finding in self._versions():
                found += 1
                yield finding
        finally:
            self._places.save(self._place, now=True)
        self._places.forget()
        if not found:
            count = self._place.versions
            yield Finding(Severity.fine, f"All {count} versions of papers open to the last byte and have their hash.")

    def _once_more(self) -> Generator[Finding, None, list[str]]:
        """What an interrupted look had found, perhaps mended or destroyed since. Returns the ids of what was not."""
        still = []
        for version_id in self._place.damaged:
            version = self._load(version_id)
            wrong = self._wrong(version) if version else []
            if wrong:
                still.append(version_id)
                yield _damage(version_id, wrong)
        return still

    def _versions(self) -> Iterator[Finding]:
        unread = 0
        for version in self._rows():
            wrong = self._wrong(version)
            if wrong and (fresh := self._load(version.id)) is None:
                wrong = []  # destroyed while it was looked at
            elif wrong and fresh is not None:
                wrong = self._wrong(fresh)  # a preview was perhaps made anew meanwhile: once more says it for sure
            if wrong:
                yield _damage(version.id, wrong)
            self._place.passed(version.citizen_id, version.id, damaged=bool(wrong))
            unread = unread + 1 if any(parts.UNREAD in fault for fault in wrong) else 0
            if unread == AWAY:
                raise StoreUnavailable(f"{AWAY} versions in a row cannot be read; call it again, and it goes on")
            self._places.save(self._place)
            self._tell()

    def _wrong(self, version: Version) -> list[str]:
        try:
            wallet = self._unlocked(version.citizen_id)
        except (SealBroken, KeyUnusable):
            return [f"the key of its wallet {version.citizen_id} does not open with the root key"]
        return list(parts.faults(self._blobs, wallet, version, self._spend))

    def _unlocked(self, citizen_id: str) -> wallets.Wallet:
        """Kept from one version to the next of the same wallet: a key in hardware is slow to ask."""
        if self._wallet is None or self._wallet.citizen_id != citizen_id:
            with self._db.read() as session:
                row = session.get(models.Wallet, citizen_id)
            if row is None:
                raise SealBroken("there is no wallet of this id")
            self._wallet = wallets.unlock_wallet(row, self._root)
        return self._wallet

    def _spend(self, size: int) -> None:
        self._pace.spend(size)
        self._done += size
        self._tell()

    def _tell(self) -> None:
        self._progress(min(self._done, self._total), self._total)

    def _bytes(self) -> int:
        """Content of the originals that are left to look at; previews are small beside them."""
        with self._db.read() as session:
            left = session.exec(select(func.sum(Version.size)).where(self._after())).one()
        return int(left or 0)

    def _rows(self) -> Iterator[Version]:
        """In batches, so that no transaction stays open for long; a wallet's versions one after the other."""
        while True:
            order = (col(Version.citizen_id), col(Version.id))
            with self._db.read() as session:
                query = select(Version).where(self._after()).order_by(*order).limit(WHOLE_BATCH)
                batch = session.exec(query).all()
            yield from batch
            if len(batch) < WHOLE_BATCH:
                return

    def _after(self) -> ColumnElement[bool]:
        return tuple_(col(Version.citizen_id), col(Version.id)) > self._place.after

    def _load(self, version_id: str) -> Version | None:
        with self._db.read() as session:
            return session.get(Version, version_id)


def _sizes(db: Database) -> Iterator[tuple[str, int]]:
    """Ids and plain sizes of all versions."""
    last = ""
    while True:
        with db.read() as session:
            query = select(Version.id, Version.size).where(Version.id > last).order_by(Version.id).limit(QUICK_BATCH)
            batch = session.exec(query).all()
        yield from batch
        if len(batch) < QUICK_BATCH:
            return
        last = batch[-1][0]


def _damage(version_id: str, wrong: list[str]) -> Finding:
    return Finding(Severity.damage, f"Version {version_id}: {'; '.join(wrong)}.")


def _exists(db: Database, version_id: str) -> bool:
    with db.read() as session:
        return session.get(Version, version_id) is not None
