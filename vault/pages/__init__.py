"""The web pages: rendered on the server, working without JavaScript, in Vietnamese and English."""

from fastapi import APIRouter

from vault.pages import (
    account,
    adding,
    binned,
    bringing,
    consent,
    dossiers,
    entrance,
    explanations,
    figures,
    home,
    link,
    offering,
    officer,
    officer_dossiers,
    paper,
    papers,
    retaking,
    searchable,
    seen,
    share,
    taking,
    verifying,
    zoom,
)

router = APIRouter()
CITIZENS = (
    papers,
    adding,
    retaking,
    paper,
    searchable,
    binned,
    account,
    taking,
    bringing,
    offering,
    share,
    seen,
    consent,
    dossiers,
)
OFFICERS = (officer, verifying, officer_dossiers, figures)
for area in (home, entrance, explanations, link, zoom, *CITIZENS, *OFFICERS):
    router.include_router(area.router)
