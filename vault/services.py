"""What the verbs need from outside, wired once by `create_app` or a command."""

from dataclasses import dataclass
from typing import Self

import anyio

from ocr.kinds import load_kinds
from ocr.limits import Limits
from storage.blobs import Blobs
from storage.rootkey import FileRootKey, RootKey
from storage.sealed import SealedReader
from vault import rootkeys, stores
from vault.db import Database
from vault.metrics import CountedBlobs, Metrics
from vault.passwords import Passwords
from vault.places import Places
from vault.procedures import Procedures, load_procedures
from vault.readings import Kinds
from vault.settings import MIB, Settings
from vault.signing import Signer


@dataclass(frozen=True)
class SealedSource:
    """A sealed paper as the reading child may ask for it: by range, opened here, never there."""

    reader: SealedReader

    @property
    def size(self) -> int:
        return self.reader.size

    def read_at(self, offset: int, length: int) -> bytes:
        return self.reader.read(offset, length)


@dataclass(frozen=True, repr=False)
class Services:
    """One process's connections, keys and limits."""

    settings: Settings
    db: Database
    blobs: Blobs
    root: RootKey
    worker_key: RootKey
    signer: Signer
    passwords: Passwords
    kinds: Kinds
    procedures: Procedures
    inspecting: Places
    uploading: anyio.CapacityLimiter
    metrics: Metrics

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Opens everything that the settings name. The keys must be there: `vault.firststart` makes them."""
        root = rootkeys.open_root(settings)
        kinds = load_kinds(settings.kinds_dir)
        db, metrics = Database.open(settings), Metrics()
        db.observe = metrics.happened
        return cls(
            settings=settings,
            db=db,
            blobs=CountedBlobs(stores.open_store(settings), metrics),
            root=root,
            worker_key=FileRootKey.open(settings.worker_key),
            signer=Signer(root),
            passwords=Passwords(settings.password_hash_slots),
            kinds=kinds,
            procedures=load_procedures(settings.procedures_dir, kinds),
            inspecting=Places(settings.inspect_slots),
            uploading=anyio.CapacityLimiter(settings.upload_slots),
            metrics=metrics,
        )

    @property
    def inspect_limits(self) -> Limits:
        return self._limits(cpu_s=self.settings.inspect_wall_s, wall_s=self.settings.inspect_wall_s)

    @property
    def reading_limits(self) -> Limits:
        return self._limits(cpu_s=self.settings.reading_cpu_s, wall_s=self.settings.reading_wall_s)

    def _limits(self, *, cpu_s: int, wall_s: int) -> Limits:
        return Limits(
            memory_bytes=self.settings.reading_memory_mib * MIB,
            cpu_s=cpu_s,
            wall_s=wall_s,
            pages=self.settings.reading_pages,
            pixels=self.settings.reading_pixels,
            file_size=self.settings.max_upload_bytes,
        )
