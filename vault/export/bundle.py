"""A prepared export as bytes: any range of it, opened from what is sealed, without what lies before."""

from collections.abc import Iterator
from datetime import timedelta

from sqlmodel import Session, col, select, update

from storage.sealed import SealedReader
from vault import accesslog, papers, signins
from vault.accesslog import Kind
from vault.db import now
from vault.errors import ExportEnded, NothingPrepared, PasswordNeeded
from vault.export import preparing
from vault.export.contents import Manifest
from vault.export.zipform import ZONE
from vault.models import Export, Version
from vault.principals import Citizen
from vault.services import Services

TOLD_EVERY = timedelta(hours=1)
"""A download in many pieces is one entry in the access log, at most one an hour."""


class Bundle:
    """`size` bytes that are the same in every process, at every time, as long as the export lasts."""

    def __init__(self, services: Services, citizen: Citizen, export: Export, manifest: Manifest) -> None:
        self._services, self._citizen, self._export, self._manifest = services, citizen, export, manifest
        self._written: SealedReader | None = None
        self.size = manifest.size

    @property
    def etag(self) -> str:
        return self._export.id

    @property
    def file_name(self) -> str:
        return f"docvault-{self._export.created_at.astimezone(ZONE):%Y%m%d}.zip"

    def stream(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Raises what the store raises, and `ExportEnded` when a paper was destroyed, perhaps after good blocks."""
        return self._manifest.layout.stream(offset, self.size if length is None else length, self._content)

    def stands(self) -> bool:
        """Do the session and the export still stand? A download keeps its session awake, as any request does."""
        services, citizen = self._services, self._citizen
        with services.db.read() as session:
            same = preparing.current(session, citizen)
            if same is None or same.id != self._export.id:
                return False
            if not signins.stands(session, citizen.sign_in_id, services.settings):
                return False
            stale = signins.needs_touch(session, citizen.sign_in_id)
        if stale:
            with services.db.write() as session:
                signins.touch(session, citizen.sign_in_id)
        return True

    def _content(self, number: int, offset: int, length: int) -> Iterator[bytes]:
        source = self._manifest.sources[number]
        if not source.version_id:
            return self._written_reader().stream(source.offset + offset, length)
        with self._services.db.read() as session:
            owned = (Version.id == source.version_id, Version.citizen_id == self._citizen.citizen_id)
            version = session.exec(select(Version).where(*owned)).first()
        if version is None:
            raise ExportEnded
        key = self._citizen.wallet.document_key(version)
        return papers.open_original(self._services.blobs, key, version.id).stream(offset, length)

    def _written_reader(self) -> SealedReader:
        if self._written is None:
            export, blobs = self._export, self._services.blobs
            name = preparing.written_name(export.id, export.part or "")
            self._written = SealedReader(
                preparing.export_key(export, self._citizen.wallet),
                preparing.written_context(export.id),
                blobs.size(name),
                lambda offset, length: blobs.read(name, offset, length),
            )
        return self._written


def open_bundle(services: Services, citizen: Citizen) -> Bundle:
    """What is ready, for the session that asked for it or one that began later: both have given the password.

    Raises `NothingPrepared`, also when one of its papers was destroyed since, and `PasswordNeeded`.
    """
    with services.db.read() as session:
        export = preparing.current(session, citizen)
        if export is None or export.manifest is None:
            raise NothingPrepared
        if not _proved(session, citizen, export):
            raise PasswordNeeded
        mine = set(session.exec(select(Version.id).where(Version.citizen_id == citizen.citizen_id)).all())
    key = preparing.export_key(export, citizen.wallet)
    manifest = Manifest.unpack(key.open(export.manifest, preparing.manifest_context(export.id)))
    if not {source.version_id for source in manifest.sources if source.version_id} <= mine:
        raise NothingPrepared
    return Bundle(services, citizen, export, manifest)


def tell(services: Services, citizen: Citizen) -> None:
    """Writes a download into the citizen's own log, once an hour for all of its pieces."""
    with services.db.read() as session:
        export, at = preparing.current(session, citizen), now(session)
    if export is None or (export.fetched_at is not None and at - export.fetched_at < TOLD_EVERY):
        return
    with services.db.write() as session:
        at = now(session)
        untold = col(Export.fetched_at).is_(None) | (col(Export.fetched_at) <= at - TOLD_EVERY)
        told = update(Export).where(col(Export.id) == export.id, untold).values(fetched_at=at)
        if session.exec(told).rowcount != 1:  # another piece was quicker, or it was thrown away
            return
        accesslog.record(
            session, Kind.wallet_exported, at=at, citizen_id=citizen.citizen_id, account_id=citizen.account_id
        )


def _proved(session: Session, citizen: Citizen, export: Export) -> bool:
    same = citizen.sign_in_id == export.sign_in_id
    return same or signins.began_after(session, citizen.sign_in_id, export.created_at)
