"""Jobs run pods to their end; CronJobs make Jobs when it is time."""

from datetime import UTC, datetime
from typing import Final

from croniter import croniter

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import say
from practice_cluster.controllers.workloads import is_active, pods_of, start_pod, stop_pod
from practice_cluster.kinds import KIND
from practice_cluster.objects import (
    Obj,
    at,
    condition,
    is_ready,
    owned_by,
    seconds_of,
    stamp,
    with_condition,
)

_BACK_OFF_S, _BACK_OFF_MOST_S = 10.0, 360.0
_REACHED: Final = ("CompletionsReached", "Reached expected number of succeeded pods")
_TOO_OFTEN: Final = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_TOO_LONG: Final = ("DeadlineExceeded", "Job was active longer than specified deadline")


def job(cluster: Cluster, obj: Obj) -> float | None:
    """Parallelism, completions, retries, deadline, suspension, TTL."""
    spec, status, now = obj["spec"], obj.get("status") or {}, cluster.clock()
    if finished := _finished(obj):
        return _expire(cluster, obj, seconds_of(finished["lastTransitionTime"]) - now)
    pods = pods_of(cluster, obj)
    active, done, failed = list(filter(is_active, pods)), _in_phase(pods, "Succeeded"), _in_phase(pods, "Failed")
    retries, wanted = len(failed), spec.get("completions")
    if spec["template"]["spec"]["restartPolicy"] == "OnFailure":
        retries += sum(each["restartCount"] for pod in pods for each in at(pod, "status.containerStatuses") or [])
    since = seconds_of(status.get("startTime")) or now
    left_s = since + spec["activeDeadlineSeconds"] - now if spec.get("activeDeadlineSeconds") else None
    ends, why, waits = list[str](), ("JobSuspended", "Job suspended"), [left_s]
    if spec["suspend"]:
        ends = ["Suspended"]
    elif len(done) >= (wanted or 1) and not (wanted is None and active):
        ends, why = ["SuccessCriteriaMet", "Complete"], _REACHED
    elif retries > spec["backoffLimit"] or (left_s is not None and left_s <= 0):
        ends, why = ["FailureTarget", "Failed"], _TOO_OFTEN if retries > spec["backoffLimit"] else _TOO_LONG
    else:
        missing = min(spec["parallelism"], spec["parallelism"] if wanted is None else wanted - len(done)) - len(active)
        waits.append(rests_s := _rests_s(failed, now))
        active += [start_pod(cluster, obj) for _ in range(0 if rests_s else missing)]
    conditions = [each for each in status.get("conditions") or [] if ends or each["type"] != "Suspended"]
    for kind in ends:
        conditions = with_condition(conditions, now, kind, True, reason=why[0], message=why[1])
    if ends:
        counted = len(failed) + (len(active) if "Failed" in ends else 0)
        for pod in active:
            stop_pod(cluster, obj, pod)
        if conditions != status.get("conditions"):
            say(cluster, obj, *why, kind="Warning" if "Failed" in ends else "Normal")
        active = []
    counts = {"active": len(active), "ready": sum(map(is_ready, active)), "succeeded": len(done)}
    began = "" if spec["suspend"] else status.get("startTime") or stamp(now)
    completed = stamp(now) if "Complete" in ends else ""
    counts |= {"failed": counted if ends else len(failed)}
    cluster.set_status(obj, **counts, startTime=began, completionTime=completed, conditions=conditions)
    return min((each for each in waits if each), default=None)


def _in_phase(pods: list[Obj], phase: str) -> list[Obj]:
    return [pod for pod in pods if pod["status"].get("phase") == phase]


def _rests_s(failed: list[Obj], now: float) -> float | None:
    """How long after a failure nothing is started; twice as long each time."""
    ended = [seconds_of(condition(pod, "Ready").get("lastTransitionTime")) for pod in failed]
    left_s = max(ended) + min(_BACK_OFF_S * 2 ** (len(ended) - 1), _BACK_OFF_MOST_S) - now if ended else 0
    return left_s if left_s > 0 else None


def _expire(cluster: Cluster, obj: Obj, ended_in_s: float) -> float | None:
    kept_s = obj["spec"].get("ttlSecondsAfterFinished")
    if kept_s is not None and ended_in_s + kept_s <= 0:
        cluster.delete(obj, {"propagationPolicy": "Background"})
    return None if kept_s is None or ended_in_s + kept_s <= 0 else float(ended_in_s + kept_s)


def _finished(obj: Obj) -> Obj:
    return condition(obj, "Complete") or condition(obj, "Failed")


def cron_job(cluster: Cluster, obj: Obj) -> float | None:
    """A Job at each time of the schedule; a time that was missed is made up for once."""
    spec, status, now = obj["spec"], obj.get("status") or {}, cluster.clock()
    jobs = [entry.load() for entry in cluster.store.dependents(obj["metadata"]["uid"], "jobs.batch")]
    active, last = [each for each in jobs if not _finished(each)], status.get("lastScheduleTime")
    try:
        times = croniter(spec["schedule"], datetime.fromtimestamp(now, UTC))
        latest, following = float(times.get_prev(float)), float(times.get_next(float))
    except ValueError:  # what croniter can't read (`@every 1h`) never comes
        return None
    if not spec["suspend"] and latest > seconds_of(last or obj["metadata"]["creationTimestamp"]):
        if spec["concurrencyPolicy"] == "Replace":
            for each in active:
                cluster.delete(each, {"propagationPolicy": "Background"})
            active = []
        if spec["concurrencyPolicy"] != "Forbid" or not active:
            active, last = [*active, _create(cluster, obj, latest)], stamp(latest)
    for kind, most in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        ended = sorted((each for each in jobs if condition(each, kind)), key=lambda each: each["metadata"]["name"])
        for each in ended[: max(0, len(ended) - spec[most])]:
            cluster.delete(each, {"propagationPolicy": "Background"})
    told = [{key: each["metadata"][key] for key in ("name", "namespace", "uid")} for each in active]
    success = [at(each, "status.completionTime") or "" for each in jobs] + [status.get("lastSuccessfulTime") or ""]
    told = [{"kind": "Job", "apiVersion": "batch/v1"} | each for each in told]
    cluster.set_status(obj, active=told, lastScheduleTime=last, lastSuccessfulTime=max(success))
    return max(0.2, following - now)


def _create(cluster: Cluster, obj: Obj, due: float) -> Obj:
    template, name = obj["spec"]["jobTemplate"], f"{obj['metadata']['name']}-{int(due // 60)}"
    if found := cluster.find("Job", obj["metadata"]["namespace"], name):
        return found
    metadata = (template.get("metadata") or {}) | {"name": name, "ownerReferences": owned_by(obj)}
    new = {"metadata": metadata, "spec": template["spec"]}
    made = cluster.create(KIND["Job"], obj["metadata"]["namespace"], new)
    say(cluster, obj, "SuccessfulCreate", f"Created job {name}")
    return made
