"""What the API takes and gives. Field names are the words of the design."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from vault import errors, problems
from vault.documents import TITLE_MAX, Paper
from vault.errors import VaultError
from vault.i18n import translator
from vault.problems import Problem
from vault.readings import Fact, ReadingView
from vault.search import Hit
from vault.settings import MIB


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
    old: SecretStr
    new: SecretStr


class EraseBody(Taken):
    password: SecretStr


class DocumentChange(Taken):
    """Only what is given changes."""

    title: str | None = Field(None, max_length=400, examples=["Giấy khai sinh của An"])
    kind: str | None = Field(None, examples=["birth-certificate"])
    fields: dict[str, str] | None = Field(None, examples=[{"full-name": "Nguyễn Văn An"}])


class AccountOut(BaseModel):
    id: str
    login: str
    role: str = Field(description="citizen or officer")
    agency: str | None = None


class VersionOut(BaseModel):
    id: str
    number: int
    created_at: datetime
    size: int = Field(description="bytes")
    media_type: str
    pages: int
    tier: str
    sha256: str = Field(description="hex")
    file_name: str
    state: str = Field(description="reading: waiting, reading, done or failed")
    pages_read: int
    failure: str | None = Field(description="why the reading failed, as a code")


class DocumentOut(BaseModel):
    id: str
    title: str
    kind: str
    kind_confirmed: bool
    expires_on: date | None
    created_at: datetime
    deleted_at: datetime | None
    version: VersionOut
    snippet: str | None = Field(None, description="where the search found it")


class DocumentList(BaseModel):
    documents: list[DocumentOut]
    next: str | None = Field(description="cursor of the next page")


class FoundOut(BaseModel):
    value: str
    printed: str
    source: str
    confidence: float
    page: int | None
    box: tuple[float, float, float, float] | None = Field(description="fractions of the page")


class FactOut(BaseModel):
    name: str
    label: str
    value: str
    confirmed: bool
    found: list[FoundOut]
    doubts: list[str]


class PageText(BaseModel):
    number: int
    source: str
    language: str
    text: str
    error: str | None


class ReadingOut(BaseModel):
    state: str
    pages_read: int
    pages: int
    failure: str | None
    kind: str
    kind_read: str | None
    kind_confidence: float | None
    kind_confirmed: bool
    fields: list[FactOut]
    doubts: list[str]
    codes: list[dict[str, Any]]
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
        failure=version.failure,
    )


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


def _fact_out(fact: Fact, language: str) -> FactOut:
    return FactOut(
        name=fact.spec.name,
        label=fact.spec.labels[language],
        value=fact.value,
        confirmed=fact.confirmed,
        found=[
            FoundOut(value=f.value, printed=f.printed, source=f.source, confidence=f.confidence, page=f.page, box=f.box)
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
    "type-not-taken": errors.TypeNotTaken(),
    "range-not-satisfiable": errors.RangeNotSatisfiable(size=184_320),
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
