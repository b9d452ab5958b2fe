"""What is kept of a pod: a tuple of what states are made of, never the object (50,000 pods: tens of MB, not hundreds).

Pure. The watcher turns each pod event into facts and forgets the object; the status functions see only facts.
"""

import sys
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.troubles import Trouble, pod_trouble

Labels = tuple[tuple[str, str], ...]


class PodFacts(NamedTuple):
    """One v1 Pod. Texts that many pods have in common are shared."""

    uid: str
    name: str
    namespace: str
    owner_kind: str
    """Of its controller (`ReplicaSet`, `StatefulSet`, `DaemonSet`, `Job`); empty for a pod of its own."""
    owner_name: str
    owner_uid: str
    node: str
    labels: Labels
    phase: str
    ready: bool
    terminating: bool
    restarts: int
    created_at: datetime | None
    unready_since: datetime | None
    """`None` when it is ready, or nobody knows."""
    trouble: Trouble | None
    """Why it isn't ready, as far as the pod itself says; `None` for most."""

    def label(self, key: str) -> str:
        """The value of a label; empty without it."""
        return next((value for name, value in self.labels if name == key), "")

    def has_settled(self, now: datetime) -> bool:
        """Whether a crash of its is over: it is ready, and has been running again for long enough."""
        settled_at = self.trouble.settled_at if self.trouble else None
        return self.ready and settled_at is not None and now >= settled_at


def pod_facts(obj: KubeObject) -> PodFacts:
    """Take what is needed out of a v1 Pod. Never raises."""
    owner = next(
        (each for each in fields.items(obj, "metadata", "ownerReferences") if each.get("controller") is True), {}
    )
    created_at = fields.instant(obj, "metadata", "creationTimestamp")
    phase = fields.text(obj, "status", "phase", default="Pending")
    readiness = fields.condition(obj, "Ready")
    ready = readiness.get("status") == "True"
    since = None if ready else fields.instant(readiness, "lastTransitionTime") or created_at
    containers = [
        *fields.items(obj, "status", "initContainerStatuses"),
        *fields.items(obj, "status", "containerStatuses"),
    ]
    return PodFacts(
        uid=fields.text(obj, "metadata", "uid"),
        name=fields.text(obj, "metadata", "name"),
        namespace=sys.intern(fields.text(obj, "metadata", "namespace")),
        owner_kind=sys.intern(fields.text(owner, "kind")),
        owner_name=sys.intern(fields.text(owner, "name")),
        owner_uid=sys.intern(fields.text(owner, "uid")),
        node=sys.intern(fields.text(obj, "spec", "nodeName")),
        labels=_labels(fields.section(obj, "metadata", "labels")),
        phase=sys.intern(phase),
        ready=ready,
        terminating=fields.at(obj, "metadata", "deletionTimestamp") is not None,
        restarts=sum(fields.integer(each, "restartCount") for each in containers),
        created_at=created_at,
        unready_since=since,
        trouble=pod_trouble(obj),
    )


def _labels(labels: KubeObject) -> Labels:
    pairs: list[tuple[Any, Any]] = sorted((key, value) for key, value in labels.items() if isinstance(value, str))
    return _shared(tuple(pairs))


@lru_cache(maxsize=8192)  # all pods of a template have equal labels: one tuple for them, while they keep coming
def _shared(labels: Labels) -> Labels:
    return tuple((sys.intern(key), sys.intern(value)) for key, value in labels)
