"""metrics.k8s.io: what pods and the node use, made up from what they request. For `routing` and the autoscaler."""

from decimal import Decimal
from typing import Any, Final

from practice_cluster.cluster import Cluster
from practice_cluster.errors import not_found
from practice_cluster.objects import Obj, at, quantity, stamp
from practice_cluster.selectors import label_matcher
from practice_cluster.server import Request

LOAD: Final = "practice.kubeorch.io/cpu-percent"
"""An annotation of a pod (or its template): so much of its CPU request it uses."""
_USUAL: Final = "20"
_ASSUMED: Final = {"cpu": Decimal("0.05"), "memory": Decimal(32 * 1024 * 1024)}
_KINDS: Final = {"pods": "PodMetrics", "nodes": "NodeMetrics"}


def needed(spec: Obj, name: str) -> Decimal:
    """What a pod requests: of its containers together, or of one init container if that is more."""
    parts = [
        [quantity(at(each, f"resources.requests.{name}") or 0) for each in spec.get(field) or []]
        for field in ("containers", "initContainers")
    ]
    return max(sum(parts[0], Decimal(0)), *parts[1], Decimal(0))


def usage(pod: Obj) -> dict[str, Decimal]:
    """CPU and memory of a running pod."""
    percent = str((pod["metadata"].get("annotations") or {}).get(LOAD, _USUAL))
    load = Decimal(percent if percent.isdecimal() else _USUAL) / 100
    cpu, memory = ((needed(pod["spec"], name) or _ASSUMED[name]) for name in ("cpu", "memory"))
    return {"cpu": cpu * load, "memory": memory / 2}


def answer(cluster: Cluster, rest: list[str], request: Request) -> Obj:
    """What is asked: pods or nodes, one or all."""
    namespace, rest = (rest[1], rest[2:]) if rest[0] == "namespaces" and len(rest) > 2 else ("", rest)
    kind, matches = _KINDS.get(rest[0], ""), label_matcher(request.query.get("labelSelector", ""))
    entries = cluster.store.entries(rest[0], namespace) if kind else []
    entries = [each for each in entries if rest[1:] in ([], [each.key[2]]) and (not matches or matches(each.labels))]
    listed = list(filter(None, (_metrics(cluster, kind, entry.load()) for entry in entries)))
    if not kind or (rest[1:] and not listed):
        raise not_found(f"{rest[0]}.metrics.k8s.io", rest[-1])
    about: Obj = {"kind": f"{kind}List", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": listed}
    return listed[0] if rest[1:] else about


def _metrics(cluster: Cluster, kind: str, obj: Obj) -> Obj:
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace", "labels") if key in obj["metadata"]}
    about: Obj = {"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": metadata, "window": "15s"}
    about |= {"timestamp": stamp(cluster.clock())}
    if kind == "NodeMetrics":
        pods = [entry.load() for entry in cluster.store.entries("pods")]
        uses = [usage(pod) for pod in pods if pod["status"].get("phase") == "Running"]
        return about | {"usage": _written({name: sum((each[name] for each in uses), Decimal(0)) for name in _ASSUMED})}
    containers = obj["spec"]["containers"]
    part = _written({name: value / len(containers) for name, value in usage(obj).items()})
    about |= {"containers": [{"name": each["name"], "usage": part} for each in containers]}
    return about if obj["status"].get("phase") == "Running" else {}


def _written(values: dict[str, Any]) -> dict[str, str]:
    return {"cpu": f"{int(values['cpu'] * 10**9)}n", "memory": f"{int(values['memory'] / 1024)}Ki"}
