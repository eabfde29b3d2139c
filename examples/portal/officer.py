"""The officer's side: check a dossier's grants offline, open its papers, ask for more. No sign-in: this is a demo."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from mimetypes import guess_extension
from typing import IO, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from examples.portal import proof
from examples.portal.dossiers import Attached, Dossier
from examples.portal.keys import NotRegistered
from examples.portal.pages import FormDep, Portal, PortalDep, go, missing, show
from examples.portal.proof import Expected, Verdict
from examples.portal.settings import TEXT_MAX
from examples.portal.vault import CHUNK, VaultError
from sharing.errors import FileMismatch
from sharing.terms import Item

router = APIRouter(prefix="/officer")

SHOWN = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp"})
"""What a browser shows by itself; everything else is saved."""


@dataclass(frozen=True)
class Checked:
    """One grant of a dossier, and how far it can be believed."""

    grant_id: str
    verdict: Verdict


@router.get("")
def dossiers(request: Request, portal: PortalDep) -> Response:
    return show(request, "officer.html", dossiers=portal.store.submitted(), procedures=portal.procedures)


@router.get("/{reference}")
def dossier(reference: str, request: Request, portal: PortalDep) -> Response:
    found = portal.store.one_submitted(reference)
    return missing(request) if found is None else _shown(request, portal, found)


@router.get("/{reference}/papers/{version}")
def paper(reference: str, version: str, request: Request, portal: PortalDep) -> Response:
    """The paper itself, once its bytes are those that the citizen's grant names."""
    found = portal.store.one_submitted(reference)
    if found is None or found.attached is None:
        return missing(request)
    try:
        granted = _granted(portal, found, found.attached, version)
        if granted is None:
            return missing(request)
        grant_id, item = granted
        with portal.vault.opened(found.attached, grant_id, version) as chunks:
            file = proof.checked(item, chunks)
    except FileMismatch:
        return show(request, "message.html", 502, code="file-mismatch")
    except (NotRegistered, VaultError):
        return show(request, "message.html", 502, code="paper-closed")
    return _streamed(file, item)


@router.post("/{reference}/supplements")
def ask(reference: str, request: Request, portal: PortalDep, form: FormDep) -> Response:
    found = portal.store.one_submitted(reference)
    if found is None or found.attached is None:
        return missing(request)
    components = [str(each) for each in form.getlist("component")]
    note = " ".join(str(form.get("note", ""))[:TEXT_MAX].split())
    try:
        portal.vault.ask_for_more(found.attached, components, note)
    except (NotRegistered, VaultError) as error:
        return _shown(request, portal, found, asked=getattr(error, "code", "not-registered"))
    return go(f"/officer/{reference}#supplements")


def _shown(request: Request, portal: Portal, found: Dossier, asked: str = "") -> Response:
    now, checked, failure = None, [], ""
    if found.attached:
        try:
            now = _asked_now(portal, found, found.attached)
        except (NotRegistered, VaultError) as error:
            failure = getattr(error, "code", "not-registered")
        checked = _checked(portal, found, found.attached)
    return show(
        request,
        "officer_dossier.html",
        502 if asked else 200,
        dossier=found,
        procedure=portal.procedures[found.procedure],
        sources={each["name"]: each for each in found.attached.form} if found.attached else {},
        steps=proof.STEPS,
        checked=checked,
        now=now or {"supplements": []},
        state_of={each["id"]: each["state"] for each in now["grants"]} if now else {},
        failure=failure,
        asked=asked,
    )


def _asked_now(portal: Portal, found: Dossier, attached: Attached) -> dict[str, Any]:
    """The dossier as the vault knows it; grants of supplements that are new to us are kept."""
    now = portal.vault.dossier(attached)
    later = {each["id"]: each["grant"] for each in now["grants"] if each["grant"] and each["id"] != attached.grant_id}
    if later.keys() - found.later.keys():
        found.later |= later
        portal.store.save(found)
    return now


def _checked(portal: Portal, found: Dossier, attached: Attached) -> list[Checked]:
    """Every signed grant of the dossier, held against our copy of the vault's keys; without one nothing is said."""
    signed = {attached.grant_id: attached.grant} | found.later
    registration = portal.vault.registration
    expected = Expected(
        registration.issuer, registration.client_id, found.procedure, found.reference, portal.vault.key_thumbprint
    )

    def judged() -> list[Checked]:
        keys, at = portal.vault.published_keys(), datetime.now(UTC)
        return [Checked(grant_id, proof.verdict(grant, keys, expected, at)) for grant_id, grant in signed.items()]

    try:
        checked = judged()
        if any(each.verdict.failed == proof.UNKNOWN_KEY for each in checked):
            portal.vault.renew_keys()  # it may have begun to sign with another one
            checked = judged()
    except VaultError:
        return []
    return checked


def _granted(portal: Portal, found: Dossier, attached: Attached, version: str) -> tuple[str, Item] | None:
    """The grant that opens this version, and what it says of it; only a grant that holds says anything."""
    for checked in _checked(portal, found, attached):
        terms = checked.verdict.terms
        item = next((each for each in terms.items if each.version == version), None) if terms else None
        if item:
            return checked.grant_id, item
    return None


def _streamed(file: IO[bytes], item: Item) -> Response:
    """Already checked; a browser may show it, but nothing in it may run or ask for anything."""
    how = "inline" if item.media_type in SHOWN else "attachment"
    name = f"{item.kind}{guess_extension(item.media_type) or ''}"
    headers = {
        "Content-Length": str(item.size),
        "Content-Disposition": f'{how}; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    }

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(CHUNK):
                yield piece

    return StreamingResponse(pieces(), media_type=item.media_type, headers=headers)
