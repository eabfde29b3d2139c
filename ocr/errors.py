"""What can go wrong with a paper. No message ever carries content of the paper."""

from typing import ClassVar


class OcrError(Exception):
    """Base of everything that this package raises on purpose; `code` is kebab-case and stable."""

    code: str = "paper-refused"
    message: ClassVar[str] = "The paper cannot be taken."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class UnsupportedType(OcrError):
    code = "unsupported-type"
    message = "The file is not of a type that is taken."


class EmptyPaper(OcrError):
    code = "empty-paper"
    message = "The file is empty or has no pages."


class TruncatedPaper(OcrError):
    code = "truncated-paper"
    message = "The file ends too early; a part of it is missing."


class PasswordProtected(OcrError):
    code = "password-protected"
    message = "The file is protected by a password."


class BrokenPaper(OcrError):
    code = "broken-paper"
    message = "The file is damaged and cannot be opened."


class TooManyPages(OcrError):
    code = "too-many-pages"
    message = "The file has more pages than are taken."


class TooManyPixels(OcrError):
    code = "too-many-pixels"
    message = "A page of the file has more pixels than are taken."


class TooManyBytes(OcrError):
    code = "too-many-bytes"
    message = "The file is larger than what is read."


class ReadingFailed(OcrError):
    """The reading process ran out of memory or time, died or misbehaved; `reason` tells which.

    Where this machine and not the paper is to blame, `code` is another one: no smaller file would help.
    """

    code = "reading-failed"
    OURS: ClassVar[frozenset[str]] = frozenset({"scratch", "engine"})
    message = "The paper could not be read."
    REASONS: ClassVar[dict[str, str]] = {
        "memory": "Reading the paper needs more memory than is allowed.",
        "time": "Reading the paper takes longer than is allowed.",
        "died": "The reading process ended unexpectedly.",
        "protocol": "The reading process broke its rules and was stopped.",
        "scratch": "There is no memory-backed file system to read the paper on.",
        "engine": "The text recognition program is missing or failed.",
    }

    def __init__(self, reason: str = "died") -> None:
        super().__init__(self.REASONS.get(reason))
        self.reason = reason
        if reason in self.OURS:
            self.code = "reader-unusable"


class ReadingMalformed(OcrError):
    code = "reading-malformed"
    message = "This is not a reading, or not of a version that is known here."


class KindMalformed(OcrError):
    code = "kind-malformed"
    message = "A file of kinds does not follow its rules."


class MrzInvalid(OcrError):
    code = "mrz-invalid"
    message = "These lines are no machine-readable zone, or one that does not prove itself."


class FieldInvalid(OcrError):
    code = "field-invalid"
    message = "The value does not fit the field."


PAPER_ERRORS: dict[str, type[OcrError]] = {
    error.code: error
    for error in (
        UnsupportedType, EmptyPaper, TruncatedPaper, PasswordProtected, BrokenPaper, TooManyPages, TooManyPixels,
        TooManyBytes, KindMalformed,
    )
}  # fmt: skip
