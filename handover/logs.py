"""What the node says about itself: one JSON object a line, and no personal data, by construction (DESIGN rule 17).

An event is a dotted code; a field must be on the list `FIELDS`, and its value must look like an id, a code, a
number or a place in the source. Anything else is replaced by `[redacted]`: forgetting to think about a value
loses a value, never a person. The words of other libraries and of exceptions are not repeated at all.
"""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final, TextIO
from uuid import UUID

import structlog

REDACTED: Final = "[redacted]"
FIELDS: Final = frozenset(
    """
    event level timestamp request_id logger kind where error code codes
    endpoint route method status duration_ms
    agency service receiver sender side message referral subject delivery destination
    attempts state act outcome problem count rows waiting batch tasks place findings
    kid key version revision expires_on until seconds size free
    database mode worker process pid port node check
    """.split()  # noqa: SIM905 - one word a field is easier to read and to add to
)
"""Every field a log line may have. One is added by somebody who has asked whether it can hold a person."""

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*")
_VALUE: Final = re.compile(r"[A-Za-z0-9_.:/<>#+-]{0,200}")
_LONG_NUMBER: Final = re.compile(r"\d{10,}|\d{6}[ -]\d{5}")
_HASH: Final = re.compile(r"(?=.*[a-f])[0-9a-f]{16,128}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EventDict = MutableMapping[str, Any]


def configure(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send every log line of this process, our own and the libraries', to `stream` (standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_foreign, structlog.stdlib.add_logger_name, *_SHARED],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("werkzeug", "urllib3", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _unhandled
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def redact(_logger: object, _method: str, event: _EventDict) -> _EventDict:
    """Keep what is on the list and looks harmless; put `[redacted]` in the place of the rest."""
    clean = {name: _harmless(value) for name, value in event.items() if name in FIELDS}
    if not _CODE.fullmatch(str(event.get("event", ""))):
        clean["event"] = REDACTED
    hidden = event.keys() - FIELDS
    return clean | {f"{REDACTED}": len(hidden)} if hidden else clean


def failure(error: BaseException) -> dict[str, object]:
    """Say what failed and where, not what it said: its kind, stable code, and the last places in the source."""
    said: dict[str, object] = {"kind": f"{type(error).__module__}.{type(error).__name__}"}
    code = getattr(error, "stable_code", None)
    return said | {"where": _places(error.__traceback__)} | ({"code": code} if code else {})


def _harmless(value: object) -> object:
    match value:
        case None | bool() | float() | UUID():
            return value if not isinstance(value, UUID) else str(value)
        case int():
            return value if abs(value) < 10**9 else REDACTED
        case Enum():
            return _harmless(value.value)
        case str() | PurePath():
            text = str(value)
            harmless = _HASH.fullmatch(text) or (_VALUE.fullmatch(text) and not _LONG_NUMBER.search(text))
            return text if harmless else REDACTED
        case Mapping():
            return REDACTED
        case Iterable():
            return [_harmless(each) for each in value]
    return REDACTED


def _exceptions(_logger: object, _method: str, event: _EventDict) -> _EventDict:
    told = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event.update({name: value for name, value in failure(error).items() if name not in event})
    return event


def _foreign(_logger: object, _method: str, event: _EventDict) -> _EventDict:
    """A library's own words may hold anything: keep who spoke, and where."""
    record: logging.LogRecord = event["_record"]
    event["event"] = "library.spoke"
    event["where"] = f"{record.module}:{record.lineno}"
    event.pop("positional_args", None)
    return event


def _places(frames: TracebackType | None) -> list[str]:
    places: list[str] = []
    while frames is not None:
        file = frames.tb_frame.f_code.co_filename
        short = file.rpartition("/handover/")[2] if "/handover/" in file else file.rpartition("/")[2]
        places.append(f"{short}:{frames.tb_lineno}")
        frames = frames.tb_next
    return places[-8:]


def _unhandled(kind: type[BaseException], error: BaseException, _frames: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger("handover").critical("process.failed", **failure(error))


_SHARED: Final[tuple[Any, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _exceptions,
)
