"""One line a request: what was asked, what was answered, how long it took. No query values that let anybody in."""

import re
from typing import Final
from urllib.parse import unquote_plus

import structlog
from flask import Flask, Response, g, request

from app.clock import Clock

log = structlog.get_logger("access")

# Probes come each second and tell nothing; a debug line is enough.
QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
LETS_IN: Final = frozenset({"token", "ticket", "code", "state", "access_token", "password", "secret"})
SEPARATOR: Final = re.compile(r"([&;])")
MOST_CHARACTERS: Final = 512


def install(app: Flask, clock: Clock) -> None:
    def begin() -> None:
        g.began_at = clock.monotonic()

    def line(response: Response) -> Response:
        write = log.debug if request.path in QUIET else log.info
        write(
            "request",
            method=request.method,
            path=request.path[:MOST_CHARACTERS],
            query=without_secrets(request.query_string.decode("latin-1"))[:MOST_CHARACTERS] or None,
            status=response.status_code,
            ms=round((clock.monotonic() - g.get("began_at", clock.monotonic())) * 1000, 1),
            client=request.remote_addr,
        )
        return response

    app.before_request(begin)
    app.after_request(line)


def without_secrets(query: str) -> str:
    """The query with the values of `token`, `ticket` and the like cut out, however their names are written."""
    if "@" in unquote_plus(query):  # a URL with a password in it, as `/git/refs?url=` may have, in any spelling
        return "***"
    return "".join(_without_secret(part) for part in SEPARATOR.split(query))


def _without_secret(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}=***" if equals and unquote_plus(name).strip().lower() in LETS_IN else part
