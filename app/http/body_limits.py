"""Bodies over the limit answer 413 before anything reads them, guards included. A route may have a limit of its own."""

import io
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
        request.max_content_length = own
    limit = request.max_content_length
    if limit is None:
        return
    if request.content_length is None:
        # Werkzeug cuts a body without a length at the limit and takes what it has for the whole.
        request.max_content_length = limit + 1
        request.environ["wsgi.input"] = Counted(request.environ["wsgi.input"], limit)
    elif request.content_length > limit:
        raise _too_large(limit)


class Counted(io.RawIOBase):
    """A body that is counted while it is read.

    Raises:
        TooLargeError: at the first byte over the limit.
    """

    def __init__(self, body: Any, limit: int) -> None:
        self._body, self._limit, self._read = body, limit, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        self._read += len(data)
        if self._read > self._limit:
            raise _too_large(self._limit)
        buffer[: len(data)] = data
        return len(data)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"The body is too large: at most {_readable(limit)}")


def _readable(size: int) -> str:
    return f"{size // MEBI} MiB" if size % MEBI == 0 and size >= MEBI else f"{size:,} bytes"
