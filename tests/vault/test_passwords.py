"""Passwords are kept as argon2id, and guessing them fills neither the memory nor a list of names."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any

import pytest
from pwdlib import PasswordHash

from vault.passwords import Passwords

PASSWORD = "mat-khau-cua-toi"


class Counting:
    """The real hasher, and how many of its computations ran at the same time."""

    def __init__(self, hasher: PasswordHash) -> None:
        self._hasher, self._lock = hasher, Lock()
        self.now = self.most = 0

    def hash(self, password: str) -> str:
        with self._counted():
            return self._hasher.hash(password)

    def verify(self, *given: Any) -> bool:
        with self._counted():
            return self._hasher.verify(*given)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self._lock:
                self.now -= 1


def test_what_is_kept_is_argon2id_with_a_salt_of_its_own() -> None:
    passwords = Passwords(1)
    first, second = passwords.hash(PASSWORD), passwords.hash(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.verify(PASSWORD, first)
    assert not passwords.verify(PASSWORD + "x", first)
    assert not passwords.verify(PASSWORD, None)


@pytest.mark.parametrize("slots", [1, 2])
def test_a_crowd_at_the_door_computes_no_more_hashes_at_once_than_there_are_places(slots: int) -> None:
    passwords = Passwords(slots)
    kept = passwords.hash(PASSWORD)
    counting = passwords._hash = Counting(passwords._hash)  # type: ignore[assignment]
    with ThreadPoolExecutor(8) as crowd:
        known = list(crowd.map(lambda number: passwords.verify(PASSWORD, kept if number % 2 else None), range(8)))
    assert known == [False, True] * 4
    assert counting.most == slots


def test_an_endless_password_costs_nothing() -> None:
    passwords = Passwords(1)
    passwords._slots = BoundedSemaphore(1)
    with passwords._slots:  # no place is left: hashing would wait for ever
        assert not passwords.verify("x" * 1_000_000, None)
