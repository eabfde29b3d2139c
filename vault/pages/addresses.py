"""Addresses inside this vault, and nowhere else."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse


def local(address: str, otherwise: str = "/") -> str:
    """`address` when it is a path here, else `otherwise`: nobody is sent to another site by a link that he was given.

    Browsers read a backslash as a slash and skip control characters (URL Standard), so neither is taken.
    """
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else otherwise


def go(path: str, query: Mapping[str, str] | None = None) -> RedirectResponse:
    """After a form has been taken: on to a page that can be reloaded safely (303, RFC 9110 section 15.4.4)."""
    return RedirectResponse(path + (f"?{urlencode(query)}" if query else ""), status_code=303)
