"""What every layer stands on: settings, clock, store, sealed values, events."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pymongo.database import Database

from app.clock import Clock, SystemClock
from app.settings import Settings

if TYPE_CHECKING:
    import redis

    from app.events.bus import EventBus
    from app.storage.sealed import Sealer


class BaseServices:
    """Of any process.

    Args:
        application: how it names itself to the store.
        owner: how it names itself in leases.
        stopping: has it been told to stop?
    """

    def __init__(
        self,
        settings: Settings,
        *,
        application: str = "kubeorch",
        clock: Clock | None = None,
        owner: str = "",
        stopping: Callable[[], bool] = bool,
    ) -> None:
        self.settings = settings
        self.application = application
        self.clock: Clock = clock or SystemClock()
        self.owner = owner or application
        self.stopping = stopping

    @cached_property
    def db(self) -> Database[dict[str, Any]]:
        from app.storage.mongo import connect

        return connect(self.settings.mongo_uri, application=self.application)

    @cached_property
    def sealer(self) -> "Sealer":
        from app.storage.sealed import Sealer

        return Sealer(self.settings.encryption_key, self.settings.encryption_keys_old)

    @cached_property
    def events_redis(self) -> "redis.Redis":
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Short times: an event is a copy of something already written, nobody may wait for it. One try more, at once:
        # the first tells that a pooled connection is dead. Not after a timeout: the call may have been carried out.
        once_more: Retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        return redis.Redis.from_url(
            self.settings.events_url,
            socket_connect_timeout=2,
            socket_timeout=5,
            health_check_interval=25,
            retry=once_more,
        )

    @cached_property
    def bus(self) -> "EventBus":
        """What domains publish with, in every kind of process."""
        from app.events.bus import EventBus

        return EventBus(self.events_redis, self.clock)
