"""Poor photographs: kept all the same, or destroyed for a better one, never before that one is in."""

from sqlmodel import Session, select

from vault import accesslog, documents
from vault.accesslog import Kind
from vault.documents import Paper
from vault.models import GrantItem
from vault.papers import Remains
from vault.principals import Citizen


def keep(session: Session, citizen: Citizen, document_id: str) -> None:
    """What is wrong with the current version is known and accepted. Keeping twice changes nothing."""
    version = documents.held_live(session, citizen, document_id).version
    if version.quality:
        version.quality = []
        session.add(version)
        accesslog.record(
            session,
            Kind.document_changed,
            citizen_id=citizen.citizen_id,
            account_id=citizen.account_id,
            document_id=document_id,
            detail="photo-kept",
        )


def destroy_retaken(session: Session, citizen: Citizen, poor: Paper) -> list[Remains]:
    """Makes room for a better one that comes in within the same transaction.

    One that is not known to be poor, or that somebody was given, stays: nothing is returned then.
    """
    given = session.exec(select(GrantItem.grant_id).where(GrantItem.version_id == poor.version.id)).first()
    if given is not None or not poor.version.quality:
        return []
    return documents.destroy_versions(session, citizen.citizen_id, [poor.version])
