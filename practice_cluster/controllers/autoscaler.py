"""HorizontalPodAutoscalers: as many replicas as the made-up use of CPU and memory calls for."""

import math
from decimal import Decimal
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import say
from practice_cluster.kinds import KIND
from practice_cluster.metrics import needed, usage
from practice_cluster.objects import Obj, is_ready, seconds_of, selects, stamp, with_condition

EVERY_S: Final = 15.0
_TOLERANCE: Final = 0.1
_SCALED: Final = ("Deployment", "StatefulSet", "ReplicaSet")
_LOOKED: Final = "practice.kubeorch.io/looked-at"


def autoscaler(cluster: Cluster, obj: Obj) -> float | None:
    """Looks every 15 seconds; only resource metrics with a share of the request."""
    spec, reference, now = obj["spec"], obj["spec"]["scaleTargetRef"], cluster.clock()
    namespace, kind, name = obj["metadata"]["namespace"], reference["kind"], reference["name"]
    looked_at = seconds_of((obj["metadata"].get("annotations") or {}).get(_LOOKED))
    if now - looked_at < EVERY_S:  # its own status is a change, too
        return EVERY_S - (now - looked_at)
    obj = cluster.patch(obj, {"metadata": {"annotations": {_LOOKED: stamp(now)}}})
    if (target := cluster.find(kind, namespace, name) if kind in _SCALED else None) is None:
        resource = KIND[kind].resource if kind in KIND else kind.lower()
        why = f'the HPA controller was unable to get the target\'s current scale: {resource} "{name}" not found'
        return _tell(cluster, obj, ("AbleToScale", False, "FailedGetScale", why))
    able = ("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
    if (current := target["spec"]["replicas"]) == 0:
        why = "scaling is disabled since the replica count of the target is zero"
        return _tell(cluster, obj, able, ("ScalingActive", False, "ScalingDisabled", why), currentReplicas=0)
    entries = cluster.store.entries("pods", namespace)
    pods = [entry.load() for entry in entries if selects(target["spec"]["selector"], entry.labels)]
    measured = [_measure(metric, list(filter(is_ready, pods))) for metric in spec.get("metrics") or []]
    found = [each for each in measured if each]
    if not found:
        why = "the HPA was unable to compute the replica count: failed to get cpu utilization: "
        why += "missing request for cpu" if pods else "no metrics returned from resource metrics API"
        active = ("ScalingActive", False, "FailedGetResourceMetric", why)
        return _tell(cluster, obj, able, active, currentReplicas=current, currentMetrics=None)
    wish = max(current if abs(value - 1) <= _TOLERANCE else math.ceil(current * value) for value, _ in found)
    wanted = max(spec["minReplicas"], min(spec["maxReplicas"], wish))
    reason = {1: "TooManyReplicas", -1: "TooFewReplicas"}.get((wish > wanted) - (wish < wanted), "DesiredWithinRange")
    limited = ("ScalingLimited", wish != wanted, reason, f"between {spec['minReplicas']} and {spec['maxReplicas']}")
    active = (
        "ScalingActive",
        True,
        "ValidMetricFound",
        "the HPA was able to calculate a replica count from utilization",
    )
    if wanted != current:
        cluster.patch(target, {"spec": {"replicas": wanted}})
        say(cluster, obj, "SuccessfulRescale", f"New size: {wanted}; reason: resource utilization")
        obj = cluster.set_status(obj, lastScaleTime=stamp(now))
    counts = {"currentReplicas": current, "desiredReplicas": wanted, "currentMetrics": [each for _, each in found]}
    return _tell(cluster, obj, able, active, limited, **counts)


def _tell(cluster: Cluster, obj: Obj, *said: tuple[str, bool, str, str], **values: object) -> float:
    conditions = list((obj.get("status") or {}).get("conditions") or [])
    for kind, status, reason, message in said:
        conditions = with_condition(conditions, cluster.clock(), kind, status, reason=reason, message=message)
    cluster.set_status(obj, conditions=conditions, **values)
    return EVERY_S


def _measure(metric: Obj, pods: list[Obj]) -> tuple[float, Obj] | None:
    """How far from its target a metric is (1: there), and how it is shown; `None`: it can't be had."""
    resource = metric.get("resource") or {}
    name, target = str(resource.get("name")), (resource.get("target") or {}).get("averageUtilization")
    requested = sum((needed(pod["spec"], name) for pod in pods), Decimal(0)) if name in ("cpu", "memory") else None
    if not requested or not target:
        return None
    used = sum(usage(pod)[name] for pod in pods)
    percent, each = round(used * 100 / requested), used / len(pods)
    average = f"{int(each * 1000)}m" if name == "cpu" else f"{int(each)}"
    current = {"averageUtilization": percent, "averageValue": average}
    return percent / target, {"type": "Resource", "resource": {"name": name, "current": current}}
