"""A paper in short, as lists show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from vault.documents import Paper
from vault.models import ReadingState
from vault.readings import Kinds, ReadingView, view
from vault.search import Hit, Snippet

SOON = timedelta(days=30)
BUSY = (ReadingState.waiting, ReadingState.reading)


@dataclass(frozen=True)
class Piece:
    """A piece of a snippet; `hit` when it is what was searched."""

    text: str
    hit: bool


@dataclass(frozen=True)
class Card:
    """`holder` is the name on the paper, `expiry` one of "", "soon", "over"."""

    id: str
    paper: Paper
    title: str
    kind_name: str
    holder: str
    expiry: str
    busy: bool
    has_picture: bool
    snippet: tuple[Piece, ...] = ()


def card(kinds: Kinds, paper: Paper, language: str, today: date, snippet: Snippet | None = None) -> Card:
    seen = view(kinds, paper, pages=False)
    return Card(
        id=paper.id,
        paper=paper,
        title=title(seen, language),
        kind_name=seen.kind.names[language],
        holder=holder(seen),
        expiry=expiry(paper.document.expires_on, today),
        busy=seen.state in BUSY,
        has_picture=paper.version.shown > 0,
        snippet=tuple(pieces(snippet)) if snippet else (),
    )


def hit_card(kinds: Kinds, hit: Hit, language: str, today: date) -> Card:
    return card(kinds, hit.paper, language, today, hit.snippet)


def title(seen: ReadingView, language: str) -> str:
    """What its owner called it, else its kind, else what was read or the file's name."""
    label, read = seen.paper.label, seen.reading.title if seen.reading else ""
    named = "" if seen.kind.code == "other" else seen.kind.names[language]
    return label.title or named or read or label.file_name or seen.kind.names[language]


def holder(seen: ReadingView) -> str:
    """Whose paper it is, never in capitals alone: it tells two papers of one kind apart.

    That is the first of the kind's fields with a name; where it was not read, the next one may be a parent's.
    """
    name = next((fact.value for fact in seen.facts if fact.spec.type == "name"), "")
    return name.title() if name.isupper() else name


def expiry(expires_on: date | None, today: date) -> str:
    if expires_on is None or expires_on - today > SOON:
        return ""
    return "over" if expires_on < today else "soon"


def pieces(snippet: Snippet) -> Iterator[Piece]:
    at = 0
    for start, end in snippet.marks:
        yield Piece(snippet.text[at:start], hit=False)
        yield Piece(snippet.text[start:end], hit=True)
        at = end
    yield Piece(snippet.text[at:], hit=False)
