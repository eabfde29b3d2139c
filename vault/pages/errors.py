"""What a person sees when something went wrong outside of a form."""

from fastapi import Request, Response

from vault.pages.render import page
from vault.problems import Problem


def error_page(request: Request, problem: Problem) -> Response:
    """Says what happened and what to do next. Looks nothing up: the database itself may be what is away."""
    again = request.method == "GET" and "Retry-After" in problem.headers
    return page(request, "error.html", status=problem.status, headers=problem.headers, problem=problem, again=again)
