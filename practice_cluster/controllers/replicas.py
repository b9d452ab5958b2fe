"""ReplicaSets, and what else makes pods from a template shares: as many pods as are wanted."""

from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, condition, is_ready, owned_by, seconds_of, with_condition

OVER: Final = ("Succeeded", "Failed")


def pods_of(cluster: Cluster, owner: Obj) -> list[Obj]:
    """All pods that an object owns."""
    return [entry.load() for entry in cluster.store.dependents(owner["metadata"]["uid"], "pods")]


def is_active(pod: Obj) -> bool:
    """One that runs or will run."""
    return "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in OVER


def available_in(pod: Obj, owner: Obj, now: float) -> float:
    """Seconds until a pod counts as available: 0 now, infinity when it isn't ready."""
    if not is_ready(pod):
        return float("inf")
    since = seconds_of(condition(pod, "Ready").get("lastTransitionTime"))
    return float(max(0.0, since + owner["spec"].get("minReadySeconds", 0) - now))


def pod_from(owner: Obj, template: Obj, *, name: str = "", labels: dict[str, str] | None = None) -> Obj:
    """A pod as its owner wants it; with a generated name unless one is given."""
    about = template.get("metadata") or {}
    metadata: Obj = {"labels": (about.get("labels") or {}) | (labels or {}), "ownerReferences": owned_by(owner)}
    metadata |= {"annotations": about["annotations"]} if about.get("annotations") else {}
    metadata |= {"name": name} if name else {"generateName": f"{owner['metadata']['name']}-"}
    return {"metadata": metadata, "spec": template["spec"]}


class ReplicaSets(Owning):
    """Creates and deletes pods."""

    kind, owns = "ReplicaSet", ("pods",)

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder = recorder

    def reconcile(self, obj: Obj) -> float | None:
        if "deletionTimestamp" in obj["metadata"]:
            return None
        active = [pod for pod in pods_of(self.cluster, obj) if is_active(pod)]
        missing, failure = obj["spec"]["replicas"] - len(active), ""
        for _ in range(missing):
            try:
                pod = self.cluster.create(
                    KIND["Pod"], obj["metadata"]["namespace"], pod_from(obj, obj["spec"]["template"])
                )
            except ApiError as error:
                failure = str(error)
                self._recorder.warning(obj, "FailedCreate", f"Error creating: {error}", "replicaset-controller")
                break
            self._say(obj, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
            active.append(pod)
        if missing < 0:
            active.sort(key=lambda pod: (is_ready(pod), pod["metadata"]["creationTimestamp"]))
            for pod in active[:-missing]:
                self.cluster.delete(KIND["Pod"], pod)
                self._say(obj, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
            active = active[-missing:]
        return self._tell(obj, active, failure)

    def _say(self, obj: Obj, reason: str, message: str) -> None:
        self._recorder.normal(obj, reason, message, "replicaset-controller")

    def _tell(self, obj: Obj, active: list[Obj], failure: str) -> float | None:
        now = self.cluster.clock()
        waits = [available_in(pod, obj, now) for pod in active]
        ready = sum(wait < float("inf") for wait in waits)
        conditions = (obj.get("status") or {}).get("conditions") or []
        if failure:
            said = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure}
            conditions = with_condition(conditions, said, now)
        else:
            conditions = [each for each in conditions if each["type"] != "ReplicaFailure"]
        self.cluster.set_status(
            "ReplicaSet",
            obj,
            replicas=len(active),
            fullyLabeledReplicas=len(active) or None,
            readyReplicas=ready or None,
            availableReplicas=waits.count(0.0) or None,
            observedGeneration=obj["metadata"]["generation"],
            conditions=conditions or None,
        )
        later = [wait for wait in waits if 0 < wait < float("inf")]
        return 5.0 if failure else min(later, default=None)
