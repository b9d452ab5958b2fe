"""Bodies over the limit answer 413 before anything reads them, guards included. A route may have a limit of its own."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, current_app, request

from app.errors import TooLargeError

View = TypeVar("View", bound=Callable[..., Any])

MARK: Final = "_body_limit"
MEBI: Final = 1024 * 1024


def body_limit(most_bytes: int) -> Callable[[View], View]:
    """This route takes so much, whatever the general limit is."""

    def mark(view: View) -> View:
        setattr(view, MARK, most_bytes)
        return view

    return mark


def install(app: Flask) -> None:
    app.before_request(_check)


def _check() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    own = getattr(view, MARK, None)
    if own is not None:
        request.max_content_length = own  # for a body without a length, counted while it is read
    limit = request.max_content_length
    if limit is not None and (request.content_length or 0) > limit:
        raise TooLargeError(f"The body is too large: at most {_readable(limit)}")


def _readable(size: int) -> str:
    return f"{size // MEBI} MiB" if size % MEBI == 0 and size >= MEBI else f"{size:,} bytes"
