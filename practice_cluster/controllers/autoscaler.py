"""HorizontalPodAutoscalers: as many replicas as the made-up use of CPU and memory calls for."""

import math
from typing import Final

from practice_cluster.cluster import Cluster, Writing
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.controllers.scheduling import needed
from practice_cluster.kinds import KIND
from practice_cluster.metrics import usage
from practice_cluster.objects import Obj, is_ready, stamp, with_condition
from practice_cluster.selectors import selects

EVERY_S: Final = 15.0
_TOLERANCE: Final = 0.1
_SCALED: Final = ("Deployment", "StatefulSet", "ReplicaSet")
_MANAGER: Final = "kube-controller-manager"


class Autoscalers(Owning):
    """Looks every 15 seconds; only resource metrics with a share of the request."""

    kind = "HorizontalPodAutoscaler"

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder = recorder
        self._due: dict[str, float] = {}

    def reconcile(self, obj: Obj) -> float | None:
        spec, reference = obj["spec"], obj["spec"]["scaleTargetRef"]
        namespace = obj["metadata"]["namespace"]
        if (left_s := self._due.get(obj["metadata"]["uid"], 0.0) - self.cluster.clock()) > 0:
            return left_s
        self._due[obj["metadata"]["uid"]] = self.cluster.clock() + EVERY_S
        is_scaled = reference["kind"] in _SCALED
        target = self.cluster.find(reference["kind"], namespace, reference["name"]) if is_scaled else None
        if target is None:
            resource = KIND[reference["kind"]].resource if reference["kind"] in KIND else reference["kind"].lower()
            why = f"the HPA controller was unable to get the target's current scale: {resource} "
            why += f'"{reference["name"]}" not found'
            self._tell(obj, [_condition("AbleToScale", "False", "FailedGetScale", why)])
            return EVERY_S
        current, metrics, wishes = target["spec"]["replicas"], list[Obj](), list[int]()
        able = _condition("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")
        if current == 0:
            why = "scaling is disabled since the replica count of the target is zero"
            self._tell(obj, [able, _condition("ScalingActive", "False", "ScalingDisabled", why)], currentReplicas=0)
            return EVERY_S
        entries = self.cluster.store.entries("pods", namespace)
        pods = [e.load() for e in entries if selects(target["spec"]["selector"], e.labels)]
        for metric in spec.get("metrics") or []:
            if found := _measure(metric, [pod for pod in pods if is_ready(pod)]):
                value, shown = found
                metrics.append(shown)
                wishes.append(current if abs(value - 1) <= _TOLERANCE else math.ceil(current * value))
        if not wishes:
            why = "the HPA was unable to compute the replica count: failed to get cpu utilization: "
            why += "missing request for cpu" if pods else "no metrics returned from resource metrics API"
            active = _condition("ScalingActive", "False", "FailedGetResourceMetric", why)
            self._tell(obj, [able, active], currentReplicas=current, currentMetrics=[])
            return EVERY_S
        wanted = max(spec["minReplicas"], min(spec["maxReplicas"], max(wishes)))
        if wanted != current:
            self._scale(obj, target, wanted)
        why = "the HPA was able to successfully calculate a replica count from cpu resource utilization"
        active = _condition("ScalingActive", "True", "ValidMetricFound", why)
        limited = _condition("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the range")
        if max(wishes) > spec["maxReplicas"]:
            why = "the desired replica count is more than the maximum replica count"
            limited = _condition("ScalingLimited", "True", "TooManyReplicas", why)
        elif max(wishes) < spec["minReplicas"]:
            why = "the desired replica count is less than the minimum replica count"
            limited = _condition("ScalingLimited", "True", "TooFewReplicas", why)
        last = {"lastScaleTime": stamp(self.cluster.clock())} if wanted != current else {}
        counts = {"currentReplicas": current, "desiredReplicas": wanted, "currentMetrics": metrics}
        self._tell(obj, [able, active, limited], **counts, **last)
        return EVERY_S

    def _scale(self, obj: Obj, target: Obj, wanted: int) -> None:
        kind = KIND[target["kind"]]

        def change(live: Obj) -> Obj:
            return live | {"spec": live["spec"] | {"replicas": wanted}}

        self.cluster.update(kind, target, change, Writing(_MANAGER, subresource="scale"))
        text = f"New size: {wanted}; reason: cpu resource utilization (percentage of request)"
        self._recorder.normal(obj, "SuccessfulRescale", text, "horizontal-pod-autoscaler")

    def _tell(self, obj: Obj, said: list[Obj], **values: object) -> None:
        conditions = list((obj.get("status") or {}).get("conditions") or [])
        for each in said:
            conditions = with_condition(conditions, each, self.cluster.clock())
        self.cluster.set_status(self.kind, obj, conditions=conditions, **values)


def _measure(metric: Obj, pods: list[Obj]) -> tuple[float, Obj] | None:
    """How far from its target a metric is (1: there), and how it is shown; `None`: it can't be had."""
    resource = metric.get("resource") or {}
    name, target = resource.get("name"), resource.get("target") or {}
    if name not in ("cpu", "memory") or not target.get("averageUtilization") or not pods:
        return None
    requested = sum(needed(pod["spec"])[name] for pod in pods)
    if not requested:
        return None
    used = sum(usage(pod)[name] for pod in pods)
    percent, each = round(used * 100 / requested), used / len(pods)
    average = f"{int(each * 1000)}m" if name == "cpu" else f"{int(each)}"
    current = {"averageUtilization": percent, "averageValue": average}
    shown = {"type": "Resource", "resource": {"name": name, "current": current}}
    return percent / target["averageUtilization"], shown


def _condition(kind: str, status: str, reason: str, message: str) -> Obj:
    return {"type": kind, "status": status, "reason": reason, "message": message}
