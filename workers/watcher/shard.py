"""One watched cluster: its loops, each in a thread, put what they hear into one queue; one thread takes it out.

That thread alone touches view, judge and live states, so nothing here needs a lock. What takes time (a GET, evidence)
goes to a small pool and comes back through the queue.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from bson import ObjectId
from pymongo.errors import PyMongoError

from app.clock import Clock
from app.clusters.clusters import Clusters
from app.errors import KubeOrchError
from app.kube.connection import Connection
from app.kube.errors import UnreachableError
from app.kube.objects import KubeObject
from app.kube.pace import Pace
from app.kube.probe import ClusterProbe, Probe
from app.kube.watch import WatchLoop, WatchState
from app.resources.judge import Judge
from app.resources.status.registry import keep
from app.resources.status.related import Evidence
from app.resources.view import ClusterView, Subject
from app.workflows.live import LiveStates
from workers.watcher.kinds import LABELLED, WATCHED, WatchedKind
from workers.watcher.reading import Reader

log = structlog.get_logger(__name__)

LOOK_AT_RUNS_S: Final = 2.0
"""How soon a workflow's first run on this cluster gets the states of what was there before it."""
MISSING_AFTER_S: Final = 3.0
"""After the first list: an object that was applied a moment ago may still be on its way to us."""
SYNC_WITHIN_S: Final = 10.0
"""A kind that can't be listed by then doesn't hold up the others."""
STORE_PAUSE_S: Final = 1.0
TRIMMED: Final = frozenset({"Pod", "EndpointSlice", "ReplicaSet"})
"""Kinds that become tuples at once; `keep` would cut what those are made from."""

PACE: Final = Pace()

Item = Callable[[], None]


@dataclass(slots=True)
class Sink:
    """Hears one loop, in its thread, and hands on to the shard's."""

    kind: str
    wake: threading.Event
    shard: "Shard"

    def replaced(self, objects: Sequence[KubeObject]) -> None:
        self.shard.put(lambda: self.shard.on_replaced(self.kind, objects))

    def changed(self, event_type: str, obj: KubeObject) -> None:
        if event_type == "DELETED":
            self.shard.put(lambda: self.shard.on_removed(self.kind, obj))
        else:
            self.shard.put(lambda: self.shard.on_put(self.kind, obj))

    def state(self, state: WatchState, message: str) -> None:
        self.shard.probe.report(self.wake, state)
        self.shard.put(lambda: self.shard.on_state(self.kind, state, message))


@dataclass(slots=True)
class _Loop:
    loop: WatchLoop
    wake: threading.Event
    thread: threading.Thread


@dataclass(slots=True)
class _Progress:
    """How far the first lists are."""

    started_at: float
    listed: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    complete_at: float | None = None
    looked_for_missing: bool = False


class Shard:
    """Watches one cluster until closed."""

    def __init__(
        self,
        cluster_id: ObjectId,
        version: int,
        *,
        clusters: Clusters,
        live: LiveStates,
        clock: Clock,
        pace: Pace = PACE,
    ) -> None:
        self.cluster_id, self.version = cluster_id, version
        self._clusters, self._live, self._clock, self._pace = clusters, live, clock, pace
        self._stop = threading.Event()
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._view = ClusterView()
        self._judge = Judge(self._view)
        self._dirty: set[Subject] = set()
        self._runs: dict[ObjectId, ObjectId | None] = {}
        self._runs_at = 0.0
        self._reported: WatchState | None = None
        self._progress = _Progress(clock.monotonic())
        self.probe = ClusterProbe(Probe(self._connection_to_probe).alive, clock, self._stop)
        self._reader = Reader(self._connection_to_probe, clock, self.put, self._on_evidence)
        self._loops = [self._make_loop(kind) for kind in WATCHED]
        self._threads = [
            threading.Thread(target=self._run, name=f"shard-{cluster_id}", daemon=True),
            threading.Thread(target=self.probe.run, name=f"probe-{cluster_id}", daemon=True),
        ]

    def start(self) -> None:
        """Begin to list and watch."""
        for thread in (*self._threads, *(each.thread for each in self._loops)):
            thread.start()
        log.info("shard_started", cluster_id=str(self.cluster_id))

    def reconnect(self, version: int) -> None:
        """The cluster's address or credentials have changed: every loop takes the new ones at once."""
        self.version = version
        # Else a loop that comes within a second of the last look would go on with the old ones, and stay with them.
        self._clusters.connections.look_again(self.cluster_id)
        for each in self._loops:
            each.loop.interrupt()
            each.wake.set()

    def close(self) -> None:
        """Stop everything; returns when nothing of it writes any more."""
        self._stop.set()
        for each in self._loops:
            each.loop.close()
            each.wake.set()
        self.put(lambda: None)
        self._threads[0].join(timeout=5)
        self._reader.close()
        log.info("shard_closed", cluster_id=str(self.cluster_id))

    def put(self, item: Item) -> None:
        """Have this done by the shard's thread."""
        self._queue.put(item)

    # --- what the loops hear; in the shard's thread ---

    def on_replaced(self, kind: str, objects: Sequence[KubeObject]) -> None:
        touched, gone = self._view.replaced(kind, objects)
        self._progress.listed.add(kind)
        self._progress.unreadable.discard(kind)
        self._dirty |= touched
        self._confirm(gone)

    def on_put(self, kind: str, obj: KubeObject) -> None:
        self._dirty |= self._view.put(kind, obj)

    def on_removed(self, kind: str, obj: KubeObject) -> None:
        touched, gone = self._view.removed(kind, obj)
        self._dirty |= touched
        self._confirm(gone)

    def on_state(self, kind: str, state: WatchState, message: str) -> None:
        if state in ("forbidden", "unauthorized"):
            self._progress.unreadable.add(kind)
        if state in ("forbidden", self._reported):
            return  # one kind that can't be read says nothing about the cluster
        self._reported = state
        match state:
            case "synced":
                self._report("connected")
            case "lost":
                self._report("disconnected", message)
            case "unauthorized":
                self._report("error", message)

    def _report(self, status: Any, message: str = "") -> None:
        self._reader.submit(
            lambda: self._clusters.report(self.cluster_id, status, message=message, credentials_version=self.version)
        )

    # --- the shard's thread ---

    def _run(self) -> None:
        began = False
        while not self._stop.is_set():
            try:
                if not began:
                    self._live.begin()
                    began = True
                self._turn()
            except PyMongoError as error:
                log.warning("states_not_written", cluster_id=str(self.cluster_id), error=type(error).__name__)
                self._stop.wait(STORE_PAUSE_S)
            except Exception:  # the edge of a thread: one object that can't be judged mustn't blind the whole cluster
                log.exception("shard_turn_failed", cluster_id=str(self.cluster_id))
                self._stop.wait(STORE_PAUSE_S)

    def _turn(self) -> None:
        """What waits in the queue, then what follows from it, once for all."""
        self._take()
        if not self._is_complete():
            return
        now = self._clock.now()
        subjects = self._dirty | self._judge.due(now)
        again = self._told_anew()
        self._dirty = set()
        for subject, status in self._judge.judge(subjects, now):
            self._live.judged(self._view.objects[subject], status)
        for subject, status in self._judge.judge(again, now, again=True):
            self._live.judged(self._view.objects[subject], status)
        self._reader.read(self._judge.pods_in_need(subjects, now), self._judge.objects_in_need(subjects, now))
        self._look_for_missing()
        self._live.flush()

    def _take(self) -> None:
        try:
            self._queue.get(timeout=self._pause())()
            while True:
                self._queue.get_nowait()()
        except queue.Empty:
            return

    def _pause(self) -> float:
        """How long nothing has to happen if nothing comes."""
        pause = LOOK_AT_RUNS_S
        if (flush_at := self._live.next_flush()) is not None:
            pause = min(pause, flush_at - self._clock.monotonic())
        if (recheck_at := self._judge.next_at()) is not None:
            pause = min(pause, (recheck_at - self._clock.now()).total_seconds())
        return max(0.0, pause)

    def _is_complete(self) -> bool:
        """Have all kinds been listed once? States of half a picture would go back and forth."""
        progress = self._progress
        if progress.complete_at is not None:
            return True
        kinds = {kind.resource.kind for kind in WATCHED}
        waited = self._clock.monotonic() - progress.started_at
        if kinds <= progress.listed | progress.unreadable or (waited > SYNC_WITHIN_S and progress.listed):
            progress.complete_at = self._clock.monotonic()
            log.info(
                "shard_listed", cluster_id=str(self.cluster_id), kinds=len(progress.listed), waited_s=round(waited, 1)
            )
            return True
        return False

    def _told_anew(self) -> set[Subject]:
        """Subjects of workflows that show another run than before: their states may have been dropped."""
        if self._clock.monotonic() - self._runs_at < LOOK_AT_RUNS_S:
            return set()
        runs = self._live.shown_runs()
        changed = {str(workflow_id) for workflow_id, run in runs.items() if self._runs.get(workflow_id) != run}
        self._runs, self._runs_at = runs, self._clock.monotonic()
        if not changed:
            return set()
        return {subject for subject, obj in self._view.objects.items() if self._live.owner_of(obj)[0] in changed}

    def _look_for_missing(self) -> None:
        progress = self._progress
        if progress.looked_for_missing or progress.complete_at is None:
            return
        if self._clock.monotonic() - progress.complete_at < MISSING_AFTER_S:
            return
        progress.looked_for_missing = True
        there = {(*self._live.owner_of(obj), subject.kind) for subject, obj in self._view.objects.items()}
        unlisted = {kind.resource.kind for kind in WATCHED} - progress.listed
        self._live.missing(lambda *place: place[2] in unlisted or place in there)

    def _confirm(self, gone: Mapping[Subject, KubeObject]) -> None:
        """A DELETED may only mean that a label was removed: one GET tells."""
        self._judge.forget(gone)
        for subject, obj in gone.items():
            self._reader.confirm(subject, obj, self._on_confirmed)

    def _on_confirmed(self, subject: Subject, obj: KubeObject, *, lives: bool) -> None:
        if subject not in self._view.objects:  # else it has come back meanwhile
            self._live.gone(subject, obj, let_go=lives)

    def _on_evidence(self, uid: str, evidence: Evidence) -> None:
        self._dirty |= self._view.add_evidence(uid, evidence)

    # --- parts ---

    def _connection(self) -> Connection:
        """For the loops: a KubeOrchError (credentials that can't be opened) they take for `unauthorized`."""
        try:
            return self._clusters.connection(self.cluster_id)
        except PyMongoError as error:
            raise UnreachableError("server_error", f"the store can't be reached: {type(error).__name__}") from error

    def _connection_to_probe(self) -> Connection:
        try:
            return self._connection()
        except KubeOrchError as error:
            raise UnreachableError("server_error", error.message) from error

    def _make_loop(self, kind: WatchedKind) -> _Loop:
        name, wake = kind.resource.kind, threading.Event()
        loop = WatchLoop(
            self._connection,
            kind.resource,
            label_selector=LABELLED,
            field_selector=kind.field_selector,
            metadata_only=kind.metadata_only,
            keep=None if name in TRIMMED else lambda obj: keep(obj, kind=name),
            sink=Sink(name, wake, self),
            clock=self._clock,
            stop=self._stop,
            wake=wake,
            pace=self._pace,
        )
        thread = threading.Thread(target=loop.run, name=f"watch-{name}-{self.cluster_id}", daemon=True)
        return _Loop(loop, wake, thread)
