"""One request at a time moves an upload on: it holds the row by a lease, and gives way when it is asked to.

The lease only spares others a wait in vain. What keeps two from writing is the fence: whoever commits must still be the
holder, under the row's lock.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from types import TracebackType
from typing import Self

from sqlalchemy import ColumnElement
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select, update

from vault.db import now
from vault.errors import UploadLocked
from vault.models import Upload, new_id
from vault.principals import Citizen
from vault.resumable import rows
from vault.services import Services

BEAT_S = 1.0

log = logging.getLogger(__name__)


class Holding:
    """Holds one upload while the block runs. `on_asked` is called from another thread when somebody wants it.

    Raises `NotFound`, and `UploadLocked` when another request holds it.
    """

    def __init__(
        self, services: Services, citizen: Citizen, upload_id: str, on_asked: Callable[[], None] = lambda: None
    ) -> None:
        self._services, self._citizen, self._upload_id, self._on_asked = services, citizen, upload_id, on_asked
        self._token, self._left = new_id(), Event()
        self._beating = Thread(target=self._beat, name="upload", daemon=True)

    def __enter__(self) -> Self:
        with self._services.db.write() as session:
            upload = rows.owned(session, self._citizen.citizen_id, self._upload_id, lock=True)
            at = now(session)
            if rows.is_held(upload, at):
                raise UploadLocked
            upload.holder, upload.wanted = self._token, False
            _keep(upload, at + rows.LEASE)
        self._beating.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._beating.join()
        try:
            with self._services.db.write() as session:
                session.exec(update(Upload).where(*self._mine()).values(holder=None, held_until=None, wanted=False))
        except SQLAlchemyError as failed:
            log.warning("the lease of an upload was left to run out", exc_info=failed)

    def locked(self, session: Session) -> Upload:
        """The row, for a change. Raises `NotFound`, and `UploadLocked` when another request has taken over."""
        upload = rows.owned(session, self._citizen.citizen_id, self._upload_id, lock=True)
        if upload.holder != self._token:
            raise UploadLocked
        return upload

    def _beat(self) -> None:
        while not self._left.wait(BEAT_S):
            try:
                asked = self._renew()
            except SQLAlchemyError as failed:  # the next beat may go better; the fence holds in any case
                log.warning("the lease of an upload was not renewed", exc_info=failed)
                continue
            if asked:
                self._on_asked()

    def _renew(self) -> bool:
        """Whether to stop: somebody asks for the upload, or it is no longer ours."""
        with self._services.db.write() as session:
            upload = session.exec(select(Upload).where(*self._mine()).with_for_update()).first()
            if upload is None:
                return True
            _keep(upload, now(session) + rows.LEASE)
            return upload.wanted

    def _mine(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return col(Upload.id) == self._upload_id, col(Upload.holder) == self._token


def _keep(upload: Upload, until: datetime) -> None:
    """Nobody takes it before then, and its time is not over while somebody is sending."""
    upload.held_until, upload.expires_at = until, max(upload.expires_at, until)
