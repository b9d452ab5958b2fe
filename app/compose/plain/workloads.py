"""Deployments, StatefulSets, DaemonSets, Jobs, CronJobs → their nodes."""

from collections.abc import Mapping
from typing import Any, Final

from app.compose.plain.board import Board, Placed
from app.compose.plain.containers import container_fields, first_container, init_fields
from app.compose.plain.environment import set_environment
from app.compose.plain.mounts import claim_templates, disks_of, mounts_of
from app.compose.plain.objects import Obj, entries, inner, labels, mapping, picked, text

KINDS: Final[Mapping[str, str]] = {
    "Deployment": "deployment", "StatefulSet": "statefulset", "DaemonSet": "daemonset", "Job": "job",
    "CronJob": "cronjob",
}  # fmt: skip
_JOB: Final = ("completions", "parallelism", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
_CRON: Final = (
    "schedule", "concurrencyPolicy", "suspend", "successfulJobsHistoryLimit", "failedJobsHistoryLimit",
    "startingDeadlineSeconds",
)  # fmt: skip
_WHERE: Final = (("hostNetwork", "hostNetwork"), ("hostPID", "hostPID"), ("tolerations", "tolerations"))


def pod_of(kind: str, spec: Obj) -> Obj:
    """The pod template of a workload's spec."""
    path = ("jobTemplate", "spec", "template") if kind == "CronJob" else ("template",)
    return mapping(inner(spec, *path))


def fill_workload(board: Board, one: Placed) -> None:
    """All fields of a workload that need no other workload."""
    pod, spec, data = mapping(one.pod.get("spec")), one.manifest.spec, one.data
    container = first_container(one.pod)
    data |= container_fields(container, pod)
    _own_fields(one, spec, pod)
    _labels(one)
    disks = disks_of(spec) if one.node["type"] == "statefulset" else {}
    set_environment(board, one, container, data)
    if disks:
        data["volumeClaimTemplates"] = claim_templates(disks, container)
    if mounts := mounts_of(board, one, container, disks):
        data["volumeMounts"] = mounts
    _init_containers(board, one, pod, disks)
    others = [text(other.get("name")) for other in entries(pod.get("containers"))[1:]]
    if others:
        message = f"{', '.join(others)[:200]}: a node has one container, the others are left out. Make nodes of them"
        board.say("warning", one.manifest, message, key="containers")


def _own_fields(one: Placed, spec: Obj, pod: Obj) -> None:
    data = one.data
    match one.node["type"]:
        case "deployment":
            data |= picked(spec, "replicas")
            version = one.pod_labels.get("version")
            data |= {"version": version} if version else {}
        case "statefulset":
            data |= picked(spec, "replicas") | {"serviceName": text(spec.get("serviceName")) or one.manifest.name}
        case "daemonset":
            strategy = mapping(spec.get("updateStrategy"))
            data |= {"updateStrategy": strategy["type"]} if strategy.get("type") else {}
            unavailable = inner(strategy, "rollingUpdate", "maxUnavailable")
            data |= {"maxUnavailable": unavailable} if unavailable is not None else {}
            data |= {field: pod[key] for key, field in _WHERE if pod.get(key) is not None}
        case "job":
            data |= picked(spec, *_JOB) | picked(pod, "restartPolicy")
        case "cronjob":
            job = mapping(inner(spec, "jobTemplate", "spec"))
            data |= picked(spec, *_CRON) | picked(job, "backoffLimit", "activeDeadlineSeconds")
            data |= picked(pod, "restartPolicy")


def _labels(one: Placed) -> None:
    """A node's labels and annotations are those of its object and of its pods."""
    own = labels(one.manifest.metadata.get("labels")) | one.pod_labels
    kept = {key: value for key, value in own.items() if not (key == "version" and one.node["type"] == "deployment")}
    kept = {key: value for key, value in kept.items() if not (key == "app" and value == one.data["name"])}
    if kept:
        one.data["labels"] = kept
    notes = labels(one.manifest.metadata.get("annotations")) | labels(inner(one.pod, "metadata", "annotations"))
    if notes:
        one.data["annotations"] = notes


def _init_containers(board: Board, one: Placed, pod: Obj, disks: Mapping[str, Obj]) -> None:
    found: list[dict[str, Any]] = []
    for container in entries(pod.get("initContainers")):
        if container.get("restartPolicy") == "Always":
            message = f"{text(container.get('name'))} is left out: nodes have no sidecars"
            board.say("warning", one.manifest, message, key="initContainers")
            continue
        entry = init_fields(container)
        set_environment(board, one, container, entry)
        if mounts := mounts_of(board, one, container, disks):
            entry["volumeMounts"] = mounts
        found.append(entry)
    if found:
        one.data["initContainers"] = found
