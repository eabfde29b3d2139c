"""Vietnamese and English: messages are written in English and translated by `vault/locale/vi.po`."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import negotiate_locale
from babel.messages.pofile import read_po

LANGUAGES = ("vi", "en")
DEFAULT = "vi"
CATALOG = Path(__file__).parent / "locale" / "vi.po"

Translate = Callable[..., str]


@cache
def catalog() -> dict[str, str]:
    """The Vietnamese messages by their English ones."""
    with CATALOG.open("rb") as file:
        messages = read_po(file, locale="vi", abort_invalid=True)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not isinstance(m.id, tuple)}


def translator(language: str) -> Translate:
    """A function `_(message, **values)` for one language; a message without translation stays English."""
    known = catalog() if language == "vi" else {}

    def translate(message: str, **values: object) -> str:
        text = known.get(message, message)
        return text.format(**values) if values else text

    return translate


def choose(cookie: str | None, accept_language: str | None, *, default: str = DEFAULT) -> str:
    """The reader's language: what they chose, else what their browser prefers, else Vietnamese."""
    if cookie in LANGUAGES:
        return cookie
    wanted = [part.split(";")[0].strip() for part in (accept_language or "").split(",")[:10]]
    try:
        found = negotiate_locale([w for w in wanted if w], LANGUAGES, sep="-")
    except (UnknownLocaleError, ValueError):
        found = None
    return str(Locale.parse(found)).split("_")[0] if found else default
