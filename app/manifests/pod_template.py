"""The pod template inside a rendered workload: a deployer adds annotations there, and restarts pods by that."""

from collections.abc import Mapping
from typing import Any, Final

from app.kube.objects import KubeObject
from app.manifests.jobs import job_checksum
from app.manifests.labels import CHECKSUM

_TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


def pod_template(obj: KubeObject) -> Mapping[str, Any] | None:
    """The pod template of a workload, `None` for every other object."""
    path = _TEMPLATES.get(obj.get("kind", ""))
    if path is None:
        return None
    part: Mapping[str, Any] = obj
    for key in path:
        part = part[key]
    return part


def with_pod_template(obj: KubeObject, template: Mapping[str, Any]) -> KubeObject:
    """The same workload with another pod template; a Job gets the checksum that goes with it."""
    changed = _replaced(obj, _TEMPLATES[obj["kind"]], template)
    return with_checksum(changed) if obj["kind"] == "Job" else changed


def with_pod_annotations(obj: KubeObject, annotations: Mapping[str, str]) -> KubeObject:
    """The same object with further annotations on its pods; other objects come back as they are."""
    template = pod_template(obj)
    if template is None or not annotations:
        return obj
    metadata = template.get("metadata") or {}
    merged = {**(metadata.get("annotations") or {}), **annotations}
    return with_pod_template(obj, {**template, "metadata": {**metadata, "annotations": merged}})


def with_checksum(job: KubeObject) -> KubeObject:
    """The same Job, saying what it was made from."""
    metadata = job["metadata"]
    marked = {**(metadata.get("annotations") or {}), CHECKSUM: job_checksum(job)}
    return {**job, "metadata": {**metadata, "annotations": marked}}


def _replaced(part: Mapping[str, Any], path: tuple[str, ...], value: Mapping[str, Any]) -> dict[str, Any]:
    head, *rest = path
    return {**part, head: _replaced(part[head], tuple(rest), value) if rest else value}
