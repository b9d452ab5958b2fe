"""What does a HorizontalPodAutoscaler do? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Any, Final

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.minReplicas", "spec.maxReplicas", "spec.scaleTargetRef", "spec.metrics", "status")

METRICS_GRACE_S: Final = 120  # a new pod has figures after a minute or so


def hpa_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn an autoscaling/v2 HorizontalPodAutoscaler into what the canvas shows. Never raises.

    `limited` only where more pods are wanted than allowed: idling at the minimum is what an autoscaler is for.
    """
    current, desired = (
        fields.integer(obj, "status", "currentReplicas"),
        fields.integer(obj, "status", "desiredReplicas"),
    )
    details: dict[str, Any] = {
        "currentReplicas": current,
        "desiredReplicas": desired,
        "currentCPU": _utilization(obj, "cpu"),
        "currentMemory": _utilization(obj, "memory"),
    }
    able, active = fields.condition(obj, "AbleToScale"), fields.condition(obj, "ScalingActive")
    if able.get("status") == "False":
        return _broken("Can't scale", able, obj, details, now)
    if active.get("reason") == "ScalingDisabled":
        return Status("stable", "Off: its target is scaled to 0", details)
    if active.get("status") == "False":
        return _broken("No figures to scale by", active, obj, details, now)
    if not able or not active:
        return Status("scaling", "Waiting for its first look at the target", details)
    load = _load(details)
    limited = fields.condition(obj, "ScalingLimited")
    if limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas":
        most = fields.integer(obj, "spec", "maxReplicas")
        return Status(
            "limited", f"At its maximum of {most}, more would be needed{load}", details | {"reason": "TooManyReplicas"}
        )
    if current != desired:
        return Status("scaling", f"From {current} to {desired}{load}", details)
    return Status("stable", f"{current} {'replica' if current == 1 else 'replicas'}{load}", details)


def _broken(what: str, why: KubeObject, obj: KubeObject, details: dict[str, Any], now: datetime) -> Status:
    """`scaling` as long as it is normal for a new one, `error` afterwards."""
    reason = fields.text(why, "reason")
    said = _innermost(fields.clean(fields.text(why, "message")))
    since = fields.instant(why, "lastTransitionTime") or fields.instant(obj, "metadata", "creationTimestamp")
    lasting = fields.after(since, METRICS_GRACE_S)
    details["reason"] = reason
    if lasting and now < lasting:
        return Status("scaling", f"{what} yet: {said}", details, lasting)
    return Status("error", f"{what}: {said}{f' ({reason})' if reason else ''}", details)


def _innermost(said: str) -> str:
    """The controller wraps each error in all of its callers' words; the last one names the cause."""
    for lead in (
        "unable to get the target's current scale: ",
        "was unable to compute the replica count: ",
        "unable to get metrics for resource cpu: ",
        "unable to get metrics for resource memory: ",
    ):
        said = said.rsplit(lead, maxsplit=1)[-1]
    return said or "the controller gives no cause"


def _utilization(obj: KubeObject, resource: str) -> int | None:
    """Percent of what the pods request; `None` while unknown."""
    for each in fields.items(obj, "status", "currentMetrics"):
        found = fields.section(each, "resource") or fields.section(each, "containerResource")
        if found.get("name") == resource:
            percent = fields.at(found, "current", "averageUtilization")
            return percent if isinstance(percent, int) and not isinstance(percent, bool) else None
    return None


def _load(details: dict[str, Any]) -> str:
    known = [("CPU", details["currentCPU"]), ("memory", details["currentMemory"])]
    said = ", ".join(f"{name} {percent}%" for name, percent in known if percent is not None)
    return f", {said}" if said else ""
