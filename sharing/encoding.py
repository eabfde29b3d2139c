"""Strict base64url and JSON: one value has one spelling, and what is ambiguous is refused."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from sharing.errors import EncodingInvalid


def b64url_encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Decode base64url without padding, taking only the spelling that `b64url_encode` writes.

    Raises EncodingInvalid for padding, white space, another alphabet and unused bits that are not zero: otherwise
    one signed statement would have several spellings, and lists of spent or revoked ones could be walked around.
    """
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise EncodingInvalid("Not base64url.") from error
    if b64url_encode(data) != text:
        raise EncodingInvalid("Not canonical base64url.")
    return data


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse UTF-8 JSON that is one object; raises EncodingInvalid.

    Repeated members are refused (RFC 7515 §4, RFC 7519 §4), at any depth: parsers differ in which one they take.
    """
    try:
        value = _decoder.decode(data.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise EncodingInvalid("Not JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise EncodingInvalid("Not a JSON object.")
    return value


def write_object(value: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8 without white space, members in the order given."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise EncodingInvalid("A member appears twice.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise EncodingInvalid(f"{name} is not JSON.")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
