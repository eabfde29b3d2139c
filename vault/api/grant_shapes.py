"""What the API says about grants, to citizens and to agencies."""

from datetime import datetime

from pydantic import BaseModel, Field

from sharing.limits import ITEMS, OPENINGS, PURPOSE_CHARS
from sharing.terms import Item
from vault.api.shapes import DOCUMENT_ID, LATER, MOMENT, SHA256, VERSION_ID, Taken
from vault.grants import Given
from vault.models import Agency, Event
from vault.redeeming import Received, Redeemed

AGENCY_ID = "0b2ac4b8-5b7e-4d5e-9d0c-1f7f0a3f1a11"
GRANT_ID = "7d9e6c1a-2f0b-4a3e-8e55-3c9b1d2e4f33"
LINK = f"https://vault.example/s#{GRANT_ID}.vW3…"
JWS = "eyJhbGciOiJFZDI1NTE5Iiwi…"


class GrantBody(Taken):
    """What the citizen shares, with whom and why."""

    agency_id: str = Field(max_length=36, examples=[AGENCY_ID])
    versions: list[str] = Field(min_length=1, max_length=ITEMS, examples=[[VERSION_ID]])
    purpose: str = Field(max_length=PURPOSE_CHARS, examples=["Đăng ký kết hôn"])
    days: int | None = Field(None, ge=1, description="how long; the setting `grant_days` unless given", examples=[7])
    openings: int | None = Field(
        None, ge=1, le=OPENINGS, description="how often; the setting `grant_openings` unless given", examples=[10]
    )


class ItemOut(BaseModel):
    version: str = Field(examples=[VERSION_ID])
    kind: str = Field(examples=["birth-certificate"])
    tier: str = Field(examples=["self"])
    sha256: str = Field(description="hex", examples=[SHA256])
    size: int = Field(description="bytes", examples=[184_320])
    media_type: str = Field(examples=["application/pdf"])


class OwnItemOut(ItemOut):
    document: str | None = Field(description="id of the document, while it exists", examples=[DOCUMENT_ID])


class AgencyOut(BaseModel):
    id: str = Field(examples=[AGENCY_ID])
    name: str = Field(examples=["Sở Tư pháp"])


class AgencyList(BaseModel):
    agencies: list[AgencyOut]


class GrantOut(BaseModel):
    """A grant as its citizen sees it."""

    id: str = Field(examples=[GRANT_ID])
    agency: AgencyOut
    state: str = Field(description="waiting (link not used), running, used-up, ended or revoked", examples=["running"])
    purpose: str = Field(examples=["Đăng ký kết hôn"])
    created_at: datetime = Field(examples=[MOMENT])
    expires_at: datetime = Field(examples=[LATER])
    redeemed_at: datetime | None = Field(description="when its link was used", examples=[MOMENT])
    revoked_at: datetime | None = Field(examples=[LATER])
    openings: int = Field(description="counted so far", examples=[1])
    openings_max: int = Field(examples=[10])
    items: list[OwnItemOut]
    grant: str = Field(description="the signed grant, a compact JWS", examples=[JWS])


class GrantMade(GrantOut):
    """The link is shown here once and kept nowhere."""

    link: str = Field(description="to hand over; its fragment is the secret", examples=[LINK])


class GrantList(BaseModel):
    grants: list[GrantOut]


class EventOut(BaseModel):
    """One entry of the access log. Ids and codes only."""

    id: int = Field(examples=[17])
    at: datetime = Field(examples=[MOMENT])
    kind: str = Field(examples=["released"])
    agency: AgencyOut | None
    document: str | None = Field(examples=[DOCUMENT_ID])
    version: str | None = Field(examples=[VERSION_ID])
    grant: str | None = Field(examples=[GRANT_ID])
    detail: str | None = Field(description="a code: why a release was refused", examples=["expired"])


class EventList(BaseModel):
    entries: list[EventOut]
    next: str | None = Field(description="cursor of the next page", examples=["16"])


class RedeemBody(Taken):
    """`client_assertion` is for an agency's system; an officer's session needs none."""

    link: str = Field(max_length=400, description="the link, or what follows its #", examples=[LINK])
    client_assertion: str | None = Field(None, max_length=8192, description="RFC 7523 section 2.2", examples=[JWS])
    client_assertion_type: str | None = Field(None, examples=["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"])


class ReceivedOut(BaseModel):
    """A grant as its agency sees it. What it says is gone once it was revoked."""

    id: str = Field(examples=[GRANT_ID])
    state: str = Field(description="running, used-up, ended or revoked", examples=["running"])
    redeemed_at: datetime | None = Field(examples=[MOMENT])
    expires_at: datetime = Field(examples=[LATER])
    openings: int = Field(description="counted so far", examples=[1])
    openings_max: int = Field(examples=[10])
    subject: str | None = Field(
        description="the citizen's pseudonym at this agency", examples=["UPtqS8XKzWaIsACRB58ic9G5fYU5tzbUI-jwi5jhROI"]
    )
    purpose: str | None = Field(examples=["Đăng ký kết hôn"])
    items: list[ItemOut]
    grant: str | None = Field(description="the signed grant, a compact JWS to verify offline", examples=[JWS])


class ReceivedList(BaseModel):
    grants: list[ReceivedOut]


class RedeemedOut(ReceivedOut):
    """The access token is for an agency's system alone, and for the key that it proved. It is shown here once."""

    access_token: str | None = Field(examples=["kX9…"])
    token_type: str | None = Field(examples=["DPoP"])


def grant_out(given: Given) -> GrantOut:
    grant = given.grant
    return GrantOut(
        id=grant.id,
        agency=AgencyOut(id=grant.agency_id, name=given.agency_name),
        state=given.state,
        purpose=given.terms.purpose,
        created_at=grant.created_at,
        expires_at=grant.expires_at,
        redeemed_at=grant.redeemed_at,
        revoked_at=grant.revoked_at,
        openings=grant.openings,
        openings_max=grant.openings_max,
        items=[
            OwnItemOut(**item_out(item).model_dump(), document=given.papers.get(item.version))
            for item in given.terms.items
        ],
        grant=given.signed,
    )


def item_out(item: Item) -> ItemOut:
    return ItemOut(
        version=item.version,
        kind=item.kind,
        tier=item.tier.value,
        sha256=item.sha256.hex(),
        size=item.size,
        media_type=item.media_type,
    )


def agency_out(agency: Agency) -> AgencyOut:
    return AgencyOut(id=agency.id, name=agency.name)


def event_out(event: Event, names: dict[str, str]) -> EventOut:
    agency = event.agency_id
    return EventOut(
        id=event.id or 0,
        at=event.at,
        kind=event.kind,
        agency=AgencyOut(id=agency, name=names.get(agency, "")) if agency else None,
        document=event.document_id,
        version=event.version_id,
        grant=event.grant_id,
        detail=event.detail,
    )


def received_out(received: Received) -> ReceivedOut:
    grant, terms = received.grant, received.terms
    return ReceivedOut(
        id=grant.id,
        state=received.state,
        redeemed_at=grant.redeemed_at,
        expires_at=grant.expires_at,
        openings=grant.openings,
        openings_max=grant.openings_max,
        subject=terms.subject if terms else None,
        purpose=terms.purpose if terms else None,
        items=[item_out(item) for item in terms.items] if terms else [],
        grant=received.signed,
    )


def redeemed_out(redeemed: Redeemed) -> RedeemedOut:
    token = redeemed.access_token
    shared = received_out(redeemed.received).model_dump()
    return RedeemedOut(**shared, access_token=token, token_type="DPoP" if token else None)
