"""The state of any other kind, custom resources of plugins first: from its conditions, as far as they are customary.

Pure. Source: the API conventions' `Ready` with `observedGeneration`, and what kstatus makes of the others.
"""

from datetime import datetime
from typing import Any, Final

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("status",)

_POSITIVE: Final = ("Ready", "Available", "Established", "Healthy", "Succeeded", "Complete")
_NEGATIVE: Final = ("Stalled", "Failed", "Degraded", "Error", "NamesAccepted=False")
_GOOD_PHASES: Final = frozenset(
    {"ready", "running", "active", "available", "succeeded", "completed", "healthy", "bound"}
)
_BAD_PHASES: Final = frozenset({"failed", "error", "lost", "degraded", "unhealthy"})


def generic_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn any object into what the canvas shows. Never raises.

    `unknown` when it says nothing about itself: many kinds don't.
    """
    seen = fields.at(obj, "status", "observedGeneration")
    if isinstance(seen, int) and seen < fields.integer(obj, "metadata", "generation"):
        return Status("partial", "Waiting for the controller to see the change", {"observedGeneration": seen})
    for kind in _NEGATIVE:
        wanted, _, value = kind.partition("=")
        found = fields.condition(obj, wanted)
        if found and found.get("status") == (value or "True"):
            return Status("error", _words(found, wanted), _reason(found))
    for kind in _POSITIVE:
        found = fields.condition(obj, kind)
        if found.get("status") == "True":
            return Status("healthy", _words(found, kind), _reason(found))
        if found:  # False or Unknown: controllers use both while they are still at it
            return Status("partial", _words(found, f"Not {kind.lower()} yet"), _reason(found))
    return _by_phase(obj)


def _by_phase(obj: KubeObject) -> Status:
    phase = fields.clean(fields.text(obj, "status", "phase") or fields.text(obj, "status", "state"), 100)
    if not phase:
        return Status("unknown", "It says nothing about its state")
    said = fields.clean(fields.text(obj, "status", "message")) or phase
    if phase.lower() in _GOOD_PHASES:
        return Status("healthy", said)
    return Status("error" if phase.lower() in _BAD_PHASES else "partial", said)


def _words(condition: KubeObject, otherwise: str) -> str:
    return fields.clean(fields.text(condition, "message")) or fields.text(condition, "reason") or otherwise


def _reason(condition: KubeObject) -> dict[str, Any]:
    reason = fields.clean(fields.text(condition, "reason"), 100)
    return {"reason": reason} if reason else {}
