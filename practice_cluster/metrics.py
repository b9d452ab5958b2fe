"""metrics.k8s.io: what pods and the node use, made up from what they request. Called by `routing`."""

from decimal import Decimal
from typing import Final

from practice_cluster.cluster import Cluster
from practice_cluster.controllers.scheduling import needed
from practice_cluster.errors import not_found
from practice_cluster.objects import Obj, stamp
from practice_cluster.selectors import label_matcher
from practice_cluster.server import Request

LOAD: Final = "practice.kubeorch.io/cpu-percent"
"""An annotation of a pod (or its template): so much of its CPU request it uses."""
_USUAL_PERCENT: Final = 20
_ASSUMED: Final = {"cpu": Decimal("0.05"), "memory": Decimal(32 * 1024 * 1024)}


def usage(pod: Obj) -> dict[str, Decimal]:
    """CPU and memory of a running pod."""
    needs = needed(pod["spec"])
    percent = str((pod["metadata"].get("annotations") or {}).get(LOAD, _USUAL_PERCENT))
    load = Decimal(percent if percent.isdecimal() else _USUAL_PERCENT) / 100
    return {"cpu": (needs["cpu"] or _ASSUMED["cpu"]) * load, "memory": (needs["memory"] or _ASSUMED["memory"]) / 2}


def answer(cluster: Cluster, rest: list[str], request: Request) -> Obj:
    """What is asked: pods or nodes, one or all."""
    namespace, rest = (rest[1], rest[2:]) if rest[0] == "namespaces" and len(rest) > 2 else ("", rest)
    matches = label_matcher(request.query.get("labelSelector", ""))
    kinds = {"pods": "PodMetrics", "nodes": "NodeMetrics"}
    if rest[0] not in kinds:
        raise not_found("metrics.k8s.io", rest[0])
    listed = [
        _metrics(cluster, kinds[rest[0]], entry.load())
        for entry in cluster.store.entries(rest[0], namespace)
        if (len(rest) == 1 or entry.key[2] == rest[1]) and (matches is None or matches(entry.labels))
    ]
    listed = [each for each in listed if each]
    if len(rest) > 1:
        if not listed:
            raise not_found(f"{kinds[rest[0]].lower()}.metrics.k8s.io", rest[1])
        return listed[0]
    about = {"kind": f"{kinds[rest[0]]}List", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}}
    return about | {"items": listed}


def _metrics(cluster: Cluster, kind: str, obj: Obj) -> Obj:
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace", "labels") if key in obj["metadata"]}
    about = {"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": metadata}
    about |= {"timestamp": stamp(cluster.clock()), "window": "15s"}
    if kind == "NodeMetrics":
        pods = [entry.load() for entry in cluster.store.entries("pods")]
        uses = [usage(pod) for pod in pods if pod["status"].get("phase") == "Running"]
        return about | {"usage": _written({name: sum((each[name] for each in uses), Decimal(0)) for name in _ASSUMED})}
    if obj["status"].get("phase") != "Running":
        return {}
    whole, containers = usage(obj), obj["spec"]["containers"]
    part = _written({name: value / len(containers) for name, value in whole.items()})
    return about | {"containers": [{"name": each["name"], "usage": part} for each in containers]}


def _written(values: dict[str, Decimal]) -> dict[str, str]:
    return {"cpu": f"{int(values['cpu'] * 10**9)}n", "memory": f"{int(values['memory'] / 1024)}Ki"}
