"""The tables that `kubectl get` prints. Pure. Kinds that aren't here show name and age."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj, at, seconds_of

Row = Callable[[Obj], list[Any]]


def _count(obj: Obj, *path: str) -> int:
    return at(obj, *path) or 0


def _pod(pod: Obj) -> list[Any]:
    statuses = at(pod, "status", "containerStatuses") or []
    reason = at(pod, "status", "reason") or at(pod, "status", "phase")
    for each in [*(at(pod, "status", "initContainerStatuses") or []), *statuses]:
        state = at(each, "state", "waiting") or at(each, "state", "terminated") or {}
        if state.get("reason") not in (None, "PodInitializing"):
            reason = state["reason"]
    reason = "Terminating" if "deletionTimestamp" in pod["metadata"] else reason
    ready = f"{sum(each['ready'] for each in statuses)}/{len(pod['spec']['containers'])}"
    where = [at(pod, "status", "podIP") or "<none>", pod["spec"].get("nodeName") or "<none>"]
    return [ready, reason, str(sum(each["restartCount"] for each in statuses)), *where]


def _service(service: Obj) -> list[Any]:
    spec = service["spec"]
    addresses = [each.get("ip", "") for each in at(service, "status", "loadBalancer", "ingress") or []]
    waits = "<pending>" if spec["type"] == "LoadBalancer" else "<none>"
    ports = [
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port['protocol']}"
        for port in spec.get("ports") or []
    ]
    external = spec.get("externalName") or ",".join(addresses) or waits
    return [spec["type"], spec.get("clusterIP") or "<none>", external, ",".join(ports) or "<none>"]


def _deployment(obj: Obj) -> list[Any]:
    ready = f"{_count(obj, 'status', 'readyReplicas')}/{obj['spec']['replicas']}"
    return [ready, _count(obj, "status", "updatedReplicas"), _count(obj, "status", "availableReplicas")]


def _claim(obj: Obj) -> list[Any]:
    short = {"ReadWriteOnce": "RWO", "ReadWriteMany": "RWX", "ReadOnlyMany": "ROX", "ReadWriteOncePod": "RWOP"}
    modes = ",".join(short.get(mode, mode) for mode in obj["spec"].get("accessModes") or [])
    spec = obj["spec"]
    capacity = at(obj, "status", "capacity", "storage") or ""
    return [
        at(obj, "status", "phase"),
        spec.get("volumeName") or "",
        capacity,
        modes,
        spec.get("storageClassName") or "",
    ]


def _autoscaler(obj: Obj) -> list[Any]:
    target, spec = obj["spec"]["scaleTargetRef"], obj["spec"]
    current = at((at(obj, "status", "currentMetrics") or [{}])[0], "resource", "current", "averageUtilization")
    wanted = at((spec.get("metrics") or [{}])[0], "resource", "target", "averageUtilization")
    shown = f"cpu: {'<unknown>' if current is None else f'{current}%'}/{wanted}%"
    counts = [spec["minReplicas"], spec["maxReplicas"], _count(obj, "status", "currentReplicas")]
    return [f"{target['kind']}/{target['name']}", shown, *counts]


def _event(obj: Obj) -> list[Any]:
    about = obj["involvedObject"]
    last = obj.get("lastTimestamp") or obj["metadata"]["creationTimestamp"]
    return [last, obj["type"], obj["reason"], f"{about['kind'].lower()}/{about['name']}", obj["message"]]


def _node(obj: Obj) -> list[Any]:
    version = at(obj, "status", "nodeInfo", "kubeletVersion") or ""
    return ["Ready,SchedulingDisabled" if at(obj, "spec", "unschedulable") else "Ready", "<none>", version]


def _job(obj: Obj) -> list[Any]:
    done = {each["type"]: each["status"] for each in at(obj, "status", "conditions") or []}
    state = next((name for name in ("Complete", "Failed", "Suspended") if done.get(name) == "True"), "Running")
    return [state, f"{_count(obj, 'status', 'succeeded')}/{obj['spec'].get('completions') or 1}"]


_COLUMNS: Final[Mapping[str, tuple[tuple[str, ...], Row]]] = {
    "Pod": (("Ready", "Status", "Restarts", "IP", "Node"), _pod),
    "Service": (("Type", "Cluster-IP", "External-IP", "Port(s)"), _service),
    "Deployment": (("Ready", "Up-to-date", "Available"), _deployment),
    "StatefulSet": (("Ready",), lambda o: [f"{_count(o, 'status', 'readyReplicas')}/{o['spec']['replicas']}"]),
    "ReplicaSet": (
        ("Desired", "Current", "Ready"),
        lambda o: [o["spec"]["replicas"], _count(o, "status", "replicas"), _count(o, "status", "readyReplicas")],
    ),
    "DaemonSet": (
        ("Desired", "Current", "Ready"),
        lambda o: [
            _count(o, "status", f"{key}") for key in ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")
        ],
    ),
    "Job": (("Status", "Completions"), _job),
    "CronJob": (
        ("Schedule", "Suspend", "Active", "Last Schedule"),
        lambda o: [
            o["spec"]["schedule"],
            o["spec"]["suspend"],
            len(at(o, "status", "active") or []),
            at(o, "status", "lastScheduleTime") or "<none>",
        ],
    ),
    "PersistentVolumeClaim": (("Status", "Volume", "Capacity", "Access Modes", "StorageClass"), _claim),
    "HorizontalPodAutoscaler": (("Reference", "Targets", "MinPods", "MaxPods", "Replicas"), _autoscaler),
    "ConfigMap": (("Data",), lambda o: [len(o.get("data") or {}) + len(o.get("binaryData") or {})]),
    "Secret": (("Type", "Data"), lambda o: [o["type"], len(o.get("data") or {})]),
    "Namespace": (("Status",), lambda o: [at(o, "status", "phase")]),
    "Node": (("Status", "Roles", "Version"), _node),
    "Event": (("Last Seen", "Type", "Reason", "Object", "Message"), _event),
}


def table(kind: Kind, objects: list[Obj], version: str, now: float) -> Obj:
    """A meta.k8s.io/v1 Table; times in it are ages, which is why it needs the present one."""
    names, row = _COLUMNS.get(kind.kind, ((), lambda _: [])) if not kind.is_custom else ((), lambda _: [])
    is_event = kind.kind == "Event" and not kind.is_custom
    header = [*(() if is_event else ("Name",)), *names, *(() if is_event else ("Age",))]
    columns = [_column(name) for name in header]
    rows = []
    for obj in objects:
        metadata = obj["metadata"]
        created = metadata["creationTimestamp"]
        cells = [*row(obj)] if is_event else [metadata["name"], *row(obj), created]
        cells = [age(cell, now) if name in _TIMES else cell for name, cell in zip(header, cells, strict=True)]
        about = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        rows.append({"cells": cells, "object": about})
    found = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version}}
    return found | {"columnDefinitions": columns, "rows": rows}


def _column(name: str) -> Obj:
    about = {"name": name, "type": "string", "description": name, "priority": int(name in _WIDE)}
    return about | {"format": "name" if name == "Name" else ""}


_WIDE: Final = ("IP", "Node")
_TIMES: Final = ("Age", "Last Seen", "Last Schedule")
_AGES: Final = (
    (120, 1, 0),
    (600, 60, 1),
    (10_800, 60, 0),
    (28_800, 3600, 60),
    (172_800, 3600, 0),
    (691_200, 86_400, 3600),
)


def age(since: object, now: float) -> str:
    """How long ago, as kubectl shortens it: `90s`, `5m30s`, `45m`, `3h20m`, `2d`."""
    started = seconds_of(since)
    if not started:
        return str(since)
    passed = max(0, int(now - started))
    names = {1: "s", 60: "m", 3600: "h", 86_400: "d"}
    for below, unit, smaller in _AGES:
        if passed < below:
            rest = passed % unit // smaller if smaller else 0
            return f"{passed // unit}{names[unit]}" + (f"{rest}{names[smaller]}" if rest else "")
    return f"{passed // 86_400}d"
