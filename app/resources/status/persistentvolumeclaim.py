"""Has a claim its volume? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Any, Final

from app.kube.objects import KubeObject
from app.kube.quantities import is_quantity, parse_quantity
from app.resources.status import fields
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.resources", "spec.storageClassName", "spec.volumeName", "status")

PROVISION_GRACE_S: Final = 30  # provisioners try again; a storage class made in the same minute is found then


def persistentvolumeclaim_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn a v1 PersistentVolumeClaim and its own Events into what the canvas shows. Never raises."""
    capacity = fields.clean(fields.text(obj, "status", "capacity", "storage"), 50)
    volume = fields.clean(fields.text(obj, "spec", "volumeName"), 253)
    details: dict[str, Any] = {"capacity": capacity, "volumeName": volume}
    match fields.text(obj, "status", "phase"):
        case "Bound":
            return _bound(obj, details)
        case "Lost":
            said = f"Its volume {volume} is gone, and the data with it" if volume else "Its volume is gone"
            return Status("Lost", said, details | {"reason": "ClaimLost"})
    return _pending(obj, related, now, details)


def _bound(obj: KubeObject, details: dict[str, Any]) -> Status:
    asked = fields.clean(fields.text(obj, "spec", "resources", "requests", "storage"), 50)
    for kind in ("ControllerResizeError", "NodeResizeError"):
        if fields.is_true(obj, kind):
            said = fields.clean(fields.text(fields.condition(obj, kind), "message"))
            return Status("error", f"Can't grow to {asked}: {said or kind}", details | {"reason": kind})
    if fields.is_true(obj, "FileSystemResizePending"):
        said = f"{details['capacity']}, grows to {asked} when a pod mounts it again"
        return Status("Bound", said, details | {"reason": "FileSystemResizePending"})
    if fields.is_true(obj, "Resizing"):
        return Status("Bound", f"{details['capacity']}, growing to {asked}", details | {"reason": "Resizing"})
    if _is_more(asked, details["capacity"]):
        said = f"{details['capacity']}; {asked} was asked for, and nothing has begun to grow it"
        return Status("Bound", said, details | {"reason": "ResizePending"})
    return Status("Bound", f"{details['capacity'] or asked}, volume {details['volumeName']}", details)


def _is_more(asked: str, capacity: str) -> bool:
    return is_quantity(asked) and is_quantity(capacity) and parse_quantity(asked) > parse_quantity(capacity)


def _pending(obj: KubeObject, related: Related, now: datetime, details: dict[str, Any]) -> Status:
    created = fields.instant(obj, "metadata", "creationTimestamp")
    evidence = related.evidence.get(fields.text(obj, "metadata", "uid"))
    event = evidence.events[0] if evidence and evidence.events else None
    if event is None:
        return Status("Pending", "Waiting for a volume", details)
    said = fields.clean(event.message)
    details["reason"] = event.reason
    match event.reason:
        case "ProvisioningFailed":
            lasting = fields.after(created, PROVISION_GRACE_S)
            if lasting and now < lasting:
                return Status("Pending", f"No volume yet: {said}", details, lasting)
            return Status("error", f"Can't get a volume: {said}", details)
        case "WaitForFirstConsumer" | "WaitForPodScheduled":
            return Status("Pending", "Gets its volume when the first pod uses it", details)
        case "FailedBinding":
            return Status("Pending", f"No volume fits: {said}", details)
    return Status("Pending", f"Waiting for a volume: {said}", details)
