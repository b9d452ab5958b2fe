"""What was published on a channel after a position, when that position is still known exactly; else None.

Called by the fan-out after a reconnect and by streams that resume.
"""

import re
from typing import TYPE_CHECKING, Any, Final

from app.events.channels import KEEP_EVENTS, is_kept, key_of
from app.events.message import Message, decode

if TYPE_CHECKING:
    import redis

STREAM_ID: Final = re.compile(r"\d{1,19}-\d{1,19}", re.ASCII)
REV: Final = re.compile(r"\d{1,18}", re.ASCII)
# Trimming is approximate: a stream may hold some more than it should.
MOST: Final = 4 * KEEP_EVENTS


def parse_position(text: str, *, by_rev: bool) -> int | str | None:
    """A `Last-Event-ID`; None for what can't be one."""
    if by_rev:
        return int(text) if REV.fullmatch(text) else None
    return text if STREAM_ID.fullmatch(text) else None


def replay(redis: "redis.Redis", channel: str, after: int | str) -> list[Message] | None:
    """Everything after `after`, oldest first; None when the channel no longer knows that position, or has a hole.

    Raises:
        redis.RedisError: it can't be reached.
    """
    if not is_kept(channel):
        return None
    return read_entries(channel, after, redis.xrange(key_of(channel), min=_entry_id(after), count=MOST))


def read_entries(channel: str, after: int | str, entries: Any) -> list[Message] | None:
    """The entries of a stream from `after` on, as messages; None when the first isn't exactly that one."""
    before = _entry_id(after)
    if not entries or entries[0][0].decode() != before:
        return None
    messages: list[Message] = []
    for raw_id, fields in entries[1:]:
        entry_id = raw_id.decode()
        try:
            message = decode(channel, before, entry_id, fields[b"m"])
        except (ValueError, KeyError):
            return None  # written by another version: the state is read instead
        if message.rev is not None and message.rev != int(before.partition("-")[0]) + 1:
            return None  # a rev was never published
        messages.append(message)
        before = entry_id
    return messages


def _entry_id(position: int | str) -> str:
    return f"{position}-0" if isinstance(position, int) else position
