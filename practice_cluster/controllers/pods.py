"""Pods: scheduled, started container by container, ready, ended, gone. The scheduler and the kubelet in one."""

from decimal import Decimal
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.container_life import Life, first_status
from practice_cluster.controllers.events import say
from practice_cluster.metrics import needed
from practice_cluster.objects import Obj, at, is_leaving, is_over, quantity, seconds_of, stamp, with_condition
from practice_cluster.surroundings import MissingError, missing_mount, surroundings_of

_AGAIN_S: Final = 2.0
_END_S: Final = 1.0
"""How long a container takes to end when asked to, if its grace period is as long."""
_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
_NO_HELP: Final = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
_NODE_IP: Final = "10.200.0.1"


class Pods:
    """Runs pods on the one node.

    Args:
        cluster: with the pods that are on it already.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._taken: dict[str, dict[str, Decimal]] = {}
        """What each pod on the node needs."""
        self._totals = dict.fromkeys(_RESOURCES, Decimal(0))
        self._since: dict[str, dict[str, tuple[str, float]]] = {}
        """Of each pod's containers: which state, since when. Times in objects are whole seconds."""
        for pod in (entry.load() for entry in cluster.store.entries("pods")):
            if pod["spec"].get("nodeName") and not is_over(pod):
                self._take(pod)
        self._addresses = cluster.store.count("pods")

    def reconcile(self, _: Cluster, obj: Obj) -> float | None:
        """One step of one pod."""
        if is_leaving(obj):
            return self._leave(obj)
        if is_over(obj):
            self.release(obj["metadata"]["uid"])
            return None
        if not obj["spec"].get("nodeName"):
            if problem := self._problem(obj):
                return self._wait(obj, problem)
            obj = self._accept(obj)
        return self._advance(obj)

    def forget(self, uid: str) -> None:
        """It has gone."""
        self.release(uid)
        self._since.pop(uid, None)

    def release(self, uid: str) -> None:
        """It has ended or gone: what it took is free."""
        for name, value in self._taken.pop(uid, {}).items():
            self._totals[name] -= value

    def _take(self, pod: Obj) -> None:
        needs = self._taken[pod["metadata"]["uid"]] = {name: needed(pod["spec"], name) for name in _RESOURCES}
        for name, value in needs.items():
            self._totals[name] += value

    def _leave(self, obj: Obj) -> float | None:
        metadata = obj["metadata"]
        grace_s = float(metadata.get("deletionGracePeriodSeconds", 0))
        left_s = seconds_of(metadata["deletionTimestamp"]) - max(0.0, grace_s - _END_S) - self._cluster.clock()
        if left_s > 0 and not is_over(obj):
            return left_s
        if not metadata.get("finalizers"):
            self._cluster.drop(("pods", metadata["namespace"], metadata["name"]))
        return None

    def _problem(self, pod: Obj) -> str:
        """Why this pod can't be scheduled, in the scheduler's words; empty when it can."""
        spec, namespace = pod["spec"], pod["metadata"]["namespace"]
        names = [at(volume, "persistentVolumeClaim.claimName") for volume in spec.get("volumes") or []]
        for name in filter(None, names):
            claim = self._cluster.find("PersistentVolumeClaim", namespace, name)
            if claim is None:
                return f'0/1 nodes are available: persistentvolumeclaim "{name}" not found. {_NO_HELP}'
            if claim["status"].get("phase") != "Bound":
                return f"0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. {_NO_HELP}"
        node = self._cluster.store.entries("nodes")[0].load()
        needs = {name: needed(spec, name) for name in _RESOURCES}
        room = {name: quantity(node["status"]["allocatable"][name]) - self._totals[name] for name in _RESOURCES}
        why = ", ".join(f"1 Insufficient {name}" for name in _RESOURCES if needs[name] > max(room[name], Decimal(0)))
        if not (spec.get("nodeSelector") or {}).items() <= (node["metadata"].get("labels") or {}).items():
            why = "1 node(s) didn't match Pod's node affinity/selector"
        elif at(node, "spec.unschedulable"):
            why = "1 node(s) were unschedulable"
        return f"0/1 nodes are available: {why}. no new claims to deallocate, {_NO_HELP}" if why else ""

    def _wait(self, obj: Obj, problem: str) -> float:
        old, about = obj["status"].get("conditions") or [], {"reason": "Unschedulable", "message": problem}
        conditions = with_condition(old, self._cluster.clock(), "PodScheduled", False, **about)
        if conditions != old:
            self._cluster.set_status(obj, conditions=conditions)
            say(self._cluster, obj, "FailedScheduling", problem, kind="Warning", by="default-scheduler")
        return _AGAIN_S

    def _accept(self, obj: Obj) -> Obj:
        """The scheduler gives it to the node, and the node has seen it."""
        self._take(obj)
        now, spec, metadata, node = (
            self._cluster.clock(),
            obj["spec"],
            obj["metadata"],
            self._cluster.store.entries("nodes")[0].key[2],
        )
        text = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
        say(self._cluster, obj, "Scheduled", text, by="default-scheduler")
        inits = [first_status(each, waits_for_others=True) for each in spec.get("initContainers") or []]
        status: Obj = {"startTime": stamp(now), "hostIP": _NODE_IP, "hostIPs": [{"ip": _NODE_IP}]}
        status["conditions"] = with_condition([], now, "PodScheduled", True)
        status["containerStatuses"] = [first_status(each, waits_for_others=bool(inits)) for each in spec["containers"]]
        status["initContainerStatuses"] = inits or None
        return self._cluster.patch(obj, {"spec": {"nodeName": node}, "status": status})

    def _advance(self, obj: Obj) -> float | None:
        """Each container a step further."""
        status, waits = dict(obj["status"]), list[float]()
        missing = missing_mount(self._cluster, obj) if not status.get("podIP") else ""
        if missing:
            if self._state_is_new(obj, "", missing):
                say(self._cluster, obj, "FailedMount", missing, kind="Warning", by="kubelet")
            waits.append(_AGAIN_S)
        elif not status.get("podIP"):
            self._addresses += 1
            address = f"10.244.{self._addresses // 250 % 250}.{self._addresses % 250 + 2}"
            status |= {"podIP": address, "podIPs": [{"ip": address}]}
        may_start = not missing  # as long as every init container has ended well
        for field, containers in (("initContainerStatuses", "initContainers"), ("containerStatuses", "containers")):
            statuses = list(status.get(field) or [])
            for index, container in enumerate(obj["spec"].get(containers) or []):
                if may_start:
                    statuses[index] = self._step(obj, container, statuses[index], waits, containers)
                if containers == "initContainers":
                    may_start = may_start and at(statuses[index], "state.terminated.exitCode") == 0
            status |= {field: statuses} if statuses else {}
        self._tell(obj, status)
        return min(waits, default=None)

    def _state_is_new(self, obj: Obj, name: str, state: str) -> bool:
        known = self._since.setdefault(obj["metadata"]["uid"], {})
        if is_new := known.get(name, ("", 0))[0] != state:
            known[name] = (state, self._cluster.clock())
        return is_new

    def _step(self, obj: Obj, container: Obj, status: Obj, waits: list[float], field: str) -> Obj:
        name = container["name"]
        self._state_is_new(obj, name, _state_of(status))
        age_s = self._cluster.clock() - self._since[obj["metadata"]["uid"]][name][1]
        try:
            around: object = surroundings_of(self._cluster, obj, container)
        except MissingError as error:
            around = str(error)
        path = f"spec.{field}{{{name}}}"

        def tell(kind: str, reason: str, message: str) -> None:
            say(self._cluster, obj, reason, message, kind=kind, by="kubelet", path=path)

        life = Life(obj, container, around, field == "initContainers", age_s, self._cluster.clock(), tell)
        status, again_s = life.step(status)
        self._state_is_new(obj, name, _state_of(status))
        waits += [again_s] if again_s is not None else []
        return status

    def _tell(self, obj: Obj, status: Obj) -> None:
        """Phase and conditions, from the containers."""
        inits, mains = status.get("initContainerStatuses") or [], status["containerStatuses"]
        phase = _phase(inits, mains, obj["spec"]["restartPolicy"])
        conditions = status.get("conditions") or []
        for kind, holds, about in _conditions(inits, mains, phase, has_sandbox=bool(status.get("podIP"))):
            conditions = with_condition(conditions, self._cluster.clock(), kind, holds, **about)
        told = status | {"phase": phase, "conditions": conditions}
        self._cluster.set_status(obj, **told)


def _state_of(status: Obj) -> str:
    """Which state, so that a new one is told from the same."""
    state, about = next(iter(status["state"].items()))
    reason = about.get("reason", "") if state == "waiting" else ""
    return f"{state} {'' if reason in ('ContainerCreating', 'PodInitializing') else reason} {status['restartCount']}"


def _phase(inits: list[Obj], mains: list[Obj], policy: str) -> str:
    codes = [at(each, "state.terminated.exitCode") for each in mains]
    if policy == "Never" and any(at(each, "state.terminated.exitCode") for each in inits):
        return "Failed"
    if None not in codes and (policy == "Never" or (policy == "OnFailure" and not any(codes))):
        return "Failed" if any(codes) else "Succeeded"
    return "Running" if any("waiting" not in each["state"] or each["lastState"] for each in mains) else "Pending"


def _conditions(inits: list[Obj], mains: list[Obj], phase: str, *, has_sandbox: bool) -> list[tuple[str, bool, Obj]]:
    is_ended = phase in ("Succeeded", "Failed")
    waiting = " ".join(each["name"] for each in inits if at(each, "state.terminated.exitCode") != 0)
    unready = " ".join(each["name"] for each in mains if not each["ready"])
    initialized = {"reason": "PodCompleted"} if is_ended else {}
    ready = {"reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"} if is_ended else {}
    if waiting:
        text = f"containers with incomplete status: [{waiting}]"
        initialized = {"reason": "ContainersNotInitialized", "message": text}
    if unready and not is_ended:
        ready = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{unready}]"}
    return [
        ("PodReadyToStartContainers", has_sandbox and not is_ended, {}),
        ("Initialized", not waiting, initialized),
        ("Ready", not ready, ready),
        ("ContainersReady", not ready, ready),
    ]
