"""A backup looked at without restoring it: its lists, its rows, every blob. It needs no key and opens nothing."""

import hashlib
from collections.abc import Iterator

from storage.blobs import Blobs
from storage.errors import BlobMissing, StoreUnavailable
from vault import papers
from vault.backups import tables
from vault.backups.copying import BLOCK, Earlier
from vault.backups.errors import BackupUnusable
from vault.backups.sets import BackupFolder, BackupSet, Entry, Manifest, intact
from vault.care.findings import Finding, Severity
from vault.care.pace import Pace, Progress


def check(folder: BackupFolder, one: BackupSet, pace: Pace, progress: Progress) -> Iterator[Finding]:
    """Everything that is wrong with a set; last a sentence that all is well, if it is."""
    try:
        manifest = opened(one)
        missing = _without_original(one, manifest)
    except BackupUnusable as error:
        yield Finding(Severity.damage, str(error))
        return
    wrong, done = len(missing), 0
    for version_id in missing:
        yield Finding(Severity.damage, f"Version {version_id} has no original in the backup.")
    for entry in one.entries():
        fault = blob_fault(folder.blobs, entry, pace)
        if fault:
            wrong += 1
            yield Finding(Severity.damage, fault)
        done += entry.size
        progress(done, manifest.bytes)
    yield from _told(one, manifest, wrong)


def opened(one: BackupSet) -> Manifest:
    """The manifest, once its lists are as it says. Raises `BackupUnusable`."""
    manifest = one.manifest()
    for path, expected in ((one.tables, manifest.tables), (one.blobs, manifest.blobs)):
        if not intact(path, expected):
            raise BackupUnusable(f"{path.name} of the backup {one.id} is damaged or missing.")
    return manifest


def stream(blobs: Blobs, entry: Entry) -> Iterator[bytes]:
    """A blob of the backup. Raises `BackupUnusable` at its end when it is not the one that was kept."""
    digest, sent = hashlib.sha256(), 0
    while block := blobs.read(entry.stored, sent, BLOCK):
        digest.update(block)
        sent += len(block)
        yield block
    if (sent, digest.hexdigest()) != (entry.size, entry.sha256):
        raise BackupUnusable(f"The blob {entry.name} is damaged in the backup.")


def blob_fault(blobs: Blobs, entry: Entry, pace: Pace) -> str | None:
    try:
        for block in stream(blobs, entry):
            pace.spend(len(block))
    except BackupUnusable as error:
        return str(error)
    except BlobMissing:
        return f"The blob {entry.name} is missing in the backup."
    except StoreUnavailable as error:
        return f"The blob {entry.name} cannot be read in the backup ({error})."
    return None


def _without_original(one: BackupSet, manifest: Manifest) -> list[str]:
    """Versions whose original is not in the list, without those that the vault itself had lost. Reads every row."""
    listed, missing, rows = Earlier([one.entries()]), [], 0
    with one.tables.open("rb") as file:
        tables.read_head(file)
        for shape, values in tables.read(file):
            tables.decoded(shape, values)
            rows += 1
            if shape.table == "version" and values["id"] not in manifest.missing:
                names = {entry.name for entry in listed.of(values["id"])}
                missing += [] if papers.original_name(values["id"]) in names else [values["id"]]
    if rows != manifest.tables.count:
        raise BackupUnusable(f"The backup {one.id} has {rows} rows, not {manifest.tables.count}.")
    return missing


def _told(one: BackupSet, manifest: Manifest, wrong: int) -> Iterator[Finding]:
    for version_id in manifest.missing:
        yield Finding(Severity.remark, f"Version {version_id} had lost its original before the backup was made.")
    if not wrong:
        rows, blobs = manifest.tables.count, manifest.blobs.count
        said = f"The backup {one.id} is whole: the vault of {manifest.taken_at}, {rows} rows, {blobs} blobs"
        yield Finding(Severity.fine, f"{said} ({manifest.bytes} bytes).")
