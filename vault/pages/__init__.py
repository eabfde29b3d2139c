"""The web pages: rendered on the server, working without JavaScript, in Vietnamese and English."""

from fastapi import APIRouter

from vault.pages import account, adding, binned, entrance, explanations, home, paper, papers

router = APIRouter()
for area in (home, entrance, papers, adding, paper, binned, account, explanations):
    router.include_router(area.router)
