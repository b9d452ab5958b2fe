"""How a service that runs to its end, once or by a schedule, does so."""

from typing import Final

from app.compose.work import Part, Work, inner, whole
from app.manifests.problems import Problems
from app.manifests.syntax import cron

_NOT: Final = "KEY_NOT_CONVERTED"
_HOURLY: Final = "0 * * * *"
_LATE_S: Final = 3600  # a start that was missed by more is too late


def set_job(work: Work, part: Part) -> None:
    """Retries of a job, the schedule of a cronjob."""
    restart = str(part.service.get("restart") or "")
    condition = str(inner(part.service, "deploy", "restart_policy", "condition") or "")
    name, _, attempts = restart.partition(":")
    retries = whole(attempts) if name == "on-failure" and attempts else None
    if retries is None:
        retries = whole(inner(part.service, "deploy", "restart_policy", "max_attempts"))
    if name == "on-failure" or condition == "on-failure":
        part.data["restartPolicy"] = "OnFailure"
    elif name in ("always", "unless-stopped") or condition == "any":
        part.data["restartPolicy"] = "OnFailure"
        message = "restarts for ever in Compose: a job is tried again only when it fails"
        work.findings.info(_NOT, message, service=part.key, key="restart")
    else:
        part.data["restartPolicy"] = "Never"
        retries = 0 if name == "no" and retries is None else retries
    if retries is not None:
        part.data["backoffLimit"] = max(0, min(retries, 1000))
    if part.kind == "cronjob":
        _schedule(work, part)


def _schedule(work: Work, part: Part) -> None:
    entries = [
        one if isinstance(one, dict) else {"cron": one} for one in inner(part.service, "triggers", "schedule") or ()
    ]
    wanted = part.choice.schedule or (str(entries[0].get("cron") or "") if entries else "")
    if len(entries) > 1:
        message = f"only the first of {len(entries)} schedules is taken: add a cronjob for each other one"
        work.findings.warn(_NOT, message, service=part.key, key="triggers.schedule")
    problems = Problems()
    part.data["schedule"] = cron(wanted, problems.at("schedule")) if wanted else _HOURLY
    if not wanted:
        message = "has no schedule: each hour is taken, change it"
        work.findings.warn(_NOT, message, service=part.key, key="triggers.schedule")
    elif part.data["schedule"] is None:
        part.data.update(schedule=_HOURLY, suspend=True)
        message = f"{problems.by_field.get('schedule')}: it is suspended until you mend it"
        work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=part.key, key="triggers.schedule")
    first = entries[0] if entries else {}
    if first.get("concurrency"):
        part.data["concurrencyPolicy"] = "Forbid"
        if first["concurrency"] == "queue":
            message = "runs don't queue up: one that is due while another runs is left out"
            work.findings.info(_NOT, message, service=part.key, key="triggers.schedule.concurrency")
    if first.get("missed_fires"):
        part.data["startingDeadlineSeconds"] = _LATE_S if first["missed_fires"] == "one" else 10


def restart_remark(work: Work, part: Part) -> None:
    """Pods that go on are always restarted."""
    restart = str(part.service.get("restart") or "")
    condition = str(inner(part.service, "deploy", "restart_policy", "condition") or "")
    if restart == "no" or restart.startswith("on-failure") or condition in ("none", "on-failure"):
        message = f"a {part.kind} is always restarted: choose job if it runs to an end"
        work.findings.info(_NOT, message, service=part.key, key="restart")
