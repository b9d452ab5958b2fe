"""Is a ConfigMap there? Pure. It works on metadata alone: values are neither watched nor kept."""

from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final[tuple[str, ...]] = ()


def configmap_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """What exists is created; there is nothing else to say about it."""
    return Status("created", "Created")
