"""Jobs run pods to their end; CronJobs make Jobs when it is time."""

from datetime import UTC, datetime
from typing import Final

from croniter import croniter

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.controllers.replicas import is_active, pod_from, pods_of
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, at, condition, is_ready, owned_by, seconds_of, stamp, with_condition

_BACK_OFF_S: Final = 10.0
_DONE_TEXT: Final = "Reached expected number of succeeded pods"


class Jobs(Owning):
    """Parallelism, completions, retries, deadline, suspension, TTL."""

    kind, owns = "Job", ("pods",)

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder = recorder

    def reconcile(self, obj: Obj) -> float | None:
        spec, status, now = obj["spec"], obj.get("status") or {}, self.cluster.clock()
        if "deletionTimestamp" in obj["metadata"]:
            return None
        if finished := _finished(obj):
            return self._expire(obj, seconds_of(finished["lastTransitionTime"]) - now)
        pods = pods_of(self.cluster, obj)
        done = sum(pod["status"].get("phase") == "Succeeded" for pod in pods)
        failed = sum(pod["status"].get("phase") == "Failed" for pod in pods)
        retries = failed + sum(
            _restarts(pod) for pod in pods if spec["template"]["spec"]["restartPolicy"] == "OnFailure"
        )
        active = [pod for pod in pods if is_active(pod)]
        conditions, wanted = status.get("conditions") or [], spec.get("completions")
        began = seconds_of(status.get("startTime")) or now
        deadline_s = began + spec["activeDeadlineSeconds"] - now if spec.get("activeDeadlineSeconds") else None
        again_s = deadline_s
        if spec["suspend"]:
            said = {"status": "True", "reason": "JobSuspended", "message": "Job suspended"}
            conditions, active = self._end(obj, active, conditions, ["Suspended"], said), []
        elif done and done >= (wanted or 1) and not (wanted is None and active):
            said = {"status": "True", "reason": "CompletionsReached", "message": _DONE_TEXT}
            conditions = self._end(obj, [], conditions, ["SuccessCriteriaMet", "Complete"], said)
            self._recorder.normal(obj, "Completed", "Job completed", "job-controller")
        elif retries > spec["backoffLimit"] or (deadline_s is not None and deadline_s <= 0):
            said = {"status": "True", "reason": "BackoffLimitExceeded"}
            said["message"] = "Job has reached the specified backoff limit"
            if retries <= spec["backoffLimit"]:
                said |= {"reason": "DeadlineExceeded", "message": "Job was active longer than specified deadline"}
            failed += len(active)
            conditions, active = self._end(obj, active, conditions, ["FailureTarget", "Failed"], said), []
            self._recorder.warning(obj, said["reason"], said["message"], "job-controller")
        else:
            if condition(obj, "Suspended").get("status") == "True":
                said = {"type": "Suspended", "status": "False", "reason": "JobResumed", "message": "Job resumed"}
                conditions = with_condition(conditions, said, now)
            wait_s = self._start(obj, active, pods, wanted - done if wanted is not None else spec["parallelism"])
            again_s = min((each for each in (wait_s, deadline_s) if each is not None), default=None)
        ended = next((each for each in conditions if each["type"] == "Complete" and each["status"] == "True"), None)
        self.cluster.set_status(
            "Job",
            obj,
            active=len(active) or None,
            ready=sum(map(is_ready, active)),
            succeeded=done or None,
            failed=failed or None,
            terminating=sum("deletionTimestamp" in pod["metadata"] for pod in pods),
            startTime=None if spec["suspend"] else status.get("startTime") or stamp(now),
            completionTime=stamp(now) if ended else None,
            conditions=conditions or None,
            uncountedTerminatedPods={},
        )
        return again_s

    def _end(self, obj: Obj, active: list[Obj], conditions: list[Obj], kinds: list[str], said: Obj) -> list[Obj]:
        """Stop what runs, and say why."""
        for pod in active:
            self.cluster.delete(KIND["Pod"], pod)
        now = self.cluster.clock()
        for kind in kinds:
            conditions = with_condition(conditions, {"type": kind, **said, "lastProbeTime": stamp(now)}, now)
        return conditions

    def _start(self, obj: Obj, active: list[Obj], pods: list[Obj], missing: int) -> float | None:
        """Pods up to the parallelism; after a failure only when some time has passed."""
        ends = [_failed_at(pod) for pod in pods if pod["status"].get("phase") == "Failed"]
        if ends:
            wait_s = max(ends) + min(_BACK_OFF_S * 2 ** (len(ends) - 1), 360.0) - self.cluster.clock()
            if wait_s > 0:
                return float(wait_s)
        for _ in range(min(obj["spec"]["parallelism"], missing) - len(active)):
            pod = self.cluster.create(KIND["Pod"], obj["metadata"]["namespace"], pod_from(obj, obj["spec"]["template"]))
            text = f"Created pod: {pod['metadata']['name']}"
            self._recorder.normal(obj, "SuccessfulCreate", text, "job-controller")
            active.append(pod)
        return None

    def _expire(self, obj: Obj, ended_in_s: float) -> float | None:
        if (kept_s := obj["spec"].get("ttlSecondsAfterFinished")) is None:
            return None
        if ended_in_s + kept_s > 0:
            return float(ended_in_s + kept_s)
        self.cluster.delete(KIND["Job"], obj, {"propagationPolicy": "Background"})
        return None


def _finished(job: Obj) -> Obj:
    return next((found for kind in ("Complete", "Failed") if (found := condition(job, kind))), {})


def _restarts(pod: Obj) -> int:
    return sum(each["restartCount"] for each in at(pod, "status", "containerStatuses") or [])


def _failed_at(pod: Obj) -> float:
    ends = [at(each, "state", "terminated", "finishedAt") for each in at(pod, "status", "containerStatuses") or []]
    return max((seconds_of(end) for end in ends if end), default=0.0)


class CronJobs(Owning):
    """Makes a Job at each time of the schedule; a time that was missed long ago is let go."""

    kind, owns = "CronJob", ("jobs.batch",)

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder = recorder

    def reconcile(self, obj: Obj) -> float | None:
        spec, status, now = obj["spec"], obj.get("status") or {}, self.cluster.clock()
        if "deletionTimestamp" in obj["metadata"]:
            return None
        jobs = [entry.load() for entry in self.cluster.store.dependents(obj["metadata"]["uid"], "jobs.batch")]
        active = [job for job in jobs if not _finished(job)]
        try:
            latest = float(croniter(spec["schedule"], datetime.fromtimestamp(now, UTC)).get_prev(float))
        except ValueError:  # what croniter can't read (`@every 1h`) never comes
            return None
        since = seconds_of(status.get("lastScheduleTime") or obj["metadata"]["creationTimestamp"])
        last = status.get("lastScheduleTime")
        if not spec["suspend"] and latest > since and (spec["concurrencyPolicy"] == "Allow" or not active):
            active.append(self._create(obj, latest))
            last = stamp(latest)
        elif latest > since and spec["concurrencyPolicy"] == "Replace" and active and not spec["suspend"]:
            for job in active:
                self.cluster.delete(KIND["Job"], job, {"propagationPolicy": "Background"})
            active, last = [self._create(obj, latest)], stamp(latest)
        for kind, most in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            ended = [job for job in jobs if condition(job, kind)]
            ended.sort(key=lambda job: job["metadata"]["creationTimestamp"])
            for job in ended[: max(0, len(ended) - spec[most])]:
                self.cluster.delete(KIND["Job"], job, {"propagationPolicy": "Background"})
        succeeded = [at(job, "status", "completionTime") for job in jobs if condition(job, "Complete")]
        about = [{key: job["metadata"][key] for key in ("name", "namespace", "uid")} for job in active]
        about = [{"kind": "Job", "apiVersion": "batch/v1"} | each for each in about]
        success = max([*filter(None, succeeded), status.get("lastSuccessfulTime") or ""]) or None
        self.cluster.set_status("CronJob", obj, active=about or None, lastScheduleTime=last, lastSuccessfulTime=success)
        following = float(croniter(spec["schedule"], datetime.fromtimestamp(now, UTC)).get_next(float))
        return max(0.2, following - now)

    def _create(self, obj: Obj, due: float) -> Obj:
        template, name = obj["spec"]["jobTemplate"], f"{obj['metadata']['name']}-{int(due // 60)}"
        metadata = (template.get("metadata") or {}) | {"name": name, "ownerReferences": owned_by(obj)}
        if found := self.cluster.find("Job", obj["metadata"]["namespace"], name):
            return found
        new = {"metadata": metadata, "spec": template["spec"]}
        made = self.cluster.create(KIND["Job"], obj["metadata"]["namespace"], new)
        self._recorder.normal(obj, "SuccessfulCreate", f"Created job {name}", "cronjob-controller")
        return made
