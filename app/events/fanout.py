"""One connection to Redis for all viewers of an API process. Whoever runs `run()` owns it; nobody else touches it.

Viewers' greenlets ask through a queue and ring through Redis itself. (redis-py's PubSub shared by several greenlets
broke in 3 of 3 reconnects.) Started by `app/http/streams.py`.
"""

import contextlib
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from app.clock import Clock, SystemClock
from app.events.channels import channel_of, is_kept, key_of, kind_of
from app.events.message import Message, decode_published
from app.events.replay import MOST, read_entries
from app.events.subscription import Framed, Gap, Subscription

if TYPE_CHECKING:
    import redis

log = structlog.get_logger(__name__)

KEEP_CHANNEL_S: Final = 30.0  # after its last viewer: a page that is loaded again finds it open
TURN_S: Final = 1.0
PING_AFTER_S: Final = 5.0
LOST_AFTER_S: Final = 10.0  # of silence, pings unanswered
RETRY_S: Final = (0.1, 2.0)  # first pause after a lost connection, longest
CATCH_UP_AT_ONCE: Final = 200
EMPTY: Final = "0-0"  # the id before the first entry of a stream


class Channel:
    """An open channel and its viewers."""

    __slots__ = ("confirmed", "empty_since", "name", "newest_id", "opened", "subscriptions")

    def __init__(self, name: str) -> None:
        self.name = name
        self.subscriptions: set[Subscription] = set()
        self.confirmed = threading.Event()
        self.opened = False  # was confirmed at least once: a later confirmation is a reconnect
        self.newest_id = EMPTY  # of its stream, as far as it was delivered
        self.empty_since: float | None = None


class Fanout:
    """Deliver what is published to this process's viewers."""

    def __init__(self, redis: "redis.Redis", frame: Callable[[Message], bytes], clock: Clock | None = None) -> None:
        """
        Args:
            frame: how a message looks to viewers; called once a message.
        """
        self._redis = redis
        self._frame = frame
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._channels: dict[str, Channel] = {}
        self._wanted: set[str] = set()  # to be subscribed by the owner of the connection
        self._bell = f"kubeorch:bell:{secrets.token_hex(8)}"
        self._to_catch_up: list[Channel] = []
        self._heard_at = self._pinged_at = self._swept_at = 0.0
        self.connected = False
        self._away = False  # known to be: the last try to connect has failed
        self.reconnected = threading.Event()  # for whoever compares viewers with the store

    # --- for viewers ---

    def subscribe(self, channel: str, *, wait_s: float = 2.0) -> Subscription:
        """Join a channel; returns once Redis has confirmed it, so that what is read now and what comes leave no hole.

        Without a connection it returns after `wait_s` (at once when it is known to be away): the viewer has what the
        store says, and a Gap as soon as the channel is open.
        """
        subscription = Subscription(channel)
        opened = self._join(subscription)
        if not opened.confirmed.is_set():
            self.wake()
            opened.confirmed.wait(0 if self._away else wait_s)
        with self._lock:
            subscription.missed = not opened.confirmed.is_set()
        subscription.channel_position = opened.newest_id
        return subscription

    def leave(self, subscription: Subscription) -> None:
        with self._lock:
            channel = self._channels.get(subscription.channel)
            if channel is not None:
                channel.subscriptions.discard(subscription)
                if not channel.subscriptions:
                    channel.empty_since = self._clock.monotonic()

    def viewed(self, kind: str) -> dict[str, list[Subscription]]:
        """Channels of a kind that somebody looks at, with their viewers."""
        with self._lock:
            channels = [channel for channel in self._channels.values() if channel.subscriptions]
            return {c.name: list(c.subscriptions) for c in channels if kind_of(c.name) == kind}

    def _join(self, subscription: Subscription) -> Channel:
        with self._lock:
            channel = self._channels.get(subscription.channel)
            if channel is None:
                channel = self._channels[subscription.channel] = Channel(subscription.channel)
                self._wanted.add(channel.name)
            channel.subscriptions.add(subscription)
            channel.empty_since = None
            return channel

    def wake(self) -> None:
        """Wake the owner: it waits for messages, so it gets one."""
        if self.connected:
            with contextlib.suppress(RedisError):  # it looks at the queue at its next turn anyway
                self._redis.publish(self._bell, b"")

    # --- for the owner of the connection ---

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`: connect, subscribe, deliver; on a lost connection do it again."""
        pause = RETRY_S[0]
        while not stop.is_set():
            pubsub = self._redis.pubsub()  # type: ignore[no-untyped-call]  # redis-py: no types here
            try:
                self._open(pubsub)
                pause = RETRY_S[0]
                while not stop.is_set():
                    self._turn(pubsub)
            except (RedisError, OSError) as error:
                self._lost(error)
            finally:
                pubsub.close()
            stop.wait(pause)
            pause = min(pause * 2, RETRY_S[1])

    def _open(self, pubsub: Any) -> None:
        with self._lock:
            self._wanted.clear()
            keys = [key_of(name) for name in self._channels]
        pubsub.subscribe(self._bell, *keys)
        self._heard_at = self._pinged_at = self._clock.monotonic()

    def _turn(self, pubsub: Any) -> None:
        self._subscribe_wanted(pubsub)
        message = pubsub.get_message(timeout=TURN_S)
        while message is not None:
            self._handle(message)
            message = pubsub.get_message(timeout=0)
        self._catch_up()
        self._housekeeping(pubsub)

    def _subscribe_wanted(self, pubsub: Any) -> None:
        with self._lock:
            wanted, self._wanted = self._wanted, set()
        if wanted:
            pubsub.subscribe(*(key_of(name) for name in wanted))

    def _handle(self, received: dict[str, Any]) -> None:
        self._heard_at = self._clock.monotonic()
        key = (received.get("channel") or b"").decode()
        if key == self._bell:
            if not self.connected:
                self.connected, self._away = True, False
                self.reconnected.set()
                log.info("events_connected", channels=len(self._channels))
            return
        channel = self._channels.get(channel_of(key))
        if channel is None:
            return
        if received["type"] == "subscribe":
            self._to_catch_up.append(channel)
        elif received["type"] == "message":
            # What arrives on a channel before its catch-up is in its stream too.
            self._catch_up()
            self._receive(channel, received["data"])

    def _receive(self, channel: Channel, published: bytes) -> None:
        try:
            message = decode_published(channel.name, published)
        except ValueError as error:
            log.warning("event_unreadable", channel=channel.name, error=str(error))
            return
        self._deliver(channel, message)

    def _deliver(self, channel: Channel, message: Message) -> None:
        if message.id != "-":
            if message.id == channel.newest_id or (
                message.before != EMPTY and _order(message.id) <= _order(channel.newest_id)
            ):
                return  # the catch-up had it
            channel.newest_id = message.id
        framed = Framed(message, self._frame(message))
        with self._lock:
            viewers = list(channel.subscriptions)
        for subscription in viewers:
            subscription.put(framed)

    # --- after a subscription was confirmed: what happened on the channel meanwhile? ---

    def _catch_up(self) -> None:
        while self._to_catch_up:
            some, self._to_catch_up = self._to_catch_up[:CATCH_UP_AT_ONCE], self._to_catch_up[CATCH_UP_AT_ONCE:]
            kept = [channel for channel in some if is_kept(channel.name)]
            with self._redis.pipeline(transaction=False) as pipeline:
                for channel in kept:
                    if channel.opened:
                        pipeline.xrange(key_of(channel.name), min=channel.newest_id, count=MOST)
                    else:
                        pipeline.xrevrange(key_of(channel.name), count=1)
                found = dict(zip((channel.name for channel in kept), pipeline.execute(), strict=True))
            for channel in some:
                self._confirm(channel, found.get(channel.name))

    def _confirm(self, channel: Channel, entries: Any) -> None:
        if not channel.opened:
            if entries:
                channel.newest_id = entries[0][0].decode()
            with self._lock:
                channel.opened = True
                channel.confirmed.set()
                late = [subscription for subscription in channel.subscriptions if subscription.missed]
            _tell(late, Gap())
            return
        missed = read_entries(channel.name, channel.newest_id, entries) if entries else None
        if missed is None:
            if entries:
                channel.newest_id = entries[-1][0].decode()
            elif is_kept(channel.name):
                channel.newest_id = EMPTY
            _tell(list(channel.subscriptions), Gap())
        for message in missed or ():
            self._deliver(channel, message)
        with self._lock:
            channel.confirmed.set()

    def _lost(self, error: Exception) -> None:
        was_away, self.connected, self._away = self._away, False, True
        self._to_catch_up.clear()
        with self._lock:
            for channel in self._channels.values():
                channel.confirmed.clear()
        if not was_away:
            log.warning("events_connection_lost", error=type(error).__name__, channels=len(self._channels))

    # --- each second ---

    def _housekeeping(self, pubsub: Any) -> None:
        now = self._clock.monotonic()
        if now - self._heard_at > LOST_AFTER_S:
            raise ConnectionError("Redis is silent")
        if now - max(self._heard_at, self._pinged_at) > PING_AFTER_S:
            self._pinged_at = now
            pubsub.ping()
        if now - self._swept_at < TURN_S:
            return
        self._swept_at = now
        with self._lock:
            left = [c.name for c in self._channels.values() if _is_over(c, now)]
            for name in left:
                del self._channels[name]
                self._wanted.discard(name)
        if left:
            pubsub.unsubscribe(*(key_of(name) for name in left))


def _is_over(channel: Channel, now: float) -> bool:
    since = channel.empty_since
    return not channel.subscriptions and since is not None and now - since > KEEP_CHANNEL_S


def _tell(subscriptions: list[Subscription], gap: Gap) -> None:
    for subscription in subscriptions:
        subscription.put_gap(gap)


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)
