"""How one container lives: created, running, ended, waiting to be started again. Pure; called by `kubelet`."""

import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from practice_cluster.objects import Obj, stamp
from practice_cluster.programs import Program, image_problem, probe_problem, program_of
from practice_cluster.shell import Surroundings

CREATE_S: Final = 0.4
READY_S: Final = 0.4
"""A container without a readiness probe is ready almost at once; a moment later, people see it starting."""
_BACK_OFF_S, _BACK_OFF_MOST_S = 10.0, 300.0


class Step(NamedTuple):
    """What becomes of it now."""

    status: Obj
    again_s: float | None
    """When the next step is due, if nothing changes."""
    events: tuple[tuple[str, str, str], ...] = ()
    """Type, reason, message."""


@dataclass(frozen=True, slots=True)
class Life:
    """One container at one moment.

    Args:
        pod: whose it is.
        container: of its spec.
        around: what its process finds, or why it has none.
        is_init: it runs before the others, and must end.
        age_s: how long it has been in its present state.
        now: the time.
    """

    pod: Obj
    container: Obj
    around: Surroundings | str
    is_init: bool
    age_s: float
    now: float

    def step(self, status: Obj) -> Step:
        """From its present status to the next."""
        state = status["state"]
        if "running" in state:
            return self._running(status)
        if "terminated" in state:
            return self._terminated(status)
        reason = state["waiting"]["reason"]
        if reason == "CrashLoopBackOff":
            wait_s = self._back_off_s(status["restartCount"])
            return self._start(status) if self.age_s >= wait_s else Step(status, wait_s - self.age_s)
        if reason == "ErrImagePull":
            return self._pull_again(status)
        if reason == "ImagePullBackOff":
            wait_s = 10.0 if self.age_s < 10 else 20.0
            return self._create(status) if self.age_s >= wait_s else Step(status, wait_s - self.age_s)
        if reason in ("ContainerCreating", "PodInitializing") and self.age_s < CREATE_S:
            return Step(status, CREATE_S - self.age_s)
        return self._create(status)

    @property
    def _name(self) -> str:
        return str(self.container["name"])

    @property
    def _image(self) -> str:
        return str(self.container["image"])

    @property
    def _policy(self) -> str:
        return str(self.pod["spec"]["restartPolicy"])

    def _program(self) -> Program:
        assert isinstance(self.around, Surroundings)
        return program_of(self.container, self.around, runs_once=self.is_init or self._policy != "Always")

    def _waits(self, status: Obj, reason: str, message: str = "") -> Obj:
        waiting = {"reason": reason} | ({"message": message} if message else {})
        return status | {"state": {"waiting": waiting}, "ready": False, "started": False}

    def _create(self, status: Obj) -> Step:
        """Pull its image and start it."""
        if problem := image_problem(self._image):
            reason, message = problem
            failed = ("Warning", "Failed", f"Error: {reason}")
            if reason != "ErrImagePull":
                return Step(self._waits(status, reason, message), 20.0, (("Warning", "InspectFailed", message), failed))
            said = ("Warning", "Failed", f'Failed to pull image "{self._image}": {message}')
            pulling = ("Normal", "Pulling", f'Pulling image "{self._image}"')
            return Step(self._waits(status, reason, message), 2.0, (pulling, said, failed))
        if isinstance(self.around, str):
            event = ("Warning", "Failed", f"Error: {self.around}")
            waits = self._waits(status, "CreateContainerConfigError", self.around)
            return Step(waits, 2.0, (event,) if waits["state"] != status["state"] else ())
        pulled = ("Normal", "Pulled", f'Container image "{self._image}" already present on machine')
        step = self._start(status)
        return step._replace(events=(pulled, *step.events))

    def _start(self, status: Obj) -> Step:
        if isinstance(self.around, str):
            return self._create(status)
        created = ("Normal", "Created", f"Created container: {self._name}")
        tag = hashlib.sha256(f"{self.pod['metadata']['uid']}/{self._name}/{self.now}".encode()).hexdigest()
        again = "terminated" in status["lastState"]
        running = status | {
            "state": {"running": {"startedAt": stamp(self.now)}},
            "restartCount": status["restartCount"] + again,
            "started": True,
            "ready": False,
            "containerID": f"practice://{tag}",
            "imageID": f"{self._image.partition('@')[0]}@sha256:{hashlib.sha256(self._image.encode()).hexdigest()}",
        }
        program = self._program()
        if program.reason == "StartError":
            end = self._ended(running, program) | {"startedAt": "1970-01-01T00:00:00Z"}
            failed = ("Warning", "Failed", f"Error: {program.message}")
            return Step(
                self._rests(running | {"lastState": {"terminated": end}, "started": False}), 1.0, (created, failed)
            )
        return Step(running, 0.0, (created, ("Normal", "Started", f"Started container {self._name}")))

    def _running(self, status: Obj) -> Step:
        if isinstance(self.around, str):  # what it was started with may go: it runs on
            return Step(status, 10.0)
        program = self._program()
        if program.code is not None and self.age_s >= program.runs_s:
            end = self._ended(status, program)
            return Step(status | {"state": {"terminated": end}, "ready": False, "started": False}, 0.5)
        left_s = program.runs_s - self.age_s if program.code is not None else None
        liveness = self.container.get("livenessProbe") or {}
        if liveness and (problem := probe_problem(liveness, self.container, self.around)):
            killed_s = liveness.get("initialDelaySeconds", 0) + liveness["periodSeconds"] * liveness["failureThreshold"]
            if self.age_s >= killed_s:
                end = self._ended(status, Program([], 137))
                said = ("Warning", "Unhealthy", f"Liveness probe failed: {problem}")
                killing = ("Normal", "Killing", f"Container {self._name} failed liveness probe, will be restarted")
                ended = status | {"state": {"terminated": end}, "ready": False, "started": False}
                return Step(ended, 0.5, (said, killing))
            left_s = killed_s - self.age_s if left_s is None else min(left_s, killed_s - self.age_s)
        if self.is_init or status["ready"]:
            return Step(status, left_s)
        readiness = self.container.get("readinessProbe") or {}
        ready_s = READY_S + readiness.get("initialDelaySeconds", 0)
        if self.age_s < ready_s:
            return Step(status, ready_s - self.age_s if left_s is None else min(left_s, ready_s - self.age_s))
        if readiness and (problem := probe_problem(readiness, self.container, self.around)):
            period_s = float(readiness["periodSeconds"])
            again_s = period_s if left_s is None else min(left_s, period_s)
            return Step(status, again_s, (("Warning", "Unhealthy", f"Readiness probe failed: {problem}"),))
        return Step(status | {"ready": True}, left_s)

    def _terminated(self, status: Obj) -> Step:
        end = status["state"]["terminated"]
        is_over = self._policy == "Never" or (end["exitCode"] == 0 and (self._policy == "OnFailure" or self.is_init))
        if is_over:
            return Step(status, None)
        if self.age_s < 0.5:
            return Step(status, 0.5 - self.age_s)
        rests = status | {"lastState": {"terminated": end}}
        if status["restartCount"] == 0:  # the first time at once, as the kubelet does
            return self._start(rests)
        where = f"{self.pod['metadata']['name']}_{self.pod['metadata']['namespace']}({self.pod['metadata']['uid']})"
        event = ("Warning", "BackOff", f"Back-off restarting failed container {self._name} in pod {where}")
        return Step(self._rests(rests), self._back_off_s(rests["restartCount"]), (event,))

    def _rests(self, status: Obj) -> Obj:
        where = f"{self.pod['metadata']['name']}_{self.pod['metadata']['namespace']}({self.pod['metadata']['uid']})"
        wait = f"{self._back_off_s(status['restartCount']):.0f}s"
        text = f"back-off {wait} restarting failed container={self._name} pod={where}"
        return self._waits(status, "CrashLoopBackOff", text)

    @staticmethod
    def _back_off_s(restarts: int) -> float:
        return float(min(_BACK_OFF_S * 2 ** max(0, restarts - 1), _BACK_OFF_MOST_S))

    def _pull_again(self, status: Obj) -> Step:
        if self.age_s < 2.0:
            return Step(status, 2.0 - self.age_s)
        problem = image_problem(self._image)
        if problem is None:
            return self._create(status)
        back_off = f'Back-off pulling image "{self._image}"'
        events = (("Normal", "BackOff", back_off), ("Warning", "Failed", "Error: ImagePullBackOff"))
        return Step(self._waits(status, "ImagePullBackOff", f"{back_off}: ErrImagePull: {problem[1]}"), 10.0, events)

    def _ended(self, status: Obj, program: Program) -> Obj:
        started = (status["state"].get("running") or {}).get("startedAt", stamp(self.now))
        reason = program.reason or ("Error" if program.code else "Completed")
        end = {"exitCode": program.code, "reason": reason, "startedAt": started, "finishedAt": stamp(self.now)}
        end |= {"containerID": status.get("containerID", "")}
        return end | ({"message": program.message} if program.message else {})


def first_status(container: Obj, *, waits_for_others: bool) -> Obj:
    """Of a container that hasn't been created yet."""
    state = {"waiting": {"reason": "PodInitializing" if waits_for_others else "ContainerCreating"}}
    found = {"name": container["name"], "image": container["image"], "imageID": "", "state": state, "lastState": {}}
    return found | {"ready": False, "restartCount": 0, "started": False}
