"""HorizontalPodAutoscalers: as many replicas as the made-up use of CPU and memory calls for."""

import math
from decimal import Decimal
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import say
from practice_cluster.kinds import KIND
from practice_cluster.metrics import needed, usage
from practice_cluster.objects import Obj, at, is_ready, selects, stamp, with_condition

_AGAIN_S: Final = 15.0
_TOLERANCE: Final = 0.1
_SCALED: Final = ("Deployment", "StatefulSet", "ReplicaSet")
_UNABLE: Final = "the HPA controller was unable to get the target's current scale: "
_NO_METRICS: Final = "the HPA was unable to compute the replica count: failed to get cpu utilization"


def autoscaler(cluster: Cluster, obj: Obj) -> float:
    """Looks when all pods of its target are ready; only resource metrics with a share of the request."""
    spec, namespace, reference = obj["spec"], obj["metadata"]["namespace"], obj["spec"]["scaleTargetRef"]
    kind, name = reference["kind"], reference["name"]
    target = cluster.find(kind, namespace, name) if kind in _SCALED else None
    if target is None:
        resource = KIND[kind].resource if kind in KIND else kind.lower()
        return _tell(cluster, obj, ("AbleToScale", False, "FailedGetScale", f'{_UNABLE}{resource} "{name}" not found'))
    able = ("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
    current = target["spec"]["replicas"]
    entries = cluster.store.entries("pods", namespace)
    pods = [entry.load() for entry in entries if selects(target["spec"]["selector"], entry.labels)]
    found = [each for metric in spec["metrics"] if (each := _measure(metric, list(filter(is_ready, pods))))]
    if current == 0 or not found:
        reason = "FailedGetResourceMetric" if current else "ScalingDisabled"
        return _tell(cluster, obj, able, ("ScalingActive", False, reason, _NO_METRICS), currentReplicas=current)
    wish = max(current if abs(value - 1) <= _TOLERANCE else math.ceil(current * value) for value, _ in found)
    wanted = max(spec["minReplicas"], min(spec["maxReplicas"], wish))
    if wanted != current and len(list(filter(is_ready, pods))) == current:
        cluster.patch(target, {"spec": {"replicas": wanted}})
        say(cluster, obj, "SuccessfulRescale", f"New size: {wanted}; reason: resource utilization")
        obj = cluster.set_status(obj, lastScaleTime=stamp(cluster.clock()))
    active = ("ScalingActive", True, "ValidMetricFound", "the HPA was able to calculate a replica count")
    metrics = [shown for _, shown in found]
    return _tell(cluster, obj, able, active, currentReplicas=current, desiredReplicas=wanted, currentMetrics=metrics)


def _tell(cluster: Cluster, obj: Obj, *said: tuple[str, bool, str, str], **values: object) -> float:
    conditions = at(obj, "status.conditions") or []
    for kind, status, reason, message in said:
        conditions = with_condition(conditions, cluster.clock(), kind, status, reason=reason, message=message)
    cluster.set_status(obj, conditions=conditions, **values)
    return _AGAIN_S


def _measure(metric: Obj, pods: list[Obj]) -> tuple[float, Obj] | None:
    """How far from its target a metric is (1: there), and how it is shown; `None`: it can't be had."""
    name, target = str(at(metric, "resource.name")), at(metric, "resource.target.averageUtilization")
    requested = sum((needed(pod["spec"], name) for pod in pods), Decimal(0)) if name in ("cpu", "memory") else 0
    if not requested or not target:
        return None
    used = sum(usage(pod)[name] for pod in pods)
    percent, each = round(used * 100 / requested), used / len(pods)
    average = f"{int(each * 1000)}m" if name == "cpu" else f"{int(each)}"
    current = {"averageUtilization": percent, "averageValue": average}
    return percent / target, {"type": "Resource", "resource": {"name": name, "current": current}}
