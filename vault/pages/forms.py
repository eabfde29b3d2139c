"""Forms: fields that are not known beforehand, and what is said when a value cannot be taken."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request

from vault import problems
from vault.errors import Invalid
from vault.pages import words
from vault.pages.render import translate_for
from vault.problems import Problem
from vault.procedures import COMPONENTS, FIELDS

FIELDS_MAX = 2 * (COMPONENTS + FIELDS) + 20
"""A consent sends two for each component and each field, then its buttons: no request is too long to be answered."""


async def form_of(request: Request) -> dict[str, str]:
    """The text fields of a posted form; of two with one name the last."""
    async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


FormDep = Annotated[dict[str, str], Depends(form_of)]


def problem_of(request: Request, error: Exception, labels: Mapping[str, str] | None = None) -> Problem:
    """As the API says it, but with the field's name as people read it: from `labels`, else `words.FIELDS`."""
    translate = translate_for(request)
    problem = problems.of(error, translate)
    if not isinstance(error, Invalid):
        return problem
    name = str(error.values["field"])
    label = (labels or {}).get(name) or translate(words.FIELDS.get(name, name))
    reason = problems.reason_text(str(error.values["reason"]), translate, error.values)
    return replace(problem, detail=f"{label}: {reason}")
