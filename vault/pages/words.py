"""Codes in words that people use. All texts are messages for translation (`vault/locale/vi.po`)."""

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "welcome": "Your wallet is ready. Put the first paper in.",
    "signed-out": "You are signed out.",
    "signed-out-everywhere": "You are signed out on all devices.",
    "device-signed-out": "That device is signed out.",
    "password-changed": "The password is changed and all devices are signed out. Sign in with the new one.",
    "erased": "Your wallet and everything in it is erased.",
    "added": "The paper is safely in your wallet.",
    "version-added": "The newer version is in your wallet. Earlier versions stay.",
    "retaken": "The new photo is in your wallet, in the place of the other one.",
    "confirmed": "Saved. Thank you for checking.",
    "kind-changed": "Saved. These are the fields of the kind that you chose: please look them over.",
    "deleted": "The paper is in the bin. You can take it back from there.",
    "restored": "The paper is back among your papers.",
    "destroyed": "The paper is destroyed for good.",
    "share-revoked": "Withdrawn. Nobody can open the papers through it any more.",
    "redeemed": "The papers are taken over. The link is used up.",
    "supplement-waits": "Nothing was sent. The question waits until you answer it.",
    "supplement-answered": "Sent. The agency has the papers now; they stand in your dossier.",
    "export-discarded": "Thrown away. Nothing is ready to be downloaded any more.",
    "dossier-revoked": "Withdrawn. The agency can open nothing of this dossier any more.",
    "supplement-asked": "Asked. The citizen sees it in their vault.",
    "supplement-withdrawn": "Taken back. The citizen is asked no longer.",
}
"""What a page says first after something was done, by the query parameter `done`."""

POOR: Mapping[str, str] = {
    "too-dark": "It is too dark.",
    "blurred": "The letters are blurred.",
    "glare": "Light is reflected on the paper.",
    "cut-off": "A part of the paper is missing.",
    "too-small": "The letters are too small.",
}
"""What is wrong with a photograph, by its code (`ocr.advice`)."""

POOR_ADVICE: Mapping[str, str] = {
    "too-dark": "Go to a bright place or turn a lamp on.",
    "blurred": "Hold the phone still with both hands, and wait until the picture is sharp before you press.",
    "glare": "Turn the paper away from the lamp, and take it without flash.",
    "cut-off": "Step back a little, until you see all four edges of the paper.",
    "too-small": "Go closer, until the paper fills the picture.",
}
"""What to do about it."""

TIERS: Mapping[str, str] = {
    "self": "Your own scan",
    "checked": "Compared with the original",
    "certified": "Certified copy",
    "issued": "From the issuer",
}
"""How far a version may be trusted, short."""

TIERS_EXPLAINED: Mapping[str, str] = {
    "self": "You scanned it yourself. An agency may ask to see the original.",
    "checked": "An officer compared it with the original.",
    "certified": "A certified copy: it stands for the original.",
    "issued": "The agency that issued it put it here: it stands for the original.",
}

SOURCES: Mapping[str, str] = {
    "citizen": "from you",
    "qr": "from the QR code",
    "mrz": "from the machine-readable lines",
    "text": "from the text of the file",
    "ocr": "from the print",
}
"""Where a value was found."""

DOUBTS: Mapping[str, str] = {
    "sources-differ": "{first}: two places on the paper say different things. Choose the right one.",
    "id-birth-year": "The ID number does not fit the date of birth.",
    "id-sex": "The ID number does not fit the sex.",
    "dates-out-of-order": "{first} lies after {second}. One of the dates may be wrong.",
    "date-in-future": "{first} lies in the future.",
    "expired": "The paper has expired.",
}
"""What cannot all be true, by the code of the disagreement; `first` and `second` are labels of fields."""

DOUBT_UNKNOWN = "Please check: {first}."

FIELDS: Mapping[str, str] = {
    "login": "Sign-in name",
    "password": "Password",
    "title": "A name of your own",
    "kind": "Kind of paper",
    "document": "Paper",
    "purpose": "What for",
    "days": "Days",
    "openings": "Openings",
    "versions": "Papers",
    "component": "Papers",
    "field": "Form",
    "components": "Papers",
    "note": "What is wrong",
}
"""Fields of forms, as `Invalid` names them."""

SEXES: Mapping[str, str] = {"male": "Male", "female": "Female"}

SURE = "Read clearly"
LIKELY = "Read well, a look does no harm"
UNSURE = "Read badly, please check"
DOUBTFUL = "Does not fit something else, please check"
NOT_FOUND = "Not found on the paper"
CONFIRMED = "You confirmed this"
STRUCK_OUT = "You said that this is not on the paper"

GRANT_STATES: Mapping[str, str] = {
    "waiting": "Link not used yet",
    "running": "May open it",
    "used-up": "All openings used",
    "ended": "Ended",
    "revoked": "Withdrawn by you",
}

GRANT_STATES_AT_AGENCY: Mapping[str, str] = {
    "waiting": "Link not used yet",
    "running": "Can be opened",
    "used-up": "All openings used",
    "ended": "Ended",
    "revoked": "Withdrawn by the citizen",
}

DOSSIER_STATES: Mapping[str, str] = {
    "waiting": "Not taken over yet",
    "running": "The agency may open it",
    "used-up": "All openings used",
    "ended": "Ended",
    "revoked": "Withdrawn by you",
    "never-fetched": "The agency never took it over",
}

TIERS_AT_AGENCY: Mapping[str, str] = {
    "self": "The citizen's own scan",
    "checked": "Compared with the original",
    "certified": "Certified copy",
    "issued": "From the issuer",
}

TIERS_EXPLAINED_AT_AGENCY: Mapping[str, str] = {
    "self": "Nobody has compared this scan with the original yet. Look at the original where the rules ask for it.",
    "checked": "An officer compared it with the original.",
    "certified": "A certified copy: it stands for the original.",
    "issued": "The agency that issued it put it here: it stands for the original.",
}

PROBLEMS: Mapping[str, str] = {
    "too-many-attempts": "There were many failed attempts one after another. To keep guessers out, one has to wait; "
    "the page says how long.",
    "invalid-value": "Something that was typed or sent does not have the form that is needed. The page says which "
    "field and what it should look like.",
    "too-large": "The file is larger than this vault takes. Save it with a lower resolution, or split it into several "
    "files.",
    "bad-upload": "The file did not arrive whole or not as a form sends it. Choose it once more and send it again.",
    "paper-refused": "The file is empty, damaged, locked with a password, cut off or too large to be read. Open it on "
    "your device; if it does not open there either, scan the paper again.",
    "not-an-export": "The file is not the ZIP that a vault wrote, or it was cut off or changed on the way. Papers that "
    "came in before it was noticed are whole and stay. Choose the very file that was downloaded, and bring it in "
    "again.",
    "supplements-open": "An agency may ask a few things about a dossier at once, not more, so that citizens are not "
    "worn down. It can ask again once something was answered or taken back.",
    "range-not-satisfiable": "A program asked for a piece of the file that lies beyond its end.",
}
"""Longer explanations, where the table's own text needs values."""

IMPORT_OUTCOMES: Mapping[str, str] = {
    "added": "Put into your wallet",
    "there": "Was there already",
    "refused": "Not taken",
    "binned": "In the bin, not put in",
}
"""What became of a paper that was brought along."""

IMPORT_NOTES: Mapping[str, str] = {
    "kind-unknown": "This vault does not know this kind of paper.",
    "value-not-taken": "A value that was confirmed does not have the right form, and was left out.",
    "version-damaged": "A version was damaged already when the file was made.",
    "version-refused": "A version could not be taken.",
    "title-shortened": "Its name was too long and was shortened.",
    "in-bin-here": "It is in the bin of this wallet. Take it out of there to keep it.",
}

MATCH_REASONS: Mapping[str, str] = {
    "in-date": "Valid until {day}.",
    "recent": "Issued on {day}: recent enough.",
    "tier-reached": "It is trusted as far as is needed here.",
    "only-one": "The only one in your wallet.",
    "usual-kind": "The kind of paper that is usual here.",
    "higher-tier": "The one of yours that is trusted the most.",
    "valid-longer": "The one of yours that is valid the longest.",
    "newer": "The newest one of yours.",
    "other-taken": "Another one of yours stands at another place of this dossier.",
    "shared": "It stands at another place of this dossier as well: you have only this one.",
}
"""Why a paper was taken, by the code of the reason."""

CHOSEN_BY_YOU = "Chosen by you."

MATCH_PROBLEMS: Mapping[str, str] = {
    "missing": "You have none in your wallet.",
    "expired": "This one expired on {day}.",
    "too-old": "This one was issued on {day}. The agency takes papers of the last {age} only.",
    "tier-too-low": "This one is: {tier}. The agency needs: {least}.",
    "age-unknown": "The day of issue could not be read on this one.",
    "kind-uncertain": "The vault is not sure what this one is.",
    "being-read": "This one is being read right now.",
}
"""Why no paper stands at a place, by the code of the problem."""

NO_OTHER = "You have no other one: what you have stands elsewhere in this dossier."

MATCH_ADVICE: Mapping[str, str] = {
    "missing": "Take a picture of it or choose a file. After that you come back to this page.",
    "expired": "If you have a new one, put it in. Otherwise apply for a new one first.",
    "too-old": "If you have a newer one, put it in. Otherwise apply for a new one first.",
    "tier-too-low": "Take the original to an officer who confirms it, or put the paper in that the issuer gave you.",
    "age-unknown": "Look at the paper and type the day in.",
    "kind-uncertain": "Look at it: is it “{kind}”?",
    "being-read": "Wait a moment. As soon as it is read it stands here.",
}
"""What to do about it."""
