"""Every request has an id: the client's if it is harmless, else ours. It is in the answer and on each log line."""

import re
import secrets
from typing import Final

import structlog
from flask import Flask, Response, g, request

HEADER: Final = "X-Request-ID"
# What others use too: UUIDs, ULIDs, trace ids. Anything else could forge log lines or headers.
HARMLESS: Final = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_name)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if HARMLESS.fullmatch(given) else secrets.token_hex(8)
    # A keep-alive connection is one greenlet: what the request before has bound must not stay.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _name(response: Response) -> Response:
    response.headers[HEADER] = g.get("request_id", "")
    return response
