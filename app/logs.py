"""One shape for every log line: structlog, JSON unless a person reads it in a terminal. Called by entry points, once.

Lines of libraries (the standard library's logging) come out the same way. Ids bound to the context are on each line.
"""

import logging
import sys
from typing import Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

NEVER_LOGGED: Final = ("password", "secret", "token", "ticket", "authorization", "cookie", "kubeconfig", "private_key")


def configure_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Send everything of this level or above to the stream."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,  # first: a line that nobody wants costs nothing
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(stream)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("pymongo", "urllib3", "kubernetes", "git"):  # at debug they log what they send
        logging.getLogger(name).setLevel(logging.WARNING)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask,
    ]


def _mask(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The second line of defence: nobody should pass these, and if somebody does, the log has only their names."""
    for name in event:
        if any(word in name.lower() for word in NEVER_LOGGED):
            event[name] = "***"
    return event


def _rendering(stream: TextIO) -> list[Processor]:
    if stream.isatty():
        return [structlog.dev.ConsoleRenderer()]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_dumps)]


def _dumps(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
