"""CORS: exact origins from the settings; on errors and streams too, else browsers hide a 401 from the page."""

from collections.abc import Collection
from typing import Final

from flask import Flask, Response, request

METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
HEADERS: Final = "Origin, Content-Type, Authorization, Accept, Last-Event-ID, X-Request-ID"
EXPOSED: Final = "Content-Length, Retry-After, X-Request-ID"
MAX_AGE_S: Final = 12 * 3600


def install(app: Flask, origins: Collection[str]) -> None:
    """Must be installed before limits and guards: a preflight needs neither token nor room."""

    def answer_preflight() -> Response | None:
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204)
        return None

    def allow(response: Response) -> Response:
        response.vary.add("Origin")
        origin = request.headers.get("Origin", "")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = METHODS
                response.headers["Access-Control-Allow-Headers"] = HEADERS
                response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        return response

    app.before_request(answer_preflight)
    app.after_request(allow)
