"""When is it worth reading Events and logs about an object in trouble, and when again? Pure.

`app/resources/evidence.py` reads; the status functions put these moments into `recheck_at`, since no event comes then.
"""

from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.pods import PodFacts
from app.resources.status.related import Evidence
from app.resources.status.troubles import AT_ONCE

FIRST_LOOK_S: Final = 10  # most pods are ready by then: nobody's Events are read without need
PAUSE_S: Final = 30  # between two looks, at least: a pod that crashes once a second isn't read about that often
LONGEST_PAUSE_S: Final = 600
OBJECT_PAUSE_S: Final = 60
OVER: Final = frozenset({"Succeeded", "Failed"})


def pod_evidence_due_at(pod: PodFacts, evidence: Evidence | None, now: datetime) -> datetime | None:
    """From when on it is worth reading about a pod; `None`: as it is now, never.

    Args:
        pod: any pod. One that says itself what is wrong (image, configuration, scheduling) needs no evidence.
        evidence: what has been read about it before.
        now: the time to judge by: a crash that is over isn't read about.
    """
    if pod.has_settled(now):
        return None
    crashed = pod.trouble is not None and pod.trouble.kind == "crash"
    unexplained = pod.trouble is None and not pod.ready and not pod.terminating and pod.phase not in OVER
    if not crashed and not unexplained:
        return None
    if evidence is None:
        return AT_ONCE if crashed else fields.after(pod.unready_since, FIRST_LOOK_S)
    if evidence.restarts != pod.restarts:  # about the instance before: still the best that is known
        return fields.after(evidence.read_at, PAUSE_S)
    return None if pod.phase in OVER else fields.after(evidence.read_at, _pause_s(pod, evidence))


def object_evidence_due_at(obj: KubeObject, kind: str, evidence: Evidence | None) -> datetime | None:
    """The same for what isn't a pod: a claim without a volume, a workload that gets no pods."""
    if not _lacks_something(obj, kind):
        return None
    if evidence is None:
        return fields.after(fields.instant(obj, "metadata", "creationTimestamp"), FIRST_LOOK_S)
    return fields.after(evidence.read_at, OBJECT_PAUSE_S)


def _pause_s(pod: PodFacts, evidence: Evidence) -> float:
    """The longer it has been in trouble, the less often: at about 10 s, 40 s, 3 min, 11 min, then every 10 min."""
    if pod.unready_since is None or evidence.read_at is None:
        return LONGEST_PAUSE_S
    waited_s = (evidence.read_at - pod.unready_since).total_seconds()
    return min(max(waited_s * 3, PAUSE_S), LONGEST_PAUSE_S)


def _lacks_something(obj: KubeObject, kind: str) -> bool:
    status = fields.section(obj, "status")
    match kind:
        case "PersistentVolumeClaim":
            return fields.text(status, "phase") == "Pending"
        case "StatefulSet":
            return fields.integer(status, "replicas") < fields.integer(obj, "spec", "replicas", default=1)
        case "DaemonSet":
            return fields.integer(status, "currentNumberScheduled") < fields.integer(status, "desiredNumberScheduled")
        case "Job":
            over = fields.is_true(obj, "Complete") or fields.is_true(obj, "Failed")
            return not over and fields.integer(status, "active") == 0 and not fields.flag(obj, "spec", "suspend")
    return False
