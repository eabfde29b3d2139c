"""Templates rendered in the reader's language, with dates and sizes as people here write them."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from vault import problems
from vault.api.language import language_of
from vault.i18n import Translate, translator
from vault.pages import words
from vault.principals import Citizen, Officer

TEMPLATES = Path(__file__).parent.parent / "templates"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

Who = Citizen | Officer | None


def page(
    request: Request,
    template: str,
    who: Who = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """One page (or a piece of one, for htmx) for the person who is signed in, or for nobody.

    Every template has: `_`, `language`, `who`, `is_citizen`, `is_officer`, `path`, `notice` (of the query parameter
    `done`, see `vault.pages.words.NOTICES`), `words`, and the filters `date`, `moment`, `size`.
    """
    language = language_of(request)
    common: dict[str, object] = {
        "_": translator(language),
        "language": language,
        "who": who,
        "is_citizen": isinstance(who, Citizen),
        "is_officer": isinstance(who, Officer),
        "path": request.url.path,
        "address": _address(request),
        "notice": words.NOTICES.get(request.query_params.get("done", "")),
        "words": words,
    }
    html = environment().get_template(template).render(common | values)
    return HTMLResponse(html, status, headers)


def translate_for(request: Request) -> Translate:
    """`_` for the reader of this request."""
    return translator(language_of(request))


def day(value: date | datetime) -> str:
    """dd/mm/yyyy; of a moment, the day that it is in Viet Nam."""
    if isinstance(value, datetime):
        value = value.astimezone(ZONE)
    return f"{value:%d/%m/%Y}"


def moment(value: datetime) -> str:
    """dd/mm/yyyy and the time of day in Viet Nam."""
    return f"{value.astimezone(ZONE):%d/%m/%Y, %H:%M}"


@cache
def environment() -> Environment:
    """The one Jinja environment: everything is escaped, and a name that is not there is an error."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # templates are part of the package: nobody changes them under a running server
    )
    found.filters |= {"date": day, "moment": moment, "size": _size}
    return found


@pass_context
def _size(context: Context, size: int) -> str:
    text = problems.size_text(size)
    return text.replace(".", ",") if context["language"] == "vi" else text


def _address(request: Request) -> str:
    """Where the reader is, to come back to after a change of language."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
