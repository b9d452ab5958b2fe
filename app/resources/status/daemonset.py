"""When is a DaemonSet healthy? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status import fields, workloads
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.updateStrategy", "status")


def daemonset_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn an apps/v1 DaemonSet and its pods into what the canvas shows. Never raises."""
    status = fields.section(obj, "status")
    wanted = fields.integer(status, "desiredNumberScheduled")
    ready, available = fields.integer(status, "numberReady"), fields.integer(status, "numberAvailable")
    updated = fields.integer(status, "updatedNumberScheduled")
    judged = workloads.judge(related.pods, related, now)
    active = [each for each in judged if not workloads.is_over(each.pod)]
    again = workloads.recheck(active)
    counts = {"desiredNumberScheduled": wanted, "numberReady": ready, "numberAvailable": available}
    details = workloads.with_pods(counts, obj, judged)
    if workloads.is_unseen(obj):
        return workloads.partial(workloads.UNSEEN, details, again)
    if failed := workloads.failure(active):
        return workloads.error(failed.words, details | {"reason": failed.finding.reason}, again)
    if fields.integer(status, "currentNumberScheduled") < wanted and (denied := workloads.denied(obj, related)):
        return workloads.error(denied, details | {"reason": "FailedCreate"}, again)
    if wanted == 0:
        return Status("healthy", "No node matches it, so it has no pods", details)
    rolls = fields.text(obj, "spec", "updateStrategy", "type") != "OnDelete"
    unfinished = ready < wanted or available < wanted or (rolls and updated < wanted)
    if unfinished or workloads.doubtful(active):
        counted = f"{ready} of {wanted} nodes ready"
        if rolls and updated < wanted:
            counted += f", {updated} of {wanted} updated"
        said, reason = workloads.progress(counted, active)
        return workloads.partial(said, details | ({"reason": reason} if reason else {}), again)
    return Status("healthy", f"{ready} of {wanted} nodes ready", details, again)
