"""Making a wallet ready to be taken along: step by step, each within one request and with nothing left behind.

The first steps read every original once, for its CRC-32 and to see that it is whole; the last one writes what is to be
written into one sealed blob. Between steps the row holds how far it is, sealed: any process takes the next one.
"""

import json
import time
import zlib
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, func, select

from storage.errors import BlobMissing, SealBroken
from storage.keys import Key, context
from storage.sealed import seal
from vault import accesslog, accounts, papers, wallets
from vault.accesslog import Kind
from vault.db import now, taken_back_by
from vault.errors import NotFound, NothingPrepared
from vault.export import contents
from vault.export.contents import Writer
from vault.models import Account, Document, Export, Version, new_id
from vault.principals import Citizen
from vault.services import Services
from vault.wallets import Wallet

LASTS = timedelta(hours=24)
"""A prepared export ends after so long."""
STEP_S = 2.0
"""About how long one step goes on before it tells how far it is."""


@dataclass
class Checked:
    """How far the originals are looked over: finished ones by version id, and the one that is being read."""

    done: dict[str, int | None] = field(default_factory=dict)
    current: str = ""
    offset: int = 0
    crc32: int = 0

    def pack(self) -> bytes:
        return json.dumps([self.done, self.current, self.offset, self.crc32]).encode()

    @classmethod
    def unpack(cls, packed: bytes) -> "Checked":
        return cls(*json.loads(packed))


def begin(services: Services, citizen: Citizen, password: str) -> Export:
    """A new export in the place of any other, for whoever knows the password. Raises `SignInFailed`, `TooManyAttempts`.

    A phone in wrong hands shows one paper at a time; it shall not give all of them away at once.
    """
    with services.db.read() as session:
        account = session.get(Account, citizen.account_id)
    if account is None:
        raise NotFound
    accounts.check_password(services.db, services.passwords, services.settings, account, password)
    with services.db.write() as session:
        wallets.lock_wallet(session, citizen.citizen_id)  # two at once come one after the other
        gone = _delete(session, Export.citizen_id == citizen.citizen_id)
        export = _made(session, citizen)
        _record(session, Kind.export_prepared, citizen)
    remove(services, gone)
    return export


def current(session: Session, citizen: Citizen) -> Export | None:
    """The citizen's export, ready or not, as long as it lasts."""
    row = session.exec(select(Export).where(Export.citizen_id == citizen.citizen_id)).first()
    return row if row is not None and now(session) < row.expires_at else None


def step(services: Services, citizen: Citizen, *, seconds: float = STEP_S) -> Export:
    """Goes on for about so long; nothing is left to do once `size` is known. Raises `NothingPrepared`."""
    with services.db.read() as session:
        export = current(session, citizen)
    if export is None:
        raise NothingPrepared
    if export.size is not None:
        return export
    key, until = export_key(export, citizen.wallet), time.monotonic() + seconds
    checked = _checked(export, key)
    if _look_over(services, citizen, checked, until):
        return _write(services, citizen, export, key, checked)
    return _keep(services, citizen, export, key, checked)


def discard(services: Services, citizen: Citizen) -> None:
    """Throws away what was prepared; a download that is under way ends. Raises `NothingPrepared`."""
    with services.db.write() as session:
        if current(session, citizen) is None:
            raise NothingPrepared
        gone = _delete(session, Export.citizen_id == citizen.citizen_id)
        _record(session, Kind.export_discarded, citizen)
    remove(services, gone)


def forget_ended(session: Session) -> list[str]:
    """Deletes what has ended, for housekeeping. Returns blobs for `remove`."""
    return _delete(session, col(Export.expires_at) <= now(session))


def forget_all(session: Session, citizen_id: str) -> list[str]:
    """The same for a wallet that is being erased."""
    return _delete(session, Export.citizen_id == citizen_id)


def remove(services: Services, blobs: list[str]) -> None:
    """Removes what rows that are gone left in the store: noise without their keys."""
    for name in blobs:
        services.blobs.delete(name)


def how_much(session: Session, citizen: Citizen) -> tuple[int, int]:
    """Papers, and bytes of all their versions."""
    papers_of = select(func.count()).select_from(Document).where(Document.citizen_id == citizen.citizen_id)
    bytes_of = select(func.coalesce(func.sum(Version.size), 0)).where(Version.citizen_id == citizen.citizen_id)
    return session.exec(papers_of).one(), int(session.exec(bytes_of).one())


def export_key(export: Export, wallet: Wallet) -> Key:
    return wallet.key.unwrap(export.wrapped_key, context("export-key", export.citizen_id, export.id))


def written_name(export_id: str, part: str) -> str:
    return papers.export_name(export_id, part)


def written_context(export_id: str) -> bytes:
    return context("export-written", export_id)


def manifest_context(export_id: str) -> bytes:
    return context("export-manifest", export_id)


def _made(session: Session, citizen: Citizen) -> Export:
    at, export_id = now(session).replace(microsecond=0), new_id()
    wrapped = citizen.wallet.key.wrap(Key.generate(), context("export-key", citizen.citizen_id, export_id))
    export = Export(
        id=export_id,
        citizen_id=citizen.citizen_id,
        sign_in_id=citizen.sign_in_id,
        created_at=at,
        expires_at=at + LASTS,
        wrapped_key=wrapped,
        total=how_much(session, citizen)[1],
    )
    session.add(export)
    session.flush()
    return export


def _checked(export: Export, key: Key) -> Checked:
    if export.checked is None:
        return Checked()
    return Checked.unpack(key.open(export.checked, context("export-checked", export.id)))


def _look_over(services: Services, citizen: Citizen, checked: Checked, until: float) -> bool:
    """Reads originals until the time is over; True when all of them were read."""
    with services.db.read() as session:
        mine = select(Version.id).where(Version.citizen_id == citizen.citizen_id)
        ids = session.exec(mine.order_by(col(Version.created_at), col(Version.id))).all()
    return all(_look_at(services, citizen, checked, version_id, until) for version_id in ids)


def _look_at(services: Services, citizen: Citizen, checked: Checked, version_id: str, until: float) -> bool:
    """False when the time is over before this one was read to its end."""
    if version_id in checked.done:
        return True
    if checked.current != version_id:
        checked.current, checked.offset, checked.crc32 = version_id, 0, 0
    with services.db.read() as session:
        version = session.get(Version, version_id)
    if version is None:  # destroyed in the meantime
        return True
    try:
        reader = papers.open_original(services.blobs, citizen.wallet.document_key(version), version_id)
        for block in reader.stream(checked.offset):
            checked.crc32, checked.offset = zlib.crc32(block, checked.crc32), checked.offset + len(block)
            if time.monotonic() > until and checked.offset < reader.size:
                return False
    except (BlobMissing, SealBroken):
        checked.done[version_id] = None
        return True
    checked.done[version_id] = checked.crc32 if checked.offset == version.size else None
    return True


def _keep(services: Services, citizen: Citizen, export: Export, key: Key, checked: Checked) -> Export:
    with services.db.write() as session:
        row = _own(session, citizen, export)
        row.checked = key.seal(checked.pack(), context("export-checked", row.id))
        row.done = _bytes_done(session, citizen, checked)
        return row


def _bytes_done(session: Session, citizen: Citizen, checked: Checked) -> int:
    sizes = session.exec(select(Version.id, Version.size).where(Version.citizen_id == citizen.citizen_id))
    unfinished = 0 if checked.current in checked.done else checked.offset
    return unfinished + sum(size for version_id, size in sizes if version_id in checked.done)


def _write(services: Services, citizen: Citizen, export: Export, key: Key, checked: Checked) -> Export:
    """The last step. Of two at once one comes too late, and takes what it wrote away again."""
    part, settings = new_id(), services.settings
    name = written_name(export.id, part)
    with taken_back_by(lambda: services.blobs.delete(name)):
        with services.db.read() as session:
            writer = Writer(
                session, services.kinds, citizen, checked.done, vault=settings.public_url, at=export.created_at
            )
            services.blobs.put(name, seal(key, written_context(export.id), writer.chunks()))
        manifest = contents.Manifest(writer.placed)
        with services.db.write() as session:
            row = _own(session, citizen, export)
            if row.size is None:
                row.part, row.size, row.done, row.checked = part, manifest.size, row.total, None
                row.manifest = key.seal(manifest.pack(), manifest_context(row.id))
    if row.part != part:
        services.blobs.delete(name)
    return row


def _own(session: Session, citizen: Citizen, export: Export) -> Export:
    """Raises `NothingPrepared` when another one has taken its place."""
    same = select(Export).where(Export.id == export.id, Export.citizen_id == citizen.citizen_id)
    row = session.exec(same.with_for_update()).first()
    if row is None:
        raise NothingPrepared
    return row


def _delete(session: Session, condition: ColumnElement[bool] | bool) -> list[str]:
    """Blobs of the rows that it deletes, also of one that was made ready while this waited for it."""
    gone = session.exec(delete(Export).where(condition).returning(col(Export.id), col(Export.part)))  # type: ignore[arg-type]
    return [written_name(export_id, part) for export_id, part in gone if part]


def _record(session: Session, kind: Kind, citizen: Citizen) -> None:
    accesslog.record(session, kind, citizen_id=citizen.citizen_id, account_id=citizen.account_id)
