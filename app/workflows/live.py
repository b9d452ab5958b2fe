"""What the cluster says of a workflow's nodes, on its way into `workflow_states` and to the viewers.

Called by the watcher's thread of one shard. One write a workflow and flush: at once when it is quiet, in a storm what
has come together meanwhile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from bson import ObjectId

from app.clock import Clock
from app.kube.objects import KubeObject
from app.manifests.labels import NODE, WORKFLOW, node_label
from app.resources.status.model import Status
from app.resources.view import Subject
from app.workflows.merge import FAILED, GONE, unescaped
from app.workflows.run_end import RunEnds
from app.workflows.state_store import Changes, StateStore
from app.workflows.stream_events import WorkflowEvents

log = structlog.get_logger(__name__)

KIND_OF: Final = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "job": "Job",
    "cronjob": "CronJob",
    "service": "Service",
    "ingress": "Ingress",
    "configmap": "ConfigMap",
    "secret": "Secret",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "hpa": "HorizontalPodAutoscaler",
    "networkpolicy": "NetworkPolicy",
}
"""A node's own object; others that carry its label (a StatefulSet's Service) don't decide its state."""
DELETED_TEXT: Final = "It was deleted from the cluster: run the workflow to make it again"
LET_GO_TEXT: Final = "It doesn't carry KubeOrch's labels any more: run the workflow to take it back"

BURST: Final = 5
"""Writes of one workflow that need no pause between them."""

Place = tuple[str, str]
"""(node label, kind): where a state belongs, before the workflow is read."""


@dataclass(slots=True)
class _Waiting:
    due_at: float
    states: dict[Place, Mapping[str, Any]] = field(default_factory=dict)


class Pace:
    """When a workflow may be written again: a few times at once while it is quiet, then once in `every_s`.

    A change often comes as two or three events within milliseconds (what was asked, what became of it); only a storm
    has to wait.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.due_at = float("-inf")
        self._paid_until = float("-inf")

    def spend(self, now: float) -> None:
        """It was written."""
        self._paid_until = max(self._paid_until, now) + self._every_s
        self.due_at = self._paid_until - BURST * self._every_s


class LiveStates:
    """Writes the live half of node states for one shard.

    Args:
        may_write: has the shard's lease been renewed lately? Asked before each write.
        flush_s: least time between two writes of one workflow.
    """

    def __init__(
        self,
        *,
        cluster_id: ObjectId,
        shard: str,
        fence: int,
        states: StateStore,
        events: WorkflowEvents,
        ends: RunEnds,
        clock: Clock,
        may_write: Callable[[], bool],
        flush_s: float,
    ) -> None:
        self._cluster_id, self._shard, self._fence = cluster_id, shard, fence
        self._states, self._events, self._ends = states, events, ends
        self._clock, self._may_write, self._flush_s = clock, may_write, flush_s
        self._waiting: dict[ObjectId, _Waiting] = {}
        self._pace: dict[ObjectId, Pace] = {}

    def begin(self) -> None:
        """The shard is ours: what its owner before still sends has no effect from here on."""
        self._states.fence_off(self._cluster_id, shard=self._shard, fence=self._fence)

    def judged(self, obj: KubeObject, status: Status) -> None:
        """An object's state has changed; `flush` writes it."""
        self._add(obj, status.as_json())

    def gone(self, subject: Subject, obj: KubeObject, *, let_go: bool) -> None:
        """The node's object is gone, or lives on without our labels (`let_go`)."""
        text, reason = (LET_GO_TEXT, "Released") if let_go else (DELETED_TEXT, GONE)
        state = FAILED.get(next((type_ for type_, kind in KIND_OF.items() if kind == subject.kind), ""), "error")
        self._add(obj, {"state": state, "message": text, "reason": reason})

    def missing(self, present: Callable[[str, str, str], bool]) -> None:
        """After everything has been listed: nodes that were applied and aren't there were deleted unseen.

        Args:
            present: (workflow id, node label, kind) → is there such an object, or a kind that can't be listed?
        """
        for states in self._states.on_cluster(self._cluster_id):
            for key, node in states.get("nodes", {}).items():
                place = node_label(unescaped(key)), KIND_OF.get(node.get("type", ""), "")
                applied = (node.get("apply") or {}).get("state") == "applied"
                if applied and place[1] and not present(str(states["_id"]), *place):
                    gone = {"state": FAILED.get(node["type"], "error"), "message": DELETED_TEXT, "reason": GONE}
                    self._put(states["_id"], place, gone)

    def shown_runs(self) -> dict[ObjectId, ObjectId | None]:
        """Workflow → the run that is shown, of all on this cluster."""
        return self._states.shown_runs(self._cluster_id)

    @staticmethod
    def owner_of(obj: KubeObject) -> tuple[str, str]:
        """(workflow id, node label) of an object."""
        labels = obj["metadata"].get("labels") or {}
        return labels.get(WORKFLOW, ""), labels.get(NODE, "")

    def next_flush(self) -> float | None:
        """When `flush` has something to do, on the monotonic clock."""
        return min((waiting.due_at for waiting in self._waiting.values()), default=None)

    def flush(self) -> None:
        """Write what is due, then tell the viewers."""
        now = self._clock.monotonic()
        due = [workflow_id for workflow_id, waiting in self._waiting.items() if waiting.due_at <= now]
        for workflow_id in due:
            if not self._may_write():
                return  # until the lease is renewed; if it is lost, this shard is closed
            self._write(workflow_id, self._waiting[workflow_id].states)
            del self._waiting[workflow_id]
            self._pace.setdefault(workflow_id, Pace(self._flush_s)).spend(self._clock.monotonic())

    def _write(self, workflow_id: ObjectId, states: Mapping[Place, Mapping[str, Any]]) -> None:
        written = self._states.write_live(
            workflow_id,
            cluster_id=self._cluster_id,
            shard=self._shard,
            fence=self._fence,
            changes_of=lambda document: Changes(live=changed_live(document, states)),
        )
        if written is None or not written.changed:
            return
        self._events.written(workflow_id, written)
        if run_id := (written.states.get("run") or {}).get("id"):
            self._ends.became_healthy(run_id, written)

    def _add(self, obj: KubeObject, state: Mapping[str, Any]) -> None:
        workflow_id, node = self.owner_of(obj)
        if ObjectId.is_valid(workflow_id):
            self._put(ObjectId(workflow_id), (node, obj.get("kind", "")), state)

    def _put(self, workflow_id: ObjectId, place: Place, state: Mapping[str, Any]) -> None:
        waiting = self._waiting.get(workflow_id)
        if waiting is None:
            pace = self._pace.get(workflow_id)
            waiting = self._waiting[workflow_id] = _Waiting(pace.due_at if pace else float("-inf"))
        waiting.states[place] = state


def changed_live(document: Mapping[str, Any], states: Mapping[Place, Mapping[str, Any]]) -> dict[str, Any]:
    """Node id → live state, of those that differ from what is stored. Pure."""
    changed: dict[str, Any] = {}
    for key, node in document.get("nodes", {}).items():
        node_id = unescaped(key)
        state = states.get((node_label(node_id), KIND_OF.get(node.get("type", ""), "")))
        if state is not None and node.get("live") != state:
            changed[node_id] = state
    return changed
