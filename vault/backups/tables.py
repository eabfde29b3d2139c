"""Rows as lines of JSON that either database gives and takes (docs/formats/backup.md#tables)."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString, col

from vault.backups.errors import BackupUnusable
from vault.db import UtcDateTime
from vault.models import GrantHolder, Holder, Row

FORMAT = "docvault-tables-1"
LEFT_OUT = frozenset(
    {"signin", "job", "accesstoken", "authorizationrequest", "authorizationcode", "upload", "uploadpart", "export"}
)
"""Sessions, tokens, codes and requests end with a restore, and so do uploads that are no papers yet and what was made
ready to be taken along: no copy of their bytes is made. A job's ticket is a key that the worker key opens."""

BEARERS = (Holder.link, Holder.code, Holder.token)
"""Their wraps of a grant's key open with a secret that is out in the world: no copy of them is made."""

FETCHED = 50
"""Rows fetched at once, some with a large reading."""
INSERTED = 200

_FORMS: tuple[tuple[type[TypeEngine[Any]] | type[UtcDateTime], str], ...] = (
    (UtcDateTime, "moment"),
    (LargeBinary, "bytes"),
    (JSON, "json"),
    (Boolean, "boolean"),
    (Date, "day"),
    (Integer, "integer"),
    (String, "text"),
    (AutoString, "text"),
)
_TYPES: Mapping[str, Any] = {
    "moment": UtcDateTime,
    "bytes": LargeBinary,
    "json": JSON,
    "boolean": Boolean,
    "day": Date,
    "integer": BigInteger,
    "text": String,
}

Values = dict[str, Any]
"""A row as its line has it: column → JSON value."""


@dataclass(frozen=True)
class Shape:
    """A table's name, and the form of each of its columns."""

    table: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Head:
    """The first line: at which revision of the tables, and when (UTC), the rows were read."""

    revision: str
    taken_at: datetime


def kept() -> list[Table]:
    """The tables that a backup holds, each after those that it refers to."""
    return [table for table in Row.metadata.sorted_tables if table.name not in LEFT_OUT]


def write(connection: Connection, head: Head, file: BinaryIO) -> None:
    """Every row of a snapshot."""
    counts: dict[str, int] = {}
    _line(file, _head(head))
    for table in kept():
        shape = Shape(table.name, {column.name: form_of(column) for column in table.columns})
        _shape(file, shape)
        counts[table.name] = 0
        for row in connection.execute(_rows(table), execution_options={"yield_per": FETCHED}):
            _row(file, shape, {name: _encoded(form, row[n]) for n, (name, form) in enumerate(shape.columns.items())})
            counts[table.name] += 1
    _line(file, {"rows": counts})


def rewrite(file: BinaryIO, head: Head, rows: Iterable[tuple[Shape, Values]]) -> None:
    """The same form again, of rows that were read."""
    counts: dict[str, int] = {}
    _line(file, _head(head))
    for shape, values in rows:
        if shape.table not in counts:
            _shape(file, shape)
            counts[shape.table] = 0
        _row(file, shape, values)
        counts[shape.table] += 1
    _line(file, {"rows": counts})


def read_head(file: Iterable[bytes]) -> Head:
    """The first line. Raises `BackupUnusable`."""
    try:
        head = json.loads(next(iter(file)))
        if head["format"] != FORMAT:
            raise BackupUnusable(f"The rows are in a form that is not known here ({head['format']!s:.40}).")
        return Head(str(head["revision"]), datetime.fromisoformat(head["taken_at"]))
    except (StopIteration, ValueError, LookupError, TypeError):
        raise BackupUnusable("The rows of the backup are damaged: their first line.") from None


def read(file: Iterable[bytes]) -> Iterator[tuple[Shape, Values]]:
    """Every row after the first line, in the order of the tables. Raises `BackupUnusable`, perhaps after good rows."""
    shape: Shape | None = None
    counts: dict[str, int] = {}
    for number, line in enumerate(file, 2):
        try:
            value = json.loads(line)
            if isinstance(value, list):
                if shape is None:
                    raise ValueError("a row of no table")
                yield shape, dict(zip(shape.columns, value, strict=True))
                counts[shape.table] += 1
            elif "table" in value:
                shape = Shape(value["table"], value["columns"])
                counts[shape.table] = 0
            elif value["rows"] == counts:
                return
            else:
                raise ValueError("other rows than there should be")
        except (ValueError, LookupError, TypeError):
            raise BackupUnusable(f"The rows of the backup are damaged: line {number}.") from None
    raise BackupUnusable("The rows of the backup are damaged: they are cut off.")


def load(connection: Connection, rows: Iterable[tuple[Shape, Values]]) -> None:
    """Puts rows into empty tables of the revision that they were read at."""
    batch: list[Values] = []
    into: Shape | None = None
    filled: set[str] = set()
    for shape, values in rows:
        filled.add(shape.table)
        if into is not None and (shape.table != into.table or len(batch) == INSERTED):
            _insert(connection, into, batch)
            batch = []
        into = shape
        batch.append(decoded(shape, values))
    if into is not None:
        _insert(connection, into, batch)
    _continue_numbers(connection, filled)


def decoded(shape: Shape, values: Values) -> Values:
    """The row as the database takes it. Raises `BackupUnusable`."""
    try:
        return {name: _decoded(shape.columns[name], value) for name, value in values.items()}
    except (ValueError, TypeError, LookupError):
        raise BackupUnusable(f"The rows of the backup are damaged: a row of {shape.table}.") from None


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _rows(table: Table):  # type: ignore[no-untyped-def]  # the select's own type says nothing that helps
    query = select(table).order_by(*table.primary_key.columns)
    return query.where(col(GrantHolder.holder).not_in(BEARERS)) if table.name == "grantholder" else query


def form_of(column: Column[Any]) -> str:
    """In which form a column's values are written."""
    return next(form for kind, form in _FORMS if isinstance(column.type, kind))


def _encoded(form: str, value: Any) -> Any:
    if value is None:
        return None
    if form == "bytes":
        return b64encode(value).decode("ascii")
    if form == "moment":
        return moment(value)
    if form == "day":
        return value.isoformat()
    return str(value) if form == "text" else value


def _decoded(form: str, value: Any) -> Any:
    if value is None:
        return None
    if form == "bytes":
        return b64decode(value, validate=True)
    if form == "moment":
        return datetime.fromisoformat(value)
    if form == "day":
        return date.fromisoformat(value)
    return value


def _insert(connection: Connection, shape: Shape, rows: list[Values]) -> None:
    columns = [Column(name, _TYPES[form]) for name, form in shape.columns.items()]
    connection.execute(insert(Table(shape.table, MetaData(), *columns)), rows)


def _continue_numbers(connection: Connection, filled: set[str]) -> None:
    """PostgreSQL counts on by itself only behind rows that it numbered itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in (table for table in kept() if table.name in filled):
        numbered = table.autoincrement_column
        if numbered is not None and isinstance(numbered.type, Integer):
            top = connection.execute(select(func.max(numbered))).scalar_one()
            names = {"table": f'"{table.name}"', "column": numbered.name, "top": top}
            if top:
                connection.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :top)"), names)


def _head(head: Head) -> dict[str, str]:
    return {"format": FORMAT, "revision": head.revision, "taken_at": moment(head.taken_at)}


def _shape(file: BinaryIO, shape: Shape) -> None:
    _line(file, {"table": shape.table, "columns": dict(shape.columns)})


def _row(file: BinaryIO, shape: Shape, values: Values) -> None:
    _line(file, [values[name] for name in shape.columns])


def _line(file: BinaryIO, value: object) -> None:
    file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
