"""When is a pod of its own healthy? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Any, Final

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.model import Status
from app.resources.status.pods import pod_facts
from app.resources.status.reasons import explain
from app.resources.status.related import Related

KEEP: Final = ("spec.nodeName", "spec.restartPolicy", "status")


def pod_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn a v1 Pod and the evidence about it into what the canvas shows. Never raises."""
    pod = pod_facts(obj)
    found = explain(pod, related.evidence.get(pod.uid), now)
    details: dict[str, Any] = {"phase": pod.phase}
    if found.reason:
        details["reason"] = found.reason
    if found.fatal:
        return Status("error", _capitalised(found.text), details, found.recheck_at)
    if pod.phase == "Succeeded":
        return Status("healthy", "Completed", details)
    if pod.ready and not found.text:
        return Status("healthy", "Ready", details, found.recheck_at)
    started = "Running, not ready yet" if pod.phase == "Running" else "Starting"
    if pod.ready:
        started = "Running again"
    said = f"{started}: {found.text}" if found.text else started
    return Status("partial", fields.clean(said), details, found.recheck_at)


def _capitalised(said: str) -> str:
    return said[:1].upper() + said[1:]
