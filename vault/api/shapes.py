"""What the API takes and gives. Field names are the words of the design."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ocr.pyramid import TILE
from vault import errors, problems
from vault.documents import TITLE_MAX, Paper
from vault.errors import VaultError
from vault.i18n import translator
from vault.problems import Problem
from vault.readings import Fact, ReadingView
from vault.resumable import metadata
from vault.resumable.rows import State
from vault.search import Hit
from vault.searchable import Standing
from vault.settings import MIB
from vault.tiles import StoredSheet

DOCUMENT_ID = "c4a1e0d7-6f0b-4a55-b2f3-8e7d9a0c1b22"
VERSION_ID = "5f2c8a54-9a0e-4c56-8f43-0c0e6f0a7b22"
SHA256 = "2b2de1374823339e67381b6ef3cec604105168f731861bfd40ddf721be8b3daf"
MOMENT = "2026-11-23T09:30:00Z"
LATER = "2026-11-30T09:30:00Z"
CURSOR = "MjAyNi0xMS0yM1QwOTozMDowMCswMDowMCBjNGExZTBkNw"


class Taken(BaseModel):
    """A body that is taken: unknown members are refused, values never appear in errors."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ProblemBody(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["/problems/not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is nothing here, or it is not yours."])
    model_config = ConfigDict(extra="allow")


class SignInBody(Taken):
    login: str = Field(max_length=200, examples=["0905 123 456"])
    password: SecretStr = Field(examples=["correct horse battery"])


class AccountBody(SignInBody):
    name: str = Field("", max_length=200, examples=["Nguyễn Văn An"])


class PasswordChange(Taken):
    old: SecretStr = Field(examples=["correct horse battery"])
    new: SecretStr = Field(examples=["battery staple correct"])


class EraseBody(Taken):
    password: SecretStr = Field(examples=["correct horse battery"])


class DocumentChange(Taken):
    """Only what is given changes."""

    title: str | None = Field(None, max_length=400, examples=["Giấy khai sinh của An"])
    kind: str | None = Field(None, examples=["birth-certificate"])
    fields: dict[str, str] | None = Field(None, examples=[{"full-name": "Nguyễn Văn An"}])
    keep_photo: Literal[True] | None = Field(
        None, description="keep it although it is a poor photograph", examples=[True]
    )


class AccountOut(BaseModel):
    id: str = Field(examples=["1e7c2f90-3d4b-4f6a-9c58-2b1a0d9e8f77"])
    login: str = Field(examples=["0905 123 456"])
    role: str = Field(description="citizen or officer", examples=["citizen"])
    agency: str | None = Field(default=None, description="an officer's agency", examples=["Sở Tư pháp"])


class VersionOut(BaseModel):
    id: str = Field(examples=[VERSION_ID])
    number: int = Field(description="from 1", examples=[1])
    created_at: datetime = Field(examples=[MOMENT])
    size: int = Field(description="bytes", examples=[184_320])
    media_type: str = Field(examples=["application/pdf"])
    pages: int = Field(examples=[2])
    tier: str = Field(description="self, checked, certified or issued", examples=["self"])
    sha256: str = Field(description="hex", examples=[SHA256])
    file_name: str = Field(examples=["giay-khai-sinh.pdf"])
    state: str = Field(description="reading: waiting, reading, done or failed", examples=["done"])
    pages_read: int = Field(examples=[2])
    pages_shown: int = Field(description="so many have a preview", examples=[2])
    sheets: list[int] = Field(description="pages so large that they get tiles", examples=[[1]])
    sheets_ready: list[int] = Field(description="those of them that have their tiles", examples=[[1]])
    failure: str | None = Field(description="why the reading failed, as a code", examples=["broken-paper"])
    quality: list[str] = Field(
        description="what is wrong with the photograph, until it is kept all the same", examples=[["blurred"]]
    )


class SheetOut(BaseModel):
    """A page in tiles: how large it is, and how it is cut. Level 0 fits into one tile, the last has every pixel."""

    width: int = Field(description="pixels", examples=[19_866])
    height: int = Field(description="pixels", examples=[28_087])
    tile: int = Field(description="pixels of a tile's side", examples=[512])
    levels: int = Field(examples=[7])


class CopyOut(BaseModel):
    """How far a searchable copy is."""

    state: str = Field(description="making or ready", examples=["ready"])
    size: int = Field(description="bytes, once it is ready", examples=[412_672])


class DocumentOut(BaseModel):
    id: str = Field(examples=[DOCUMENT_ID])
    title: str = Field(description="the citizen's own; empty where the kind names it", examples=["Khai sinh của An"])
    kind: str = Field(examples=["birth-certificate"])
    kind_confirmed: bool = Field(description="the citizen said so", examples=[True])
    expires_on: date | None = Field(examples=["2030-03-14"])
    created_at: datetime = Field(examples=[MOMENT])
    deleted_at: datetime | None = Field(description="since when it rests in the bin", examples=[LATER])
    version: VersionOut
    snippet: str | None = Field(None, description="where the search found it", examples=["… quận Hải Châu …"])


class DocumentList(BaseModel):
    documents: list[DocumentOut]
    next: str | None = Field(description="cursor of the next page", examples=[CURSOR])


class UploadOut(BaseModel):
    """A paper that arrives in parts."""

    id: str = Field(examples=[VERSION_ID])
    length: int = Field(description="bytes of the whole", examples=[184_320])
    offset: int = Field(description="bytes that have arrived", examples=[65_536])
    file_name: str = Field(examples=["ban-ve.pdf"])
    expires_at: datetime = Field(description="then it is forgotten, unless more arrives", examples=[LATER])
    document: str | None = Field(description="the paper that it became", examples=[DOCUMENT_ID])
    version: str | None = Field(description="and its version", examples=[VERSION_ID])
    quality: list[str] = Field(description="what is wrong with the photograph", examples=[["blurred"]])


class UploadList(BaseModel):
    uploads: list[UploadOut]


class FoundOut(BaseModel):
    """One finding of a field."""

    value: str = Field(description="canonical: dates ISO, ids digits", examples=["1990-03-14"])
    printed: str = Field(description="as it stands on the paper", examples=["14/03/1990"])
    source: str = Field(description="qr, mrz, text or ocr", examples=["ocr"])
    confidence: float = Field(description="0 to 1", examples=[0.93])
    sure: bool = Field(description="nobody needs to look: proved by a code, or read without any doubt", examples=[True])
    page: int | None = Field(examples=[1])
    box: tuple[float, float, float, float] | None = Field(
        description="x0, y0, x1, y1 as fractions of the page", examples=[(0.3, 0.31, 0.42, 0.33)]
    )


class FactOut(BaseModel):
    """One field: the value that counts beside what was read."""

    name: str = Field(examples=["birth-date"])
    label: str = Field(description="in the reader's language", examples=["Ngày sinh"])
    value: str = Field(examples=["1990-03-14"])
    confirmed: bool = Field(description="the citizen confirmed or corrected it", examples=[False])
    found: list[FoundOut]
    doubts: list[str] = Field(description="codes of disagreements", examples=[["sources-differ"]])


class PageText(BaseModel):
    number: int = Field(description="from 1", examples=[1])
    source: str = Field(description="text-layer or ocr", examples=["ocr"])
    language: str = Field(description="vie or eng", examples=["vie"])
    text: str = Field(examples=["GIẤY KHAI SINH"])
    error: str | None = Field(description="why the page could not be read, as a code", examples=["broken-paper"])


class ReadingOut(BaseModel):
    state: str = Field(description="waiting, reading, done or failed", examples=["done"])
    pages_read: int = Field(examples=[2])
    pages: int = Field(examples=[2])
    failure: str | None = Field(description="why the reading failed, as a code", examples=["broken-paper"])
    kind: str = Field(description="as it counts", examples=["birth-certificate"])
    kind_read: str | None = Field(description="as it was read", examples=["birth-certificate"])
    kind_confidence: float | None = Field(description="0 to 1", examples=[1.0])
    kind_confirmed: bool = Field(examples=[False])
    fields: list[FactOut]
    doubts: list[str] = Field(description="codes of disagreements", examples=[["sources-differ"]])
    codes: list[dict[str, Any]] = Field(
        description="codes on the paper, as docs/formats/reading.md says",
        examples=[[{"format": "QRCode", "text": "…", "page": 1, "box": [0.8, 0.1, 0.9, 0.2]}]],
    )
    texts: list[PageText]


Limit = Annotated[int, Query(ge=1, le=100, description="most entries in the answer")]


def version_out(paper: Paper) -> VersionOut:
    version = paper.version
    return VersionOut(
        id=version.id,
        number=version.number,
        created_at=version.created_at,
        size=version.size,
        media_type=version.media_type,
        pages=version.pages,
        tier=version.tier,
        sha256=paper.label.sha256.hex(),
        file_name=paper.label.file_name,
        state=version.state,
        pages_read=version.pages_read,
        pages_shown=version.shown,
        sheets=version.sheets,
        sheets_ready=version.sheets[: version.sheets_cut],
        failure=version.failure,
        quality=version.quality,
    )


def sheet_out(sheet: StoredSheet) -> SheetOut:
    pyramid = sheet.pyramid
    return SheetOut(width=pyramid.width, height=pyramid.height, tile=TILE, levels=pyramid.levels)


def copy_out(standing: Standing) -> CopyOut:
    return CopyOut(state=standing.stage, size=standing.size)


def document_out(paper: Paper, snippet: str | None = None) -> DocumentOut:
    document = paper.document
    return DocumentOut(
        id=document.id,
        title=paper.label.title,
        kind=document.kind,
        kind_confirmed=document.kind_confirmed,
        expires_on=document.expires_on,
        created_at=document.created_at,
        deleted_at=document.deleted_at,
        version=version_out(paper),
        snippet=snippet,
    )


def hit_out(hit: Hit) -> DocumentOut:
    return document_out(hit.paper, hit.snippet.text)


def reading_out(view: ReadingView, language: str) -> ReadingOut:
    version, reading = view.paper.version, view.reading
    return ReadingOut(
        state=version.state,
        pages_read=version.pages_read,
        pages=version.pages,
        failure=version.failure,
        kind=view.paper.document.kind,
        kind_read=reading.kind if reading else None,
        kind_confidence=reading.kind_confidence if reading else None,
        kind_confirmed=view.paper.document.kind_confirmed,
        fields=[_fact_out(fact, language) for fact in view.facts],
        doubts=[doubt.code for doubt in view.doubts],
        codes=[code.as_dict() for code in reading.codes] if reading else [],
        texts=[
            PageText(number=p.number, source=p.source, language=p.language, text=p.text, error=p.error)
            for p in (reading.pages if reading else ())
        ],
    )


def upload_out(state: State) -> UploadOut:
    return UploadOut(
        id=state.id,
        length=state.length,
        offset=state.received,
        file_name=metadata.about(state.metadata).file_name,
        expires_at=state.expires_at,
        document=state.document_id,
        version=state.version_id,
        quality=list(state.quality),
    )


def _fact_out(fact: Fact, language: str) -> FactOut:
    return FactOut(
        name=fact.spec.name,
        label=fact.spec.labels[language],
        value=fact.value,
        confirmed=fact.confirmed,
        found=[
            FoundOut(
                value=f.value,
                printed=f.printed,
                source=f.source,
                confidence=f.confidence,
                sure=f.sure,
                page=f.page,
                box=f.box,
            )
            for f in fact.found
        ],
        doubts=[doubt.code for doubt in fact.doubts],
    )


EXAMPLES: Mapping[str, VaultError] = {
    "too-many-attempts": errors.TooManyAttempts(retry_after=4),
    "invalid-value": errors.Invalid("title", "too-long", most=TITLE_MAX),
    "duplicate": errors.Duplicate(document_id="0b2ac4b8-5b7e-4d5e-9d0c-1f7f0a3f1a11"),
    "too-large": errors.TooLarge(limit=512 * MIB),
    "bad-upload": errors.BadUpload(reason="cut-off"),
    "paper-refused": errors.PaperRefused(reason="password-protected"),
    "copy-failed": errors.CopyFailed(reason="no-room"),
    "type-not-taken": errors.TypeNotTaken(),
    "range-not-satisfiable": errors.RangeNotSatisfiable(size=184_320),
    "not-an-export": errors.NotAnExport("export-cut-off", added=3),
    "proof-invalid": errors.ProofInvalid(step=9),
    "quota-exceeded": errors.QuotaExceeded(used=10_737_000_000, quota=10_737_418_240, needed=184_320),
    "uploads-open": errors.UploadsOpen(most=20),
    "upload-elsewhere": errors.UploadElsewhere(offset=65_536),
    "supplements-open": errors.SupplementsOpen(most=5),
}
"""Errors whose answer holds more than its code, as they may come."""


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI answers for the problems an operation can give, each with its example."""
    answers: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        problem = _example(code)
        answer = answers.setdefault(
            problem.status,
            {"model": ProblemBody, "description": "", "content": {problems.MEDIA_TYPE: {"examples": {}}}},
        )
        answer["description"] = "; ".join(filter(None, (answer["description"], problem.title)))
        answer["content"][problems.MEDIA_TYPE]["examples"][code] = {"value": problem.body()}
    return answers


def _example(code: str) -> Problem:
    english = translator("en")
    return problems.of(EXAMPLES[code], english) if code in EXAMPLES else problems.make(code, english)
