"""What all pages share: the language, the frame, who may post, and what every answer carries."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from starlette.datastructures import FormData

from examples.portal.dossiers import HERE, Store
from examples.portal.keys import NotRegistered
from examples.portal.procedures import Named, Procedure
from examples.portal.settings import UPLOAD_MAX, Settings
from examples.portal.vault import Vault
from sharing.encoding import b64url_decode

COOKIE, LANGUAGE = "portal", "portal-language"
YEAR_S = 365 * 24 * 3600
TIERS = {
    "self": ("Bản chụp của người dân", "The citizen's own scan"),
    "checked": ("Đã đối chiếu bản chính", "Checked against the original"),
    "certified": ("Bản sao chứng thực", "Certified copy"),
    "issued": ("Nơi cấp gửi vào kho", "Put there by its issuer"),
}
READ = {
    "qr": ("mã QR trên giấy", "its QR code"),
    "mrz": ("dòng mã máy đọc", "its machine-readable lines"),
    "text": ("chữ trong tệp", "its text"),
    "ocr": ("đọc từ ảnh", "read from its picture"),
    "citizen": ("người dân sửa lại", "corrected by the citizen"),
}

STATES = {
    "running": ("Đang có hiệu lực", "Holds"),
    "waiting": ("Đang chờ", "Waiting"),
    "used-up": ("Đã hết số lần mở", "Opened as often as it may be"),
    "ended": ("Đã hết hạn", "Over"),
    "revoked": ("Người dân đã thu hồi", "Withdrawn by the citizen"),
}
SEXES = {"male": ("Nam", "Male"), "female": ("Nữ", "Female")}

_templates = Jinja2Templates(Path(__file__).parent / "templates")


@dataclass(frozen=True)
class Portal:
    """All parts of the running portal."""

    settings: Settings
    store: Store
    vault: Vault
    procedures: Mapping[str, Procedure]


def portal(request: Request) -> Portal:
    found: Portal = request.app.state.portal
    return found


async def posted(request: Request) -> FormData:
    return await request.form(max_fields=100, max_files=20, max_part_size=64 * 1024)


PortalDep = Annotated[Portal, Depends(portal)]
FormDep = Annotated[FormData, Depends(posted)]


def cookie(request: Request) -> str:
    """The browser's own; "" where it has none, which owns nothing."""
    return request.cookies.get(COOKIE, "")


def language(request: Request) -> str:
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE)
    return "en" if asked == "en" else "vi"


def show(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """A page. `t(vi, en)` picks the reader's language, in the page as here."""
    lang = language(request)

    def t(vi: str, en: str) -> str:
        return en if lang == "en" else vi

    def said(field: Named, value: str) -> str:
        """A value as people here write it."""
        if field.type == "sex":
            return t(*SEXES.get(value, (value, value)))
        return "/".join(reversed(value.split("-"))) if field.type == "date" else value

    words = {"tiers": TIERS, "read": READ, "states": STATES, "sexes": SEXES}
    known = {"lang": lang, "t": t, "said": said, "moment": _moment, "size": _size, "hex": _hex, **words}
    answer = _templates.TemplateResponse(request, name, {**known, **values}, status_code=status)
    if "lang" in request.query_params:
        answer.set_cookie(LANGUAGE, lang, max_age=YEAR_S, httponly=True, samesite="lax")
    return answer


def go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)


def with_cookie(request: Request, answer: Response, value: str) -> Response:
    answer.set_cookie(COOKIE, value, httponly=True, samesite="lax")
    return answer


def new_cookie() -> str:
    return secrets.token_urlsafe(32)


def missing(request: Request) -> Response:
    return show(request, "message.html", 404, code="missing")


def nothing_there(request: Request, _error: Exception) -> Response:
    """For addresses and methods that no route has."""
    return missing(request)


async def guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Lets pages of this portal post to it, and no other's. A cookie's SameSite is no help here: another port on the
    same machine is the same site, so the browser must say that it is the same origin (W3C Fetch Metadata, or Origin).
    """
    known = portal(request)
    if request.url.hostname == "localhost":  # the vault sends citizens back to the other name, where the cookie is not
        return RedirectResponse(f"{known.settings.url}{request.url.path}", 307)
    if request.method == "POST" and not _is_own(request, known.settings):
        answer: Response = PlainTextResponse("This form was sent by another site.", 403)
    elif request.method == "POST" and not 0 <= int(request.headers.get("content-length", "-1")) <= UPLOAD_MAX:
        answer = PlainTextResponse("That is too much at once.", 413)
    else:
        answer = await go_on(request)
    for name, value in _policy(known.vault).items():
        answer.headers.setdefault(name, value)
    return answer


def _is_own(request: Request, settings: Settings) -> bool:
    site = request.headers.get("sec-fetch-site")
    return site == "same-origin" if site else request.headers.get("origin") == settings.url


def _policy(vault: Vault) -> dict[str, str]:
    """A browser holds form-action also against where a form's answer leads: to the vault."""
    try:
        targets = f"'self' {vault.registration.issuer}"
    except NotRegistered:
        targets = "'self'"
    return {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action {targets}"
        ),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _moment(text: str | int) -> str:
    """A time as people here write it."""
    at = datetime.fromtimestamp(text, HERE) if isinstance(text, int) else datetime.fromisoformat(text).astimezone(HERE)
    return at.strftime("%d/%m/%Y %H:%M")


def _hex(digest: str) -> str:
    """A digest as other programs print it."""
    return b64url_decode(digest).hex()


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} byte"
    return f"{count / 1000:.0f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB".replace(".", ",")
