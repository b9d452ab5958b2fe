"""What all kinds that own pods have in common: the worst pod, the rows of `pods`, when to ask again. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.model import Status
from app.resources.status.pods import PodFacts
from app.resources.status.reasons import Finding, explain
from app.resources.status.related import Related

PODS_SHOWN: Final = 20  # the contract's limit

UNSEEN: Final = "Waiting for the controller to see the change"
LONGEST: Final = 1000  # a crash comes with lines of its log


class Judged(NamedTuple):
    """A pod and what is to be said about it now."""

    pod: PodFacts
    finding: Finding

    @property
    def words(self) -> str:
        """`web-7d4b: can't pull nginx:nope (ImagePullBackOff)`."""
        return f"{self.pod.name}: {self.finding.text}"


def judge(pods: Iterable[PodFacts], related: Related, now: datetime) -> list[Judged]:
    """Each pod with its finding: first what is fatal, then what is said, then the rest; by name within these."""
    judged = [Judged(pod, explain(pod, related.evidence.get(pod.uid), now)) for pod in pods]
    return sorted(judged, key=lambda each: (not each.finding.fatal, not each.finding.text, each.pod.name))


def is_over(pod: PodFacts) -> bool:
    """Its place is or will be taken by another: an evicted pod, say, stays in the list for a long time."""
    return pod.terminating or pod.phase in {"Failed", "Succeeded"}


def worst(judged: Sequence[Judged]) -> Judged | None:
    """The first pod with something to say."""
    return judged[0] if judged and judged[0].finding.text else None


def recheck(judged: Iterable[Judged], *others: datetime | None) -> datetime | None:
    """When time alone may change what is said about any of these."""
    return fields.earliest(*(each.finding.recheck_at for each in judged), *others)


def rows(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """The `pods` of a `_status`."""
    return [
        {
            "name": pod.name,
            "phase": "Terminating" if pod.terminating else pod.phase,
            "ready": pod.ready,
            "restarts": pod.restarts,
            "reason": finding.reason,
            "message": finding.text,
        }
        for pod, finding in judged[:PODS_SHOWN]
    ]


def with_pods(counts: dict[str, Any], obj: KubeObject, judged: Sequence[Judged], reason: str = "") -> dict[str, Any]:
    """The details of a workload: its counts and what the contract allows besides."""
    details = {**counts, "observedGeneration": fields.integer(obj, "status", "observedGeneration")}
    if judged:
        details["pods"] = rows(judged)
    if reason:
        details["reason"] = reason
    return details


def is_unseen(obj: KubeObject) -> bool:
    """Whether the controller hasn't looked at this generation yet: every count is about the one before."""
    return fields.integer(obj, "status", "observedGeneration") < fields.integer(obj, "metadata", "generation")


def progress(counted: str, judged: Sequence[Judged]) -> tuple[str, str]:
    """Message and reason of something that isn't ready yet: the counts, and what the first pod waits for."""
    first = worst(judged)
    return (f"{counted}. {first.words}", first.finding.reason) if first else (counted, "")


def failure(judged: Sequence[Judged]) -> Judged | None:
    """The first pod with a trouble that won't go away by itself."""
    first = worst(judged)
    return first if first and first.finding.fatal else None


def doubtful(judged: Iterable[Judged]) -> bool:
    """Whether some of these have crashed lately: Kubernetes may count them as ready, a person shouldn't yet."""
    return any(each.finding.doubtful for each in judged)


def denied(obj: KubeObject, related: Related) -> str:
    """Why the controller can't create pods, as its Events say (StatefulSets, DaemonSets and Jobs have no condition)."""
    own = related.evidence.get(fields.text(obj, "metadata", "uid"))
    event = own.event("FailedCreate", "SuccessfulCreate") if own else None
    return denial(event.message) if event and event.reason == "FailedCreate" else ""


def denial(said: str) -> str:
    """`can't create pods: exceeded quota: ...`, without the API's wrapping."""
    inner = said.rsplit(" is forbidden: ", maxsplit=1)[-1]
    inner = inner.split(" error: ")[-1]
    return fields.clean(f"Can't create pods: {inner}")


def scaled_to_zero(left: int, details: dict[str, Any]) -> Status:
    """Nothing is wanted: fine, once what there was has gone."""
    return partial(f"Scaling to 0, {left} left", details) if left else Status("healthy", "Scaled to 0", details)


def partial(message: str, details: dict[str, Any], recheck_at: datetime | None = None) -> Status:
    """Not there yet."""
    return Status("partial", fields.clean(message, LONGEST), details, recheck_at)


def error(message: str, details: dict[str, Any], recheck_at: datetime | None = None) -> Status:
    """Somebody must act."""
    return Status("error", fields.clean(message, LONGEST), details, recheck_at)
