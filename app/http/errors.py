"""Errors → answers: one table, one shape. Routes have no `try`. Called by `install` in `app/http/setup.py`."""

from typing import Final

import structlog
from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from pymongo.errors import ConnectionFailure, PyMongoError
from werkzeug.exceptions import HTTPException

from app.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    KubeOrchError,
    NotFoundError,
    TooLargeError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedMediaError,
    UpstreamError,
    UpstreamTimeoutError,
)

log = structlog.get_logger(__name__)

STATUS: Final[dict[type[KubeOrchError], int]] = {
    InvalidError: 400,
    UnauthorizedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    UnsupportedMediaError: 415,
    TooManyRequestsError: 429,
    UpstreamError: 502,
    UnavailableError: 503,
    UpstreamTimeoutError: 504,
}

HTTP_TEXTS: Final = {
    404: "No such route",
    405: "This route doesn't take {method}",
    413: "The body is too large",
}


def install_error_handlers(app: Flask) -> None:
    """Map the error family, werkzeug's errors and whatever else escapes a view."""
    app.register_error_handler(KubeOrchError, answer_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(PyMongoError, _answer_store_error)
    app.register_error_handler(Exception, _answer_unexpected)


def answer_error(error: KubeOrchError) -> ResponseReturnValue:
    """`{"error", "details"?}`, and `message` too under /auth/, where the sign-in form reads only that."""
    body: dict[str, object] = {"error": error.message, **error.extra}
    if error.details:
        body["details"] = error.details
    headers: dict[str, str] = {}
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = "Bearer"
    return _shaped(body), status_of(error), headers


def status_of(error: KubeOrchError) -> int:
    """Its own, or that of the member of the family it is made from (a domain's errors that carry a code)."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    text = HTTP_TEXTS.get(code, error.description or error.name).format(method=request.method)
    # Werkzeug's own headers are kept (Allow with 405), its HTML body is not.
    headers = [(name, value) for name, value in error.get_headers() if name.lower() != "content-type"]
    return _shaped({"error": text}), code, headers


def _answer_store_error(error: PyMongoError) -> ResponseReturnValue:
    log.error("store_failed", error=type(error).__name__, lost=isinstance(error, ConnectionFailure))
    return (
        _shaped({"error": "The database can't be reached now. Try again in a moment."}),
        503,
        {"Retry-After": "2"},
    )


def _answer_unexpected(error: Exception) -> ResponseReturnValue:
    log.error("request_failed", exc_info=error)
    reference = g.get("request_id", "")
    return _shaped({"error": f"Something went wrong on our side. Reference: {reference}"}), 500


def _shaped(body: dict[str, object]) -> dict[str, object]:
    return body | {"message": body["error"]} if "/auth/" in request.path else body
