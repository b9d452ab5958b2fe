"""Log lines as the processes write them, caught."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.logs import configure_logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is written to the log at level info; logging is afterwards as it was."""
    found = io.StringIO()
    root = logging.getLogger()
    handlers, level, config = root.handlers, root.level, structlog.get_config()
    configure_logs("info", found)
    structlog.contextvars.clear_contextvars()  # a request in this process, in an earlier test, has left its id
    yield found
    root.handlers, root.level = handlers, level
    structlog.configure(**config)
    structlog.contextvars.clear_contextvars()
