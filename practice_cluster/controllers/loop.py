"""Calls each controller for the objects that changed, their owners, and those whose time has come."""

import heapq
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Final

import gevent

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.autoscaler import autoscaler
from practice_cluster.controllers.deployments import deployment
from practice_cluster.controllers.housekeeping import collect, let_go, namespace, waits_for_dependents
from practice_cluster.controllers.jobs import cron_job, job
from practice_cluster.controllers.pods import Pods
from practice_cluster.controllers.services import ingress, service
from practice_cluster.controllers.storage import claim, volume
from practice_cluster.controllers.workloads import daemon_set, replica_set, stateful_set
from practice_cluster.errors import ApiError
from practice_cluster.objects import Obj, at, is_leaving
from practice_cluster.store import Change, Key

EVERY_S: Final = 0.2
_ENDS_ITSELF: Final = ("pods", "namespaces")
"""What is leaving is left alone, but for these."""
_PAUSE_S: Final = 0.02
"""Between two rounds: what changes in a burst is looked at together."""

_PATIENCE_S: Final = 0.05
"""Requests are answered first, but not for ever."""


class Loop:
    """All controllers of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, pods = cluster, Pods(cluster)
        self._controllers: dict[str, Callable[[Cluster, Obj], float | None]] = {
            "namespaces": namespace,
            "persistentvolumeclaims": claim,
            "persistentvolumes": volume,
            "deployments.apps": deployment,
            "replicasets.apps": replica_set,
            "statefulsets.apps": stateful_set,
            "daemonsets.apps": daemon_set,
            "jobs.batch": job,
            "cronjobs.batch": cron_job,
            "pods": pods.reconcile,
            "services": service,
            "ingresses.networking.k8s.io": ingress,
            "horizontalpodautoscalers.autoscaling": autoscaler,
        }
        self._forget_pod, self._awake = pods.forget, threading.Event()
        self._dirty = {each.key: None for resource in self._controllers for each in cluster.store.entries(resource)}
        self._lost, self._leaving = dict[Key, None](), dict[Key, None]()
        """What may have lost its owners, and what waits until all that it owns has gone."""
        self._timers: list[tuple[float, Key]] = []
        self._due: dict[Key, float] = {}
        cluster.store.on_change = self._take

    def run(self) -> None:
        """For ever."""
        while True:
            self._awake.wait(EVERY_S)
            self._awake.clear()
            time.sleep(_PAUSE_S)
            try:
                self.tick()
            except Exception:  # noqa: BLE001  the edge of this process
                traceback.print_exc()

    def tick(self) -> None:
        """One round; what it changes is looked at in the next."""
        dirty, self._dirty = self._dirty, {}
        now = self._cluster.clock()
        while self._timers and self._timers[0][0] <= now:
            due, key = heapq.heappop(self._timers)
            if self._due.get(key) == due:  # else it was set anew since
                del self._due[key]
                dirty[key] = None
        for key in dirty:
            self._attempt(key)
            with gevent.Timeout(_PATIENCE_S, exception=False):
                gevent.idle()
        lost, self._lost = self._lost, {}
        for key in lost:
            collect(self._cluster, key)
        for key in [each for each in list(self._leaving) if let_go(self._cluster, each)]:
            del self._leaving[key]

    def _take(self, change: Change) -> None:
        """Note what a change concerns."""
        entry, store = change.entry, self._cluster.store
        for key in (entry.key, *filter(None, map(store.by_uid, entry.owners)), *self._served(change)):
            if key[0] in self._controllers:
                self._dirty[key] = None
        if change.type == "DELETED":
            self._lost |= {each.key: None for each in store.dependents(entry.uid)}
            self._forget_pod(entry.uid)
            self._dirty[("persistentvolumes", "", f"pvc-{entry.uid}")] = None
        elif change.type == "ADDED" and entry.key[0] == "namespaces":
            self._attempt(entry.key)  # what it must have is there before anybody looks
        elif change.type == "ADDED" and entry.owners:
            self._lost[entry.key] = None
        elif waits_for_dependents(entry):
            self._leaving[entry.key] = None
        self._awake.set()

    def _served(self, change: Change) -> Iterator[Key]:
        """The services that select the pod which has changed."""
        if change.entry.key[0] == "pods":
            for each in self._cluster.store.entries("services", change.entry.key[1]):
                selector = at(each.load(), "spec.selector") or {}
                entries = filter(None, (change.entry, change.before))
                if selector and any(selector.items() <= entry.labels.items() for entry in entries):
                    yield each.key

    def _attempt(self, key: Key) -> None:
        entry = self._cluster.store.get(key)
        if entry is None:
            return
        obj, again_s = entry.load(), None
        try:
            if key[0] in _ENDS_ITSELF or not is_leaving(obj):
                again_s = self._controllers[key[0]](self._cluster, obj)
        except ApiError as error:  # somebody changed it meanwhile, or the cluster is full
            again_s = None if error.code == 404 else 1.0
        except Exception:  # noqa: BLE001  one odd object must not stop the others: the edge of this process
            print(f"{'/'.join(key)}:", traceback.format_exc(), file=sys.stderr, flush=True)
            again_s = 60.0
        if again_s is not None:
            due = self._cluster.clock() + again_s
            if self._due.get(key, due + 1) > due:  # else it is looked at sooner, and then timed anew
                self._due[key] = due
                heapq.heappush(self._timers, (due, key))
