"""What was shared, as pages show it: to the citizen who gave it and to the agency that received it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from ocr.kinds import Kind
from sharing.terms import Item
from vault import documents, readings
from vault.errors import NotFound
from vault.grants import Given, State
from vault.pages.cards import title
from vault.readings import Kinds
from vault.wallets import Wallet

OPEN = (State.waiting, State.running)
HEADINGS = ("Shared now", "Over", "Withdrawn by you")


@dataclass(frozen=True)
class SharedPaper:
    """One version in a grant. `title` is the citizen's own name for it; `document_id` is empty once it is gone."""

    item: Item
    kind: Kind
    title: str
    document_id: str = ""


@dataclass(frozen=True)
class Share:
    """A grant with the papers in it, for the citizen."""

    given: Given
    papers: tuple[SharedPaper, ...]

    @property
    def revocable(self) -> bool:
        """Also with all openings used: an opening that has begun goes on for some minutes."""
        return self.given.state not in (State.ended, State.revoked)


def share(session: Session, kinds: Kinds, wallet: Wallet, given: Given, language: str) -> Share:
    items = given.terms.items
    return Share(given, tuple(_own_paper(session, kinds, wallet, given, item, language) for item in items))


def groups(shares: Sequence[Share]) -> list[tuple[str, list[Share]]]:
    """Running, over and withdrawn ones under their headings (messages), without the empty groups."""
    grouped = ((heading, [one for one in shares if _heading(one) == heading]) for heading in HEADINGS)
    return [(heading, members) for heading, members in grouped if members]


def received_paper(kinds: Kinds, item: Item, language: str) -> SharedPaper:
    """For the agency: named by its kind, since the citizen's own title is not part of what was shared."""
    kind = kind_of(kinds, item)
    return SharedPaper(item, kind, kind.names[language])


def kind_of(kinds: Kinds, item: Item) -> Kind:
    return kinds.get(item.kind) or kinds["other"]


def _heading(share: Share) -> str:
    now, over, withdrawn = HEADINGS
    state = share.given.state
    return now if state in OPEN else withdrawn if state == State.revoked else over


def _own_paper(session: Session, kinds: Kinds, wallet: Wallet, given: Given, item: Item, language: str) -> SharedPaper:
    kind, document_id = kind_of(kinds, item), given.papers.get(item.version, "")
    try:
        paper = documents.get(session, wallet, document_id, item.version)
    except NotFound:
        return SharedPaper(item, kind, kind.names[language])
    shown = "" if paper.document.deleted_at else document_id
    return SharedPaper(item, kind, title(readings.view(kinds, paper), language), shown)
