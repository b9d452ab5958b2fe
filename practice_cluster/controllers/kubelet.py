"""Pods: scheduled, started container by container, ready, ended, gone. The scheduler and the kubelet in one."""

from collections.abc import Iterable
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.container_life import Life, first_status
from practice_cluster.controllers.events import Recorder
from practice_cluster.controllers.loop import Owning
from practice_cluster.controllers.scheduling import Node
from practice_cluster.first_objects import NODE
from practice_cluster.kinds import KIND
from practice_cluster.objects import Obj, at, seconds_of, stamp, with_condition
from practice_cluster.store import Change, Key
from practice_cluster.surroundings import MissingError, missing_mount, surroundings_of

_TRY_AGAIN_S: Final = 2.0
_MOUNT_AGAIN_S: Final = 1.0
_END_S: Final = 1.0
"""How long a container takes to end when asked to, if its grace period is as long."""
_OVER: Final = ("Succeeded", "Failed")


class Pods(Owning):
    """Runs pods."""

    kind, owns = "Pod", ()

    def __init__(self, cluster: Cluster, recorder: Recorder) -> None:
        super().__init__(cluster)
        self._recorder, self._node = recorder, Node(cluster)
        self._since: dict[str, dict[str, tuple[str, float]]] = {}
        """Of each pod's containers: which state, since when. Times in objects are whole seconds."""
        self._addresses = cluster.store.count("pods")

    def concerns(self, change: Change) -> Iterable[Key]:
        """Its pods; what is remembered of one that has gone is forgotten."""
        if change.type == "DELETED" and change.entry.key[0] == "pods":
            self._node.release(change.entry.uid)
            self._since.pop(change.entry.uid, None)
        return super().concerns(change)

    def reconcile(self, obj: Obj) -> float | None:
        metadata = obj["metadata"]
        if "deletionTimestamp" in metadata:
            return self._leave(obj)
        if obj["status"].get("phase") in _OVER:
            self._node.release(metadata["uid"])
            return None
        if not obj["spec"].get("nodeName"):
            return self._schedule(obj)
        if not obj["status"].get("startTime"):
            obj = self._accept(obj)
        return self._advance(obj)

    def _leave(self, obj: Obj) -> float | None:
        metadata = obj["metadata"]
        grace_s: float = metadata.get("deletionGracePeriodSeconds", 0)
        left_s: float = (
            seconds_of(metadata["deletionTimestamp"]) - grace_s + min(grace_s, _END_S) - self.cluster.clock()
        )
        if left_s > 0 and obj["status"].get("phase") not in _OVER:
            return left_s
        self.cluster.remove(KIND["Pod"], obj)
        return None

    def _schedule(self, obj: Obj) -> float | None:
        problem = self._node.problem(obj)
        now, old = self.cluster.clock(), obj["status"].get("conditions") or []
        if problem:
            said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": problem}
            conditions = with_condition(old, _pod_condition(said, obj), now)
            if conditions != old:
                self.cluster.set_status("Pod", obj, conditions=conditions)
                self._recorder.warning(obj, "FailedScheduling", problem, "default-scheduler")
            return _TRY_AGAIN_S
        self._node.take(obj)
        obj = self.cluster.update(KIND["Pod"], obj, lambda pod: pod | {"spec": pod["spec"] | {"nodeName": NODE}})
        metadata = obj["metadata"]
        text = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {NODE}"
        self._recorder.normal(obj, "Scheduled", text, "default-scheduler")
        self._advance(self._accept(obj))
        return 0.0

    def _accept(self, obj: Obj) -> Obj:
        """The node has seen it."""
        now, spec = self.cluster.clock(), obj["spec"]
        inits = [first_status(each, waits_for_others=True) for each in spec.get("initContainers") or []]
        mains = [first_status(each, waits_for_others=bool(inits)) for each in spec["containers"]]
        conditions = [_pod_condition({"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(now)}, obj)]
        return self.cluster.set_status(
            "Pod",
            obj,
            startTime=stamp(now),
            conditions=conditions,
            containerStatuses=mains,
            initContainerStatuses=inits or None,
            hostIP="10.200.0.1",
            hostIPs=[{"ip": "10.200.0.1"}],
        )

    def _advance(self, obj: Obj) -> float | None:
        """Each container a step further."""
        if (missing := missing_mount(self.cluster, obj)) and not obj["status"].get("podIP"):
            self._recorder.warning(obj, "FailedMount", missing, "kubelet") if self._is_new(obj, missing) else None
            self._tell(obj, obj["status"], has_sandbox=False)
            return _MOUNT_AGAIN_S
        status, waits = dict(obj["status"]), list[float]()
        before_all = True  # as long as every init container has ended well
        for field, containers in (("initContainerStatuses", "initContainers"), ("containerStatuses", "containers")):
            statuses = list(status.get(field) or [])
            is_init = containers == "initContainers"
            for index, container in enumerate(obj["spec"].get(containers) or []):
                if not before_all:
                    break
                statuses[index] = self._step(obj, container, statuses[index], waits, is_init=is_init)
                if is_init:
                    before_all = at(statuses[index], "state", "terminated", "exitCode") == 0
            status |= {field: statuses} if statuses else {}
        self._tell(obj, status, has_sandbox=True)
        return min(waits, default=None)

    def _is_new(self, obj: Obj, what: str) -> bool:
        known = self._since.setdefault(obj["metadata"]["uid"], {})
        before, known["/mount"] = known.get("/mount"), (what, self.cluster.clock())
        return before is None or before[0] != what

    def _step(self, obj: Obj, container: Obj, status: Obj, waits: list[float], *, is_init: bool) -> Obj:
        known, name = self._since.setdefault(obj["metadata"]["uid"], {}), container["name"]
        now, state = self.cluster.clock(), _state_of(status)
        if known.get(name, ("", 0))[0] != state:
            known[name] = (state, now)
        try:
            around = surroundings_of(self.cluster, obj, container)
        except MissingError as error:
            step = Life(obj, container, str(error), is_init, now - known[name][1], now).step(status)
        else:
            step = Life(obj, container, around, is_init, now - known[name][1], now).step(status)
        path = f"spec.{'initContainers' if is_init else 'containers'}{{{name}}}"
        for kind, reason, message in step.events:
            say = self._recorder.normal if kind == "Normal" else self._recorder.warning
            say(obj, reason, message, "kubelet", path)
        if _state_of(step.status) != state:
            known[name] = (_state_of(step.status), now)
        if step.again_s is not None:
            waits.append(step.again_s)
        return {**step.status, "image": container["image"], "resources": container.get("resources") or {}}

    def _tell(self, obj: Obj, status: Obj, *, has_sandbox: bool) -> None:
        """Phase and conditions, from the containers."""
        inits, mains = status.get("initContainerStatuses") or [], status["containerStatuses"]
        phase = _phase(inits, mains, obj["spec"]["restartPolicy"])
        if has_sandbox and not status.get("podIP"):
            self._addresses += 1
            address = f"10.244.{self._addresses // 250 % 250}.{self._addresses % 250 + 2}"
            status |= {"podIP": address, "podIPs": [{"ip": address}]}
        conditions = status.get("conditions") or []
        for each in _conditions(inits, mains, phase, has_sandbox=has_sandbox):
            conditions = with_condition(conditions, _pod_condition(each, obj), self.cluster.clock())
        order = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        conditions.sort(key=lambda each: order.index(each["type"]) if each["type"] in order else 9)
        changed = {key: value for key, value in status.items() if obj["status"].get(key) != value}
        generation = obj["metadata"]["generation"]
        values = changed | {"phase": phase, "conditions": conditions, "observedGeneration": generation}
        self.cluster.set_status("Pod", obj, **values)
        if phase in _OVER:
            self._node.release(obj["metadata"]["uid"])


def _state_of(status: Obj) -> str:
    """Which state, so that a new one is told from the same."""
    state, about = next(iter(status["state"].items()))
    waits = about["reason"] in ("ContainerCreating", "PodInitializing") if state == "waiting" else False
    return f"{state} {'' if waits or state == 'running' else about['reason']} {status['restartCount']}"


def _phase(inits: list[Obj], mains: list[Obj], policy: str) -> str:
    ends = [at(each, "state", "terminated") for each in mains]
    if any(at(each, "state", "terminated", "exitCode") for each in inits) and policy == "Never":
        return "Failed"
    if all(ends) and (policy == "Never" or (policy == "OnFailure" and not any(end["exitCode"] for end in ends))):
        return "Failed" if any(end["exitCode"] for end in ends) else "Succeeded"
    return "Running" if any("waiting" not in each["state"] or each["lastState"] for each in mains) else "Pending"


def _conditions(inits: list[Obj], mains: list[Obj], phase: str, *, has_sandbox: bool) -> list[Obj]:
    over = phase in _OVER
    waiting = [each["name"] for each in inits if at(each, "state", "terminated", "exitCode") != 0]
    unready = [each["name"] for each in mains if not each["ready"]]
    initialized: Obj = {"status": "True"} | ({"reason": "PodCompleted"} if over else {})
    if waiting:
        text = f"containers with incomplete status: [{' '.join(waiting)}]"
        initialized = {"status": "False", "reason": "ContainersNotInitialized", "message": text}
    ready: Obj = {"status": "True"}
    if over:
        ready = {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    elif unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        ready = {"status": "False", "reason": "ContainersNotReady", "message": text}
    sandbox = {"status": str(has_sandbox and not over)}
    named = {"PodReadyToStartContainers": sandbox, "Initialized": initialized, "Ready": ready, "ContainersReady": ready}
    return [{"type": kind} | values for kind, values in named.items()]


def _pod_condition(values: Obj, pod: Obj) -> Obj:
    return values | {"lastProbeTime": None, "observedGeneration": pod["metadata"]["generation"]}
