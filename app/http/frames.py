"""SSE frames: one `event:` line, one `data:` line, an empty line; LF only. Pure.

Some readers split at an empty line and at U+2028 too: data comes without either (`app/events/message.py`).
"""

from collections.abc import Iterable, Sequence
from typing import Final

from app.events.message import Encoded, Event, Message, Position, encoded

# A comment, alone: some readers want event and data in one frame.
HEARTBEAT: Final = b": keep-alive\n\n"


def frame_message(message: Message) -> bytes:
    """All frames of one publish."""
    return frame_batch(message.events, message.position)


def frame_events(events: Sequence[Event], position: Position) -> bytes:
    """The frames of a state that was read."""
    return frame_batch([encoded(event) for event in events], position)


def frame_batch(events: Iterable[Encoded], position: Position) -> bytes:
    """Frames of which only the last has the `id:`: a viewer that is cut off within a batch gets all of it again."""
    frames = [b"event: %b\ndata: %b\n" % (event.name.encode(), event.data) for event in events]
    if frames and position is not None:
        frames[-1] = b"id: %b\n%b" % (str(position).encode(), frames[-1])
    return b"".join(frame + b"\n" for frame in frames)


def frame_error(message: str) -> bytes:
    """An `error` event for a person to read; the UI's pages look for its text under one name or the other."""
    return frame_events([Event("error", {"message": message, "error": message})], None)
