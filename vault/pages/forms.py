"""Forms whose fields are not known beforehand."""

from typing import Annotated

from fastapi import Depends, Request

FIELDS_MAX = 200


async def form_of(request: Request) -> dict[str, str]:
    """The text fields of a posted form; of two with one name the last."""
    async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


FormDep = Annotated[dict[str, str], Depends(form_of)]
