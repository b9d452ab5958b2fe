"""Telling the workers that there is work: a Celery message with a task's name and an id, never more.

Ringing never blocks and never fails: a thread sends, and what can't be sent the scheduler rings again. Called by
services, by workers that hand a job back, and by the scheduler. Works the same under gevent and plain threads.
"""

import threading
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from app.jobs.queues import queue_of

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger(__name__)

# Rings that wait while the broker is away. More are dropped, newest first: the scheduler rings for what stays queued.
KEPT_AT_MOST: Final = 1000
TIMEOUT_S: Final = 1.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 5.0


class Doorbell(Protocol):
    """Rings for one job. Harmless when rung twice or not at all."""

    def __call__(self, task_name: str, job_id: str) -> None: ...


class CeleryDoorbell:
    """Sends from a background thread; while the broker is away it pauses between attempts and remembers what to ring.

    Args:
        broker_url: Redis of the task queues.
    """

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._changed = threading.Condition()
        self._rings: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __call__(self, task_name: str, job_id: str) -> None:
        with self._changed:
            if len(self._rings) >= KEPT_AT_MOST:
                log.warning("ring_dropped", task=task_name)
                return
            self._rings[task_name, job_id] = None
            if self._thread is None:
                # Not before the first ring: a thread doesn't outlive the fork of a worker.
                self._thread = threading.Thread(target=self._send_all, name="doorbell", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, within_s: float = 1.0) -> None:
        """Send what is left, for at most so long."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(within_s)

    def _send_all(self) -> None:
        pause_s = FIRST_PAUSE_S
        while (ring := self._next()) is not None:
            try:
                self._send(*ring)
            except Exception as error:  # noqa: BLE001  the edge of a thread: whatever the broker does, others wait for it
                log.warning("ring_failed", error=type(error).__name__, waiting=len(self._rings))
                self._put_back(ring)
                self._pause(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S

    def _next(self) -> tuple[str, str] | None:
        """The oldest ring; blocks until there is one. `None`: closed."""
        with self._changed:
            while not self._rings:
                if self._closed:
                    return None
                self._changed.wait()
            return self._rings.popitem(last=False)[0]

    def _put_back(self, ring: tuple[str, str]) -> None:
        with self._changed:
            self._rings[ring] = None
            self._rings.move_to_end(ring, last=False)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout=seconds)
            if self._closed:
                self._rings.clear()

    def _send(self, task_name: str, job_id: str) -> None:
        self._celery.send_task(
            task_name, args=[job_id], queue=queue_of(task_name), retry=False, ignore_result=True, expires=None
        )

    @cached_property
    def _celery(self) -> "Celery":
        """A sender of our own: `app/` knows no worker, and a request process needs none of its tasks."""
        from celery import Celery

        timeouts: dict[str, Any] = {
            "socket_connect_timeout": TIMEOUT_S,
            "socket_timeout": TIMEOUT_S,
            "retry_on_timeout": False,
            "max_retries": 0,
        }
        sender = Celery("doorbell", broker=self._broker_url, set_as_current=False)
        sender.conf.update(
            task_serializer="json",
            task_create_missing_queues=True,
            task_send_sent_event=True,
            broker_transport_options=timeouts,
            broker_connection_timeout=TIMEOUT_S,
            broker_pool_limit=1,
        )
        return sender
