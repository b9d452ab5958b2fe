"""What does a CronJob do? Pure: no I/O, no clock."""

from datetime import datetime
from typing import Final

from app.kube.objects import KubeObject
from app.resources.status import fields
from app.resources.status.model import Status
from app.resources.status.related import Related

KEEP: Final = ("spec.schedule", "spec.timeZone", "spec.suspend", "status")


def cronjob_status(obj: KubeObject, related: Related, now: datetime) -> Status:
    """Turn a batch/v1 CronJob into what the canvas shows. Never raises."""
    started = fields.text(obj, "status", "lastScheduleTime")
    succeeded = fields.text(obj, "status", "lastSuccessfulTime")
    running = len(fields.items(obj, "status", "active"))
    details = {"lastScheduleTime": started, "lastSuccessfulTime": succeeded, "activeJobs": running}
    if fields.flag(obj, "spec", "suspend"):
        return Status("suspended", f"Suspended. {_history(obj, running)}", details)
    zone = fields.text(obj, "spec", "timeZone")
    schedule = fields.clean(fields.text(obj, "spec", "schedule"), 100) + (f" ({zone})" if zone else "")
    return Status("active", f"Schedule {schedule}. {_history(obj, running)}", details)


def _history(obj: KubeObject, running: int) -> str:
    if running:
        return "1 job is running" if running == 1 else f"{running} jobs are running"
    started = fields.instant(obj, "status", "lastScheduleTime")
    succeeded = fields.instant(obj, "status", "lastSuccessfulTime")
    if started is None:
        return "Hasn't run yet"
    when = f"{started:%Y-%m-%d %H:%M} UTC"
    # The success of a job is noted when it ends, so never before the time it was due.
    if succeeded and succeeded >= started:
        return f"Last run {when}, succeeded"
    return f"Last run {when} didn't succeed" + (
        f"; the last one that did ended {succeeded:%Y-%m-%d %H:%M} UTC" if succeeded else ""
    )
