"""The web pages: rendered on the server, working without JavaScript, in Vietnamese and English."""

from fastapi import APIRouter

from vault.pages import (
    account,
    adding,
    binned,
    entrance,
    explanations,
    home,
    link,
    offering,
    officer,
    paper,
    papers,
    seen,
    share,
    verifying,
)

router = APIRouter()
CITIZENS = (papers, adding, paper, binned, account, offering, share, seen)
OFFICERS = (officer, verifying)
for area in (home, entrance, explanations, link, *CITIZENS, *OFFICERS):
    router.include_router(area.router)
