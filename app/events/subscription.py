"""One viewer's bounded queue. The fan-out puts, the viewer's stream takes; no lock, no timer of its own."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

from app.events.message import Message, Position

MOST_ITEMS: Final = 256
MOST_BYTES: Final = 512 * 1024  # a viewer who never reads holds on to no more than this


class Gap:
    """Something is missing: read the store. Shared by all viewers of a channel, so that one of them reads for all.

    Args:
        rev: the store's, when known: a viewer that has it already needn't do anything.
    """

    __slots__ = ("_lock", "_result", "_tried", "rev")

    def __init__(self, rev: int | None = None) -> None:
        self.rev = rev
        self._lock = threading.Lock()
        self._result: Any = None
        self._tried = False

    def resolve(self, load: Callable[[], Any]) -> Any:
        """What `load` gave to the first who asked; it is called again only when it raised."""
        with self._lock:
            if not self._tried:
                self._result = load()
                self._tried = True
            return self._result


class Framed:
    """A message with its bytes for viewers, made once."""

    __slots__ = ("final", "follows_on", "frame", "gap", "message", "position")

    def __init__(self, message: Message, frame: bytes) -> None:
        self.message = message
        self.frame = frame
        # Worked out once, not for each viewer: who stands exactly here needs no further look.
        self.follows_on: Position = message.before if message.rev is None else message.rev - 1
        self.position = message.position
        self.final = message.final
        self.gap = Gap(message.rev)  # for viewers that see a hole before it


Item = Framed | Gap | bytes  # bytes: something of the stream itself (a heartbeat, its end)


class Subscription:
    """A viewer of one channel.

    `position` is what the viewer has been given so far (a rev, or an id of the channel's stream); the viewer keeps it.
    `channel_position` is where the channel's stream stood when this began. `missed`: it began without a connection.
    """

    __slots__ = (
        "_bytes_in",
        "_bytes_out",
        "_overflowed",
        "_queue",
        "channel",
        "channel_position",
        "missed",
        "position",
    )

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.position: Position = None
        self.channel_position: str | None = None
        self.missed = False
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._bytes_in = 0  # written by the fan-out only
        self._bytes_out = 0  # written by the viewer only
        self._overflowed = False

    def put(self, item: Framed) -> None:
        """By the fan-out. Too much: everything is given up for the newest state."""
        if self._overflowed:
            return
        size = len(item.frame)
        if self._queue.qsize() >= MOST_ITEMS or self._bytes_in - self._bytes_out + size > MOST_BYTES:
            self._overflowed = True
            return
        self._bytes_in += size
        self._queue.put(item)

    def put_gap(self, gap: Gap) -> None:
        """By the fan-out or the rev checker."""
        if self._queue.qsize() < 2 * MOST_ITEMS:
            self._queue.put(gap)

    def put_bytes(self, frame: bytes) -> None:
        """By the stream's owner: a heartbeat, the end. Skipped for a viewer that doesn't read."""
        if self._queue.qsize() < MOST_ITEMS:
            self._queue.put(frame)

    def is_empty(self) -> bool:
        """Does nothing wait?"""
        return self._queue.empty()

    def get(self) -> list[Item]:
        """Wait for something, then take all there is. After an overflow that is one Gap."""
        queue = self._queue
        items = [queue.get()]
        while not queue.empty():
            items.append(queue.get())
        for item in items:
            if isinstance(item, Framed):
                self._bytes_out += len(item.frame)
        if self._overflowed:
            # Before the state is read: what is dropped until here is in it, what comes after is queued again.
            self._overflowed = False
            return [Gap(), *(item for item in items if isinstance(item, bytes))]
        return items
