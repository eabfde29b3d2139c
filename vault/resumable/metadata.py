"""What a sender says of a file: `Upload-Metadata` (tus 1.0.0, extension "creation")."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from vault.documents import TITLE_MAX
from vault.errors import Invalid
from vault.uploads import clean_file_name

HEADER = "Upload-Metadata"
LONGEST = 4096
KEEP = "keep"


@dataclass(frozen=True)
class About:
    """The metadata that the vault understands; all of it may be missing.

    `document_id`: the paper that this is a newer version of. `keep_duplicate`: take it although it is there already.
    `replaces`: the version of that paper whose place it takes, a poor photograph.
    """

    file_name: str = ""
    title: str = ""
    kind: str = ""
    document_id: str | None = None
    keep_duplicate: bool = False
    replaces: str = ""


def parse(header: str) -> Mapping[str, str]:
    """Keys and decoded values. Raises `Invalid`: too long, an empty or repeated key, a value that is no base64."""
    if len(header) > LONGEST:
        raise Invalid(HEADER, "too-long", most=LONGEST)
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not key or not key.isascii() or key in found:
            raise Invalid(HEADER, "malformed")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise Invalid(HEADER, "malformed") from None
    return found


def about(header: str) -> About:
    """What of it counts here. Raises `Invalid` also for a title that is too long."""
    given = parse(header)
    names = ("title", "kind", "duplicate", "replaces")
    title, kind, duplicate, replaces = (given.get(name, "").strip() for name in names)
    if len(title) > TITLE_MAX:
        raise Invalid("title", "too-long", most=TITLE_MAX)
    if duplicate not in ("", KEEP):
        raise Invalid("duplicate", "unknown")
    name = clean_file_name(given.get("filename") or given.get("name", ""))
    return About(name, title, kind, given.get("document") or None, duplicate == KEEP, replaces)
