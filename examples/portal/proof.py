"""What the portal can check without asking anybody: the grant, step by step, and each file against it."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sharing import grants
from sharing.errors import GrantError
from sharing.keys import KeySet
from sharing.terms import Item, Terms

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of a paper that are held in memory while it is checked; larger ones wait in a file without a name."""

STEPS = (
    ("Đọc được phiếu", "The grant can be read"),
    ("Phần đầu không có gì lạ", "Nothing strange in its header"),
    ("Đúng là phiếu chia sẻ", "It is a grant"),
    ("Đúng thuật toán ký (Ed25519)", "Signed by Ed25519"),
    ("Khóa ký là khóa kho đã công bố", "The key is one that the vault published"),
    ("Chữ ký đúng", "The signature is right"),
    ("Nội dung đủ và đúng khuôn dạng", "It says all that a grant says"),
    ("Do đúng kho giấy tờ cấp", "It comes from our vault"),
    ("Cấp cho đúng cơ quan này", "It is addressed to us"),
    ("Đã đến ngày có hiệu lực", "It has begun"),
    ("Chưa hết hạn", "It has not ended"),
    ("Đúng hồ sơ và thủ tục này", "It is for this dossier and procedure"),
    ("Gắn với khóa của cổng này", "It is bound to our key"),
)
"""The steps of docs/formats/sharing.md#verifying-a-grant in Vietnamese and English, then two of the portal's own."""


UNKNOWN_KEY = 5
"""The step that fails when the vault has begun to sign with a key that we have no copy of."""


@dataclass(frozen=True)
class Verdict:
    """How far the checks went: all before `failed` (counted from 1) hold. `terms` are there when all do."""

    terms: Terms | None
    failed: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Expected:
    """Who should have given the grant to whom, for what, bound to which key."""

    issuer: str
    audience: str
    procedure: str
    dossier: str
    key: str


def verdict(grant: str, keys: KeySet, expected: Expected, now: datetime) -> Verdict:
    """Checks a grant offline, with the vault's published keys alone."""
    try:
        terms = grants.verify(grant, keys, expected.audience, now, issuer=expected.issuer)
    except GrantError as error:
        return Verdict(None, error.step, str(error))
    if (terms.procedure, terms.dossier) != (expected.procedure, expected.dossier):
        return Verdict(None, len(STEPS) - 1, "The grant is for another dossier.")
    if terms.key != expected.key:
        return Verdict(None, len(STEPS), "The grant is bound to another key.")
    return Verdict(terms)


def checked(item: Item, chunks: Iterable[bytes]) -> IO[bytes]:
    """The whole file, once it is known to be what the item names; not a byte of it is shown before.

    Raises `WrongSize`, `WrongHash`.
    """
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever gets it closes it
    try:
        grants.check_file(item, _written(chunks, file))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _written(chunks: Iterable[bytes], file: tempfile.SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        file.write(chunk)
        yield chunk
