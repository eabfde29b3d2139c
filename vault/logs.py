"""What the service says about itself: a line for each event, made of words that stand in the code and nothing else.

A log is read by people who may not read papers, and kept where nobody guards it. So a line has keys of one known list
and values of known form. The text of an event is what stands in the call, never what was filled in; an error is its
class and where in our own code it passed, never its message: that may hold a name, a parameter of SQL, a path with ids.
"""

import logging
import re
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.types import EventDict

from vault.settings import Settings

HOME = Path(__file__).resolve().parent.parent
OURS = ("storage", "ocr", "sharing", "vault")
ELSEWHERE = "said by a library"
FRAMES_MAX = 12

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,79}")
TEMPLATE = re.compile(r"-|/[A-Za-z0-9_.{}/-]{0,119}")
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
CODE = re.compile(r"[a-z][a-z0-9-]{0,63}")


def _matches(form: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


KEYS: Mapping[str, Callable[[object], bool]] = {
    "route": _matches(TEMPLATE),
    "method": _matches(re.compile(r"[A-Z]{3,7}|other")),
    "status": _is_number,
    "duration_ms": _is_number,
    "request_id": _matches(REQUEST_ID),
    "error": _matches(NAME),
    "code": _matches(CODE),
    "where": _matches(re.compile(r"[A-Za-z0-9_.]{1,80}:\d{1,6}")),
    "count": _is_number,
    "attempt": _is_number,
}
"""key → whether a value may be shown under it. Whatever else a call hands over is left out."""


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Whatever this process logs goes through here from now on, also what libraries say and what kills a thread."""
    stream = stream or sys.stderr
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.addFilter(_worth_saying)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.contextvars.merge_contextvars, ExtraAdder()],
            processors=[redacted, structlog.processors.JSONRenderer() if as_json else _in_plain_words],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # it would print what it could not log
    sys.excepthook = _on_death
    threading.excepthook = lambda dead: _on_death(dead.exc_type, dead.exc_value, dead.exc_traceback)
    sys.unraisablehook = _on_loss  # else Python writes the error's own words, and what it came from


def about(request_id: str) -> AbstractContextManager[None]:
    """Every line inside belongs to this request."""
    return bound_contextvars(request_id=request_id)


def redacted(_logger: Any, _method: str, given: EventDict) -> dict[str, Any]:
    """The line that is written: a processor (structlog), the last before the renderer."""
    record: logging.LogRecord = given["_record"]
    ours = _is_ours(record)
    line: dict[str, Any] = {
        "time": _moment(record),
        "level": record.levelname.lower(),
        "event": str(record.msg) if ours else ELSEWHERE,
    }
    if not ours:
        line["where"] = f"{record.name[:80]}:{record.lineno}"
    keys = KEYS if ours else {"request_id"}
    line |= {key: given[key] for key in keys if key in given and KEYS[key](given[key])}
    kind, _, trace = given.get("exc_info") or (None, None, None)
    if kind is not None:
        line |= {"error": kind.__name__, "frames": frames(trace)}
    return line


def frames(trace: TracebackType | None) -> list[str]:
    """Where in our own code an error passed, outermost first: file, line and function, never a value."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        path = Path(code.co_filename)
        if path.is_relative_to(HOME) and path.relative_to(HOME).parts[0] in OURS:
            found.append(f"{path.relative_to(HOME)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-FRAMES_MAX:]


def _is_ours(record: logging.LogRecord) -> bool:
    """By the file that the call stands in: any program can take a logger's name. Tests hold that ours say constants."""
    path = Path(record.pathname)
    return path.is_relative_to(HOME) and path.relative_to(HOME).parts[0] in OURS and isinstance(record.msg, str)


def _worth_saying(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or _is_ours(record)


def _moment(record: logging.LogRecord) -> str:
    """RFC 3339, in UTC."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _in_plain_words(_logger: Any, _method: str, line: EventDict) -> str:
    rest = " ".join(f"{key}={value}" for key, value in line.items() if key not in {"time", "level", "event"})
    return f"{line['time']} {line['level']:<7} {line['event']} {rest}".rstrip()


def _on_death(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger(__name__).critical("stopped by an error", exc_info=(kind, error or kind(), trace))


def _on_loss(lost: "sys.UnraisableHookArgs") -> None:
    error = lost.exc_value or lost.exc_type()
    log = logging.getLogger(__name__)
    log.error("an error that nothing could catch", exc_info=(lost.exc_type, error, lost.exc_traceback))
