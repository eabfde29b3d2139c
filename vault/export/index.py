"""The page that one opens first in an unpacked export: Vietnamese and English, no script, nothing from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from vault import problems
from vault.export.sheets import Copy, Sheet, day_of
from vault.export.zipform import ZONE
from vault.grants import Given, State

STATES = {
    State.waiting: ("chưa dùng", "not used yet"),
    State.running: ("đang có hiệu lực", "in force"),
    State.used_up: ("đã dùng hết lượt", "used up"),
    State.ended: ("đã hết hạn", "ended"),
    State.revoked: ("đã thu hồi", "withdrawn"),
}


@dataclass(frozen=True)
class Link:
    path: str
    name: str
    size: str
    added: str


@dataclass(frozen=True)
class Card:
    """One paper in short. `lost` when the bytes of a version could not be read any more."""

    title: str
    holder: str
    kind_vi: str
    kind_en: str
    issued: str
    expires: str
    in_bin: bool
    lost: bool
    links: tuple[Link, ...]
    text: str
    details: str
    who: tuple[tuple[str, str, str], ...]


def card(sheet: Sheet) -> Card:
    """Dates as people here write them, links as they lie in the folder."""
    document, newest = sheet.newest.paper.document, sheet.newest
    issued = day_of(sheet.values.get("issued-on", ""))
    kept = [copy for copy in reversed(sheet.copies) if copy.crc32 is not None]
    return Card(
        title=sheet.title,
        holder=next((sheet.values.get(spec.name, "") for spec in sheet.kind.fields if spec.type == "name"), ""),
        kind_vi=sheet.kind.names["vi"],
        kind_en=sheet.kind.names["en"],
        issued=f"{issued:%d/%m/%Y}" if issued else "",
        expires=f"{document.expires_on:%d/%m/%Y}" if document.expires_on else "",
        in_bin=document.deleted_at is not None,
        lost=len(kept) < len(sheet.copies),
        links=tuple(_link(sheet, copy) for copy in kept),
        text=sheet.beside(newest, "txt") if newest.reading else "",
        details=sheet.beside(newest, "json"),
        who=tuple((one.agency_name, *STATES[one.state]) for one in sheet.given),
    )


def render(owner: str, at: datetime, cards: Sequence[Card], given: Sequence[Given]) -> bytes:
    """The whole page, UTF-8."""
    return (
        _template()
        .render(
            owner=owner,
            at=f"{at.astimezone(ZONE):%d/%m/%Y, %H:%M}",
            papers=[card for card in cards if not card.in_bin],
            binned=[card for card in cards if card.in_bin],
            grants=[(one, _day(one.grant.created_at), _day(one.grant.expires_at), STATES[one.state]) for one in given],
        )
        .encode()
    )


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("index.html")


def _link(sheet: Sheet, copy: Copy) -> Link:
    version = copy.paper.version
    path = sheet.original(copy)
    size = problems.size_text(version.size).replace(".", ",")
    return Link(path, path.rpartition(".")[2].upper(), size, _day(version.created_at))


def _day(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%d/%m/%Y}"
