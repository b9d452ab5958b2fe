"""Deployments: a ReplicaSet a template, rolled over as maxSurge and maxUnavailable allow."""

from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import say
from practice_cluster.kinds import KIND
from practice_cluster.objects import (
    Obj,
    at,
    condition,
    hash_of,
    merge_patch,
    owned_by,
    seconds_of,
    share,
    with_condition,
)

HASH: Final = "pod-template-hash"
REVISION: Final = "deployment.kubernetes.io/revision"
_COUNTS: Final = ("replicas", "readyReplicas", "availableReplicas")


def deployment(cluster: Cluster, obj: Obj) -> float | None:
    """One step from the old pods to the new ones."""
    sets = _sets(cluster, obj)
    tag = hash_of(obj["spec"]["template"])
    new = next((each for each in sets if each["metadata"]["labels"].get(HASH) == tag), None)
    old = sorted((each for each in sets if each is not new), key=_revision)
    if not obj["spec"].get("paused"):
        new = _newest(cluster, obj, new, old, tag)
        _roll(cluster, obj, new, old)
    idle = [each for each in old if not each["spec"]["replicas"] and not at(each, "status.replicas")]
    for each in idle[: max(0, len(idle) - obj["spec"]["revisionHistoryLimit"])]:
        cluster.delete(each)
    return _tell(cluster, obj, tag)


def _sets(cluster: Cluster, obj: Obj) -> list[Obj]:
    return [entry.load() for entry in cluster.store.dependents(obj["metadata"]["uid"], "replicasets.apps")]


def _newest(cluster: Cluster, obj: Obj, new: Obj | None, old: list[Obj], tag: str) -> Obj:
    """The ReplicaSet of the present template, with the highest revision."""
    highest = max((_revision(each) for each in old), default=0)
    revision = str(highest + 1 if new is None or _revision(new) <= highest else _revision(new))
    annotated = {"metadata": {"annotations": {REVISION: revision}}}
    if new is None:
        labels = {"metadata": {"labels": {HASH: tag}}}
        spec = {key: obj["spec"].get(key) for key in ("selector", "template", "minReadySeconds")} | {"replicas": 0}
        spec = merge_patch(spec, {"selector": {"matchLabels": {HASH: tag}}, "template": labels})
        about = {"name": f"{obj['metadata']['name']}-{tag}", "labels": spec["template"]["metadata"]["labels"]}
        about |= annotated["metadata"] | {"ownerReferences": owned_by(obj)}
        new = cluster.create(KIND["ReplicaSet"], obj["metadata"]["namespace"], {"metadata": about, "spec": spec})
    cluster.patch(obj, annotated)
    return cluster.patch(new, annotated)


def _roll(cluster: Cluster, obj: Obj, new: Obj, old: list[Obj]) -> None:
    spec, wanted, current = obj["spec"], obj["spec"]["replicas"], new["spec"]["replicas"]
    olds = sum(each["spec"]["replicas"] for each in old)
    surge, unavailable = _limits(spec)
    if spec["strategy"]["type"] == "Recreate":
        for each in old:
            _scale(cluster, obj, each, 0)
        _scale(cluster, obj, new, current if any(at(each, "status.replicas") for each in old) else wanted)
        return
    grown = min(wanted, current + max(0, wanted + surge - current - olds))
    _scale(cluster, obj, new, wanted if current > wanted or not olds else grown)
    # What isn't available goes first, as long as it isn't counted on; then what is more than must be available.
    least, new_available = wanted - unavailable, _available(new)
    idle_may_go = current + olds - least - max(0, current - new_available)
    ready_may_go = new_available + sum(map(_available, old)) - least
    for each in old if idle_may_go > 0 else ():
        replicas = each["spec"]["replicas"]
        idle = min(max(0, replicas - _available(each)), max(0, idle_may_go))
        ready = min(replicas - idle, max(0, ready_may_go))
        _scale(cluster, obj, each, replicas - idle - ready)
        idle_may_go, ready_may_go = idle_may_go - idle, ready_may_go - ready


def _scale(cluster: Cluster, obj: Obj, replica_set: Obj, count: int) -> None:
    before, name = replica_set["spec"]["replicas"], replica_set["metadata"]["name"]
    if before != count:
        cluster.patch(replica_set, {"spec": {"replicas": count}})
        text = f"Scaled {'up' if count > before else 'down'} replica set {name} from {before} to {count}"
        say(cluster, obj, "ScalingReplicaSet", text)


def _tell(cluster: Cluster, obj: Obj, tag: str) -> float | None:
    """The status; when its deadline is due."""
    sets, wanted, now, old = _sets(cluster, obj), obj["spec"]["replicas"], cluster.clock(), obj.get("status") or {}
    new = next((each for each in sets if each["metadata"]["labels"].get(HASH) == tag), None)
    count = {name: sum(at(each, f"status.{name}") or 0 for each in sets) for name in _COUNTS}
    count["updatedReplicas"] = at(new, "status.replicas") or 0
    count["unavailableReplicas"] = max(0, max(wanted, count["replicas"]) - count["availableReplicas"])
    enough = count["availableReplicas"] >= wanted - _limits(obj["spec"])[1]
    about = {"reason": f"MinimumReplicas{'Available' if enough else 'Unavailable'}", "lastUpdateTime": ""}
    about["message"] = f"Deployment {'has' if enough else 'does not have'} minimum availability."
    conditions = [each for each in old.get("conditions") or [] if each["type"] != "ReplicaFailure"]
    conditions = with_condition(conditions, now, "Available", enough, **about)
    is_complete = count["updatedReplicas"] == count["replicas"] == count["availableReplicas"] == wanted
    has_moved = any((old.get(key) or 0) != count[key] for key in ("updatedReplicas", *_COUNTS))
    status, about, again_s = _progress(cluster, obj, new, is_complete=is_complete, has_moved=has_moved)
    if has_moved and not is_complete:  # progress starts the deadline anew
        conditions = [each for each in conditions if each["type"] != "Progressing"]
    conditions = with_condition(conditions, now, "Progressing", status, lastUpdateTime="", **about)
    conditions += [failed] if (failed := condition(new, "ReplicaFailure")) else []
    cluster.set_status(obj, **count, conditions=conditions)
    return again_s


def _progress(
    cluster: Cluster, obj: Obj, new: Obj | None, *, is_complete: bool, has_moved: bool
) -> tuple[object, Obj, float | None]:
    """Status, reason and message of the condition Progressing; when to look again."""
    name = f'ReplicaSet "{new["metadata"]["name"]}"' if new else "Deployment"
    before = condition(obj, "Progressing")
    if obj["spec"].get("paused"):
        return "Unknown", {"reason": "DeploymentPaused", "message": "Deployment is paused"}, None
    if is_complete:
        return True, {"reason": "NewReplicaSetAvailable", "message": f"{name} has successfully progressed."}, None
    if before.get("reason") == "ProgressDeadlineExceeded" and not has_moved:
        return False, {key: before[key] for key in ("reason", "message")}, None
    since = seconds_of(before.get("lastUpdateTime")) if before and not has_moved else cluster.clock()
    left_s = since + obj["spec"]["progressDeadlineSeconds"] - cluster.clock()
    if left_s <= 0 and before.get("reason") != "NewReplicaSetAvailable":
        return False, {"reason": "ProgressDeadlineExceeded", "message": f"{name} has timed out progressing."}, None
    return True, {"reason": "ReplicaSetUpdated", "message": f"{name} is progressing."}, max(left_s, 1.0)


def _limits(spec: Obj) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers; not both 0."""
    rolling, wanted = spec["strategy"].get("rollingUpdate"), spec["replicas"]
    if not rolling:
        return 0, wanted
    surge, away = share(rolling["maxSurge"], wanted, up=True), share(rolling["maxUnavailable"], wanted, up=False)
    return (surge, away) if surge or away else (0, 1)


def _available(replica_set: Obj) -> int:
    """Not more than it shall have: its status may be older than its scale."""
    return int(min(at(replica_set, "status.availableReplicas") or 0, replica_set["spec"]["replicas"]))


def _revision(replica_set: Obj) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))
