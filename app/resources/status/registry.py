"""One door to all status functions: which one judges a kind, what it needs, what has to be kept for it.

Pure. The watcher's consumers call it for every event; nothing else imports the modules a kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from app.kube.objects import KubeObject
from app.resources.status import (
    configmap,
    cronjob,
    daemonset,
    deployment,
    fields,
    generic,
    hpa,
    ingress,
    job,
    networkpolicy,
    persistentvolumeclaim,
    pod,
    secret,
    service,
    statefulset,
)
from app.resources.status.due import object_evidence_due_at
from app.resources.status.model import Status
from app.resources.status.related import Related

StatusFunction = Callable[[KubeObject, Related, datetime], Status]
Link = Literal["owner", "owner_of_owner", "service_label", "selector"]


@dataclass(frozen=True, slots=True)
class RelatedKind:
    """A kind to be watched because another's state depends on it, and how the two find each other."""

    api_version: str
    kind: str
    link: Link
    """`owner`: the related one's controller is the object; `owner_of_owner`: there is a kind in between (`through`);
    `service_label`: its label `kubernetes.io/service-name` is the object's name, in the same namespace;
    `selector`: all of the namespace, the status function picks."""
    through: tuple[str, str] | None = None
    """apiVersion and kind of the one in between."""


@dataclass(frozen=True, slots=True)
class _Kind:
    status: StatusFunction
    keep: tuple[str, ...]
    leaving: str
    """The state of one that is being deleted; empty: its state stays what it was."""
    related: tuple[RelatedKind, ...] = ()


_OWN_PODS: Final = (RelatedKind("v1", "Pod", "owner"),)
_PODS_OF_REPLICA_SETS: Final = (RelatedKind("v1", "Pod", "owner_of_owner", through=("apps/v1", "ReplicaSet")),)
_ENDPOINTS: Final = (RelatedKind("discovery.k8s.io/v1", "EndpointSlice", "service_label"),)
_SELECTED_PODS: Final = (RelatedKind("v1", "Pod", "selector"),)

_KINDS: Final[Mapping[str, _Kind]] = {
    "Deployment": _Kind(deployment.deployment_status, deployment.KEEP, "partial", _PODS_OF_REPLICA_SETS),
    "StatefulSet": _Kind(statefulset.statefulset_status, statefulset.KEEP, "partial", _OWN_PODS),
    "DaemonSet": _Kind(daemonset.daemonset_status, daemonset.KEEP, "partial", _OWN_PODS),
    "Job": _Kind(job.job_status, job.KEEP, "", _OWN_PODS),
    "CronJob": _Kind(cronjob.cronjob_status, cronjob.KEEP, ""),
    "Service": _Kind(service.service_status, service.KEEP, "partial", _ENDPOINTS),
    "Ingress": _Kind(ingress.ingress_status, ingress.KEEP, "pending"),
    "PersistentVolumeClaim": _Kind(
        persistentvolumeclaim.persistentvolumeclaim_status, persistentvolumeclaim.KEEP, "Pending"
    ),
    "HorizontalPodAutoscaler": _Kind(hpa.hpa_status, hpa.KEEP, ""),
    "NetworkPolicy": _Kind(networkpolicy.networkpolicy_status, networkpolicy.KEEP, "pending", _SELECTED_PODS),
    "ConfigMap": _Kind(configmap.configmap_status, configmap.KEEP, "pending"),
    "Secret": _Kind(secret.secret_status, secret.KEEP, "pending"),
    "Pod": _Kind(pod.pod_status, pod.KEEP, "partial"),
}
_OTHER: Final = _Kind(generic.generic_status, generic.KEEP, "partial")

_KEPT_ALWAYS: Final = ("apiVersion", "kind")
_KEPT_METADATA: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "labels",
    "ownerReferences",
)


def status_of(obj: KubeObject, related: Related, now: datetime, *, kind: str | None = None) -> Status:
    """The state of any object. Never raises, whatever it looks like.

    Args:
        obj: as the API server sent it, or what `keep` left of it.
        related: what `related_kinds` names; empty while it isn't known yet.
        now: the time to judge graces by.
        kind: where the object doesn't say it (items of a list, metadata-only watches).
    """
    how = _how(obj, kind)
    status = _with_recheck(how.status(obj, related, now), obj, kind or fields.text(obj, "kind"), related, now)
    if fields.at(obj, "metadata", "deletionTimestamp") is None:
        return status
    # A lasting trouble is still the more important news: it may be why the deletion takes so long.
    if status.outlook == "bad":
        return status
    return replace(status, state=how.leaving or status.state, message="Is being deleted")


def related_kinds(kind: str) -> tuple[RelatedKind, ...]:
    """What has to be watched besides a kind so that its states are true."""
    return _KINDS.get(kind, _OTHER).related


def keep(obj: KubeObject, *, kind: str | None = None) -> KubeObject:
    """Only what `status_of` and the way back to its node need: no templates, no managed fields, no values."""
    kept: dict[str, Any] = {key: obj[key] for key in _KEPT_ALWAYS if key in obj}
    metadata = fields.section(obj, "metadata")
    kept["metadata"] = {key: metadata[key] for key in _KEPT_METADATA if key in metadata}
    for path in _how(obj, kind).keep:
        _copy(obj, kept, path.split("."))
    return kept


def _with_recheck(status: Status, obj: KubeObject, kind: str, related: Related, now: datetime) -> Status:
    """It is also to be judged again when evidence about the object itself is due."""
    due = object_evidence_due_at(obj, kind, related.evidence.get(fields.text(obj, "metadata", "uid")))
    if due is None or due <= now:
        return status
    return replace(status, recheck_at=fields.earliest(status.recheck_at, due))


def _how(obj: KubeObject, kind: str | None) -> _Kind:
    return _KINDS.get(kind or fields.text(obj, "kind"), _OTHER)


def _copy(source: KubeObject, target: dict[str, Any], path: list[str]) -> None:
    """Put the value at this path of the source there in the target, when there is one."""
    *parents, last = path
    holder: Any = source
    for key in parents:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    if not isinstance(holder, Mapping) or last not in holder:
        return
    for key in parents:
        target = target.setdefault(key, {})
    target[last] = holder[last]
