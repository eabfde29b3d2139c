"""One table from the verbs' errors to RFC 9457 problem details, in the reader's language."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm.exc import StaleDataError

from ocr.media import TAKEN
from sharing import jws
from storage.errors import KeyUnavailable, KeyUnusable, OtherRootKey, StorageError, StoreFull, StoreUnavailable
from vault import errors
from vault.errors import VaultError
from vault.i18n import Translate

MEDIA_TYPE = "application/problem+json"
RETRY_S = 30
SOON_S: Mapping[str, int] = {"not-read-yet": 2, "copy-not-ready": 2, "not-ready": 5}
ALGORITHMS = f'algs="{" ".join(jws.PREFERRED)}"'
DPOP_ERRORS: Mapping[str, str] = {
    "proof-needed": "invalid_dpop_proof",
    "proof-invalid": "invalid_dpop_proof",
    "nonce-needed": "use_dpop_nonce",
    "token-invalid": "invalid_token",
}
"""What RFC 9449 sections 7.1 and 9 call it, beside the algorithms that a proof may be signed with."""
FULL = (sqlite3.SQLITE_FULL, "53100")
"""What SQLite and PostgreSQL (SQLSTATE) call a full disk."""


@dataclass(frozen=True)
class Problem:
    """An answer: `detail` says what is wrong and what to do; `members` are the extension members."""

    code: str
    status: int
    title: str
    detail: str
    members: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """The JSON members of RFC 9457 section 3.1."""
        standard = {"type": f"/problems/{self.code}", "title": self.title, "status": self.status, "detail": self.detail}
        return standard | self.members


TABLE: Mapping[str, tuple[int, str, str]] = {
    "not-found": (404, "Not found", "There is nothing here, or it is not yours."),
    "sign-in-failed": (401, "Sign-in failed", "The sign-in name or the password is wrong."),
    "too-many-attempts": (429, "Too many attempts", "Wait {retry_after} seconds, then try again."),
    "sign-in-needed": (
        401,
        "Sign in first",
        "Your session has ended or not begun. Sign in and try again.",
    ),
    "not-for-this-account": (403, "Not for this account", "This is for another kind of account than the one you use."),
    "cross-site": (403, "Refused", "This request came from another site. Open the vault's own page and try there."),
    "invalid-value": (422, "A value cannot be taken", "{field}: {reason}"),
    "login-taken": (409, "Name taken", "Somebody uses this sign-in name already. Choose another one."),
    "sign-up-closed": (403, "No new accounts", "This vault's operator opens accounts. Ask them for one."),
    "duplicate": (
        409,
        "Already in your wallet",
        "You have put exactly this file in before: open that one.",
    ),
    "too-large": (413, "File too large", "The file is larger than {limit_text}. Make it smaller or split it."),
    "bad-upload": (400, "Upload not understood", "{reason}"),
    "upload-stalled": (408, "Upload stopped", "Nothing arrived for a while. Check the connection and send it again."),
    "busy": (503, "Busy", "Many people are sending papers right now. Try again in half a minute."),
    "quota-exceeded": (
        413,
        "No room left in your wallet",
        "Your papers take {used_text} of {quota_text}, and this one needs {needed_text}. Destroy what you need no "
        "more: papers in the bin count too.",
    ),
    "uploads-open": (
        409,
        "Too many unfinished uploads",
        "{most} uploads are not finished. Finish one, or take one back.",
    ),
    "upload-elsewhere": (
        409,
        "The upload stands elsewhere",
        "{offset} bytes of it have arrived. Ask where it stands (HEAD), and go on from there.",
    ),
    "upload-locked": (
        423,
        "The upload is busy",
        "Something else sends to this upload right now. Try again in a moment.",
    ),
    "checksum-differs": (
        460,
        "Checksum differs",
        "What arrived is not what was sent. It was thrown away; send it again.",
    ),
    "tus-version": (412, "Version of tus not spoken", "Say Tus-Resumable: 1.0.0 in the request."),
    "not-offset-stream": (
        415,
        "Kind of body not taken",
        "Send the bytes as application/offset+octet-stream.",
    ),
    "paper-refused": (422, "The file cannot be kept", "{reason}"),
    "type-not-taken": (415, "Kind of file not taken", "Send a PDF, JPEG, PNG, WebP, TIFF or HEIC file."),
    "not-read-yet": (409, "Not read yet", "This paper is still being read. Try again in a moment."),
    "copy-not-ready": (
        409,
        "No searchable copy yet",
        "Ask for it to be made (POST), and try again in a moment: it follows what was read and confirmed last.",
    ),
    "copy-failed": (409, "No searchable copy", "{reason}"),
    "range-not-satisfiable": (416, "Beyond the end", "The asked bytes lie beyond the end; the file has {size} bytes."),
    "in-bin": (409, "In the bin", "This paper is in the bin. Restore it first."),
    "nothing-prepared": (
        409,
        "Nothing is ready",
        "There is nothing ready to be taken along, or it is out of date. Make it ready first.",
    ),
    "password-needed": (
        403,
        "Password needed",
        "This was made ready on another device. Make it ready here with your password.",
    ),
    "not-an-export": (422, "Cannot be taken in", "{reason} Papers that came in before: {added}."),
    "link-unusable": (404, "Link cannot be used", "The link was used, withdrawn, has ended or is for another agency."),
    "release-refused": (404, "Cannot be opened", "The share has ended, was withdrawn, is used up or never was."),
    "dossier-over": (409, "Dossier is over", "Everything shared for this dossier has ended or was withdrawn."),
    "supplements-open": (
        409,
        "Enough asked already",
        "{most} questions about this dossier are open. Wait for answers, or take one back.",
    ),
    "request-over": (
        404,
        "Request is over",
        "This request was answered, has ended or was opened elsewhere. Go back to the portal and begin again.",
    ),
    "proof-needed": (401, "Proof of a key needed", "Send a proof of your key in the header field DPoP (RFC 9449)."),
    "proof-invalid": (401, "Proof refused", "The proof of your key does not verify: step {step} failed."),
    "nonce-needed": (401, "Nonce needed", "Make the proof again with the nonce of this answer's DPoP-Nonce."),
    "token-invalid": (
        401,
        "Access token refused",
        "This access token is unknown, has ended or was sent without a proof.",
    ),
    "consent-incomplete": (
        409,
        "Not possible yet",
        "A paper that is needed is missing or does not fit. Look at the papers that are marked.",
    ),
    "bad-request": (400, "Request not understood", "Check the request against the API's description."),
    "method-not-allowed": (405, "Method not allowed", "This address does not take this method."),
    "not-ready": (503, "Not ready", "This server cannot serve at present. Try again in a moment."),
    "store-full": (
        507,
        "No room left",
        "The vault has no room left at present. What was kept before stays kept; try again in some minutes.",
    ),
    "store-unavailable": (
        503,
        "The vault does not answer",
        "What lies in the vault stays kept and locked; it cannot be reached just now. Try again in half a minute.",
    ),
    "key-away": (
        503,
        "The vault cannot be unlocked",
        "The key that opens the vault does not answer. Try again in half a minute.",
    ),
    "damaged": (500, "Damaged", "What is stored here does not open. The operator must look at it."),
    "internal": (500, "Something went wrong here", "It is not your fault. Try again; if it stays, tell the operator."),
}
"""code → (status, title, detail); texts are messages for translation."""

REASONS: Mapping[str, str] = {
    "missing": "Please fill this in.",
    "too-short": "Too short: at least {least} characters.",
    "too-long": "Too long: at most {most} characters.",
    "malformed": "This does not have the right form.",
    "out-of-range": "Please choose from {least} to {most}.",
    "unknown": "This is not one of the possible values.",
    "unknown-field": "This kind of paper has no such field.",
    "wrong-form": "This does not have the right form.",
    "not-in-bin": "Only a paper in the bin can be destroyed.",
    "not-multipart": "Send the file as multipart/form-data in a part named “file”.",
    "no-file": "No file came along. Choose a file first.",
    "two-files": "Send one file at a time.",
    "length-needed": "Say how long the whole is: Upload-Length, in bytes.",
    "offset-needed": "Say where the bytes belong: Upload-Offset.",
    "beyond-length": "More was sent than the upload was announced to have.",
    "checksum-malformed": "Upload-Checksum is sha256, a space, and the checksum in base64.",
    "cut-off": "The upload broke off before its end. Send it again.",
    "too-many-parts": "The form has too many parts.",
    "field-too-long": "A field of the form is too long.",
    "taken": "This is taken already.",
    "not-an-address": "An address here is whole, without a user, a # or a *: https://portal.example/callback",
    "no-such-procedure": "There is no procedure {procedure}. See: docvault procedure list",
    "not-encrypted": "Addresses begin with https://; only on this machine itself is http:// taken.",
    "empty-paper": "The file is empty.",
    "truncated-paper": "The file breaks off before its end. Scan or download it again.",
    "password-protected": "The file is locked with a password. Save it without one and send it again.",
    "broken-paper": "The file is damaged and cannot be opened. Scan or download it again.",
    "too-many-pages": "The file has too many pages. Split it.",
    "too-many-pixels": "A page has too many pixels. Scan it at a lower resolution.",
    "too-many-bytes": "The file is too large to be read. Make it smaller or split it.",
    "missing-bytes": "The paper's bytes are not in the store. The operator must look at it.",
    "gave-up": "Reading broke down several times. Try once more, or send a clearer scan.",
    "not-read": "The paper could not be read, so there are no words to be found. Read it again first.",
    "no-room": "There is no room left in your wallet for what is made of papers. Destroy what you need no more.",
    "reading-failed": "Looking at the file took too much time or memory. Try a smaller one.",
    "export-malformed": "This is not the ZIP as a vault wrote it. Choose the very file that you downloaded.",
    "export-cut-off": "The file breaks off before its end. Download it again, or send it once more.",
    "checksum-wrong": "A file in it is damaged or was changed. Download it again.",
    "reader-unusable": "What reads papers does not work here at present. The operator must look at it.",
    "kind-malformed": "What reads papers does not work here at present. The operator must look at it.",
}
"""reason codes → messages for translation."""


def of(error: Exception, translate: Translate) -> Problem:
    """The problem that answers an error; anything unknown is `internal` and tells nothing."""
    if isinstance(error, VaultError):
        return _of_vault_error(error, translate)
    if isinstance(error, StoreFull) or _is_full(error):
        return make("store-full", translate, headers={"Retry-After": "300"})
    if isinstance(error, DataError):  # a text that the database cannot hold, such as PostgreSQL one with a NUL
        return make("bad-request", translate)
    if isinstance(error, StaleDataError):  # what was to be changed went while it was looked at
        return make("not-found", translate)
    if isinstance(error, StoreUnavailable | OperationalError | NoConnection):
        return make("store-unavailable", translate, headers={"Retry-After": str(RETRY_S)})
    if isinstance(error, KeyUnavailable | KeyUnusable | OtherRootKey):
        return make("key-away", translate, headers={"Retry-After": str(RETRY_S)})
    return make("damaged" if isinstance(error, StorageError) else "internal", translate)


def _is_full(error: Exception) -> bool:
    """A database that has no space left. Anything else that it cannot do passes: locked, read-only, restarting."""
    cause = error.orig if isinstance(error, OperationalError) else None
    return getattr(cause, "sqlite_errorcode", None) in FULL or getattr(cause, "sqlstate", None) in FULL


def make(
    code: str,
    translate: Translate,
    *,
    members: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
    **values: object,
) -> Problem:
    status, title, detail = TABLE[code]
    return Problem(code, status, translate(title), translate(detail, **values), members or {}, headers or {})


def reason_text(reason: str, translate: Translate, values: Mapping[str, object]) -> str:
    return translate(REASONS.get(reason, REASONS["malformed"]), **values)


def size_text(size: int) -> str:
    """Bytes as people say them: 512 MB, 1.5 GB (steps of 1024)."""
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            return f"{amount:.1f}".rstrip("0").rstrip(".") + f" {unit}"
        amount /= 1024
    raise AssertionError


def _of_vault_error(error: VaultError, translate: Translate) -> Problem:
    values: dict[str, object] = dict(error.values)
    members: dict[str, object] = {}
    if "reason" in values:
        members["reason"] = values["reason"]
        values["reason"] = reason_text(str(values["reason"]), translate, error.values)
    if "field" in values:
        members["field"] = values["field"]
    if "limit" in values:
        members["limit"] = values["limit"]
        values["limit_text"] = size_text(int(error.values["limit"]))
    if isinstance(error, errors.NotReady):
        members["parts"] = str(error.values["parts"]).split()
    if isinstance(error, errors.QuotaExceeded):
        members |= error.values
        values |= {f"{name}_text": size_text(int(size)) for name, size in error.values.items()}
    if isinstance(error, errors.UploadElsewhere):
        members["offset"] = error.values["offset"]
    if isinstance(error, errors.NotAnExport):
        members["added"] = error.values["added"]
    if isinstance(error, errors.Duplicate):
        members["document"] = f"/api/documents/{error.values['document_id']}"
        members["document_id"] = error.values["document_id"]
        members |= {name: value for name, value in error.values.items() if name == "upload"}
    if isinstance(error, errors.TypeNotTaken):
        members["taken"] = list(TAKEN)
    return make(error.code, translate, members=members, headers=_headers(error), **values)


def _headers(error: VaultError) -> dict[str, str]:
    match error:
        case errors.TooManyAttempts():
            return {"Retry-After": str(error.values["retry_after"])}
        case errors.Busy() | errors.NotReadYet() | errors.NotReady() | errors.CopyNotReady():
            return {"Retry-After": str(SOON_S.get(error.code, RETRY_S))}
        case errors.UploadLocked():
            return {"Retry-After": "2"}
        case errors.TusVersion():
            return {"Tus-Version": "1.0.0"}
        case errors.RangeNotSatisfiable():
            return {"Content-Range": f"bytes */{error.values['size']}"}
        case errors.SignInNeeded():
            return {"WWW-Authenticate": f"DPoP {ALGORITHMS}"}
        case errors.NotProved():
            nonce = {"DPoP-Nonce": str(error.values["nonce"])} if "nonce" in error.values else {}
            return {"WWW-Authenticate": f'DPoP error="{DPOP_ERRORS[error.code]}", {ALGORITHMS}'} | nonce
    return {}
