"""When is a StatefulSet healthy? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Any, Final

from app.kube.objects import KubeObject
from app.resources.status import fields, workloads
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.replicas", "spec.minReadySeconds", "spec.podManagementPolicy", "spec.updateStrategy", "status")
REVISION_LABEL: Final = "controller-revision-hash"


def statefulset_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn an apps/v1 StatefulSet and its pods into what the canvas shows. Never raises.

    All its pods count, also those of an older revision and those that won't end: it goes on with none of them
    by itself (kubernetes#67250).
    """
    status = fields.section(obj, "status")
    wanted = fields.integer(obj, "spec", "replicas", default=1)
    total, ready = fields.integer(status, "replicas"), fields.integer(status, "readyReplicas")
    judged = workloads.judge(related.pods, related, now)
    again = workloads.recheck(judged)
    current = fields.integer(status, "currentReplicas")
    counts = {"replicas": wanted, "readyReplicas": ready, "currentReplicas": current}
    details = workloads.with_pods(counts, obj, judged)
    if workloads.is_unseen(obj):
        return workloads.partial(workloads.UNSEEN, details, again)
    if wanted == 0:
        return workloads.scaled_to_zero(total, details)
    if failed := workloads.failure(judged):
        said = failed.words + _way_out(obj, failed)
        return workloads.error(said, details | {"reason": failed.finding.reason}, again)
    if total < wanted and (denied := workloads.denied(obj, related)):
        return workloads.error(denied, details | {"reason": "FailedCreate"}, again)
    unfinished = ready < wanted or total > wanted or _updating(obj, wanted) or _settling(obj, wanted)
    if unfinished or workloads.doubtful(judged):
        said, reason = workloads.progress(_counted(obj, wanted, ready), judged)
        return workloads.partial(said, details | ({"reason": reason} if reason else {}), again)
    return Status("healthy", f"{ready} of {wanted} ready", details, again)


def _updating(obj: KubeObject, wanted: int) -> bool:
    """Whether pods of an older revision are still to be replaced by the controller itself."""
    status = fields.section(obj, "status")
    if fields.text(obj, "spec", "updateStrategy", "type") == "OnDelete":
        return False
    partition = fields.integer(obj, "spec", "updateStrategy", "rollingUpdate", "partition")
    moved_on = fields.text(status, "updateRevision") != fields.text(status, "currentRevision")
    return moved_on and fields.integer(status, "updatedReplicas") < wanted - partition


def _settling(obj: KubeObject, wanted: int) -> bool:
    """Whether ready pods don't count yet because of minReadySeconds."""
    counts = fields.integer(obj, "spec", "minReadySeconds") > 0
    return counts and fields.integer(obj, "status", "availableReplicas") < wanted


def _counted(obj: KubeObject, wanted: int, ready: int) -> str:
    said = f"{ready} of {wanted} ready"
    if ready < wanted and wanted > 1 and fields.text(obj, "spec", "podManagementPolicy") != "Parallel":
        said += ", one after another"
    if _updating(obj, wanted):
        said += f", {fields.integer(obj, 'status', 'updatedReplicas')} of {wanted} updated"
    return said


def _way_out(obj: KubeObject, failed: workloads.Judged) -> str:
    """A broken pod of an older revision is waited for, not replaced: somebody has to delete it."""
    newest: Any = fields.text(obj, "status", "updateRevision")
    old = failed.pod.label(REVISION_LABEL)
    return "; delete this pod so that the update can go on" if newest and old and old != newest else ""
