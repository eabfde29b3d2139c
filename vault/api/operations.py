"""What operations share: parameters, answers that are no JSON, and the refusals that each of them can give."""

from typing import Annotated, Any

from fastapi import Depends, Path

from ocr import Place

DocumentId = Annotated[str, Path(max_length=36, description="id of the document")]
GrantId = Annotated[str, Path(max_length=36, description="id of the grant")]
PageNumber = Annotated[int, Path(ge=1, le=100_000, description="from 1")]


def _place(
    level: Annotated[int, Path(ge=0, le=30, description="0 is the whole page in one tile")],
    column: Annotated[int, Path(ge=0, le=10_000, description="from 0, from the left")],
    row: Annotated[int, Path(ge=0, le=10_000, description="from 0, from the top")],
) -> Place:
    return Place(level, column, row)


PlaceDep = Annotated[Place, Depends(_place)]
TILE_PATH = "/pages/{page}/tiles/{level}/{column}/{row}.jpg"

OWN = ("sign-in-needed", "not-for-this-account")
PAPER_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole paper, with its digest in `Repr-Digest` (RFC 9530)", "content": {"*/*": {}}},
    206: {"description": "The asked range"},
    304: {"description": "The one you have"},
}
COPY_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole of it", "content": {"application/pdf": {}}},
    206: {"description": "The asked range"},
    304: {"description": "The one you have"},
}
WEBP: dict[int | str, dict[str, Any]] = {
    200: {"description": "WebP, at most 1240 px wide", "content": {"image/webp": {}}}
}
JPEG: dict[int | str, dict[str, Any]] = {
    200: {"description": "JPEG, at most 512 px wide and high", "content": {"image/jpeg": {}}}
}
