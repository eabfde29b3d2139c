"""The reader's language."""

from typing import Annotated

from fastapi import Depends, Request

from vault import i18n

COOKIE = "language"


def language_of(request: Request) -> str:
    return i18n.choose(request.cookies.get(COOKIE), request.headers.get("accept-language"))


LanguageDep = Annotated[str, Depends(language_of)]
