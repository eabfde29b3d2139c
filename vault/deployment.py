"""The secrets of a vault on several machines, made once: a file for each, for the one container that needs it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex, token_urlsafe

from storage.rootkey import FileRootKey

BUCKET = "papers"
USERS: Mapping[str, int] = {"docvault": 10001, "database": 999, "store": 0}
"""folder → user id of the container that its files are for (Dockerfile, docker-compose.yml)."""
MAY = tuple(f"{what}:{BUCKET}" for what in ("Read", "Write", "List"))
"""What the vault may do in the store: nothing outside of its bucket, and no buckets of its own."""


def make_secrets(folder: Path) -> list[Path]:
    """Makes root key, worker key, and what opens database and store; all random, mode 0600.

    Raises `FileExistsError`, with nothing changed, where any of them is there: to replace one is another matter than
    to make it. As root each file is given to the user that reads it.
    """
    password, access, secret = token_urlsafe(32), token_hex(10).upper(), token_urlsafe(32)
    texts = {
        "docvault/database-password": password,
        "docvault/s3-access-key": access,
        "docvault/s3-secret-key": secret,
        "database/password": password,
        "store/s3.json": json.dumps(_identities(access, secret), indent=2),
    }
    keys = ("docvault/root.key", "docvault/worker.key")
    for name in (*keys, *texts):
        if (folder / name).exists():
            raise FileExistsError(17, "is there already, so nothing was made", str(folder / name))
    for user in USERS:
        (folder / user).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in keys:
        FileRootKey.create(folder / name)
    for name, text in texts.items():
        _write(folder / name, text + "\n")
    if os.geteuid() == 0:
        _give_away(folder)
    return [folder / name for name in (*keys, *texts)]


def _identities(access: str, secret: str) -> dict[str, object]:
    """The file that SeaweedFS reads its S3 users from."""
    credentials = [{"accessKey": access, "secretKey": secret}]
    return {"identities": [{"name": "docvault", "credentials": credentials, "actions": list(MAY)}]}


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _give_away(folder: Path) -> None:
    for name, user in USERS.items():
        for path in (folder / name, *(folder / name).iterdir()):
            os.chown(path, user, user)
