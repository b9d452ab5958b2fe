"""Calls each controller for the objects that changed, and every 200 ms for those whose time has come. One thread."""

import contextlib
import heapq
import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from queue import Empty
from typing import Final, Protocol

from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj
from practice_cluster.store import Change, Key

EVERY_S: Final = 0.2
_PAUSE_S: Final = 0.02
"""Between two rounds: what changes in a burst is looked at together."""
_AGAIN_S: Final = 1.0


class Controller(Protocol):
    """Looks after one kind."""

    kind: str

    def concerns(self, change: Change) -> Iterable[Key]:
        """Which of its objects a change of any object is about."""

    def reconcile(self, obj: Obj) -> float | None:
        """Bring one object a step further; in how many seconds to look again, if no change comes before."""


class Owning:
    """A controller that is concerned by its own kind and by what its objects own."""

    kind: str
    owns: tuple[str, ...] = ()

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def concerns(self, change: Change) -> Iterable[Key]:
        """Its own objects, and the owners of those it owns."""
        entry, resource = change.entry, KIND[self.kind].resource
        if entry.key[0] == resource:
            yield entry.key
        elif entry.key[0] in self.owns:
            for uid in entry.owners:
                if (key := self.cluster.store.by_uid(uid)) and key[0] == resource:
                    yield key


class Loop:
    """All controllers of a cluster."""

    def __init__(self, cluster: Cluster, controllers: Sequence[Controller]) -> None:
        self._cluster, self._controllers = cluster, controllers
        self._changes = cluster.store.subscribe(None, cluster.store.version)
        self._dirty: list[dict[Key, None]] = []
        for controller in controllers:  # at the start all are looked at once
            entries = cluster.store.entries(KIND[controller.kind].resource)
            self._dirty.append(dict.fromkeys(entry.key for entry in entries))
        self._timers: list[tuple[float, int, Key]] = []
        self._timed: dict[tuple[int, Key], float] = {}

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.wait(_PAUSE_S):
            with contextlib.suppress(Empty):  # a change is looked at soon, time by the tick
                self._take(self._changes.queue.get(timeout=EVERY_S))
            self.tick()

    def tick(self) -> None:
        """One round; what it changes is looked at in the next."""
        self._take_changes()
        self._take_timers()
        for index, controller in enumerate(self._controllers):
            dirty, self._dirty[index] = self._dirty[index], {}
            for key in dirty:
                self._reconcile(index, controller, key)

    def _take_changes(self) -> None:
        while True:
            try:
                change = self._changes.queue.get_nowait()
            except Empty:
                return
            self._take(change)

    def _take(self, change: Change | None) -> None:
        for index, controller in enumerate(self._controllers):
            self._dirty[index].update(dict.fromkeys(controller.concerns(change)) if change else {})

    def _take_timers(self) -> None:
        now = self._cluster.clock()
        while self._timers and self._timers[0][0] <= now:
            at, index, key = heapq.heappop(self._timers)
            if self._timed.get((index, key)) == at:  # else it was set anew since
                del self._timed[index, key]
                self._dirty[index][key] = None

    def _reconcile(self, index: int, controller: Controller, key: Key) -> None:
        obj = self._cluster.find(controller.kind, key[1], key[2])
        if obj is None:
            return
        try:
            again_s = controller.reconcile(obj)
        except ApiError as error:  # somebody changed it meanwhile, or the cluster is full
            again_s = None if error.code == 404 else _AGAIN_S
        except Exception:  # noqa: BLE001  one odd object must not stop the others: the edge of this process
            print(f"{controller.kind} {key[1]}/{key[2]}:", traceback.format_exc(), file=sys.stderr, flush=True)
            again_s = 60.0
        if again_s is not None:
            at = self._cluster.clock() + again_s
            if self._timed.get((index, key), at + 1) <= at:  # it is looked at sooner, and then timed anew
                return
            self._timed[index, key] = at
            heapq.heappush(self._timers, (at, index, key))
