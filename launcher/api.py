"""Our own API as any client sees it: JSON calls and an event stream, by the standard library."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

CALL_WITHIN_S: Final = 30.0
SILENCE_S: Final = 40.0  # a stream sends a comment every 15 s


class ApiError(Exception):
    """The API refused, or can't be reached (status 0); the text is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Event(NamedTuple):
    """One frame of a stream."""

    name: str
    data: Any


@dataclass(frozen=True, slots=True)
class Api:
    """One server, perhaps signed in."""

    root: str
    token: str | None = None

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON.

        Raises:
            ApiError: any status from 400 on, or no answer.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, self._headers(), method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_WITHIN_S) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, reason_of(error.read())) from None
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, f"{self.root} can't be reached: {error}") from None
        return json.loads(content) if content else None

    def is_ready(self) -> bool:
        try:
            self.call("GET", "/readyz")
        except ApiError:
            return False
        return True

    def events(self, path: str) -> Iterator[Event]:
        """Frames of a stream until it ends or breaks, which looks the same: the caller decides whether to return.

        Raises:
            ApiError: it was refused.
        """
        headers = self._headers() | {"Accept": "text/event-stream"}
        request = urllib.request.Request(self.root + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=SILENCE_S) as stream:
                yield from frames(stream)
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, reason_of(error.read())) from None
        except (OSError, http.client.HTTPException):
            return

    def _headers(self) -> dict[str, str]:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", "Accept": "application/json"} | authorization


def frames(lines: Iterator[bytes]) -> Iterator[Event]:
    """Lines of a text/event-stream into events; comments and ids are passed over."""
    name, data = "message", list[str]()
    for line in lines:
        field, _, value = line.decode().rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not field and not value and data:
            yield Event(name, json.loads("\n".join(data)))
            name, data = "message", []


def reason_of(body: bytes) -> str:
    """The API's `error`, with its details."""
    try:
        content = json.loads(body)
        details = content.get("details") or {}
        more = (
            "; ".join(f"{field}: {text}" for field, text in details.items()) if isinstance(details, dict) else details
        )
        return f"{content['error']} ({more})" if more else str(content["error"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body.decode(errors="replace")[:200] or "no reason given"
