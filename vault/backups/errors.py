"""What can be wrong with a backup or with where it should go."""

from vault.errors import VaultError


class BackupError(VaultError):
    """Not done, for a reason that the sentence tells the operator."""

    code = "internal"

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class BackupUnusable(BackupError):
    """The folder holds no backup, a damaged one, or one of a newer program."""


class NotEmpty(BackupError):
    """There is a vault already where a backup should be restored."""
