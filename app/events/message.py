"""Event and Message. On the wire a message is text in lines, so that an API process passes data on without parsing it.

<before> <id>                what the bus's script adds: id of the one before, own id (`-`: not kept)
<rev or ->
<event name>                 with `!` at its end: the last event of this channel
<JSON in one line>           name and data repeat for each event of the message
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from bson import ObjectId

from app.clock import rfc3339

NOTHING: Final = "-"
FINAL: Final = "!"
LINE_ENDS: Final = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))

# Where a viewer is: a rev, or the id of an entry of the channel's stream. None: it doesn't matter to this viewer.
Position = int | str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as viewers get it.

    Args:
        name: of the SSE event.
        data: anything that orjson writes, besides ids and instants.
        final: the channel ends after it: each viewer's stream is closed.
    """

    name: str
    data: Any
    final: bool = False

    def __post_init__(self) -> None:
        assert self.name.replace("_", "").isalnum(), f"an event's name is a word, not {self.name!r}"


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event whose data is JSON already."""

    name: str
    data: bytes
    final: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What one publish carried. Shared by all viewers of the channel."""

    channel: str
    before: str
    id: str
    rev: int | None
    events: tuple[Encoded, ...]

    @property
    def position(self) -> Position:
        """What a viewer names to go on after this message; None when it isn't kept."""
        if self.rev is not None:
            return self.rev
        return None if self.id == NOTHING else self.id

    @property
    def final(self) -> bool:
        return any(event.final for event in self.events)


def encode_events(events: Sequence[Event], rev: int | None) -> bytes:
    """The wire form without its first line, which only the script knows."""
    lines = [(NOTHING if rev is None else str(rev)).encode()]
    for event in events:
        lines += [(event.name + FINAL * event.final).encode(), encode_data(event.data)]
    return b"\n".join(lines)


def decode(channel: str, before: str, entry_id: str, payload: bytes) -> Message:
    """A message from the wire form without its first line.

    Raises:
        ValueError: it isn't one.
    """
    rev, *lines = payload.split(b"\n")
    if len(lines) % 2 or not lines:
        raise ValueError("a message needs a name and data for each event")
    events = tuple(_encoded(name.decode(), data) for name, data in zip(lines[::2], lines[1::2], strict=True))
    return Message(channel, before, entry_id, None if rev == NOTHING.encode() else int(rev), events)


def decode_published(channel: str, published: bytes) -> Message:
    """A message as pub/sub delivers it. Raises ValueError."""
    first, _, payload = published.partition(b"\n")
    before, _, entry_id = first.decode().partition(" ")
    return decode(channel, before, entry_id, payload)


def encoded(event: Event) -> Encoded:
    return Encoded(event.name, encode_data(event.data), event.final)


def encode_data(data: Any) -> bytes:
    """JSON in one line for every reader: some take U+2028, U+2029 and U+0085 for line ends, so these are escaped."""
    text = orjson.dumps(data, default=_special, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS)
    for character, escape in LINE_ENDS:
        if character in text:
            text = text.replace(character, escape)
    return text


def follows(message: Message, known: Position) -> bool:
    """Does nothing lie between what a viewer knows and this message?

    By rev, one publish belongs to each rev, so any jump is a hole: also when a slower process publishes the rev
    in between later. Otherwise the script says what was before. What isn't kept can't be missed.
    """
    if known is None or message.position is None:
        return True
    if message.rev is not None:
        return isinstance(known, int) and message.rev == known + 1
    return message.before == known


def is_old(message: Message, known: Position) -> bool:
    """Has a viewer that knows this much seen it, or newer?"""
    return message.rev is not None and isinstance(known, int) and message.rev <= known


def _encoded(name: str, data: bytes) -> Encoded:
    return Encoded(name.removesuffix(FINAL), data, name.endswith(FINAL))


def _special(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return str(value)
    if hasattr(value, "isoformat"):
        return rfc3339(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
