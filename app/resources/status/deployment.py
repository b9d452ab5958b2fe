"""When is a Deployment healthy? Pure: no I/O, no clock. Runs on every watch event: no pydantic."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status import fields, workloads
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.replicas", "spec.paused", "spec.minReadySeconds", "spec.progressDeadlineSeconds", "status")

CREATE_GRACE_S: Final = 10  # a surge pod over the quota, a service account made in the same run: often gone at once


def deployment_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn an apps/v1 Deployment and its pods into what the canvas shows.

    Args:
        obj: JSON as the API server sent it; an absent key means the API's default.
        related: pods: those owned through its ReplicaSets, in any order; empty while unknown.
        now: the time to judge graces by; `recheck_at` of the result says when to ask again.

    Returns:
        `partial` while it can still succeed by itself, `error` once it can't. Never raises.

    Source: the order of checks in `kubectl rollout status`.
    """
    status = fields.section(obj, "status")
    wanted = fields.integer(obj, "spec", "replicas", default=1)
    total, updated = fields.integer(status, "replicas"), fields.integer(status, "updatedReplicas")
    ready, available = fields.integer(status, "readyReplicas"), fields.integer(status, "availableReplicas")
    counts = {"replicas": wanted, "readyReplicas": ready}
    judged = workloads.judge(related.pods, related, now)
    # Old pods fail for reasons of the old template: what is wrong now is seen in the newest ones.
    newest = _of_newest(obj, [each for each in judged if not workloads.is_over(each.pod)])
    again = workloads.recheck(newest)
    details = workloads.with_pods(counts, obj, judged)
    if workloads.is_unseen(obj):
        return workloads.partial(workloads.UNSEEN, details, again)
    if wanted == 0:
        return workloads.scaled_to_zero(total, details)
    if failed := workloads.failure(newest):
        return workloads.error(failed.words, details | {"reason": failed.finding.reason}, again)
    denied, denied_from = _denial(obj)
    if denied and denied_from and now >= denied_from:
        return workloads.error(denied, details | {"reason": "FailedCreate"}, again)
    said, reason = workloads.progress(_counted(wanted, ready, updated, available), newest)
    if denied:
        said, reason = denied, "FailedCreate"
    if _missed_deadline(obj):
        return workloads.error(_late(obj, said), details | {"reason": reason or "ProgressDeadlineExceeded"}, again)
    # Old pods count as ready too: as long as there are any, `ready` says little.
    unfinished = updated < wanted or total > updated or ready < wanted or available < wanted
    if unfinished or workloads.doubtful(newest):
        paused = "Paused. " if fields.flag(obj, "spec", "paused") and updated < wanted else ""
        details |= {"reason": reason} if reason else {}
        return workloads.partial(paused + said, details, fields.earliest(again, denied_from))
    return Status("healthy", f"{ready} of {wanted} ready", details, again)


def _of_newest(obj: KubeObject, judged: Sequence[workloads.Judged]) -> list[workloads.Judged]:
    """The pods of the newest ReplicaSet, which only the text of the Progressing condition names."""
    said = fields.text(fields.condition(obj, "Progressing"), "message")
    named = re.search(r'[Rr]eplica ?[Ss]et "([^"]+)"', said)
    owners = {each.pod.owner_name for each in judged}
    if named and (named.group(1) in owners or fields.integer(obj, "status", "updatedReplicas") == 0):
        return [each for each in judged if each.pod.owner_name == named.group(1)]
    if len(owners) < 2:
        return list(judged)
    youngest = max(judged, key=lambda each: each.pod.created_at.timestamp() if each.pod.created_at else 0.0)
    return [each for each in judged if each.pod.owner_name == youngest.pod.owner_name]


def _counted(wanted: int, ready: int, updated: int, available: int) -> str:
    said = f"{ready} of {wanted} ready"
    if updated < wanted:
        return f"{said}, {updated} of {wanted} updated"
    return f"{said}, {available} long enough to count" if available < ready else said


def _denial(obj: KubeObject) -> tuple[str, datetime | None]:
    """Why no pod can be created, and from when on that counts as lasting."""
    failed = fields.condition(obj, "ReplicaFailure")
    if failed.get("status") != "True":
        return "", None
    since = fields.instant(failed, "lastTransitionTime") or fields.instant(failed, "lastUpdateTime")
    return workloads.denial(fields.text(failed, "message")), fields.after(since, CREATE_GRACE_S)


def _missed_deadline(obj: KubeObject) -> bool:
    progressing = fields.condition(obj, "Progressing")
    return progressing.get("status") == "False" and progressing.get("reason") == "ProgressDeadlineExceeded"


def _late(obj: KubeObject, said: str) -> str:
    deadline = fields.integer(obj, "spec", "progressDeadlineSeconds", default=600)
    return fields.clean(f"No progress for {deadline} s: {said}")
