"""Where a pod may run: one node, with so much CPU and memory. Called by `kubelet`."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.first_objects import CAPACITY, NODE
from practice_cluster.objects import Obj, quantity

_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
_NO_HELP: Final = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


class Node:
    """What the node has left.

    Args:
        cluster: with the pods that are on it already.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._taken: dict[str, dict[str, Decimal]] = {}
        self._totals = dict.fromkeys(_RESOURCES, Decimal(0))
        for entry in cluster.store.entries("pods"):
            pod = entry.load()
            if pod["spec"].get("nodeName") and pod["status"].get("phase") not in ("Succeeded", "Failed"):
                self.take(pod)

    def problem(self, pod: Obj) -> str:
        """Why this pod can't be scheduled, in the scheduler's words; empty when it can."""
        spec = pod["spec"]
        for volume in spec.get("volumes") or []:
            if name := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
                claim = self._cluster.find("PersistentVolumeClaim", pod["metadata"]["namespace"], name)
                if claim is None:
                    return f'0/1 nodes are available: persistentvolumeclaim "{name}" not found. {_NO_HELP}'
                if claim["status"].get("phase") != "Bound":
                    return f"0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. {_NO_HELP}"
        node = self._cluster.find("Node", "", NODE) or {"metadata": {}, "spec": {}}
        labels, wanted = node["metadata"].get("labels") or {}, spec.get("nodeSelector") or {}
        if any(labels.get(key) != value for key, value in wanted.items()):
            why = "1 node(s) didn't match Pod's node affinity/selector"
            return f"0/1 nodes are available: {why}. no new claims to deallocate, {_NO_HELP}"
        if node["spec"].get("unschedulable"):
            return f"0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, {_NO_HELP}"
        needs = needed(spec)
        short = [
            name for name in _RESOURCES if needs[name] and self._totals[name] + needs[name] > quantity(CAPACITY[name])
        ]
        if short:
            why = ", ".join(f"1 Insufficient {name}" for name in short)
            return f"0/1 nodes are available: {why}. no new claims to deallocate, {_NO_HELP}"
        return ""

    def take(self, pod: Obj) -> None:
        """This pod is on the node now."""
        uid = pod["metadata"]["uid"]
        if uid not in self._taken:
            self._taken[uid] = needed(pod["spec"])
            for name, value in self._taken[uid].items():
                self._totals[name] += value

    def release(self, uid: str) -> None:
        """It has ended or gone."""
        for name, value in self._taken.pop(uid, {}).items():
            self._totals[name] -= value


def needed(spec: Obj) -> dict[str, Decimal]:
    """What a pod's containers request together; an init container alone may need more."""

    def total(containers: Iterable[Obj], name: str) -> list[Decimal]:
        return [quantity(((each.get("resources") or {}).get("requests") or {}).get(name, 0)) for each in containers]

    return {
        name: max([sum(total(spec["containers"], name), Decimal(0)), *total(spec.get("initContainers") or [], name)])
        for name in _RESOURCES
    }
