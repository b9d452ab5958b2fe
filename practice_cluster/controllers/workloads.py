"""What makes pods from a template: ReplicaSets, DaemonSets, StatefulSets; and what they share with Jobs."""

from typing import Any, Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import say
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.objects import (
    Obj,
    at,
    condition,
    hash_of,
    is_leaving,
    is_over,
    is_ready,
    owned_by,
    seconds_of,
    with_condition,
)

REVISION: Final = "controller-revision-hash"
_NEVER: Final = float("inf")


def pods_of(cluster: Cluster, owner: Obj) -> list[Obj]:
    """All pods that an object owns."""
    return [entry.load() for entry in cluster.store.dependents(owner["metadata"]["uid"], "pods")]


def is_active(pod: Obj) -> bool:
    """One that runs or will run."""
    return not is_leaving(pod) and not is_over(pod)


def start_pod(cluster: Cluster, owner: Obj, *, name: str = "", labels: Obj | None = None, **spec: Any) -> Obj:
    """A pod as its owner wants it; with a generated name unless one is given.

    Raises:
        ApiError: it was refused, which is said in an event.
    """
    template = owner["spec"]["template"]
    about = template.get("metadata") or {}
    metadata: Obj = {"labels": (about.get("labels") or {}) | (labels or {}), "ownerReferences": owned_by(owner)}
    metadata |= {"name": name} if name else {"generateName": f"{owner['metadata']['name']}-"}
    metadata["annotations"] = about.get("annotations")
    try:
        new = {"metadata": metadata, "spec": template["spec"] | spec}
        pod = cluster.create(KIND["Pod"], owner["metadata"]["namespace"], new)
    except ApiError as error:
        say(cluster, owner, "FailedCreate", f"Error creating: {error}", kind="Warning")
        raise
    say(cluster, owner, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
    return pod


def stop_pod(cluster: Cluster, owner: Obj, pod: Obj) -> None:
    if not is_leaving(pod):
        cluster.delete(pod)
        say(cluster, owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")


def available_in(cluster: Cluster, pod: Obj, owner: Obj) -> float:
    """Seconds until a pod counts as available: 0 now, infinity when it isn't ready."""
    since = seconds_of(condition(pod, "Ready").get("lastTransitionTime"))
    left_s = since + owner["spec"].get("minReadySeconds", 0) - cluster.clock()
    return max(0.0, left_s) if is_ready(pod) else _NEVER


def soonest(waits: list[float]) -> float | None:
    """When the next of these will be available."""
    return min((wait for wait in waits if 0 < wait < _NEVER), default=None)


def replica_set(cluster: Cluster, obj: Obj) -> float | None:
    """As many pods as are wanted."""
    active, failure = list(filter(is_active, pods_of(cluster, obj))), ""
    surplus = len(active) - obj["spec"]["replicas"]
    try:
        for _ in range(-surplus):
            start_pod(cluster, obj)
    except ApiError as error:
        failure = str(error)
    active.sort(key=lambda pod: (is_ready(pod), pod["metadata"]["creationTimestamp"]))
    for pod in active[: max(0, surplus)]:
        stop_pod(cluster, obj, pod)
    active = list(filter(is_active, pods_of(cluster, obj)))
    told = [each for each in at(obj, "status.conditions") or [] if failure or each["type"] != "ReplicaFailure"]
    if failure:
        told = with_condition(told, cluster.clock(), "ReplicaFailure", True, reason="FailedCreate", message=failure)
    waits = [available_in(cluster, pod, obj) for pod in active]
    count, ready = len(active), sum(map(is_ready, active))
    counts = {"replicas": count, "fullyLabeledReplicas": count, "readyReplicas": ready}
    cluster.set_status(obj, **counts, availableReplicas=waits.count(0.0), conditions=told)
    return 5.0 if failure else soonest(waits)


def daemon_set(cluster: Cluster, obj: Obj) -> float | None:
    """One pod on the node, if the node is one that it wants."""
    template = obj["spec"]["template"]
    revision, selector = hash_of(template), template["spec"].get("nodeSelector") or {}
    wanted = int(any(selector.items() <= node.labels.items() for node in cluster.store.entries("nodes")))
    rolls = obj["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    for pod in pods_of(cluster, obj):
        if is_over(pod) or not wanted or (rolls and _revision(pod) != revision):
            stop_pod(cluster, obj, pod)
    if wanted and not pods_of(cluster, obj):
        start_pod(cluster, obj, labels={REVISION: revision})
    pods = pods_of(cluster, obj)
    waits = [available_in(cluster, pod, obj) for pod in pods]
    counts = {"desiredNumberScheduled": wanted, "currentNumberScheduled": len(pods), "numberMisscheduled": 0}
    counts |= {"numberReady": sum(map(is_ready, pods)), "numberAvailable": waits.count(0.0)}
    counts |= {"numberUnavailable": wanted - waits.count(0.0)}
    counts |= {"updatedNumberScheduled": [*map(_revision, pods)].count(revision)}
    cluster.set_status(obj, **counts)
    return soonest(waits)


def stateful_set(cluster: Cluster, obj: Obj) -> float | None:
    """One step at a time: what isn't there is made, what is too much or old goes from the highest number down."""
    revision = f"{obj['metadata']['name']}-{hash_of(obj['spec']['template'])}"
    pods = {int(pod["metadata"]["name"].rpartition("-")[2]): pod for pod in pods_of(cluster, obj)}
    _step(cluster, obj, pods, revision)
    listed = pods_of(cluster, obj)
    waits, revisions = [available_in(cluster, pod, obj) for pod in listed], [_revision(pod) for pod in listed]
    is_done = revisions == [revision] * obj["spec"]["replicas"] and all(map(is_ready, listed))
    before = revision if is_done else at(obj, "status.currentRevision") or revision
    counts = {
        "replicas": len(listed),
        "readyReplicas": sum(map(is_ready, listed)),
        "availableReplicas": waits.count(0.0),
    }
    counts |= {"currentReplicas": revisions.count(before), "updatedReplicas": revisions.count(revision)}
    cluster.set_status(obj, **counts, currentRevision=before, updateRevision=revision)
    return soonest(waits)


def _revision(pod: Obj) -> str:
    return str(pod["metadata"]["labels"].get(REVISION))


def _step(cluster: Cluster, obj: Obj, pods: dict[int, Obj], revision: str) -> None:
    in_order, wanted = obj["spec"]["podManagementPolicy"] == "OrderedReady", obj["spec"]["replicas"]
    for ordinal in range(wanted):
        pod = pods.get(ordinal) or _start(cluster, obj, f"{obj['metadata']['name']}-{ordinal}", revision)
        if is_over(pod):
            stop_pod(cluster, obj, pod)
        if in_order and available_in(cluster, pod, obj) > 0:
            return
    for ordinal in sorted((each for each in pods if each >= wanted), reverse=True):
        stop_pod(cluster, obj, pods[ordinal])
        if in_order:
            return
    strategy = obj["spec"]["updateStrategy"]
    partition = strategy["rollingUpdate"]["partition"] if strategy["type"] == "RollingUpdate" else wanted
    for ordinal in range(wanted - 1, partition - 1, -1):
        if ordinal not in pods or not is_ready(pods[ordinal]):
            return
        if _revision(pods[ordinal]) != revision:
            stop_pod(cluster, obj, pods[ordinal])
            return


def _start(cluster: Cluster, obj: Obj, name: str, revision: str) -> Obj:
    """A pod with its claims."""
    spec, namespace = obj["spec"], obj["metadata"]["namespace"]
    labels = {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": name.rpartition("-")[2]}
    volumes = {volume["name"]: volume for volume in spec["template"]["spec"].get("volumes") or []}
    for template in spec.get("volumeClaimTemplates") or []:
        claim = f"{template['metadata']['name']}-{name}"
        if cluster.find("PersistentVolumeClaim", namespace, claim) is None:
            about = template["metadata"] | {"name": claim, "labels": spec["selector"].get("matchLabels") or {}}
            new = {"metadata": about, "spec": template["spec"]}
            cluster.create(KIND["PersistentVolumeClaim"], namespace, new)
        source = {"persistentVolumeClaim": {"claimName": claim}}
        volumes[template["metadata"]["name"]] = {"name": template["metadata"]["name"]} | source
    more = {"hostname": name, "subdomain": spec["serviceName"], "volumes": list(volumes.values()) or None}
    return start_pod(cluster, obj, name=name, labels=labels | {REVISION: revision}, **more)
