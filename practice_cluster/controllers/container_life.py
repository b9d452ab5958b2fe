"""How one container lives: created, running, ended, waiting to be started again. Called by `pods`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from practice_cluster.objects import Obj, at, stamp
from practice_cluster.programs import Program, image_problem, probe_problem, program_of
from practice_cluster.shell import Surroundings

_BEGIN_S: Final = 0.4
"""A container is created, and without a probe ready, almost at once; but long enough for people to see it."""
_RESTART_S: Final = 0.5
_WAITS_S: Final = {"ErrImagePull": 2.0, "ImagePullBackOff": 15.0, "InvalidImageName": 20.0}
_CONFIG_AGAIN_S: Final = 2.0
_BACK_OFF_S, _BACK_OFF_MOST_S = 10.0, 300.0
Step = tuple[Obj, float | None]
"""What becomes of it, and when the next step is due, if nothing changes."""


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
        tell: writes an event: type, reason, message.
    """

    pod: Obj
    container: Obj
    around: object
    is_init: bool
    age_s: float
    now: float
    tell: Callable[[str, str, str], None]

    def step(self, status: Obj) -> Step:
        """From its present status to the next."""
        state = status["state"]
        if "running" in state:
            return self._running(status)
        if "terminated" in state:
            return self._terminated(status, state["terminated"])
        reason = state["waiting"]["reason"]
        begins = reason in ("ContainerCreating", "PodInitializing")
        wait_s = _BEGIN_S if begins else _WAITS_S.get(reason, 0.0)
        wait_s = self._back_off_s(status) if reason == "CrashLoopBackOff" else wait_s
        if self.age_s < wait_s:
            return status, wait_s - self.age_s
        problem = image_problem(self.container["image"])
        if reason == "ErrImagePull" and problem:
            text = f'Back-off pulling image "{self.container["image"]}"'
            self.tell("Normal", "BackOff", text)
            self.tell("Warning", "Failed", "Error: ImagePullBackOff")
            return self._waits(status, "ImagePullBackOff", f"{text}: ErrImagePull: {problem[1]}")
        if problem:
            self.tell("Warning", "Failed", f'Failed to pull image "{self.container["image"]}": {problem[1]}')
            self.tell("Warning", "Failed", f"Error: {problem[0]}")
            return self._waits(status, *problem)
        return self._start(status)

    def _waits(self, status: Obj, reason: str, message: str) -> Step:
        state = {"waiting": {"reason": reason, "message": message}}
        return status | {"state": state, "ready": False, "started": False}, _WAITS_S.get(reason, _CONFIG_AGAIN_S)

    def _start(self, status: Obj) -> Step:
        image, name = str(self.container["image"]), self.container["name"]
        if not isinstance(self.around, Surroundings):
            self.tell("Warning", "Failed", f"Error: {self.around}")
            return self._waits(status, "CreateContainerConfigError", str(self.around))
        tag = hashlib.sha256(f"{self.pod['metadata']['uid']}/{name}/{self.now}".encode()).hexdigest()
        running = status | {
            "state": {"running": {"startedAt": stamp(self.now)}},
            "restartCount": status["restartCount"] + ("terminated" in status["lastState"]),
            "started": True,
            "containerID": f"practice://{tag}",
            "imageID": f"{image.partition('@')[0]}@sha256:{hashlib.sha256(image.encode()).hexdigest()}",
        }
        self.tell("Normal", "Pulled", f'Container image "{image}" already present on machine')
        self.tell("Normal", "Created", f"Created container: {name}")
        program = self._program()
        if program.reason == "StartError":
            self.tell("Warning", "Failed", f"Error: {program.message}")
            return self._rests(running | {"lastState": self._ended(running, program)})
        self.tell("Normal", "Started", f"Started container {name}")
        return running, 0.0

    def _program(self) -> Program:
        around = self.around if isinstance(self.around, Surroundings) else Surroundings("")
        runs_once = self.is_init or self.pod["spec"]["restartPolicy"] != "Always"
        return program_of(self.container, around, runs_once=runs_once)

    def _running(self, status: Obj) -> Step:
        program, waits = self._program(), list[float]()
        if not isinstance(self.around, Surroundings):  # what it was started with may go: it runs on
            return status, 10.0
        if program.code is not None:
            waits.append(program.runs_s - self.age_s)
        if waits and min(waits) <= 0:
            ended = {"state": self._ended(status, program), "ready": False, "started": False}
            return status | ended, _RESTART_S
        if not self.is_init and not status["ready"]:
            readiness = self.container.get("readinessProbe") or {}
            ready_in_s = _BEGIN_S + readiness.get("initialDelaySeconds", 0) - self.age_s
            problem = probe_problem(readiness, self.container, self.around)
            status = status | {"ready": ready_in_s <= 0 and not problem}
            if problem and ready_in_s <= 0:
                self.tell("Warning", "Unhealthy", f"Readiness probe failed: {problem}")
                ready_in_s = float(readiness["periodSeconds"])
            waits += [] if status["ready"] else [ready_in_s]
        return status, min(waits, default=None)

    def _terminated(self, status: Obj, end: Obj) -> Step:
        policy = self.pod["spec"]["restartPolicy"]
        if policy == "Never" or (end["exitCode"] == 0 and (policy == "OnFailure" or self.is_init)):
            return status, None
        if self.age_s < _RESTART_S:
            return status, _RESTART_S - self.age_s
        rests = status | {"lastState": {"terminated": end}}
        if status["restartCount"] == 0:  # the first time at once, as the kubelet does
            return self._start(rests)
        self.tell("Warning", "BackOff", f"Back-off restarting failed container {self.container['name']}")
        return self._rests(rests)

    def _rests(self, status: Obj) -> Step:
        where = f"{self.pod['metadata']['name']}_{self.pod['metadata']['namespace']}({self.pod['metadata']['uid']})"
        wait_s = self._back_off_s(status)
        text = f"back-off {wait_s:.0f}s restarting failed container={self.container['name']} pod={where}"
        return self._waits(status, "CrashLoopBackOff", text)[0], wait_s

    @staticmethod
    def _back_off_s(status: Obj) -> float:
        return float(min(_BACK_OFF_S * 2 ** max(0, status["restartCount"] - 1), _BACK_OFF_MOST_S))

    def _ended(self, status: Obj, program: Program) -> Obj:
        reason = program.reason or ("Error" if program.code else "Completed")
        end = {"exitCode": program.code, "reason": reason, "message": program.message, "finishedAt": stamp(self.now)}
        end |= {"startedAt": at(status, "state.running.startedAt"), "containerID": status["containerID"]}
        return {"terminated": end}


def first_status(container: Obj, *, waits_for_others: bool) -> Obj:
    """Of a container that hasn't been created yet."""
    state = {"waiting": {"reason": "PodInitializing" if waits_for_others else "ContainerCreating"}}
    found = {"name": container["name"], "image": container["image"], "imageID": "", "state": state, "lastState": {}}
    return found | {"ready": False, "restartCount": 0, "started": False}
