"""Forms answer 415 on every route that writes, whether it reads a body or not: a page elsewhere can send nothing else
without asking first. Uploads (`@documented(multipart=True)`) take multipart only."""

from typing import Final

from flask import Flask, current_app, request

from app.errors import UnsupportedMediaError
from app.http.auth import READING
from app.http.openapi import documentation_of

MULTIPART: Final = "multipart/form-data"
FORM_TYPES: Final = ("application/x-www-form-urlencoded", MULTIPART)


def install(app: Flask) -> None:
    app.before_request(_check)


def _check() -> None:
    if request.method in READING or request.mimetype not in FORM_TYPES or request.endpoint is None:
        return
    documentation = documentation_of(current_app.view_functions[request.endpoint])
    uploads = documentation is not None and documentation.multipart
    if not uploads:
        raise UnsupportedMediaError("Send the body as JSON (Content-Type: application/json)")
    if request.mimetype != MULTIPART:
        raise UnsupportedMediaError("Send the files as multipart/form-data")
