"""Passwords: argon2id through pwdlib, a bounded number at the same time (each takes 64 MiB)."""

from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from vault.errors import Invalid

PASSWORD_MIN = 10
PASSWORD_MAX = 200


class Passwords:
    """Hashes and verifies; the work for an unknown account is the same as for a known one."""

    def __init__(self, slots: int) -> None:
        self._hash = PasswordHash((Argon2Hasher(),))
        self._slots = BoundedSemaphore(slots)
        self._nobody = _nobody()

    def hash(self, password: str) -> str:
        """Raises `Invalid` for a password shorter than 10 or longer than 200 characters."""
        if len(password) < PASSWORD_MIN:
            raise Invalid("password", "too-short", least=PASSWORD_MIN)
        if len(password) > PASSWORD_MAX:
            raise Invalid("password", "too-long", most=PASSWORD_MAX)
        with self._slots:
            return self._hash.hash(password)

    def verify(self, password: str, hashed: str | None) -> bool:
        """False for a wrong password, and after the same work for `None` (no such account)."""
        if len(password) > PASSWORD_MAX:
            return False
        with self._slots:
            right = self._hash.verify(password, hashed or self._nobody)
        return right and hashed is not None


@cache
def _nobody() -> str:
    """What the password for an unknown account is compared with; made once, before anybody signs in."""
    return PasswordHash((Argon2Hasher(),)).hash("nobody signs in with this")
