"""Papers attached to dossiers as a consent does it, and what an agency's system then holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.keys import Key
from tests.vault.world import World
from vault import (
    accesstokens,
    agencies,
    dossiers,
    grantkeys,
    grants,
    models,
    papers,
    supplements,
    tokens,
    wallets,
)
from vault.agencykeys import OfficerReader, Reader
from vault.db import now
from vault.documents import Paper
from vault.models import Dossier, Grant, Supplement, Version
from vault.papers import Label
from vault.principals import Citizen, Officer, TokenBearer
from vault.procedures import Procedure
from vault.supplements import Waiting

OTHER_KEY = "A" * 43
"""The thumbprint of a key that nobody proved."""
REFERENCE = "H10.01.02-261123-0001"
MARRIAGE = "marriage-registration"


@dataclass(frozen=True)
class Attached:
    """What one consent left: a dossier, a grant, and the access token of the agency's system."""

    dossier: Dossier
    grant_id: str
    key: Key
    bearer: TokenBearer


def attach(
    world: World,
    by_component: Mapping[str, Paper],
    *,
    citizen: Citizen | None = None,
    officer: Officer | None = None,
    reference: str = REFERENCE,
    procedure: str = MARRIAGE,
    fetched: bool = True,
    asked_at: datetime | None = None,
    waiting: Waiting | None = None,
    first: Attached | None = None,
) -> Attached:
    """Papers by component; the agency's system has fetched what was agreed to, unless told otherwise."""
    citizen, officer, services = citizen or world.an, officer or world.registry, world.services
    components: dict[str, tuple[str, ...]] = {}
    for name, paper in by_component.items():
        components[paper.version.id] = (*components.get(paper.version.id, ()), name)
    offer = grants.Offer(officer.agency_id, tuple(components), "Đăng ký kết hôn", 7, 10)
    attachment = grants.Attachment(procedure, reference, components)
    with services.db.write() as session:
        at = now(session)
        made = grants.make(session, services.signer, services.settings, citizen, offer, attachment)
        dossier = dossiers.attach(
            session,
            citizen,
            agency_id=officer.agency_id,
            procedure=procedure,
            reference=reference,
            grant=made.grant,
            terms=made.terms,
            asked_at=asked_at or (waiting.supplement.created_at if waiting else at),
            supplement=waiting.supplement if waiting else None,
        )
        token = ""
        if fetched:
            made.grant.redeemed_at = at
            session.add_all(
                (
                    made.grant,
                    grantkeys.hold_by_agency(made.key, made.grant.id, agencies.get(session, officer.agency_id)),
                )
            )
        if fetched and first:
            session.add(grantkeys.hold_by_dossier(made.key, made.grant.id, first.key))
        elif fetched:
            token = accesstokens.issue(
                session,
                agency_id=officer.agency_id,
                key=world.registry_key.kid,
                expires_at=made.grant.expires_at,
                grant_id=made.grant.id,
            )
            session.add(grantkeys.hold_by_token(made.key, made.grant.id, tokens.decode(token) or b""))
    return Attached(
        dossier, made.grant.id, made.key, first.bearer if first else TokenBearer(token, world.registry_key.kid)
    )


def list_token(world: World, officer: Officer | None = None) -> TokenBearer:
    """An agency's token for its own lists alone."""
    with world.services.db.write() as session:
        agency_id, key = (officer or world.registry).agency_id, world.registry_key.kid
        ends = now(session) + timedelta(minutes=10)
        return TokenBearer(accesstokens.issue(session, agency_id=agency_id, key=key, expires_at=ends), key)


def ask(
    world: World,
    attached: Attached,
    *components: str,
    note: str = "Bản chụp bị mờ",
    reader: Reader | None = None,
) -> Supplement:
    """The agency asks for components of marriage registration."""
    with world.services.db.write() as session:
        return supplements.ask(
            session,
            reader or OfficerReader(world.registry),
            attached.dossier,
            marriage(world),
            components or ("partner-identity",),
            note,
        )


def marriage(world: World) -> Procedure:
    return world.services.procedures[MARRIAGE]


def revoke_all(world: World, attached: Attached, citizen: Citizen | None = None) -> None:
    with world.services.db.write() as session:
        dossiers.revoke_all(session, citizen or world.an, attached.dossier.id)


def grant_of(world: World, attached: Attached) -> Grant:
    found: Grant = world.row(Grant, attached.grant_id)
    return found


def newer_version(world: World, paper: Paper, citizen: Citizen | None = None) -> str:
    """A second version of a paper, as the intake leaves it; its id."""
    citizen, key, version_id = citizen or world.an, Key.generate(), models.new_id()
    with world.services.db.write() as session:
        session.add(
            Version(
                id=version_id,
                document_id=paper.id,
                citizen_id=citizen.citizen_id,
                number=paper.version.number + 1,
                created_at=now(session),
                wrapped_key=citizen.wallet.key.wrap(key, wallets.document_key_context(citizen.citizen_id, version_id)),
                fingerprint=b"another",
                size=1,
                media_type="application/pdf",
                pages=1,
                label=papers.seal_label(key, version_id, Label("Giấy khai sinh của An", "moi.pdf", bytes(32))),
            )
        )
    return version_id
