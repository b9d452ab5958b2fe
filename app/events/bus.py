"""EventBus: what a domain publishes with, after its write. It can't fail: viewers that miss an event find the store.

Called by services in every kind of process. Redis 6.2 suffices.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from app.clock import Clock, SystemClock
from app.events.channels import BY_REV, KEEP_EVENTS, KEEP_MS, KEPT, key_of, kind_of
from app.events.message import Event, encode_events

if TYPE_CHECKING:
    import redis

log = structlog.get_logger(__name__)

# One call: add to the stream, publish with the id of the one before. A rev that isn't above the newest one comes too
# late: who has the newest one saw the hole and has read the store since.
SCRIPT: Final = """
local before = '-'
local id = '-'
if ARGV[1] ~= '' then
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  before = newest[1] and newest[1][1] or '0-0'
  local added = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[1], 'm', ARGV[4])
  if type(added) == 'table' then
    if ARGV[1] ~= '*' and string.find(added.err, 'equal or smaller') then return 0 end
    return added
  end
  id = added
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
if ARGV[5] ~= '' then before = ARGV[5] end
redis.call('PUBLISH', KEYS[1], before .. ' ' .. id .. '\\n' .. ARGV[4])
return 1
"""

UNKNOWN: Final = "?"  # as the id before: something was lost, whoever is listening reads the store again
QUIET_S: Final = 1.0  # after a failure: publishers don't wait for a Redis that is away, one of them tries again
REMEMBER_LOST: Final = 10_000


class EventBus:
    """Publish events on a channel. Safe to share between threads."""

    def __init__(self, redis: "redis.Redis", clock: Clock | None = None) -> None:
        self._script = redis.register_script(SCRIPT)
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._quiet_until = 0.0
        self._lost: dict[str, None] = {}  # channels, in the order of their loss

    def publish(self, channel: str, events: Sequence[Event], rev: int | None = None) -> bool:
        """Send events of one write to everyone who is looking.

        Args:
            channel: `<kind>:<id>`; channels.py says which kinds are kept.
            rev: of the document after this write, raised by one with each; exactly one publish a rev. A viewer
                that sees a jump reads the document.

        Returns:
            False when they were dropped: Redis is away. Nobody needs to care.
        """
        if not events:
            return True
        if self._clock.monotonic() < self._quiet_until:
            self._remember(channel)
            return False
        try:
            self._send(channel, events, rev)
        except RedisError as error:
            self._failed(channel, error)
            return False
        return True

    def _send(self, channel: str, events: Sequence[Event], rev: int | None) -> None:
        with self._lock:
            was_lost = channel in self._lost
        payload, before = encode_events(events, rev), UNKNOWN if was_lost else ""
        self._script(keys=[key_of(channel)], args=[_stream_id(channel, rev), KEEP_EVENTS, KEEP_MS, payload, before])
        if was_lost:
            with self._lock:
                self._lost.pop(channel, None)

    def _failed(self, channel: str, error: RedisError) -> None:
        self._quiet_until = self._clock.monotonic() + QUIET_S
        self._remember(channel)
        log.warning("event_not_published", channel=channel, error=type(error).__name__)

    def _remember(self, channel: str) -> None:
        with self._lock:
            self._lost[channel] = None
            if len(self._lost) > REMEMBER_LOST:
                del self._lost[next(iter(self._lost))]


def _stream_id(channel: str, rev: int | None) -> str:
    """`""`: not kept. Revs are the ids of a channel that counts by rev."""
    kind = kind_of(channel)
    if kind not in KEPT:
        return ""
    if rev is not None:
        return f"{rev}-0"
    return "" if kind in BY_REV else "*"
