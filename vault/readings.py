"""What was read in a paper beside what its owner says: shown, confirmed, corrected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from ocr.checks import disagreements, normalise
from ocr.errors import FieldInvalid
from ocr.findings import fields_of
from ocr.kinds import FieldSpec, Kind
from ocr.reading import Disagreement, Field, Reading
from storage.keys import Key, context
from vault import accesslog, documents, papers
from vault.documents import Paper
from vault.errors import Invalid, NotReadYet
from vault.models import ReadingState, Version
from vault.principals import Citizen

Kinds = Mapping[str, Kind]

EXPIRES = "expires-on"
KIND_SURE = 0.85  # least confidence at which a paper's kind counts without its owner's word
SURE = 0.6  # least confidence at which an end that was only read counts


@dataclass(frozen=True)
class Fact:
    """One field of a paper: the value that counts, what was read, and whether its owner confirmed it."""

    spec: FieldSpec
    value: str
    found: tuple[Field, ...]
    confirmed: bool
    doubts: tuple[Disagreement, ...]

    @property
    def read(self) -> Field | None:
        """The best finding, or none."""
        return self.found[0] if self.found else None


@dataclass(frozen=True)
class ReadingView:
    """A paper's reading as its owner sees it."""

    paper: Paper
    kind: Kind
    reading: Reading | None
    facts: tuple[Fact, ...]
    doubts: tuple[Disagreement, ...]

    @property
    def state(self) -> ReadingState:
        return ReadingState(self.paper.version.state)


def load(paper: Paper, *, pages: bool = True) -> Reading:
    """Raises `NotReadYet` while there is none."""
    if paper.version.reading is None:
        raise NotReadYet
    return papers.open_reading(paper.key, paper.version.id, paper.version.reading, pages=pages)


def confirmed_values(paper: Paper) -> dict[str, str]:
    """Field values that the owner confirmed or corrected, canonical."""
    return opened_values(paper.key, paper.version)


def opened_values(key: Key, version: Version) -> dict[str, str]:
    """As `confirmed_values`, for whoever has the version's key (a reading job)."""
    if version.confirmed is None:
        return {}
    values: dict[str, str] = json.loads(key.open(version.confirmed, context("confirmed", version.id)))
    return values


def carried_over(paper: Paper, key: Key, version_id: str) -> bytes | None:
    """What its owner confirmed, sealed for another picture of the same paper."""
    said = confirmed_values(paper)
    return _sealed(key, version_id, said) if said else None


def view(kinds: Kinds, paper: Paper, *, pages: bool = True) -> ReadingView:
    """Without `pages` the reading comes without its text, which many papers at once are quicker for."""
    kind = kinds.get(paper.document.kind) or kinds["other"]
    reading = load(paper, pages=pages) if paper.version.reading is not None else None
    if reading is not None and not pages and reading.kind != kind.code:  # its fields are found anew, in the text
        reading = load(paper)
    found = _found(reading, kind)
    said = confirmed_values(paper)
    doubts = disagreements(kind.code, _counted(found, said))
    facts = tuple(_fact(spec, found, said, doubts) for spec in kind.fields)
    return ReadingView(paper, kind, reading, facts, doubts)


def confirm(
    session: Session, kinds: Kinds, citizen: Citizen, document_id: str, values: Mapping[str, str]
) -> tuple[str, ...]:
    """Keeps the owner's values for the named fields (an empty one says: not on this paper). Returns their names.

    Raises `Invalid` with the field's name when a value does not have its form; then nothing is kept.
    """
    paper = documents.held_live(session, citizen, document_id)
    kind = kinds.get(paper.document.kind) or kinds["other"]
    said = confirmed_values(paper) | {name: checked(kind, name, text) for name, text in values.items()}
    paper.version.confirmed = _sealed(paper.key, paper.version.id, said)
    reading = load(paper) if paper.version.reading is not None else None
    paper.document.expires_on = expiry(kinds, kind.code, reading, said)
    session.add_all((paper.version, paper.document))
    accesslog.record(
        session,
        accesslog.Kind.reading_confirmed,
        citizen_id=citizen.citizen_id,
        account_id=citizen.account_id,
        document_id=document_id,
        version_id=paper.version.id,
    )
    return tuple(values)


def expiry(kinds: Kinds, kind: str, reading: Reading | None, said: Mapping[str, str]) -> date | None:
    """The day a paper ends: as its owner says, else as it was read when that is sure; none for an unlimited one."""
    found = _found(reading, kinds.get(kind) or kinds["other"])
    sure = (field.value for field in found if field.name == EXPIRES and field.confidence >= SURE)
    try:
        return date.fromisoformat(said[EXPIRES] if EXPIRES in said else next(sure, ""))
    except ValueError:
        return None


def _sealed(key: Key, version_id: str, said: Mapping[str, str]) -> bytes:
    return key.seal(json.dumps(said, ensure_ascii=False).encode(), context("confirmed", version_id))


def _found(reading: Reading | None, kind: Kind) -> tuple[Field, ...]:
    """What was read; found anew in the same text when the owner says that the paper is of another kind."""
    if reading is None or reading.kind == kind.code:
        return reading.fields if reading else ()
    return fields_of(kind, reading.pages, reading.codes)


def checked(kind: Kind, name: str, text: str) -> str:
    """A value as its owner may confirm it; an empty one says that it is not on the paper. Raises `Invalid`."""
    spec = next((spec for spec in kind.fields if spec.name == name), None)
    if spec is None:
        raise Invalid(name, "unknown-field")
    if not text.strip():
        return ""
    try:
        return normalise(spec, text)
    except FieldInvalid:
        raise Invalid(name, "wrong-form") from None


def _counted(found: Sequence[Field], said: Mapping[str, str]) -> tuple[Field, ...]:
    """All values that speak: the owner's first, then what was read; one the owner struck out says nothing."""
    own = tuple(Field(name, value, value, "citizen", 1.0) for name, value in said.items() if value)
    return own + tuple(field for field in found if field.name not in said)


def _fact(spec: FieldSpec, found: Sequence[Field], said: Mapping[str, str], doubts: Sequence[Disagreement]) -> Fact:
    mine = tuple(field for field in found if field.name == spec.name)
    value = said.get(spec.name, mine[0].value if mine else "")
    about = tuple(doubt for doubt in doubts if spec.name in doubt.fields)
    return Fact(spec, value, mine, spec.name in said, about)
