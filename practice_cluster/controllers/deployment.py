"""Deployments: a ReplicaSet a template, rolled over as maxSurge and maxUnavailable allow."""

import zlib
from typing import Final

import orjson

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, at, condition, owned_by, safe_hash, seconds_of, share, with_condition

HASH: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"
_COMPONENT: Final = "deployment-controller"


class Deployments(Owning):
    """Creates and scales ReplicaSets."""

    kind, owns = "Deployment", ("replicasets.apps",)

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder = recorder

    def reconcile(self, obj: Obj) -> float | None:
        if "deletionTimestamp" in obj["metadata"]:
            return None
        sets = [entry.load() for entry in self.cluster.store.dependents(obj["metadata"]["uid"], "replicasets.apps")]
        new = next((each for each in sets if _template(each) == obj["spec"]["template"]), None)
        old = [each for each in sets if each is not new]
        if not obj["spec"].get("paused"):
            new = self._newest(obj, new, old)
            self._roll(obj, new, old)
        self._clean_up(obj, old)
        return self._tell(obj, new["metadata"]["uid"] if new else "")

    def _newest(self, obj: Obj, new: Obj | None, old: list[Obj]) -> Obj:
        """The ReplicaSet of the present template, with the highest revision."""
        highest = max((_revision(each) for each in old), default=0)
        if new is None:
            new = self.cluster.create(KIND["ReplicaSet"], obj["metadata"]["namespace"], _replica_set(obj, highest + 1))
        elif _revision(new) <= highest:
            revision = {REVISION: str(highest + 1)}
            new = self.cluster.update(KIND["ReplicaSet"], new, lambda each: _annotated(each, revision))
        revision = {REVISION: str(_revision(new))}
        if (obj["metadata"].get("annotations") or {}).get(REVISION) != revision[REVISION]:
            self.cluster.update(KIND["Deployment"], obj, lambda each: _annotated(each, revision))
        return new

    def _roll(self, obj: Obj, new: Obj, old: list[Obj]) -> None:
        """One step from the old pods to the new ones."""
        spec, wanted, current = obj["spec"], obj["spec"]["replicas"], new["spec"]["replicas"]
        olds = sum(each["spec"]["replicas"] for each in old)
        if spec["strategy"]["type"] == "Recreate":
            for each in old:
                self._scale(obj, each, 0)
            if not any(at(each, "status", "replicas") for each in old):
                self._scale(obj, new, wanted)
            return
        surge, unavailable = limits(spec)
        if current > wanted or not olds:
            self._scale(obj, new, wanted)
        else:
            self._scale(obj, new, min(wanted, current + max(0, wanted + surge - current - olds)))
        least = wanted - unavailable
        new_available = _available(new)
        # What isn't available goes first, as long as it isn't counted on; then what is more than must be available.
        idle_may_go = current + olds - least - max(0, current - new_available)
        ready_may_go = new_available + sum(_available(each) for each in old) - least
        if idle_may_go <= 0:
            return
        for each in sorted(old, key=_revision):
            replicas = each["spec"]["replicas"]
            idle = min(max(0, replicas - _available(each)), max(0, idle_may_go))
            ready = min(replicas - idle, max(0, ready_may_go))
            self._scale(obj, each, replicas - idle - ready)
            idle_may_go, ready_may_go = idle_may_go - idle, ready_may_go - ready

    def _scale(self, obj: Obj, replica_set: Obj, count: int) -> None:
        before = replica_set["spec"]["replicas"]
        if before == count:
            return
        self.cluster.update(
            KIND["ReplicaSet"], replica_set, lambda each: each | {"spec": each["spec"] | {"replicas": count}}
        )
        direction = "up" if count > before else "down"
        text = f"Scaled {direction} replica set {replica_set['metadata']['name']} from {before} to {count}"
        self._recorder.normal(obj, "ScalingReplicaSet", text, _COMPONENT)

    def _clean_up(self, obj: Obj, old: list[Obj]) -> None:
        idle = [each for each in old if not each["spec"]["replicas"] and not at(each, "status", "replicas")]
        surplus = len(idle) - obj["spec"]["revisionHistoryLimit"]
        for each in sorted(idle, key=_revision)[: max(0, surplus)]:
            self.cluster.delete(KIND["ReplicaSet"], each)

    def _tell(self, obj: Obj, newest_uid: str) -> float | None:
        """The status; when its deadline is due."""
        sets = [entry.load() for entry in self.cluster.store.dependents(obj["metadata"]["uid"], "replicasets.apps")]
        new = next((each for each in sets if each["metadata"]["uid"] == newest_uid), None)
        wanted, now, old = obj["spec"]["replicas"], self.cluster.clock(), obj.get("status") or {}
        count = {name: sum(at(each, "status", name) or 0 for each in sets) for name in _COUNTS}
        updated = (at(new, "status", "replicas") or 0) if new else 0
        status: Obj = {key: value or None for key, value in count.items()} | {"updatedReplicas": updated or None}
        status["unavailableReplicas"] = max(0, max(wanted, count["replicas"]) - count["availableReplicas"]) or None
        status["observedGeneration"] = obj["metadata"]["generation"]
        enough = count["availableReplicas"] >= wanted - limits(obj["spec"])[1]
        available = {"type": "Available", "status": str(enough), "lastUpdateTime": ""}
        available["reason"] = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
        available["message"] = f"Deployment {'has' if enough else 'does not have'} minimum availability."
        conditions = with_condition(old.get("conditions") or [], available, now)
        complete = updated == count["replicas"] == count["availableReplicas"] == wanted
        moved = any((old.get(key) or 0) != (status.get(key) or 0) for key in ("updatedReplicas", *_COUNTS))
        progressing, again_s = self._progress(obj, new, complete=complete, moved=moved)
        if moved and not complete:  # progress starts the deadline anew
            conditions = [each for each in conditions if each["type"] != "Progressing"]
        conditions = with_condition(conditions, progressing, now)
        failed = condition(new, "ReplicaFailure") if new else {}
        conditions = [each for each in conditions if each["type"] != "ReplicaFailure"]
        conditions += [failed | {"lastUpdateTime": failed["lastTransitionTime"]}] if failed else []
        self.cluster.set_status("Deployment", obj, **status, conditions=conditions)
        return again_s

    def _progress(self, obj: Obj, new: Obj | None, *, complete: bool, moved: bool) -> tuple[Obj, float | None]:
        progressing: Obj = {"type": "Progressing", "status": "True", "lastUpdateTime": ""}
        name = f'ReplicaSet "{new["metadata"]["name"]}"' if new else "Deployment"
        before = condition(obj, "Progressing")
        if obj["spec"].get("paused"):
            about = {"status": "Unknown", "reason": "DeploymentPaused", "message": "Deployment is paused"}
            return progressing | about, None
        if complete:
            return progressing | {
                "reason": "NewReplicaSetAvailable",
                "message": f"{name} has successfully progressed.",
            }, None
        if before.get("reason") == "ProgressDeadlineExceeded" and not moved:
            return {key: before.get(key) for key in (*progressing, "reason", "message")}, None
        since = seconds_of(before.get("lastUpdateTime")) if before and not moved else self.cluster.clock()
        left_s = since + obj["spec"]["progressDeadlineSeconds"] - self.cluster.clock()
        if left_s <= 0 and before.get("reason") != "NewReplicaSetAvailable":
            about = {"status": "False", "reason": "ProgressDeadlineExceeded"}
            return progressing | about | {"message": f"{name} has timed out progressing."}, None
        return progressing | {"reason": "ReplicaSetUpdated", "message": f"{name} is progressing."}, max(left_s, 1.0)


_COUNTS: Final = ("replicas", "readyReplicas", "availableReplicas")


def limits(spec: Obj) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers; not both 0."""
    rolling, wanted = spec["strategy"].get("rollingUpdate"), spec["replicas"]
    if not rolling:
        return 0, wanted
    surge = share(rolling["maxSurge"], wanted, up=True)
    unavailable = share(rolling["maxUnavailable"], wanted, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _available(replica_set: Obj) -> int:
    """Not more than it shall have: its status may be older than its scale."""
    return int(min(at(replica_set, "status", "availableReplicas") or 0, replica_set["spec"]["replicas"]))


def _template(replica_set: Obj) -> Obj:
    """A ReplicaSet's template as the Deployment has it: without the hash."""
    template: Obj = replica_set["spec"]["template"]
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key != HASH}
    return template | {"metadata": template["metadata"] | {"labels": labels}}


def _replica_set(obj: Obj, revision: int) -> Obj:
    spec, metadata = obj["spec"], obj["metadata"]
    template = orjson.dumps([spec["template"], at(obj, "status", "collisionCount")], option=orjson.OPT_SORT_KEYS)
    tag = safe_hash(zlib.crc32(template))
    labels = {**spec["template"]["metadata"]["labels"], HASH: tag}
    selector = dict(spec["selector"])
    selector["matchLabels"] = (selector.get("matchLabels") or {}) | {HASH: tag}
    annotations = {REVISION: str(revision), "deployment.kubernetes.io/desired-replicas": str(spec["replicas"])}
    about = {"name": f"{metadata['name']}-{tag}", "labels": labels, "annotations": annotations}
    template_metadata = spec["template"]["metadata"] | {"labels": labels}
    content = {"replicas": 0, "selector": selector, "template": spec["template"] | {"metadata": template_metadata}}
    if spec.get("minReadySeconds"):
        content["minReadySeconds"] = spec["minReadySeconds"]
    return {"metadata": about | {"ownerReferences": owned_by(obj)}, "spec": content}


def _revision(replica_set: Obj) -> int:
    text = str((replica_set["metadata"].get("annotations") or {}).get(REVISION, "0"))
    return int(text) if text.isdecimal() else 0


def _annotated(obj: Obj, values: dict[str, str]) -> Obj:
    annotations = (obj["metadata"].get("annotations") or {}) | values
    return obj | {"metadata": obj["metadata"] | {"annotations": annotations}}
