"""All open streams of this API process: one ticker for heartbeats, ended sessions and the drain at the end.

Its threads (greenlets under gunicorn) start with the first stream, so after the fork. `sse.py` and the terminal use it.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import structlog
from flask import Flask, current_app

from app.clock import Clock
from app.events.fanout import Fanout
from app.events.message import Message
from app.events.revs import EVERY_S, RevChecker
from app.events.subscription import Gap, Subscription
from app.http.frames import HEARTBEAT, frame_error, frame_message
from app.http.metrics import STREAMS

if TYPE_CHECKING:
    import redis

    from app.http.principal import Authenticator, Principal

log = structlog.get_logger(__name__)

KEY: Final = "kubeorch.streams"

AGAIN_AFTER_S: Final = 3.0
SLOTS: Final = 30  # heartbeats are spread: 5,000 at once would hold everything else up for 100 ms
LONGEST_TICK_S: Final = 0.5
LOOK_EVERY_S: Final = 0.5
SESSIONS_EVERY_S: Final = 0.25  # their cache is up to a second old
AFTER_EXPIRY_S: Final = 30.0  # a stream outlives its token by less than a minute
CLOSE_AFTER_S: Final = 5.0  # a viewer that doesn't read what ends its stream

SESSION_ENDED: Final = frame_error("Your session has ended. Sign in again.")
RESTARTING: Final = frame_error("The server is restarting. Reload the page.")


class OpenStream(Protocol):
    """What the registry has to know of a stream; `EventStream` of `sse.py` is one."""

    slot: int
    """Set by the registry: when its heartbeat is due."""

    @property
    def principal(self) -> "Principal | None": ...

    @property
    def socket(self) -> Any:
        """The viewer's connection, to end one that doesn't read; None where the server has none."""

    @property
    def ending(self) -> bool: ...

    def heartbeat(self, frame: bytes) -> None: ...

    def end(self, frame: bytes) -> None:
        """Send this and close, before whatever still waits."""


class Streams:
    """Registry and ticker."""

    def __init__(
        self,
        redis: "redis.Redis",
        clock: Clock,
        *,
        authenticator: "Callable[[], Authenticator]",
        heartbeat_s: float,
        drain_s: float,
    ) -> None:
        self.redis = redis
        self.fanout = Fanout(redis, frame_message, clock)
        self.revs = RevChecker(self.fanout)
        self.frame: Callable[[Message], bytes] = frame_message
        self.stopping: Callable[[], bool] = lambda: False  # set by gunicorn.conf.py
        self._clock, self._authenticator = clock, authenticator
        self._tick_s = min(LONGEST_TICK_S, heartbeat_s / SLOTS)
        self._ticks_a_slot = max(1, round(heartbeat_s / SLOTS / self._tick_s))
        self._drain_s = drain_s
        self._lock = threading.Lock()
        self._slots: list[set[OpenStream]] = [set() for _ in range(SLOTS)]
        self._by_principal: dict[Principal, set[OpenStream]] = {}
        self._to_retry: list[tuple[Subscription, Gap]] = []
        self._told_to_end: list[tuple[float, OpenStream]] = []
        self._added = self._ticks = 0
        self._looked_at = self._drain_until = 0.0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    # --- for streams ---

    def subscribe(self, channel: str) -> Subscription:
        self.start()
        return self.fanout.subscribe(channel)

    def leave(self, subscription: Subscription) -> None:
        self.fanout.leave(subscription)

    def add(self, stream: OpenStream) -> None:
        with self._lock:
            stream.slot = self._added % SLOTS
            self._added += 1
            self._slots[stream.slot].add(stream)
            STREAMS.inc()
            if stream.principal is not None:
                self._by_principal.setdefault(stream.principal, set()).add(stream)

    def remove(self, stream: OpenStream) -> None:
        with self._lock:
            self._slots[stream.slot].discard(stream)
            STREAMS.dec()
            if stream.principal is not None:
                theirs = self._by_principal.get(stream.principal)
                if theirs is not None:
                    theirs.discard(stream)
                    if not theirs:
                        del self._by_principal[stream.principal]

    def retry(self, subscription: Subscription, gap: Gap) -> None:
        """The state couldn't be read: tell this viewer again in a moment."""
        with self._lock:
            self._to_retry.append((subscription, gap))

    @property
    def count(self) -> int:
        return sum(map(len, self._slots))

    # --- threads ---

    def start(self) -> None:
        """Idempotent."""
        if self._threads:
            return
        with self._lock:
            if self._threads:
                return
            # Each on its own: a store that is away must not hold the heartbeats up.
            targets = {
                "events": lambda: self.fanout.run(self._stop),
                "ticker": self._tick_on,
                "sessions": self._watch_sessions,
                "revs": self._check_on,
            }
            self._threads = [
                threading.Thread(target=run, name=f"streams-{name}", daemon=True) for name, run in targets.items()
            ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop the threads; for tests."""
        self._stop.set()
        self.fanout.reconnected.set()
        self.fanout.wake()
        for thread in self._threads:
            thread.join(timeout=5)

    def _tick_on(self) -> None:
        while not self._stop.wait(self._tick_s):
            try:
                self.tick()
            except Exception as error:  # the edge of a thread: it must go on
                log.error("stream_tick_failed", exc_info=error)

    def _watch_sessions(self) -> None:
        pause = SESSIONS_EVERY_S
        while not self._stop.wait(pause):
            pause = SESSIONS_EVERY_S
            try:
                self.look_at_sessions()
            except Exception as error:  # noqa: BLE001  the edge of a thread; while nobody can be asked, streams go on
                log.warning("sessions_unknown", error=type(error).__name__, sessions=len(self._by_principal))
                pause = AGAIN_AFTER_S

    def _check_on(self) -> None:
        pause = EVERY_S
        while not self._stop.is_set():
            # What was written while Redis was away was never published, and publishers are slower to notice its return.
            reconnected = self.fanout.reconnected.wait(pause)
            self.fanout.reconnected.clear()
            self.revs.check()
            pause = AGAIN_AFTER_S if reconnected else EVERY_S

    # --- the ticker ---

    def tick(self) -> None:
        now = self._clock.monotonic()
        self._ticks += 1
        if self._ticks % self._ticks_a_slot == 0:
            self._heartbeat(self._ticks // self._ticks_a_slot % SLOTS)
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._retry()
            self._close_told(now)
        self._drain(now)

    def _heartbeat(self, slot: int) -> None:
        with self._lock:
            due = list(self._slots[slot])
        for stream in due:
            stream.heartbeat(HEARTBEAT)

    def _retry(self) -> None:
        with self._lock:
            again, self._to_retry = self._to_retry, []
        for subscription, gap in again:
            subscription.put_gap(gap)

    def look_at_sessions(self) -> None:
        """End the streams of sessions that have ended, and of tokens that have been over for a while."""
        with self._lock:
            principals = list(self._by_principal)
        if not principals:
            return
        authenticator, now = self._authenticator(), self._clock.now()
        authenticator.prefetch(principals)
        for principal in principals:
            expired = (now - principal.token_expires_at).total_seconds() > AFTER_EXPIRY_S
            if expired or not authenticator.alive(principal):
                with self._lock:
                    theirs = list(self._by_principal.get(principal, ()))
                self._end(theirs, SESSION_ENDED)

    def _drain(self, now: float) -> None:
        if not self._drain_until:
            if self.stopping():
                self._drain_until = now + self._drain_s
                log.info("streams_draining", streams=self.count, seconds=self._drain_s)
                # Who has gone without a word is noticed at the next write: don't wait for them.
                for each in range(SLOTS):
                    self._heartbeat(each)
            return
        if now >= self._drain_until:
            for slot in self._slots:
                with self._lock:
                    left = list(slot)
                self._end(left, RESTARTING)

    def _end(self, ending: list[OpenStream], frame: bytes) -> None:
        close_at = self._clock.monotonic() + CLOSE_AFTER_S
        for stream in ending:
            if not stream.ending:
                stream.end(frame)
                self._told_to_end.append((close_at, stream))

    def _close_told(self, now: float) -> None:
        """Its greenlet hangs in a write: without this a revoked viewer could keep it for ever."""
        due = [stream for at, stream in self._told_to_end if at <= now]
        self._told_to_end = [(at, stream) for at, stream in self._told_to_end if at > now]
        for stream in due:
            if stream.socket is not None and stream in self._slots[stream.slot]:
                with contextlib.suppress(OSError):
                    stream.socket.shutdown(socket.SHUT_RDWR)


def streams() -> Streams:
    """This process's registry, within a request."""
    return streams_of(current_app)


def streams_of(app: Flask) -> Streams:
    """This application's registry, for `create_app`."""
    return cast("Streams", app.extensions[KEY])
