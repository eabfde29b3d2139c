"""Entries of the access log, and the steps of a check, as sentences. All texts are messages for translation."""

from collections.abc import Mapping

from vault.i18n import Translate
from vault.models import Event

LOOKS: Mapping[str, str] = {
    "released": "opened",
    "refused": "refused",
    "redeemed": "received",
    "supplement-asked": "asked",
}

SENTENCES: Mapping[str, str] = {
    "released": "{agency} opened “{paper}”",
    "refused": "{agency} was refused “{paper}”",
    "redeemed": "{agency} took the papers that you shared with it",
    "granted": "You shared “{paper}” with {agency}",
    "revoked": "You withdrew what you had shared with {agency}",
    "attached": "You attached papers to a dossier at {agency}",
    "supplement-asked": "{agency} asked you for more papers for a dossier",
    "supplement-answered": "You gave {agency} what it had asked for",
    "supplement-withdrawn": "{agency} no longer asks for more papers",
    "code-replayed": "What you had shared with {agency} was closed: its code was used twice",
    "token-revoked": "The system of {agency} gave up its access to what you shared",
    "revoked never-fetched": "{agency} never fetched what you had shared with it, so it ended",
    "revoked vault-restored": "The vault was restored from a backup, so what {agency} had not taken yet ended",
    "account-opened": "You opened your wallet",
    "signed-in": "You signed in",
    "signed-out": "You signed out",
    "password-changed": "You changed your password",
    "document-added": "You put “{paper}” in",
    "version-added": "You put a newer version of “{paper}” in",
    "version-added retaken": "You took the picture of “{paper}” again, and the poor one was destroyed",
    "document-changed photo-kept": "You kept the photo of “{paper}” although it is hard to read",
    "document-changed": "You changed what “{paper}” is called or is",
    "document-deleted": "You put “{paper}” into the bin",
    "document-restored": "You took “{paper}” back from the bin",
    "document-destroyed": "A paper was destroyed for good",
    "reading-done": "The vault read “{paper}”",
    "reading-failed": "The vault could not read “{paper}”",
    "reading-retried": "You had “{paper}” read again",
    "copy-asked": "You had a searchable PDF of “{paper}” made",
    "reading-confirmed": "You checked what was read in “{paper}”",
    "export-prepared": "You made your whole wallet ready to be taken along",
    "export-discarded": "What had been made ready to be taken along was thrown away",
    "wallet-exported": "Your whole wallet was downloaded",
    "wallet-imported": "You put papers in that were taken along from a vault",
}
"""What happened, by the kind of event; by kind and detail where that says more."""

WITHOUT_PAPER: Mapping[str, str] = {
    "refused": "{agency} was refused",
}
"""The same where no paper of the wallet is meant."""

SOMETHING = "Something else happened in your wallet"
SOMEBODY = "Somebody who is not known"
A_PAPER = "a paper that is no longer kept"

REFUSALS: Mapping[str, str] = {
    "not-an-agency": "They could not say who they are.",
    "no-such-grant": "There was no such share.",
    "other-agency": "You shared it with another agency.",
    "key-not-proved": "They used an access code that was given to somebody else.",
    "not-redeemed": "The code had not been used yet.",
    "revoked": "You had withdrawn it.",
    "not-yet-valid": "Its time had not begun.",
    "expired": "Its time was over.",
    "not-in-grant": "You did not share this paper with them.",
    "no-longer-kept": "You no longer keep this paper.",
    "no-opening": "The time of the opening was over.",
    "openings-used-up": "All openings that you allowed were used.",
    "code-not-proved": "They did not prove that the code was meant for them.",
    "link-used": "The code had been used before; it works only once.",
}
"""Why somebody was refused, by `Event.detail`."""

STEPS: tuple[str, ...] = (
    "It is a text that has the form of a share",
    "Its header asks for nothing unusual",
    "It says that it is a share of papers",
    "It is signed in the one way that is allowed (Ed25519)",
    "The key that signed it is published by this vault",
    "The signature is right: nobody has changed a letter since",
    "What it says is complete",
    "It comes from this vault",
    "It is addressed to your agency",
    "Its time has begun",
    "Its time is not over",
)
"""The steps of `sharing.grants.verify`, in its order (docs/formats/sharing.md#verifying-a-grant)."""


def sentence(event: Event, agency: str, paper: str, translate: Translate) -> str:
    """What happened, in one sentence."""
    message = SENTENCES.get(f"{event.kind} {event.detail}") or SENTENCES.get(event.kind, SOMETHING)
    if not event.document_id:
        message = WITHOUT_PAPER.get(event.kind, message)
    return translate(message, agency=agency or translate(SOMEBODY), paper=paper or translate(A_PAPER))


def detail(event: Event, translate: Translate) -> str:
    """Why, for a refusal; else nothing."""
    reason = REFUSALS.get(event.detail or "") if event.kind == "refused" else None
    return translate(reason) if reason else ""
