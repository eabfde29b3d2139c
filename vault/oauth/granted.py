"""What was granted, as `authorization_details` tell it (RFC 9396 sections 7 and 9)."""

from collections.abc import Sequence
from typing import Any

from sharing.encoding import b64url_encode
from sharing.terms import Item, Terms
from vault.oauth.parsing import TYPE


def details(terms: Terms, fields: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """One object of the type that was asked for, with the papers by component; `fields` are those of the form.

    A grant that a citizen made without a dossier has its papers one by one, as the signed grant itself.
    """
    if terms.procedure is None:
        return [item.to_detail() for item in terms.items]
    found = {
        "type": TYPE,
        "procedure": terms.procedure,
        "dossier": terms.dossier,
        "purpose": terms.purpose,
        "components": [_component(name, item) for item in terms.items for name in item.components],
    }
    return [found if fields is None else found | {"fields": list(fields)}]


def _component(name: str, item: Item) -> dict[str, Any]:
    return {
        "name": name,
        "version": item.version,
        "kind": item.kind,
        "tier": item.tier.value,
        "sha-256": b64url_encode(item.sha256),
        "size": item.size,
        "media_type": item.media_type,
    }
