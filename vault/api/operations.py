"""What operations share: parameters, answers that are no JSON, and the refusals that each of them can give."""

from typing import Annotated, Any

from fastapi import Path

DocumentId = Annotated[str, Path(max_length=36, description="id of the document")]
GrantId = Annotated[str, Path(max_length=36, description="id of the grant")]
PageNumber = Annotated[int, Path(ge=1, le=100_000, description="from 1")]

OWN = ("sign-in-needed", "not-for-this-account")
PAPER_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole paper, with its digest in `Repr-Digest` (RFC 9530)", "content": {"*/*": {}}},
    206: {"description": "The asked range"},
    304: {"description": "The one you have"},
}
WEBP: dict[int | str, dict[str, Any]] = {
    200: {"description": "WebP, at most 1240 px wide", "content": {"image/webp": {}}}
}
