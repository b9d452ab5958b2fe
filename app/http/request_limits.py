"""The rate limit of every request under the API's prefix: per user, when the token is good, else per network.

Installed after CORS (a preflight has no limit) and after the body limit.
"""

from typing import Final

import structlog
from flask import Flask, request

from app.errors import TooManyRequestsError
from app.http.auth import caller
from app.http.proxies import network_of
from app.http.rate_limits import RateLimits

PREFIX: Final = "/v1/api/"
# Shown with an expired token it has no user, and any failure of it signs the person out: never limited by network.
UNLIMITED: Final = "/v1/api/auth/refresh"
TEXT: Final = "rate limit exceeded, please try again later"


def install(app: Flask, limits: RateLimits | None) -> None:
    """None: no limit (RATE_LIMIT_ENABLED), but log lines still say who calls."""

    def check() -> None:
        if not request.path.startswith(PREFIX) or request.path == UNLIMITED:
            return
        principal = caller()
        if principal is not None:
            structlog.contextvars.bind_contextvars(user_id=str(principal.user_id))
        if limits is not None:
            # A made-up token has no user: it counts against its network like no token at all.
            key = f"user:{principal.user_id}" if principal is not None else f"net:{network_of(request.remote_addr)}"
            if wait_s := limits.wait_s(key):
                raise TooManyRequestsError(TEXT, wait_s)

    app.before_request(check)
