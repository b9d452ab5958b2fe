"""`python -m workers.scheduler`: frees dead owners' leases, rings again, starts what is due. Any number may run.

It holds nothing: each of its writes is conditional, so that a second one, or a killed one, changes nothing.
"""

import queue
import sys
import threading
from collections.abc import Callable
from typing import Final

import pymongo
import structlog

from app.bootstrap import Services
from app.jobs.observer import LeaseObserver
from app.jobs.ringer import Ringer
from app.jobs.slots import Duty, Slots
from workers.process import start, stop_on_signals

log = structlog.get_logger(__name__)

OBSERVE_EVERY_S: Final = 1.0
RING_EVERY_S: Final = 2.0
DUTIES_EVERY_S: Final = 0.5
# A store that hangs must not hold a loop for longer: what was seen before counts no more after 5 s.
STORE_TIMEOUT_S: Final = 4.0
STOP_WITHIN_S: Final = 1.5


class Scheduler:
    """Three loops, so that none waits for another: leases, rings, duties."""

    def __init__(self, services: Services, stop: threading.Event, *, still_s: float) -> None:
        self._services, self._stop = services, stop
        self._observer = LeaseObserver(services.leases, services.clock, still_s=still_s)
        self._ringer = Ringer(services.jobs, services.clock, services.queues.messages)
        self._slots = Slots(services.db, services.clock)
        self._freed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._look = threading.Event()

    def run(self) -> None:
        """Until told to stop."""
        loops = [
            self._loop("leases", self._observe, OBSERVE_EVERY_S, self._stop),
            self._loop("rings", self._ring, RING_EVERY_S, self._look),
            self._loop("duties", self._do_what_is_due, DUTIES_EVERY_S, self._stop),
        ]
        log.info("scheduler_started", owner=self._services.owner)
        self._stop.wait()
        self._look.set()
        for loop in loops:
            loop.join(STOP_WITHIN_S / len(loops))
        log.info("scheduler_stopped")

    def _loop(self, name: str, look: Callable[[], None], every_s: float, wake: threading.Event) -> threading.Thread:
        def run() -> None:
            failing = False
            while not self._stop.is_set():
                try:
                    look()
                except Exception as error:  # the edge of a loop: store or broker away, it goes on
                    if not failing:
                        log.warning("scheduler_failing", loop=name, error=type(error).__name__, exc_info=True)
                    failing = True
                else:
                    if failing:
                        log.info("scheduler_recovered", loop=name)
                    failing = False
                wake.wait(every_s)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread

    def _observe(self) -> None:
        with pymongo.timeout(STORE_TIMEOUT_S):
            freed = self._observer.observe()
        for lease_id in freed:
            log.warning("lease_freed", lease=lease_id)
            self._freed.put(lease_id)
        if freed:
            self._look.set()

    def _ring(self) -> None:
        self._look.clear()
        freed = []
        while not self._freed.empty():
            freed.append(self._freed.get())
        try:
            with pymongo.timeout(STORE_TIMEOUT_S):
                for kind in self._services.job_kinds:
                    self._services.jobs.end_overdue(kind)
                rings = self._ringer.ring_again(freed)
        except BaseException:
            for lease_id in freed:
                self._freed.put(lease_id)
            raise
        if rings:
            log.info("rang_again", rings=rings)

    def _do_what_is_due(self) -> None:
        for duty in self._services.duties:
            with pymongo.timeout(STORE_TIMEOUT_S):
                won = self._slots.win(duty.name, duty.every_s)
            if won:
                self._do(duty)

    def _do(self, duty: Duty) -> None:
        try:
            duty.run()
        except Exception:  # the edge of a duty
            # Its next slot comes; the other duties don't wait for it.
            log.exception("duty_failed", duty=duty.name)


def main() -> int:
    """Run until SIGTERM."""
    stop = stop_on_signals()
    services = start("scheduler", stopping=stop.is_set)
    Scheduler(services, stop, still_s=services.settings.lease_seconds).run()
    services.doorbell.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
