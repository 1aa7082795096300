"""Logs are JSON lines: past-tense event names and ids, never what belongs to a person."""

import logging
import sys
import traceback
from pathlib import PurePath

import structlog
from structlog.types import EventDict


def configure(level: str = "INFO") -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _describe_error,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries speak through the same door; uvicorn's access log is ours (porter.py).
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[_Bridge()], force=True
    )


class _Bridge(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, "library_reported", library=record.name, text=_plain(record)
        )


def _plain(record: logging.LogRecord) -> str:
    """A library's own sentence without its arguments: those may carry what people wrote."""
    return str(record.msg)[:200]


def _describe_error(_: object, __: str, event: EventDict) -> EventDict:
    """An error as class, SQL state and place in our own code. Its text may quote a value, so it
    stays out."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        if state is not None:
            event["sqlstate"] = state
        event["at"] = _places(error)
    return event


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return [
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
        for frame in ours[-6:]
    ]
