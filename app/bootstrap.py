"""Where the parts are put together: one cached property a service, importing inside.

An entry point (`wsgi.py`, `workers/`) makes one `Services` from the settings and reaches for what it needs, so that a
watcher loads no accounts and a worker no Flask. Hooks that let a lower domain call a higher one are registered here.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pymongo.database import Database

from app.clock import Clock, SystemClock
from app.settings import Settings

if TYPE_CHECKING:
    import redis

    from app.events.bus import EventBus
    from app.storage.mongo import Indexes
    from app.storage.sealed import Sealer


class Services:
    """All services of one process, made when first asked for."""

    def __init__(self, settings: Settings, *, application: str = "kubeorch", clock: Clock | None = None) -> None:
        self.settings = settings
        self.application = application
        self.clock: Clock = clock or SystemClock()

    # --- storage ---

    @cached_property
    def db(self) -> Database[dict[str, Any]]:
        from app.storage.mongo import connect

        return connect(self.settings.mongo_uri, application=self.application)

    @cached_property
    def sealer(self) -> "Sealer":
        from app.storage.sealed import Sealer

        return Sealer(self.settings.encryption_key, self.settings.encryption_keys_old)

    def prepare_store(self) -> None:
        """Make the indexes that every domain declares. Idempotent: each process calls it at start."""
        from app.storage.mongo import ensure_indexes

        ensure_indexes(self.db, *self._indexes())

    def _indexes(self) -> "Sequence[Indexes]":
        return []

    # --- events ---

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
