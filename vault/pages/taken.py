"""Where somebody goes on once a paper is in."""

from fastapi import Response

from vault import documents
from vault.pages.addresses import go
from vault.principals import Citizen
from vault.services import Services


def after(services: Services, citizen: Citizen, document_id: str, back: str, done: str) -> Response:
    """To the page that waits for it (`back`), else to the paper; before that a poor photograph is told of."""
    with services.db.read() as session:
        poor = documents.get(session, citizen.wallet, document_id).version.quality
    if poor:
        return go(f"/papers/{document_id}/photo", {"back": back} if back else None)
    return go(back) if back else go(f"/papers/{document_id}", {"done": done})
