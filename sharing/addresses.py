"""Addresses as they are compared in a proof: normalised by syntax and scheme (RFC 3986 §6.2.2 and §6.2.3)."""

import re

from sharing.limits import URL_CHARS

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-F:.]+\]|[!$&'()*+,;=\w.~%-]+)(?::(?P<port>[0-9]*))?"
    r"(?P<path>(?:/[!$&'()*+,;=:@\w.~%-]*)*)(?:\?[^#]*)?(?:#.*)?",
    re.ASCII | re.IGNORECASE,
)
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_PORTS = {"http": "80", "https": "443"}


def normal(url: str) -> str | None:
    """The address without query and fragment, in one spelling; None for what is no http(s) address.

    Scheme and host in lower case, no default port, `/` for an empty path, escapes of unreserved characters undone and
    the others in upper case, dot segments removed. User information is refused: no request is sent to it.
    """
    found = _URL.fullmatch(url) if len(url) <= URL_CHARS and _VISIBLE.fullmatch(url) else None
    if found is None:
        return None
    scheme, host, path = found["scheme"].lower(), _unescaped(found["host"]), _unescaped(found["path"])
    if host is None or path is None:
        return None
    port = (found["port"] or "").lstrip("0")
    authority = host.lower() if port in {"", _PORTS[scheme]} else f"{host.lower()}:{port}"
    return f"{scheme}://{authority}{_without_dots(path)}"


def _unescaped(text: str) -> str | None:
    """Percent-encoding normalised (§6.2.2.1, §6.2.2.2); None when a `%` begins no escape."""
    if any(found[1] is None for found in _ESCAPE.finditer(text)):
        return None
    return _ESCAPE.sub(_one, text)


def _one(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if _UNRESERVED.fullmatch(character) else found[0].upper()


def _without_dots(path: str) -> str:
    """`path` is empty or starts with a slash (§5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
