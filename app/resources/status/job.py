"""How far is a Job? Pure: no I/O, no clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from app.kube.objects import KubeObject
from app.resources.status import fields, workloads
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = (
    "spec.completions",
    "spec.parallelism",
    "spec.suspend",
    "spec.backoffLimit",
    "spec.activeDeadlineSeconds",
    "status",
)


def job_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn a batch/v1 Job and its pods into what the canvas shows. Never raises.

    `failed` also stands for a pod that can't start and won't by itself: Kubernetes would wait for ever, a person
    must act. A container that exits non-zero is for the Job to try again, up to its backoffLimit.
    """
    status = fields.section(obj, "status")
    succeeded, failed = fields.integer(status, "succeeded"), fields.integer(status, "failed")
    wanted = _completions(obj)
    judged = workloads.judge(related.pods, related, now)
    details: dict[str, Any] = {
        "active": fields.integer(status, "active"),
        "succeeded": succeeded,
        "failed": failed,
        "completions": wanted,
    }
    if judged:
        details["pods"] = workloads.rows(judged)
    if fields.is_true(obj, "Complete") or fields.is_true(obj, "SuccessCriteriaMet"):
        return Status("completed", f"{succeeded} of {wanted} completed", details)
    for over in ("Failed", "FailureTarget"):
        if fields.is_true(obj, over):
            reason = fields.text(fields.condition(obj, over), "reason")
            return Status("failed", _failure(obj, reason, judged), details | {"reason": reason or "Failed"})
    return _going_on(obj, related, judged, details)


def _going_on(obj: KubeObject, related: Related, judged: Sequence[workloads.Judged], details: dict[str, Any]) -> Status:
    """A Job that hasn't ended."""
    counted = f"{details['succeeded']} of {details['completions']} completed"
    if details["failed"]:
        counted += f", {details['failed']} failed {'attempt' if details['failed'] == 1 else 'attempts'}"
    if fields.flag(obj, "spec", "suspend"):
        return Status("pending", f"Suspended. {counted}", details)
    active = [each for each in judged if not workloads.is_over(each.pod)]
    again = workloads.recheck(active)
    stuck = [each for each in active if each.finding.fatal and not _is_retried(each)]
    if stuck:
        said = fields.clean(stuck[0].words, workloads.LONGEST)
        return Status("failed", said, details | {"reason": stuck[0].finding.reason}, again)
    if details["active"] == 0 and (denied := workloads.denied(obj, related)):
        return Status("failed", denied, details | {"reason": "FailedCreate"}, again)
    said, reason = workloads.progress(counted, active or judged)
    details |= {"reason": reason} if reason else {}
    started = fields.integer(obj, "status", "ready") > 0 or any(each.pod.phase != "Pending" for each in judged)
    tried = details["failed"] > 0 or details["succeeded"] > 0  # between two attempts it has no pod
    return Status("running" if started or tried else "pending", fields.clean(said, workloads.LONGEST), details, again)


def _is_retried(each: workloads.Judged) -> bool:
    """A crash counts against the backoffLimit; the Job says itself when it is reached."""
    return each.pod.trouble is not None and each.pod.trouble.kind == "crash"


def _completions(obj: KubeObject) -> int:
    """How many pods must succeed; of a work queue (parallelism alone) one is enough."""
    return fields.integer(obj, "spec", "completions", default=1)


def _failure(obj: KubeObject, reason: str, judged: Sequence[workloads.Judged]) -> str:
    """Why it has failed, with what the last pod said."""
    message = fields.clean(fields.text(fields.condition(obj, "Failed"), "message"))
    match reason:
        case "BackoffLimitExceeded":
            failed = fields.integer(obj, "status", "failed")
            said = f"Failed {failed} {'time' if failed == 1 else 'times'}, no attempts left (BackoffLimitExceeded)"
        case "DeadlineExceeded":
            limit = fields.integer(obj, "spec", "activeDeadlineSeconds")
            said = f"Not finished within {limit} s (DeadlineExceeded)" if limit else f"{message} (DeadlineExceeded)"
        case _:
            said = f"{message or 'Failed'}{f' ({reason})' if reason else ''}"
    first = workloads.worst(judged)
    return fields.clean(f"{said}. {first.words}" if first else said, workloads.LONGEST)
