"""The demo's agency has a portal of its own, which applies by a file and learns by another how the vault knows it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharing.errors import KeysInvalid
from sharing.keys import jwks, parse_jwks
from vault import agencies
from vault.demo.seed import AGENCY
from vault.services import Services

APPLICATION, ANSWER = "client.json", "registration.json"


class ApplicationUnusable(Exception):
    """What the portal wrote is no application."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a portal's application: redirect_uris, procedures and jwks (RFC 7591).")


def register(services: Services, folder: Path) -> None:
    """Registers the portal whose application lies in `folder` with the demo's agency, and writes the answer beside it.

    A second call changes nothing; other keys replace those before. Raises `ApplicationUnusable`, `Invalid`, OSError.
    """
    asked, keys = _application(folder / APPLICATION)
    addresses, codes = list(asked["redirect_uris"]), list(asked["procedures"])
    with services.db.write() as session:
        agency = agencies.find(session, AGENCY)
        if agency.jwks != keys:
            agencies.replace_keys(session, agency.id, keys)
        if (agency.redirect_uris, agency.procedures) != (addresses, codes):
            agencies.register_portal(session, agency.id, addresses, codes, services.procedures)
        answer = {"issuer": services.settings.public_url, "client_id": agency.id}
    (folder / ANSWER).write_text(json.dumps(answer) + "\n", "utf-8")


def _application(path: Path) -> tuple[Mapping[str, Any], dict[str, object]]:
    try:
        asked = json.loads(path.read_bytes())
        lists = [asked[name] for name in ("redirect_uris", "procedures")]
        if not all(isinstance(each, str) for values in lists for each in values):
            raise TypeError
        return asked, dict(jwks(parse_jwks(asked["jwks"])))
    except (ValueError, KeyError, TypeError, KeysInvalid):
        raise ApplicationUnusable(path) from None
