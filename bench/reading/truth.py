"""What stands on a paper, in the words of our kinds: types and names of a truth file to codes and names of ours."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from ocr.checks import best, normalise
from ocr.errors import FieldInvalid
from ocr.folding import fold
from ocr.kinds import OTHER, FieldSpec, Kind
from ocr.reading import Field, Reading

_ALIKE = 75  # per cent of a type's words that a title or name of a kind must share
_LABEL_ALIKE = 90
_CARD_LINES = 3
_TYPES = {
    "cccd": "citizen-card", "can cuoc": "citizen-card", "gcn quyen su dung dat": "land-use-certificate",
    "gcn dang ky doanh nghiep": "business-registration", "bhyt": "health-insurance-card",
    "ct07": "residence-confirmation", "lltp": "criminal-record", "ho chieu": "passport", "bang lai": "driving-licence",
}  # fmt: skip
"""How types begin that say little of a title."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    "so": ("number", "id-number"),
    "so dinh danh": ("id-number",), "cccd": ("id-number",), "cmnd": ("id-number", "old-id-number"),
    "so cccd": ("id-number",), "so gplx": ("number",), "so ho chieu": ("number",), "so the": ("number",),
    "ma so": ("number",), "ma so doanh nghiep": ("number",), "so hieu": ("number", "serial"),
    "ho ten": ("full-name", "holder"), "ho va ten": ("full-name", "holder"), "ten": ("full-name", "business-name"),
    "ngay sinh": ("birth-date",), "noi sinh": ("birth-place", "origin"), "gioi tinh": ("sex",),
    "dan toc": ("ethnicity",), "quoc tich": ("nationality",), "que quan": ("origin",), "ton giao": ("religion",),
    "ho ten me": ("mother",), "ho ten cha": ("father",),
    "ngay dang ky": ("issued-on",), "ngay cap": ("issued-on",), "noi dang ky": ("issuer",), "noi cap": ("issuer",),
    "co quan cap": ("issuer",), "noi thuong tru": ("residence", "address"), "noi cu tru": ("residence", "address"),
    "dia chi": ("residence", "address"), "gia tri den": ("expires-on",), "co gia tri den": ("expires-on",),
    "ngay het han": ("expires-on",), "hang": ("class",),
    "ho ten vo": ("wife",), "ho ten chong": ("husband",),
    "ngay sinh vo": ("wife-birth-date",), "ngay sinh chong": ("husband-birth-date",),
    "cccd vo": ("wife-id-number", "wife-id"), "cccd chong": ("husband-id-number", "husband-id"),
    "chu so huu": ("holder",), "dong so huu": ("co-holder",), "thua dat": ("parcel",), "to ban do": ("map-sheet",),
    "dia chi thua dat": ("address",), "dien tich": ("area",), "muc dich": ("purpose",), "thoi han": ("term",),
    "so vao so": ("register-number",), "serial": ("serial",), "so phat hanh": ("serial",),
    "nganh": ("major",), "nam tot nghiep": ("year",), "xep loai": ("degree",),
    "chu ho": ("householder",), "ngay mat": ("death-date",), "ket luan": ("conclusion",),
    "ten doanh nghiep": ("business-name",), "noi dang ky kcb": ("clinic",), "noi dang ky kcb ban dau": ("clinic",),
}  # fmt: skip
"""Common names of fields → ours; the first that the kind has counts."""


@dataclass(frozen=True)
class Truth:
    """One truth file. `values`: canonical values by our names, where the file's maker gave them."""

    type: str
    kind: str | None
    lines: list[str]
    fields: Mapping[str, str]
    values: Mapping[str, str]
    mrz: list[str]

    @classmethod
    def load(cls, path: Path) -> "Truth":
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        lines = [line["text"] for line in data["lines"]]
        fields, values = data.get("fields") or {}, data.get("values") or {}
        return cls(data["type"], data.get("kind"), lines, fields, values, data.get("mrz") or [])


@dataclass(frozen=True)
class Scored:
    """Of one page: is its kind right, of how many fields how many are right, and the same of those that are sure."""

    kind: bool
    fields: int
    right: int
    sure: int
    sure_right: int


def score(truth: Truth, reading: Reading, kinds: Mapping[str, Kind]) -> Scored:
    """A field that our kind does not have counts as wrong."""
    kind = kinds.get(truth.kind or kind_of(truth.type, kinds))
    found = best(reading.fields)
    right = [*_codes_right(truth, reading)]
    sure_right = []
    for name, value in _asked(truth, kind):
        field = found.get(name)
        right.append(field is not None and _equal(kind, field, value))
        if field is not None and field.sure:
            sure_right.append(right[-1])
    is_kind = kind is not None and reading.kind == kind.code
    return Scored(is_kind, len(right), sum(right), len(sure_right), sum(sure_right))


def kind_of(type_: str, kinds: Mapping[str, Kind]) -> str:
    """A type such as giay_khai_sinh → the code of the kind whose title or name is most like it."""
    words = fold(type_.replace("_", " ").replace("-", " "))
    if type_ in kinds:
        return type_
    for start, code in _TYPES.items():
        if words.startswith(start):
            return code
    named = [kind for kind in kinds.values() if kind.code != OTHER]  # whose titles name other kinds' papers
    phrases = [(fold(text), kind.code) for kind in named for text in (*kind.titles, *kind.names.values())]
    similarity, code = max((fuzz.token_set_ratio(words, phrase), code) for phrase, code in phrases)
    return code if similarity >= _ALIKE else OTHER


def name_of(name: str, kind: Kind | None) -> str:
    """A truth's name such as so_dinh_danh → ours where the kind has it, else "?" and the name."""
    words = fold(name.replace("_", " ").replace("-", " "))
    specs = kind.fields if kind else ()
    own = {spec.name for spec in specs}
    for ours in (name, *_NAMES.get(words, ())):
        if ours in own:
            return ours
    labels = [(fuzz.ratio(words, fold(spec.labels["vi"])), spec.name) for spec in specs]
    similarity, ours = max(labels, default=(0.0, ""))
    return ours if similarity >= _LABEL_ALIKE else f"?{name}"


def _asked(truth: Truth, kind: Kind | None) -> Iterator[tuple[str, str]]:
    if truth.values:
        yield from truth.values.items()
        return
    for name, value in truth.fields.items():
        if name != "qr_payload":
            yield name_of(name, kind), value


def _codes_right(truth: Truth, reading: Reading) -> Iterator[bool]:
    codes = ["".join(code.text.split()) for code in reading.codes]
    zones = [_proved(code.text.split()) for code in reading.codes]
    if truth.fields.get("qr_payload"):
        yield "".join(truth.fields["qr_payload"].split()) in codes
    if truth.mrz:
        yield _proved(truth.mrz) in zones


def _proved(zone: list[str]) -> list[str]:
    """A zone's lines without that of the names, which no check digit covers."""
    return zone[:2] if len(zone) == _CARD_LINES else zone[1:]


def _equal(kind: Kind | None, field: Field, value: str) -> bool:
    spec = kind.field(field.name) if kind else None
    return spec is not None and _canonical(spec, field.value) == _canonical(spec, value)


def _canonical(spec: FieldSpec, value: str) -> str:
    try:
        return normalise(spec, value)
    except FieldInvalid:
        return value
