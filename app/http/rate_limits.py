"""How many requests one user or network may make: a moving window, counted in Redis for all processes together.

A process buys a few requests at once, so that Redis is asked for one in ten: `limits` asks it in 0.2 ms, flask-limiter
on top costs 0.6 ms a request (measured), where a whole request may cost 1 ms. While Redis is away each process counts
for itself. Knows no Flask; `request_limits.py` applies it.
"""

import math
import threading
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from app.clock import Clock

log = structlog.get_logger(__name__)

BUY_PART: Final = 20  # a process buys at most a 20th of the burst at once
AWAY_S: Final = 5.0  # Redis is left alone for so long after a failure
REDIS_TIMEOUT_S: Final = 0.25
MANY_CLIENTS: Final = 20_000


@dataclass(slots=True)
class Client:
    """What this process knows of one user or network."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    bought: int = 0
    good_until: float = 0.0  # of what was bought; older purchases have left the window
    refused_until: float = 0.0


class RateLimits:
    """`burst` requests at once, `burst` in each window of `burst / rps` seconds."""

    def __init__(
        self, redis_url: str, clock: Clock, *, rps: int, burst: int, remembered_at_most: int = MANY_CLIENTS
    ) -> None:
        self.window_s = max(1, round(burst / rps))
        self._item = RateLimitItemPerSecond(burst, self.window_s, namespace="kubeorch-rate")
        self._lump = max(1, burst // BUY_PART)
        self._clock = clock
        # The storage connects when it is first used.
        options: dict[str, Any] = {"socket_timeout": REDIS_TIMEOUT_S, "socket_connect_timeout": REDIS_TIMEOUT_S}
        once_more: Retry = Retry(NoBackoff(), 1, supported_errors=(LostConnectionError,))
        self._shared = MovingWindowRateLimiter(
            RedisStorage(redis_url, wrap_exceptions=True, retry=once_more, **options)  # type: ignore[arg-type]  # to redis
        )
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._away_until = 0.0
        self._clients: dict[str, Client] = {}
        self._remembered_at_most = remembered_at_most

    def wait_s(self, key: str) -> int:
        """0: go ahead. Else whole seconds until it makes sense to ask again, at least 1."""
        client = self._clients.get(key) or self._new_client(key)
        now = self._clock.monotonic()
        if now < client.refused_until:
            return math.ceil(client.refused_until - now)
        if client.bought > 0 and now < client.good_until:
            client.bought -= 1
            return 0
        # One purchase at a time: a page load's dozen calls at once must not buy a dozen lumps.
        with client.lock:
            if client.bought > 0 and now < client.good_until:
                client.bought -= 1
                return 0
            return self._buy(key, client, now)

    def _buy(self, key: str, client: Client, now: float) -> int:
        if now >= self._away_until:
            try:
                return self._buy_shared(key, client, now)
            except (RedisError, StorageError, OSError) as error:
                self._away_until = now + AWAY_S
                log.warning("rate_limits_without_redis", error=type(error).__name__, seconds=AWAY_S)
        return 0 if self._own.hit(self._item, key) else self._refuse(client, now, 1.0)

    def _buy_shared(self, key: str, client: Client, now: float) -> int:
        if self._lump > 1 and self._shared.hit(self._item, key, cost=self._lump):
            client.bought, client.good_until = self._lump - 1, now + self.window_s
            return 0
        if self._shared.hit(self._item, key):
            return 0
        free_at = self._shared.get_window_stats(self._item, key).reset_time
        return self._refuse(client, now, free_at - self._clock.now().timestamp())

    def _refuse(self, client: Client, now: float, for_s: float) -> int:
        """Until the oldest request leaves the window nothing will change: Redis isn't asked again before."""
        wait_s = min(max(for_s, 0.05), self.window_s)
        client.refused_until = now + wait_s
        return math.ceil(wait_s)

    def _new_client(self, key: str) -> Client:
        if len(self._clients) >= self._remembered_at_most:
            now = self._clock.monotonic()
            kept = {k: c for k, c in self._clients.items() if now < max(c.good_until, c.refused_until)}
            self._clients = kept if len(kept) < self._remembered_at_most else {}
        return self._clients.setdefault(key, Client())
