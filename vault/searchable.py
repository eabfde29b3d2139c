"""Searchable copies (docs/formats/searchable.md): asked for by the owner, made once, opened while they still fit."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from storage.blobs import Blobs
from storage.errors import BlobMissing, SealBroken
from storage.sealed import SealedReader
from vault import accesslog, documents, jobs, papers, readings, wallets
from vault.accesslog import Kind
from vault.documents import Paper
from vault.errors import CopyFailed, CopyNotReady, NotReadYet
from vault.export import sheets
from vault.models import Job, JobKind, ReadingState
from vault.principals import Citizen
from vault.readings import Kinds
from vault.services import Services

MEDIA_TYPE = "application/pdf"
_FORM = b"searchable 1"
"""Copies of another form than this program's are made anew."""
_LENGTH = 8  # bytes before each part of a state


class Stage(StrEnum):
    """How far a version's copy is."""

    none = "none"
    making = "making"
    ready = "ready"
    failed = "failed"


@dataclass(frozen=True)
class Standing:
    """`size` in bytes of a copy that is ready; `failure` says why there is none, as a code."""

    stage: Stage
    size: int = 0
    failure: str | None = None


def state_of(paper: Paper) -> bytes:
    """Changes with all that a copy says: what was read and confirmed, the title, the kind. Of sealed things a hash."""
    version = paper.version
    digest = hashlib.sha256(_FORM)
    for part in (version.reading or b"", version.confirmed or b"", version.label, paper.document.kind.encode()):
        digest.update(len(part).to_bytes(_LENGTH) + part)
    return digest.digest()


def standing(session: Session, blobs: Blobs, paper: Paper) -> Standing:
    """A copy that is not in the store, as after a restore, or opens no more counts as none."""
    version = paper.version
    if _is_asked(session, version.id):
        return Standing(Stage.making)
    if version.copy_state != state_of(paper):
        return Standing(Stage.none)
    if version.copy_failure:
        return Standing(Stage.failed, failure=version.copy_failure)
    return Standing(Stage.ready, version.copy_bytes) if _opened(blobs, paper) else Standing(Stage.none)


def ask(services: Services, citizen: Citizen, document_id: str, version_id: str | None = None) -> Standing:
    """Has the copy of a version made, unless it is ready or under way; one that failed is tried again.

    Raises `NotFound`, `InBin`, `NotReadYet`, and `CopyFailed` for a paper that could not be read.
    """
    with services.db.write() as session:
        wallets.lock_wallet(session, citizen.citizen_id)
        paper = documents.get_live(session, citizen.wallet, document_id, version_id)
        found = standing(session, services.blobs, paper)
        if found.stage in (Stage.making, Stage.ready):
            return found
        _check_read(paper)
        version = paper.version
        jobs.enqueue(session, services.worker_key, version.id, version.citizen_id, paper.key, JobKind.copy)
        version.copy_state, version.copy_failure = None, None
        session.add(version)
        accesslog.record(
            session, Kind.copy_asked, citizen_id=citizen.citizen_id, account_id=citizen.account_id,
            document_id=document_id, version_id=version.id,
        )  # fmt: skip
    return Standing(Stage.making)


def content(session: Session, blobs: Blobs, paper: Paper) -> SealedReader:
    """Raises `CopyNotReady`, `CopyFailed`."""
    found = standing(session, blobs, paper)
    if found.failure:
        raise CopyFailed(reason=found.failure)
    reader = _opened(blobs, paper) if found.stage is Stage.ready else None
    if reader is None:
        raise CopyNotReady
    return reader


def file_name(kinds: Kinds, paper: Paper) -> str:
    """As the archive profile has it, and an export."""
    return f"{sheets.alone(readings.view(kinds, paper, pages=False)).stem}.pdf"


def _opened(blobs: Blobs, paper: Paper) -> SealedReader | None:
    try:
        return papers.open_searchable(blobs, paper.key, paper.version.id, state_of(paper))
    except (BlobMissing, SealBroken):
        return None


def _check_read(paper: Paper) -> None:
    if paper.version.reading is not None:
        return
    if paper.version.state == ReadingState.failed:
        raise CopyFailed(reason="not-read")
    raise NotReadYet


def _is_asked(session: Session, version_id: str) -> bool:
    waiting = select(Job.id).where(col(Job.version_id) == version_id, col(Job.kind) == JobKind.copy)
    return session.exec(waiting).first() is not None
