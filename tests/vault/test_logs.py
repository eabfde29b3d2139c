"""Whatever is handed to a log, what comes out are words of the code, numbers, codes: never a secret or a person."""

import ast
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.vault import visitors
from tests.vault.world import World
from vault import logs
from vault.logs import ELSEWHERE, KEYS, OURS
from vault.settings import Settings

SECRET = "bi-mat-cua-Nguyen-Van-An"
TOKEN = "k3Jx9-Qm2_vLr8sTzWb1Yc4Df6Gh7Ij0Kl5Mn8Op2Qr"
ROOT = Path(__file__).parent.parent.parent
OUR_FILE = str(ROOT / "vault" / "worker.py")


@pytest.fixture
def said(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is logged meanwhile, in the form that the test names."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    before = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(Settings(log_format=getattr(request, "param", "json")), stream)
    yield stream
    root.handlers[:], root.level = before
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(False)
    logging.raiseExceptions = True


def lines(said: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


def say(level: int, message: str, *args: object, file: str = OUR_FILE, **more: Any) -> None:
    """As if a line of that file did."""
    extra, trouble = more.get("extra", {}), more.get("exc_info")
    logger = logging.getLogger("vault.worker")
    record = logger.makeRecord("vault.worker", level, file, 7, message, args, trouble, "f", extra)
    logger.handle(record)


def caught(error: Exception) -> Any:
    try:
        raise error
    except Exception:
        return sys.exc_info()


@pytest.mark.parametrize("said", ["json", "text"], indirect=True)
@pytest.mark.parametrize(
    "extra",
    [
        {"password": SECRET},
        {"token": TOKEN, "cookie": f"__Host-docvault={TOKEN}"},
        {"route": f"/papers/{SECRET}?q={SECRET}"},
        {"route": SECRET, "method": SECRET, "status": SECRET, "duration_ms": SECRET},
        {"error": f"KeyError: {SECRET}", "code": f"{SECRET} {TOKEN}", "where": f"/home/{SECRET}:1"},
        {"request_id": f"{SECRET}\n{TOKEN}", "count": [SECRET], "attempt": {"x": TOKEN}},
        {"frames": [SECRET], "event": SECRET, "level": SECRET, "time": SECRET, "document_id": TOKEN},
    ],
)
def test_no_value_passes_that_is_not_of_a_known_key_and_form(said: io.StringIO, extra: dict[str, object]) -> None:
    say(logging.ERROR, "the worker met an error", extra=extra)
    assert "the worker met an error" in said.getvalue()
    assert not leaked(said)


def leaked(said: io.StringIO) -> bool:
    return any(secret in said.getvalue() for secret in (SECRET, TOKEN[:30], "Nguyen"))


def test_what_is_filled_into_a_text_stays_out(said: io.StringIO) -> None:
    say(logging.ERROR, "%s was refused at %s", SECRET, TOKEN)
    (line,) = lines(said)
    assert line["event"] == "%s was refused at %s"
    assert not leaked(said)


def test_an_error_is_its_class_and_where_it_passed_in_our_code(said: io.StringIO, world: World) -> None:
    try:
        world.services.blobs.read(f"versions/{SECRET.lower()}/original", 0, 1)
    except Exception:
        say(logging.ERROR, "a request failed", exc_info=sys.exc_info())
    (line,) = lines(said)
    assert line["error"] == "BlobMissing"
    assert line["frames"][-1].startswith("storage/files.py:")
    assert not leaked(said) and SECRET.lower() not in said.getvalue()


def test_an_error_of_sql_tells_neither_statement_nor_parameters(said: io.StringIO) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        try:
            connection.execute(text(f"SELECT '{SECRET}' FROM papers WHERE title = :title"), {"title": TOKEN})  # noqa: S608 - a secret to look for
        except Exception:
            say(logging.ERROR, "a request failed", exc_info=sys.exc_info())
    engine.dispose()
    assert lines(said)[0]["error"] == "OperationalError"
    assert not leaked(said) and "SELECT" not in said.getvalue()


def test_a_library_is_named_and_not_quoted(said: io.StringIO) -> None:
    """urllib3 warns with whole addresses, which hold names of blobs; others quote what they choked on."""
    for name in ("urllib3.connectionpool", "uvicorn.error", "asyncio", "PIL.Image"):
        logging.getLogger(name).warning(f"retrying /bucket/{SECRET}?sig={TOKEN}")
        logging.getLogger(name).error("broken: %s", SECRET, exc_info=caught(ValueError(TOKEN)), extra={"code": "x"})
    found = lines(said)
    assert [line["event"] for line in found] == [ELSEWHERE] * 8
    assert found[0]["where"].startswith("urllib3.connectionpool:")
    assert found[1]["error"] == "ValueError"
    assert not leaked(said)


def test_a_library_does_not_pass_for_us_by_a_name(said: io.StringIO) -> None:
    logging.getLogger("vault.worker").error(f"I am the worker and say {SECRET}")  # the call stands in this file
    assert lines(said)[0]["event"] == ELSEWHERE
    assert not leaked(said)


def test_chatter_of_libraries_is_left_out(said: io.StringIO) -> None:
    logging.getLogger("httpx").info("GET https://vault.example/papers")
    assert said.getvalue() == ""


def test_what_ends_a_thread_or_the_process_is_said_the_same_way(said: io.StringIO) -> None:
    def break_down() -> None:
        raise RuntimeError(SECRET)

    thread = threading.Thread(target=break_down)
    thread.start()
    thread.join()
    sys.excepthook(*caught(LookupError(TOKEN)))
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(SECRET, UserWarning, stacklevel=1)
    assert [line.get("error") for line in lines(said)] == ["RuntimeError", "LookupError", None]
    assert not leaked(said)


def test_what_breaks_while_something_is_cleared_away_is_said_without_its_words(
    said: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    class Paper:
        def __del__(self) -> None:
            raise RuntimeError(SECRET)

    paper = Paper()
    del paper
    assert [(line["event"], line["error"]) for line in lines(said)] == [
        ("an error that nothing could catch", "RuntimeError")
    ]
    assert not leaked(said) and SECRET not in capfd.readouterr().err


def test_each_request_is_a_line_by_its_route_alone(said: io.StringIO, world: World) -> None:
    app = visitors.app_of(world)
    with visitors.visitor(world, app, world.an) as client:
        client.get(f"/papers?q={SECRET}")
        client.get(f"/api/documents/{TOKEN[:36]}", headers={"X-Request-ID": TOKEN})
        client.post("/api/session", json={"login": SECRET, "password": TOKEN})
        client.get(f"/{SECRET}")
        answer = client.get("/static/docvault.css")
    found = lines(said)
    assert [(line["method"], line["route"], line["status"]) for line in found] == [
        ("GET", "/papers", 200),
        ("GET", "/api/documents/{document_id}", 404),
        ("POST", "/api/session", 401),
        ("GET", "-", 404),
        ("GET", "/static", 200),
    ]
    assert all(line["event"] == "request" and line["duration_ms"] >= 0 for line in found)
    assert len({line["request_id"] for line in found}) == len(found)
    assert answer.headers["x-request-id"] == found[-1]["request_id"]
    assert not leaked(said)


def test_a_failure_inside_is_said_once_with_its_request(said: io.StringIO, world: World) -> None:
    app = visitors.app_of(world)

    @app.get("/broken/{name}")
    def broken(name: str) -> None:
        raise RuntimeError(f"{name}: {TOKEN}")

    with visitors.visitor(world, app) as client:
        answer = client.get(f"/broken/{SECRET}")
    assert answer.status_code == 500
    failed = [line for line in lines(said) if line["event"] == "a request failed"]
    assert [(line["route"], line["error"], line["level"]) for line in failed] == [
        ("/broken/{name}", "RuntimeError", "error")
    ]
    request = next(line for line in lines(said) if line["event"] == "request")
    assert request["status"] == 500
    assert request["request_id"] == failed[0]["request_id"] == answer.headers["x-request-id"]
    assert not leaked(said)


@pytest.mark.parametrize("said", ["text"], indirect=True)
def test_a_person_at_a_terminal_reads_plain_lines(said: io.StringIO) -> None:
    say(logging.WARNING, "a job was lost to another worker", extra={"attempt": 2})
    assert said.getvalue().endswith("warning a job was lost to another worker attempt=2\n")


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a logger in our own code."""
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                whose = ast.unparse(node.func.value)
                levels = {"debug", "info", "warning", "error", "critical", "exception", "log"}
                if node.func.attr in levels and (whose in {"log", "logger", "logging"} or "getLogger" in whose):
                    yield path, node


def test_what_our_code_says_stands_in_the_code() -> None:
    """A text made of values would pass: so no call may make one, and keys are those of the list."""
    found = list(calls())
    assert len(found) >= 5
    for path, call in found:
        place = f"{path}:{call.lineno}"
        assert isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str), place
        assert len(call.args) == 1, f"{place}: values go into extra, under a key that is known"
        for keyword in call.keywords:
            assert keyword.arg in {"extra", "exc_info"}, place
            if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
                assert {ast.literal_eval(key) for key in keyword.value.keys if key} <= KEYS.keys(), place
