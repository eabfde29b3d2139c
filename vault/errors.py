"""What can go wrong in the verbs, without any thought of HTTP. `vault.problems` maps each to an answer."""

from collections.abc import Iterable


class VaultError(Exception):
    """Base of all errors of the service; `code` names it in the API, `values` fill its message."""

    code = "error"

    def __init__(self, **values: str | int) -> None:
        super().__init__(self.code)
        self.values = values


class NotFound(VaultError):
    """There is no such thing, or it is somebody else's: the answer is the same."""

    code = "not-found"


class SignInFailed(VaultError):
    """Unknown name, wrong password or a disabled account: the answer is the same."""

    code = "sign-in-failed"


class TooManyAttempts(VaultError):
    """`retry_after` seconds to wait."""

    code = "too-many-attempts"


class SignInNeeded(VaultError):
    """No live session (or no valid client assertion) came with the request."""

    code = "sign-in-needed"


class NotForThisAccount(VaultError):
    """A citizen's page asked by an officer, or the other way round."""

    code = "not-for-this-account"


class CrossSite(VaultError):
    """An unsafe request that another site made the browser send."""

    code = "cross-site"


class Invalid(VaultError):
    """A value cannot be taken. `field` says which; `reason` is a code from `vault.problems.REASONS`."""

    code = "invalid-value"

    def __init__(self, field: str, reason: str, **values: str | int) -> None:
        super().__init__(field=field, reason=reason, **values)


class LoginTaken(VaultError):
    """The sign-in name belongs to somebody already."""

    code = "login-taken"


class SignUpClosed(VaultError):
    """This vault's operator opens accounts, visitors do not."""

    code = "sign-up-closed"


class Duplicate(VaultError):
    """The same bytes are in the wallet already, as `document_id`."""

    code = "duplicate"


class TooLarge(VaultError):
    """More than `limit` bytes."""

    code = "too-large"


class BadUpload(VaultError):
    """The multipart body cannot be taken; `reason` is a code."""

    code = "bad-upload"


class UploadStalled(VaultError):
    """The sender stopped sending."""

    code = "upload-stalled"


class Busy(VaultError):
    """All places are taken for the moment."""

    code = "busy"


class PaperRefused(VaultError):
    """The file cannot be kept as a paper; `reason` is the code of the `ocr` error."""

    code = "paper-refused"


class TypeNotTaken(VaultError):
    """Not one of the media types that are taken."""

    code = "type-not-taken"


class NotReady(VaultError):
    """This process should get no requests at present; `parts` names what it waits for, separated by spaces."""

    code = "not-ready"


class QuotaExceeded(VaultError):
    """The wallet holds `used` of `quota` bytes, and `needed` more were to come."""

    code = "quota-exceeded"


class UploadsOpen(VaultError):
    """There are `most` unfinished uploads already."""

    code = "uploads-open"


class UploadElsewhere(VaultError):
    """The upload goes on at another byte: `offset`."""

    code = "upload-elsewhere"


class UploadLocked(VaultError):
    """Another request is moving this upload on."""

    code = "upload-locked"


class ChecksumDiffers(VaultError):
    """What arrived is not what was sent; it was thrown away."""

    code = "checksum-differs"


class TusVersion(VaultError):
    """The request speaks another version of tus, or does not say which."""

    code = "tus-version"


class NotOffsetStream(VaultError):
    """Bytes of an upload come as `application/offset+octet-stream`."""

    code = "not-offset-stream"


class NotReadYet(VaultError):
    """The reading is not there (yet)."""

    code = "not-read-yet"


class CopyNotReady(VaultError):
    """The searchable copy is not made (yet), or the paper has changed since it was."""

    code = "copy-not-ready"


class CopyFailed(VaultError):
    """There is no searchable copy; `reason` says why."""

    code = "copy-failed"


class RangeNotSatisfiable(VaultError):
    """The asked bytes lie beyond the end; `size` is the whole."""

    code = "range-not-satisfiable"


class InBin(VaultError):
    """The paper rests in the bin and must be restored first."""

    code = "in-bin"


class NothingPrepared(VaultError):
    """No export is ready: none was prepared, it has ended, or a paper in it was destroyed since."""

    code = "nothing-prepared"


class PasswordNeeded(VaultError):
    """What was prepared in another session needs the password once more."""

    code = "password-needed"


class ExportEnded(VaultError):
    """The session or the export ended while it was on the way: what is left does not follow."""

    code = "nothing-prepared"


class NotAnExport(VaultError):
    """Not a ZIP that a vault wrote, or one that was cut off or changed since; `reason` is a code.

    `added` papers came in before it was noticed: they are whole, and stay.
    """

    code = "not-an-export"

    def __init__(self, reason: str, added: int = 0) -> None:
        super().__init__(reason=reason, added=added)


class LinkUnusable(VaultError):
    """The link was used, revoked, has expired, is for another agency or never was: the answer is the same."""

    code = "link-unusable"


class RequestOver(VaultError):
    """A portal's request is unknown, over, answered, another citizen's or another browser's: the answer is the same."""

    code = "request-over"


class DossierOver(VaultError):
    """No grant of the dossier stands any more that could carry a question to its citizen."""

    code = "dossier-over"


class SupplementsOpen(VaultError):
    """The citizen has not yet answered the `most` questions that a dossier may have open at once."""

    code = "supplements-open"


class ReleaseRefused(VaultError):
    """No release under this grant; why is in the citizen's log alone."""

    code = "release-refused"


class ConsentIncomplete(VaultError):
    """A paper that is needed is missing, or one that was chosen does not fit (any more)."""

    code = "consent-incomplete"


class ProcedureMalformed(VaultError):
    """Files of procedures do not follow their rules: nobody's request is to blame, the operator must mend them.

    `faults` say, as texts, in which file, where and what to do.
    """

    code = "internal"

    def __init__(self, faults: Iterable[object]) -> None:
        super().__init__()
        self.faults = tuple(map(str, faults))

    def __str__(self) -> str:
        return "\n".join(("files of procedures do not follow their rules:", *self.faults))


class ReleaseEnded(ReleaseRefused):
    """The grant was revoked while its paper was on the way: what is left does not follow."""


class NotProved(VaultError):
    """Base of what is wrong with an access token or the proof that goes with it; `nonce` for the next try, if any."""


class ProofNeeded(NotProved):
    """A request by a system came without a proof of its key (RFC 9449)."""

    code = "proof-needed"


class ProofInvalid(NotProved):
    """The proof of a key does not verify; `step` is a number of docs/formats/sharing.md#verifying-a-proof."""

    code = "proof-invalid"


class NonceNeeded(NotProved):
    """The proof needs the nonce that comes with this answer (RFC 9449 section 8)."""

    code = "nonce-needed"


class TokenInvalid(NotProved):
    """Not an access token of this vault, or one that has ended, or not shown as `DPoP`: the answer is the same."""

    code = "token-invalid"
