"""Is a Secret there? Pure. It works on metadata alone: a Secret's values never reach the watcher."""

from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final[tuple[str, ...]] = ()


def secret_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """What exists is created; there is nothing else to say about it."""
    return Status("created", "Created")
