"""The web pages: rendered on the server, working without JavaScript, in Vietnamese and English."""

from fastapi import APIRouter

from vault.pages import entrance, home

router = APIRouter()
for area in (home, entrance):
    router.include_router(area.router)
