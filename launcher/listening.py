"""A status stream, read on a thread of its own so that its reader can stop waiting whenever it wants to."""

import contextlib
import http.client
import json
import queue
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from launcher.api import Api, ApiError, reason_of

SILENCE_S: Final = 40.0  # a stream sends a comment every 15 s
AGAIN_AFTER_S: Final = 0.5


class Event(NamedTuple):
    """One frame of a stream."""

    name: str
    data: Any


def frames(lines: Iterable[bytes]) -> Iterator[Event]:
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


class Listener:
    """Reads a stream until it is closed, again when it breaks."""

    def __init__(self, api: Api, path: str) -> None:
        self._api, self._path = api, path
        self._events = queue.SimpleQueue[Event | ApiError]()
        self._socket: socket.socket | None = None
        self._closed = False
        threading.Thread(target=self._listen, daemon=True, name="events").start()

    def next(self, within_s: float) -> Event | None:
        """The next event, or None when there is none in this time.

        Raises:
            ApiError: the stream was refused.
        """
        try:
            event = self._events.get(timeout=max(0.0, within_s))
        except queue.Empty:
            return None
        if isinstance(event, ApiError):
            raise event
        return event

    def close(self) -> None:
        """Hang up at once: a stopping server waits for streams that are open."""
        self._closed = True
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while not self._closed:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                if not self._read_one():
                    return
            time.sleep(AGAIN_AFTER_S)

    def _read_one(self) -> bool:
        """One connection to its end; False: it was refused, don't come back."""
        address = urlsplit(self._api.root)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SILENCE_S)
        with contextlib.closing(connection):
            connection.connect()
            self._socket = connection.sock
            connection.request("GET", self._path, headers=self._api.headers("text/event-stream"))
            with connection.getresponse() as stream:
                if stream.status != http.HTTPStatus.OK:
                    self._events.put(ApiError(stream.status, reason_of(stream.read())))
                    return False
                for event in frames(stream):
                    self._events.put(event)
        return True
