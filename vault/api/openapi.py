"""The API's description (OpenAPI 3.1), completed: what any operation can answer, and problems as they are sent."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from vault import problems
from vault.api.principals import PLAIN_COOKIE, TLS_COOKIE
from vault.api.shapes import ProblemBody, refusals
from vault.middleware import SAFE

Description = dict[str, Any]

SEALED = frozenset({"documents", "taking along", "uploads", "grants", "dossiers", "agency"})
"""Tags of the operations that open what is sealed and stored."""
SCHEMA = {"$ref": f"#/components/schemas/{ProblemBody.__name__}"}
SESSION = "session"
SESSION_COOKIE = {
    "type": "apiKey",
    "in": "cookie",
    "name": TLS_COOKIE,
    "description": f"Comes with `POST /api/session`; without TLS it is called `{PLAIN_COOKIE}`",
}
ASSERTION_TOO = "/agency/grants/redeem"
"""The one path where an agency's system may show a client assertion in the body instead of a session."""
NOT_OURS = ("HTTPValidationError", "ValidationError")
"""The framework's own shape of a refusal, which this service never sends."""


def completed(app: FastAPI) -> Callable[[], Description]:
    """What stands in for `app.openapi`: the framework's description, completed once."""
    describe = app.openapi
    done: list[Description] = []

    def openapi() -> Description:
        if not done:
            done.append(complete(describe()))
        return done[0]

    return openapi


def complete(description: Description) -> Description:
    """Gives every operation the problems that can meet any of its kind; changes `description` and returns it."""
    schemes = description["components"].setdefault("securitySchemes", {})
    schemes[SESSION] = SESSION_COOKIE
    for path, item in description["paths"].items():
        for operation in item.values():
            _say_who(path, operation)
    for method, operation in operations(description):
        for status, answer in refusals(*general(method, operation)).items():
            _merge(operation["responses"], str(status), answer)
        for answer in operation["responses"].values():
            _say_problem(answer)
    for name in NOT_OURS:
        description["components"]["schemas"].pop(name, None)
    return description


def operations(description: Description) -> Iterator[tuple[str, Description]]:
    """Method and operation, for all paths."""
    for path in description["paths"].values():
        yield from path.items()


def general(method: str, operation: Description) -> list[str]:
    """Codes of the problems that no route names because they meet all of its kind."""
    codes = ["internal"]
    if method.upper() not in SAFE:
        codes.append("cross-site")
    if "requestBody" in operation:
        codes += ["bad-request", "too-large"]
    if "requestBody" in operation or operation.get("parameters"):
        codes.append("invalid-value")
    if SEALED & set(operation.get("tags", ())):
        codes += ["damaged", "store-unavailable"]
    return codes


def _say_who(path: str, operation: Description) -> None:
    """A session opens what refuses without one, beside what else the framework knows to open it."""
    if "sign-in-needed" in _codes(operation):
        besides: list[dict[str, list[str]]] = [{}] if path == ASSERTION_TOO else []
        operation["security"] = [*operation.get("security", ()), {SESSION: []}, *besides]


def _codes(operation: Description) -> set[str]:
    """Codes of the problems that the operation names."""
    answers = (answer.get("content", {}).get(problems.MEDIA_TYPE, {}) for answer in operation["responses"].values())
    return {code for answer in answers for code in answer.get("examples", ())}


def _merge(answers: Description, status: str, answer: Description) -> None:
    """Adds examples to the answer of that status; the framework's own 422 is replaced."""
    new = {"description": answer["description"], "content": answer["content"]}
    there = answers.get(status)
    if there is None or problems.MEDIA_TYPE not in there.get("content", {}):
        answers[status] = new
        return
    examples = there["content"][problems.MEDIA_TYPE]["examples"]
    for code, example in answer["content"][problems.MEDIA_TYPE]["examples"].items():
        if code not in examples:
            examples[code] = example
            there["description"] += f"; {example['value']['title']}"


def _say_problem(answer: Description) -> None:
    """The framework describes the model as plain JSON; it is sent as a problem."""
    content = answer.get("content", {})
    if problems.MEDIA_TYPE in content:
        content.pop("application/json", None)
        content[problems.MEDIA_TYPE]["schema"] = SCHEMA
