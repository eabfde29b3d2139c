"""What goes along beside the papers: grants, attestations, dossiers and the access log. Open formats only."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from vault import accesslog, agencies, dossiers
from vault.documents import Cursor
from vault.dossiers import Own, Piece
from vault.export.sheets import as_json
from vault.grants import Given
from vault.models import Event
from vault.wallets import Wallet

BOM = "\ufeff"  # without it spreadsheets take UTF-8 for something else
BATCH = 1000
COLUMNS = ("at", "kind", "agency", "agency_id", "document", "version", "grant", "detail")
FORMULA = re.compile(r"(^|[;,\t\r\n])(?=\s*[=+\-@＝＋－＠])")
"""Where a cell that a spreadsheet runs may begin: those that write a decimal comma part columns by semicolons."""


@dataclass(frozen=True)
class File:
    """A file that was written for the export."""

    path: str
    data: bytes = field(repr=False)


def grants(given: Iterable[Given], keys: dict[str, list[object]]) -> Iterator[File]:
    """Each grant as it was signed and as JSON to read, with the vault's public keys to check it by."""
    yield File("grants/jwks.json", as_json(keys))
    for one in given:
        yield File(f"grants/{one.grant.id}.jws", one.signed.encode("ascii"))
        yield File(f"grants/{one.grant.id}.json", as_json(grant(one)))


def grant(given: Given) -> dict[str, Any]:
    row = given.grant
    moments = {name: getattr(row, name) for name in ("created_at", "expires_at", "redeemed_at", "revoked_at")}
    return {
        "id": row.id,
        "agency": {"id": row.agency_id, "name": given.agency_name},
        "state": given.state,
        **{name: at.isoformat() if at else None for name, at in moments.items()},
        "openings": row.openings,
        "openings_max": row.openings_max,
        "terms": given.terms.to_claims(),
    }


def attestations() -> File:
    """No agency can attest anything in this vault yet: the list is empty, its place is fixed."""
    return File("attestations/attestations.json", as_json([]))


def all_dossiers(session: Session, wallet: Wallet) -> File:
    found: list[Own] = []
    after = None
    while batch := dossiers.mine(session, wallet, after=after, limit=BATCH):
        found += batch
        after = Cursor(batch[-1].dossier.created_at, batch[-1].dossier.id)
    return File("dossiers.json", as_json([_dossier(own) for own in found]))


def access_log(session: Session, citizen_id: str) -> Iterator[File]:
    """The same entries twice, the newest first: one JSON object a line, and as a table."""
    names = {agency.id: agency.name for agency in agencies.listed(session)}
    lines, out = io.StringIO(), io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for event in _events(session, citizen_id):
        entry = _entry(event, names)
        lines.write(json.dumps({"id": event.id} | entry, ensure_ascii=False) + "\n")
        table.writerow([_cell(entry[column]) for column in COLUMNS])
    yield File("log/access-log.jsonl", lines.getvalue().encode())
    yield File("log/access-log.csv", (BOM + out.getvalue()).encode())


def _events(session: Session, citizen_id: str) -> Iterator[Event]:
    before = None
    while batch := accesslog.entries(session, citizen_id, before=before, limit=BATCH):
        yield from batch
        before = batch[-1].id


def _entry(event: Event, names: dict[str, str]) -> dict[str, str | None]:
    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "agency": names.get(event.agency_id or "") or None,
        "agency_id": event.agency_id,
        "document": event.document_id,
        "version": event.version_id,
        "grant": event.grant_id,
        "detail": event.detail,
    }


def _cell(value: str | None) -> str:
    """A spreadsheet must not run what an agency calls itself."""
    return FORMULA.sub(r"\1'", value or "")


def _dossier(own: Own) -> dict[str, Any]:
    dossier = own.dossier
    return {
        "id": dossier.id,
        "agency": {"id": dossier.agency_id, "name": own.agency_name},
        "procedure": dossier.procedure,
        "reference": dossier.reference,
        "created_at": dossier.created_at.isoformat(),
        "state": own.state,
        "items": [_piece(piece) for piece in own.pieces],
        "asked": [{"components": list(waiting.supplement.components), "note": waiting.note} for waiting in own.waiting],
    }


def _piece(piece: Piece) -> dict[str, Any]:
    item = piece.item
    return {
        "component": item.component,
        "document": piece.document_id,
        "version": item.version_id,
        "kind": item.kind,
        "tier": item.tier,
        "grant": item.grant_id,
        "state": piece.state,
        "added_at": item.added_at.isoformat(),
    }
