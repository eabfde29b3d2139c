"""`docvault verify`: is this grant genuine, and is this file the paper that it names? Needs `sharing` alone."""

import json
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from sharing.errors import FileMismatch, GrantError, KeysInvalid
from sharing.grants import check_file, verify
from sharing.keys import KeySet, parse_jwks
from sharing.limits import GRANT_BYTES, JWKS_BYTES
from sharing.terms import Item, Terms
from vault.commands.common import USAGE, fail

NOT_GENUINE = 1
OTHER_FILE = 3
CHUNK = 1024 * 1024
FETCH_S = 10
WELL_KNOWN = "/.well-known/jwks.json"
HERE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Verdict:
    """`code` is the exit code, `message` one sentence; `terms` what a genuine grant says, `item` the file's place."""

    code: int
    message: str
    step: int | None = None
    error: str | None = None
    terms: Terms | None = None
    item: Item | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "genuine": self.code != NOT_GENUINE,
            "file_matches": {0: True if self.item else None, OTHER_FILE: False}.get(self.code),
            "message": self.message,
            "step": self.step,
            "error": self.error,
            "terms": self.terms.to_claims() if self.terms else None,
            "version": self.item.version if self.item else None,
        }


def verify_grant(
    grant: Annotated[str, typer.Argument(help="File with the grant, - for standard input, or the grant itself.")],
    audience: Annotated[str, typer.Option(help="Id of the agency that it must be addressed to.")],
    issuer: Annotated[str, typer.Option(help="Address of the vault that must have signed it.")],
    jwks: Annotated[str | None, typer.Option(help="File or https address of the vault's public keys.")] = None,
    document: Annotated[Path | None, typer.Option(help="File to compare with the papers in the grant.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a grant, and a file against it.

    Exit code 0: genuine (and the file is the paper). 1: not genuine, expired, or for somebody else. 2: the command, the
    keys or a file cannot be read. 3: the grant is genuine, but the file is not a paper in it.
    """
    token, keys = _read_grant(grant), _read_keys(jwks, issuer)
    try:
        verdict = judge(token, keys, audience, issuer, document, datetime.now(UTC))
    except OSError as error:
        fail(f"{document}: {error.strerror}", USAGE)
    typer.echo(json.dumps(verdict.as_json(), ensure_ascii=False) if as_json else _in_words(verdict))
    raise typer.Exit(verdict.code)


def judge(token: str, keys: KeySet, audience: str, issuer: str, document: Path | None, now: datetime) -> Verdict:
    """What the command answers, without its input and output."""
    try:
        terms = verify(token, keys, audience, now, issuer=issuer)
    except GrantError as error:
        return Verdict(NOT_GENUINE, str(error), step=error.step, error=type(error).__name__)
    if document is None:
        return Verdict(0, "The grant is genuine.", terms=terms)
    mismatch: FileMismatch | None = None
    for item in terms.items:
        try:
            check_file(item, _chunks(document))
        except FileMismatch as error:
            mismatch = error
        else:
            return Verdict(0, "The grant is genuine, and the file is the paper that it names.", terms=terms, item=item)
    message = str(mismatch) if len(terms.items) == 1 else "The file is none of the papers in the grant."
    return Verdict(OTHER_FILE, message, error=type(mismatch).__name__, terms=terms)


def _in_words(verdict: Verdict) -> str:
    if verdict.terms is None:
        return f"NOT GENUINE (step {verdict.step}): {verdict.message}"
    terms = verdict.terms
    lines = [
        verdict.message if verdict.code == 0 else f"OTHER FILE: {verdict.message}",
        f"  grant    {terms.grant_id}",
        f"  purpose  {terms.purpose}",
        f"  until    {terms.expires_at:%Y-%m-%d %H:%M} UTC",
    ]
    if terms.dossier:
        lines.append(f"  dossier  {terms.dossier} ({terms.procedure})")
    marks = {True: " <- this file", False: ""}
    lines += [f"  paper    {_paper(item)}{marks[item is verdict.item]}" for item in terms.items]
    return "\n".join(lines)


def _paper(item: Item) -> str:
    answers = f" for {', '.join(item.components)}" if item.components else ""
    return f"{item.kind}{answers}, {item.tier.value}, {item.size} bytes, {item.version}"


def _read_grant(grant: str) -> str:
    if grant == "-":
        return sys.stdin.read(GRANT_BYTES + 1).strip()
    if grant.startswith("ey") and grant.count(".") == 2:
        return grant
    try:
        with Path(grant).open(encoding="utf-8", errors="replace") as file:
            return file.read(GRANT_BYTES + 1).strip()
    except OSError as error:
        return fail(f"{grant[:200]}: {error.strerror}", USAGE)


def _read_keys(jwks: str | None, issuer: str) -> KeySet:
    place = jwks or issuer.rstrip("/") + WELL_KNOWN
    try:
        return parse_jwks(_fetch(place) if "://" in place else Path(place).read_bytes())
    except (OSError, ValueError, KeysInvalid) as error:
        return fail(f"{place}: {getattr(error, 'strerror', None) or error}", USAGE)


def _fetch(address: str) -> bytes:
    """Keys come over TLS, or from this machine: whoever can change them on the way can sign anything."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
        raise ValueError("keys are fetched by https only. Fetch them in another way and use --jwks FILE.")
    with urllib.request.urlopen(address, timeout=FETCH_S) as answer:  # noqa: S310 - the schemes are checked above
        data: bytes = answer.read(JWKS_BYTES + 1)
        return data


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
