"""Logs are JSON lines: past-tense event names and ids, never what belongs to a person."""

import logging
import sys

import structlog


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


def _describe_error(
    _: object, __: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """An error as class and place. Its text may quote a value, so it stays out."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["error"] = type(error).__name__
        event["at"] = frames[-6:]
    return event
