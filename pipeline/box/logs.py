"""Structured log lines of a box: one JSON object a line, and nothing that points to a person."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

ALLOWED: Final = frozenset(
    {"event", "level", "timestamp", "camera", "why", "state", "count", "seconds", "bytes", "pid", "process", "package"}
)
"""Keys that may be written; a plate, a name or a picture has none here, and so cannot slip in."""
_PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")
_PLATE = re.compile(r"\b[A-Z]{1,2}\s?\d{1,4}\s?[A-Z]{1,3}\b")


def without_personal_data(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop keys that are not allowed; take passwords out of addresses and what looks like a plate out of texts."""
    kept = {key: value for key, value in line.items() if key in ALLOWED}
    for key, value in kept.items():
        if isinstance(value, str) and key not in {"timestamp", "package"}:
            kept[key] = _PLATE.sub("[plate]", _PASSWORD.sub("", value))
    return kept


class _Forwarded(logging.Handler):
    """What libraries and other rooms log, in the same form and without personal data."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; of an exception its sentence only: a traceback would show too much."""
        error = record.exc_info[1] if record.exc_info else None
        more = {"why": f"{type(error).__name__}: {error}"} if error else {}
        self._logger.log(record.levelno, record.getMessage(), **more)


def forward_logging(logger: structlog.typing.FilteringBoundLogger) -> None:
    """Let everything that uses Python's own logging go through a box's log."""
    logging.basicConfig(handlers=[_Forwarded(logger)], level=logging.WARNING, force=True)


def box_log(target: TextIO | None = None) -> structlog.typing.FilteringBoundLogger:
    """The log of a box's process, on standard error by default."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(target or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_personal_data,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    return logger
