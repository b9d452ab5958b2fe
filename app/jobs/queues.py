"""The broker's queues: which one a task goes to, how many messages wait there. Used by the scheduler and doorbell."""

from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

QUEUES: Final = ("deploys", "imports", "builds", "maintenance")
# More messages than this of tasks that need no job would only be the same task again.
FULL_AT: Final = 100


def queue_of(task_name: str) -> str:
    """`deploys.run` goes to the queue `deploys`."""
    return task_name.partition(".")[0]


class BrokerQueues:
    """Asks Redis, briefly: who asks can do without the answer."""

    def __init__(self, broker_url: str) -> None:
        self._redis = Redis.from_url(
            broker_url,
            socket_connect_timeout=1,
            socket_timeout=1,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )

    def messages(self, queue: str) -> int:
        """How many nobody has taken yet.

        Raises:
            RedisError: the broker doesn't answer.
        """
        return int(self._redis.llen(queue))

    def is_full(self, task_name: str) -> bool:
        return self.messages(queue_of(task_name)) >= FULL_AT
