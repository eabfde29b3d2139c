"""Bytes of an upload taken in: part by part, each sealed and durable before it counts."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import Protocol

from ocr import media
from storage.errors import BlobMissing
from storage.keys import Key
from vault.channels import ahead
from vault.db import now, taken_back_by
from vault.errors import BadUpload, ChecksumDiffers, TypeNotTaken, UploadElsewhere
from vault.intake import HEAD, Digest
from vault.models import UploadPart, new_id
from vault.principals import Citizen
from vault.resumable import finishing, parts, rows
from vault.resumable.holding import Holding
from vault.resumable.rows import State
from vault.services import Services

PART_S = 20.0
"""A part is closed after so long, however much it holds: a server that is killed loses no more than that."""
SMALL_PART = 1024 * 1024
"""A last part of fewer bytes is taken into the next one, so that a line that always breaks leaves no heap of crumbs."""


class Arriving(Protocol):
    """A body on its way in. It ends early, without an error, when the line breaks or the upload is wanted elsewhere."""

    def stop(self) -> None:
        """Takes nothing more; may be called from any thread."""

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in order, once."""


@dataclass(frozen=True)
class Sent:
    """One request's bytes: where they belong, how many were announced, and what they must hash to."""

    offset: int
    body: Arriving
    announced: int | None = None
    sha256: bytes | None = None
    keep_duplicate: bool = False


def send(services: Services, citizen: Citizen, upload_id: str, sent: Sent) -> State:
    """Takes bytes in; with the last one the upload becomes a paper.

    What arrived of a body that broke off is kept, unless it had a checksum. Raises `NotFound`, `UploadLocked`,
    `UploadElsewhere`, `BadUpload`, `ChecksumDiffers`, and what `finishing.finish` raises.
    """
    with Holding(services, citizen, upload_id, sent.body.stop) as held, _undisturbed(services, held):
        taking = _Taking(services, citizen, held, sent)
        taking.run()
        if taking.complete:
            finishing.finish(services, citizen, held, sha256=taking.sha256, keep_duplicate=sent.keep_duplicate)
    return rows.look(services, citizen, upload_id)


@contextmanager
def _undisturbed(services: Services, held: Holding) -> Iterator[None]:
    """Parts that are missing because the upload was taken back or over meanwhile are no damage of the store."""
    try:
        yield
    except BlobMissing:
        with services.db.write() as session:
            held.locked(session)
        raise


class _Taking:
    """One body, taken into parts."""

    def __init__(self, services: Services, citizen: Citizen, held: Holding, sent: Sent) -> None:
        self._services, self._citizen, self._held, self._sent = services, citizen, held, sent
        with services.db.write() as session:
            self._upload = held.locked(session)
            existing = rows.parts_of(session, self._upload.id)
            session.expunge_all()
        self._last = existing[-1] if existing else None
        self._parts = rows.opened(services, citizen.wallet, self._upload)
        self._received, self._length = self._upload.received, self._upload.length
        self._whole = Digest() if self._received == 0 else None
        if sent.offset != self._received:
            raise UploadElsewhere(offset=self._received)
        if sent.announced is not None and sent.offset + sent.announced > self._length:
            raise BadUpload(reason="beyond-length")

    @property
    def complete(self) -> bool:
        """All bytes are there, and they are no paper yet."""
        return self._received == self._length and self._upload.document_id is None

    @property
    def sha256(self) -> bytes | None:
        """Of the whole, where all of it passed by here."""
        return self._whole.sha256() if self._whole and self._whole.size == self._length else None

    def run(self) -> None:
        chunks = self._bounded(iter(self._sent.body))
        if self._received == 0:
            chunks = self._of_a_taken_type(chunks)
        if self._sent.sha256 is not None:
            chunks = self._checked(chunks, self._sent.sha256)
        stream = ahead(self._whole.passing(chunks) if self._whole else chunks)
        try:
            while (first := next(stream, None)) is not None:
                self._take_part(chain((first,), self._slice(stream)))
        finally:
            stream.close()  # type: ignore[attr-defined]  # it is a generator

    def _take_part(self, chunks: Iterator[bytes]) -> None:
        absorbed = self._last if self._last and self._last.size < SMALL_PART else None
        part = self._next_part(absorbed)
        before = self._parts.stream([absorbed]) if absorbed else iter(())
        part.size = self._parts.put(part, chain(before, chunks))
        with taken_back_by(lambda: parts.remove(self._services.blobs, [part])):
            self._commit(part, absorbed)
        self._last = part
        if absorbed:
            parts.remove(self._services.blobs, [absorbed])

    def _next_part(self, absorbed: UploadPart | None) -> UploadPart:
        number = absorbed.number if absorbed else (self._last.number + 1 if self._last else 1)
        part = UploadPart(
            upload_id=self._upload.id,
            number=number,
            id=new_id(),
            start=absorbed.start if absorbed else self._received,
            size=0,
        )
        if self._last is None and self._sent.announced == self._length:
            part.wrapped_key = self._parts.wrap_whole(part.id, Key.generate())
        return part

    def _commit(self, part: UploadPart, absorbed: UploadPart | None) -> None:
        with self._services.db.write() as session:
            upload = self._held.locked(session)
            if upload.received != self._received:
                raise UploadElsewhere(offset=upload.received)
            if absorbed:
                session.delete(session.get_one(UploadPart, (part.upload_id, part.number)))
                session.flush()
            session.add(part)
            upload.received = part.start + part.size
            upload.expires_at = rows.expiry(self._services, now(session))
            session.flush()
            session.expunge(part)
            self._received = upload.received

    def _slice(self, stream: Iterator[bytes]) -> Iterator[bytes]:
        """What comes until this part is closed: with a checksum, all; only the end shows whether it may be kept."""
        ends = monotonic() + PART_S
        while self._sent.sha256 is not None or monotonic() < ends:
            chunk = next(stream, None)
            if chunk is None:
                return
            yield chunk

    def _bounded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        left = self._length - self._received
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise BadUpload(reason="beyond-length")
            yield chunk

    def _of_a_taken_type(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Raises `TypeNotTaken` after the first bytes, and forgets the upload."""
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= min(HEAD, self._length):
                break
        if len(head) >= min(HEAD, self._length) and media.sniff(head) is None:
            finishing.forget(self._services, self._citizen, self._held)
            raise TypeNotTaken
        if head:
            yield head
        yield from chunks

    def _checked(self, chunks: Iterator[bytes], expected: bytes) -> Iterator[bytes]:
        """Raises `ChecksumDiffers` at the end, before anything is kept (tus 1.0.0, extension "checksum")."""
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
            yield chunk
        if not hmac.compare_digest(digest.digest(), expected):
            raise ChecksumDiffers


def checksum(header: str) -> bytes:
    """The SHA-256 that `Upload-Checksum` names. Raises `BadUpload` for another algorithm or form."""
    algorithm, _, value = header.strip().partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        digest = b""
    if algorithm != "sha256" or len(digest) != hashlib.sha256().digest_size:
        raise BadUpload(reason="checksum-malformed")
    return digest
