"""Kombu's connection to Redis, so that a worker outlives Redis going away, and whatever lies in its queues.

With kombu and celery 5.7 as they are, a worker that has a task in hand when the connection is lost ends with
"Unrecoverable error" and takes all its jobs with it (fault test 11 shows it); so does one that finds a message of
another shape than Celery's. Named by `celery.py`.
"""

from typing import Any, Final

import structlog
from celery.app.amqp import AMQP
from kombu.connection import Connection as KombuConnection
from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app.jobs.queues import QUEUES
from workers.messages import cleaned

log = structlog.get_logger(__name__)

# Between two attempts. Celery's own 2, 4, ... 30 s would be up to 30 s deaf after a longer absence. Once connected,
# another 5 s may pass until children that were recycled meanwhile are made anew.
FIRST_RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 2.0


class Channel(redis.Channel):
    """Says that a lost connection is lost, in the way that its callers handle; drops what is no JSON."""

    def _connparams(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """After a connection was lost its channels are closed once more, and its messages acknowledged on them.

        Both would open a connection anew, through the transport, which has no client any more: AttributeError, which
        nobody expects. What wasn't acknowledged is only a doorbell: it's rung again.
        """
        if self.connection.client is None:
            raise RedisConnectionError("this channel's connection was lost")
        parameters: dict[str, Any] = super()._connparams(*arguments, **options)  # type: ignore[no-untyped-call]  # kombu has no types
        return parameters

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]  # kombu has no types
        except (ValueError, RecursionError) as error:  # of decoding or parsing; the message has left its queue
            log.warning("message_dropped", reason=type(error).__name__)
            return True


class Transport(redis.Transport):
    """Makes those channels, and lets only doorbells through to tasks."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        if queue in QUEUES:
            message = cleaned(message, queue)
            if message is None:
                log.warning("message_dropped", queue=queue, reason="not of our shape")
                return
        super()._deliver(message, queue)  # type: ignore[no-untyped-call]  # kombu has no types


# By the scheme of BROKER_REDIS_URL, not as `broker_transport`: Flower reads the scheme from the connection's address.
TRANSPORT_ALIASES.update(redis="workers.broker:Transport", rediss="workers.broker:Transport")


class Connection(KombuConnection):
    """One that tries again soon, as long as it takes."""

    def ensure_connection(self, *arguments: Any, **options: Any) -> Any:
        """As kombu's, with shorter pauses."""
        pauses = {"interval_start": FIRST_RETRY_S, "interval_step": FIRST_RETRY_S, "interval_max": LONGEST_RETRY_S}
        return super().ensure_connection(*arguments, **{**pauses, **options})  # type: ignore[no-untyped-call]  # kombu has no types


class Broker(AMQP):  # type: ignore[misc]  # celery ships no types
    """Makes those connections."""

    Connection = Connection
    BrokerConnection = Connection
