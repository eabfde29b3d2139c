"""What the API says about dossiers, supplements and figures, to citizens and to agencies."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from vault import supplements
from vault.api.grant_shapes import AGENCY_ID, GRANT_ID, JWS, AgencyOut
from vault.api.shapes import CURSOR, DOCUMENT_ID, LATER, MOMENT, SHA256, VERSION_ID, Taken
from vault.casework import Asked, Case, Held, Opened
from vault.dossiers import Own, Piece
from vault.figures import Statistics, Sum
from vault.history import Entry
from vault.procedures import COMPONENTS
from vault.supplements import Waiting

DOSSIER_ID = "3b1f6a90-57c2-4d0e-9a4b-d2c6e1f07a55"
SUPPLEMENT_ID = "9e0d7c44-1b6a-4f2f-8c1d-6a5b4c3d2e66"
REFERENCE = "H10.01.02-261123-0001"
PROCEDURE = "marriage-registration"
COMPONENT = "applicant-identity"
STATE = "running, waiting (not taken over yet), used-up, ended or revoked"
NOTE = "Bản chụp bị mờ, xin gửi lại"


class PieceOut(BaseModel):
    """A component and the version that answers it; a newer version of the paper does not change it."""

    component: str = Field(examples=[COMPONENT])
    version: str = Field(examples=[VERSION_ID])
    kind: str = Field(examples=["citizen-card"])
    tier: str = Field(examples=["self"])
    size: int = Field(description="bytes", examples=[184_320])
    media_type: str = Field(examples=["application/pdf"])
    added_at: datetime = Field(examples=[MOMENT])
    grant: str = Field(examples=[GRANT_ID])
    state: str = Field(description=f"of the grant: {STATE}", examples=["running"])


class OwnPieceOut(PieceOut):
    document: str | None = Field(description="id of the document, while it exists", examples=[DOCUMENT_ID])
    version_of: datetime | None = Field(description="when this version was put in", examples=[MOMENT])
    newer_version: bool = Field(description="there is a newer one, which the agency does not have", examples=[False])


class HeldOut(PieceOut):
    sha256: str | None = Field(
        description="hex; null where whoever asks cannot open the grant: a token for lists, or after it was revoked",
        examples=[SHA256],
    )


class DossierOut(BaseModel):
    id: str = Field(examples=[DOSSIER_ID])
    procedure: str = Field(examples=[PROCEDURE])
    reference: str = Field(description="the agency's own", examples=[REFERENCE])
    state: str = Field(description=f"of its liveliest grant: {STATE}", examples=["running"])
    created_at: datetime = Field(examples=[MOMENT])


class SupplementOut(BaseModel):
    id: str = Field(examples=[SUPPLEMENT_ID])
    components: list[str] = Field(examples=[[COMPONENT]])
    created_at: datetime = Field(examples=[MOMENT])


class WaitingOut(SupplementOut):
    note: str = Field(examples=[NOTE])


class AskedOut(SupplementOut):
    note: str | None = Field(description="null where whoever asks cannot open it", examples=[NOTE])


class OpeningOut(BaseModel):
    at: datetime = Field(examples=[MOMENT])
    version: str | None = Field(examples=[VERSION_ID])
    officer: str | None = Field(description="null when it was the agency's system", examples=["Trần Thị Lan"])


class OwnDossierOut(DossierOut):
    """A dossier as its citizen sees it."""

    agency: AgencyOut
    items: list[OwnPieceOut]
    supplements: list[WaitingOut] = Field(description="what the agency still asks for")


class OwnDossierWhole(OwnDossierOut):
    openings: list[OpeningOut] = Field(description="the newest first, at most 100")


class OwnDossierList(BaseModel):
    dossiers: list[OwnDossierOut]
    next: str | None = Field(description="cursor of the next page", examples=[CURSOR])


class DossierGrantOut(BaseModel):
    id: str = Field(examples=[GRANT_ID])
    state: str = Field(examples=["running"])
    expires_at: datetime = Field(examples=[LATER])
    openings: int = Field(description="counted so far", examples=[1])
    openings_max: int = Field(examples=[10])
    grant: str | None = Field(description="the signed grant, a compact JWS; null as a hash is", examples=[JWS])


class AgencyDossierOut(DossierOut):
    """A dossier as its agency sees it."""

    subject: str | None = Field(
        description="the citizen's pseudonym at this agency; null as a hash is",
        examples=["UPtqS8XKzWaIsACRB58ic9G5fYU5tzbUI-jwi5jhROI"],
    )
    items: list[HeldOut]
    grants: list[DossierGrantOut]
    supplements: list[AskedOut] = Field(description="what was asked and neither answered nor withdrawn")


class AgencyDossierList(BaseModel):
    dossiers: list[AgencyDossierOut]
    next: str | None = Field(description="cursor of the next page", examples=[CURSOR])


class SupplementBody(Taken):
    """What the citizen is asked for, and why, on one line of at most 500 printable characters."""

    components: list[str] = Field(min_length=1, max_length=COMPONENTS, examples=[[COMPONENT]])
    note: str = Field(max_length=4 * supplements.NOTE_CHARS, examples=[NOTE])


class SumOut(BaseModel):
    """Counts only, of nobody in particular."""

    consents: int = Field(examples=[40])
    papers_by_reference: int = Field(description="attached by reference, none uploaded to the agency", examples=[120])
    uploads_avoided: int = Field(
        description="of these, papers that lay in the wallet before the agency asked", examples=[100]
    )
    reused_percent: int | None = Field(
        description="uploads avoided, of the papers by reference; rounded down", examples=[83]
    )
    bytes_not_sent: int = Field(description="what the avoided uploads weigh", examples=[41_943_040])
    median_seconds: int | None = Field(description="from the request to the consent", examples=[75])


class LineOut(SumOut):
    procedure: str = Field(examples=[PROCEDURE])
    month: str = Field(description="YYYY-MM in Viet Nam", examples=["2026-11"])


class StatisticsOut(BaseModel):
    agency: str = Field(examples=[AGENCY_ID])
    total: SumOut
    lines: list[LineOut] = Field(description="by month, the newest first, and procedure")


def own_out(own: Own) -> OwnDossierOut:
    return OwnDossierOut(
        **_dossier(own),
        agency=AgencyOut(id=own.dossier.agency_id, name=own.agency_name),
        items=[_own_piece(piece) for piece in own.pieces],
        supplements=[_waiting(waiting) for waiting in own.waiting],
    )


def own_whole(own: Own, opened: list[Entry]) -> OwnDossierWhole:
    """`opened` are the entries of its openings."""
    openings = [
        OpeningOut(at=entry.event.at, version=entry.event.version_id, officer=entry.officer or None) for entry in opened
    ]
    return OwnDossierWhole(**own_out(own).model_dump(), openings=openings)


def case_out(case: Case) -> AgencyDossierOut:
    return AgencyDossierOut(
        **_dossier(case),
        subject=case.subject,
        items=[_held(held) for held in case.held],
        grants=[_grant(opened) for opened in case.grants],
        supplements=[asked_out(asked) for asked in case.asked],
    )


def asked_out(asked: Asked) -> AskedOut:
    supplement = asked.supplement
    return AskedOut(
        id=supplement.id, components=supplement.components, created_at=supplement.created_at, note=asked.note
    )


def statistics_out(agency_id: str, statistics: Statistics) -> StatisticsOut:
    lines = [LineOut(procedure=line.procedure, month=line.month, **_sum(line.sum)) for line in statistics.lines]
    return StatisticsOut(agency=agency_id, total=SumOut(**_sum(statistics.total)), lines=lines)


def _dossier(seen: Own | Case) -> dict[str, Any]:
    dossier = seen.dossier
    return {
        "id": dossier.id,
        "procedure": dossier.procedure,
        "reference": dossier.reference,
        "state": seen.state,
        "created_at": dossier.created_at,
    }


def _piece(piece: Piece | Held) -> dict[str, Any]:
    item = piece.item
    return {
        "component": item.component,
        "version": item.version_id,
        "kind": item.kind,
        "tier": item.tier,
        "size": item.size,
        "media_type": item.media_type,
        "added_at": item.added_at,
        "grant": item.grant_id,
    }


def _own_piece(piece: Piece) -> OwnPieceOut:
    return OwnPieceOut(
        **_piece(piece),
        state=piece.state,
        document=piece.document_id,
        version_of=piece.of,
        newer_version=piece.newer,
    )


def _held(held: Held) -> HeldOut:
    return HeldOut(**_piece(held), state=held.by.state, sha256=held.sha256.hex() if held.sha256 else None)


def _grant(opened: Opened) -> DossierGrantOut:
    grant = opened.grant
    return DossierGrantOut(
        id=grant.id,
        state=opened.state,
        expires_at=grant.expires_at,
        openings=grant.openings,
        openings_max=grant.openings_max,
        grant=opened.signed,
    )


def _waiting(waiting: Waiting) -> WaitingOut:
    supplement = waiting.supplement
    return WaitingOut(
        id=supplement.id, components=supplement.components, created_at=supplement.created_at, note=waiting.note
    )


def _sum(found: Sum) -> dict[str, Any]:
    return {
        "consents": found.consents,
        "papers_by_reference": found.papers,
        "uploads_avoided": found.reused,
        "reused_percent": found.reused_percent,
        "bytes_not_sent": found.bytes_not_sent,
        "median_seconds": found.median_s,
    }
