"""Asks a cluster that was lost whether it is back, often and cheaply, so that its watches needn't.

Watches wait 5 to 60 s between tries; this ends their pauses within seconds of the API server's return. The watcher runs
one a cluster, in a thread, and passes on what its loops say of their state.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.clock import Clock
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, UnreachableError
from app.kube.watch import WatchState

_EVERY_S: Final = 5.0
_SLICE_S: Final = 0.25
_ANSWER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Probe:
    """One cheap question."""

    connection: Callable[[], Connection]

    def alive(self) -> bool:
        """Whether the API server is ready; takes as long as connecting may, and 5 s at most for the answer."""
        try:
            with self.connection().open("/readyz", accept="*/*", read_timeout_s=_ANSWER_S):
                return True
        except ApiStatusError as error:
            return error.status < 500  # it answers; what it thinks of us, each watch hears itself
        except UnreachableError:
            return False


class ClusterProbe:
    """Probes while any watch of a cluster is lost, and wakes those when it answers.

    Args:
        alive: usually `Probe(...).alive`.
        clock: for the pace.
        stop: ends it.
    """

    def __init__(self, alive: Callable[[], bool], clock: Clock, stop: threading.Event) -> None:
        self._alive, self._clock, self._stop = alive, clock, stop
        self._lock = threading.Lock()
        self._lost: set[threading.Event] = set()

    def report(self, wake: threading.Event, state: WatchState) -> None:
        """What the loop with this `wake` told its sink."""
        with self._lock:
            if state == "lost":
                self._lost.add(wake)
            else:
                self._lost.discard(wake)

    def forget(self, wake: threading.Event) -> None:
        """That loop is over."""
        with self._lock:
            self._lost.discard(wake)

    def run(self) -> None:
        """Until `stop`."""
        while not self._stop.is_set():
            with self._lock:
                lost = list(self._lost)
            if lost and self._alive():
                for wake in lost:
                    wake.set()
            self._rest()

    def _rest(self) -> None:
        until = self._clock.monotonic() + _EVERY_S
        while (left_s := until - self._clock.monotonic()) > 0 and not self._stop.is_set():
            self._clock.sleep(min(left_s, _SLICE_S))
