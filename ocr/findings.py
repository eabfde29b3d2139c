"""What the pages of a paper say together: its kind, and the fields of that kind. Pure; pages and codes come in."""

from collections.abc import Mapping, Sequence

from ocr.cards import parse_card
from ocr.checks import disagreements
from ocr.fields import find_fields
from ocr.kinds import OTHER, Kind
from ocr.limits import CODES, TITLE_LETTERS, VALUE_LETTERS
from ocr.reading import SOURCES, Code, Field, Page, Reading
from ocr.sureness import settle
from ocr.titles import name_kind
from ocr.zones import KINDS as ZONED
from ocr.zones import zone_code, zone_kind, zones_of

CARD = "citizen-card"
_MOST_PAGES = 20  # in which fields are looked for: it is done again whenever the owner names another kind
KIND_BY_ZONE = 0.98  # how sure a zone that proves itself makes its kind
CARD_BY_CODE = 0.95  # how sure the QR of a card makes its kind where no title was read


def find(pages: Sequence[Page], codes: Sequence[Code], kinds: Mapping[str, Kind]) -> Reading:
    """A reading of `pages`, its kind named by the surest title, else by a card's QR, else `other`."""
    named = max((name_kind(page.lines, kinds) for page in pages), key=lambda named: named.confidence)
    kind, confidence = named.kind, named.confidence
    zoned = next((zone for page in pages[:_MOST_PAGES] if (zone := zone_kind(page))), None)
    if kind == OTHER and zoned is not None and zoned in kinds:
        kind, confidence = zoned, KIND_BY_ZONE
    if kind == OTHER and any(_card_fields(code) for code in codes):
        kind, confidence = CARD, CARD_BY_CODE
    codes = (*codes, *(code for page in pages[:_MOST_PAGES] if (code := zone_code(page))))[:CODES]
    fields = fields_of(kinds.get(kind), pages, codes)
    doubts = disagreements(kind, fields)
    return Reading(
        tuple(pages), kind, confidence, named.title[:TITLE_LETTERS], settle(fields, doubts), tuple(codes), doubts
    )


def fields_of(kind: Kind | None, pages: Sequence[Page], codes: Sequence[Code]) -> tuple[Field, ...]:
    """All findings of a kind's fields, in the order of the kind, of each field the best source first."""
    if kind is None:
        return ()
    found = next((fields for code in codes if (fields := _card_fields(code))), []) if kind.code == CARD else []
    if kind.code in ZONED.values():
        found += zones_of(pages[:_MOST_PAGES])
    found = _surest(found + [field for page in pages[:_MOST_PAGES] for field in find_fields(kind, page)])
    found = [
        field for field in _without_bare_names(found) if max(len(field.value), len(field.printed)) <= VALUE_LETTERS
    ]
    order = {spec.name: place for place, spec in enumerate(kind.fields)}
    return tuple(sorted(found, key=lambda field: (order.get(field.name, 99), SOURCES.index(field.source))))


def _without_bare_names(fields: Sequence[Field]) -> list[Field]:
    """A zone's name has no marks and may hold letters that are none: any other finding of it is better."""
    better = {field.name for field in fields if field.source != "mrz"}
    return [field for field in fields if not (field.source == "mrz" and not field.sure and field.name in better)]


def _card_fields(code: Code) -> list[Field]:
    parsed = parse_card(code.text)
    return [Field(name, value, raw, "qr", 1.0, code.page, code.box, sure=True) for name, (value, raw) in parsed.items()]


def _surest(fields: Sequence[Field]) -> list[Field]:
    """Of each name and source the surest; on a tie the first."""
    found: dict[tuple[str, str], Field] = {}
    for field in sorted(fields, key=lambda field: -field.confidence):
        found.setdefault((field.name, field.source), field)
    return list(found.values())
