"""What a graph asks of a cluster: objects by kind, CPU, memory and storage. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from app.compose.units import quantity
from app.kube.quantities import is_quantity, parse_quantity
from app.manifests.graph import Node

_KINDS: Final[Mapping[str, str]] = {
    "deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet", "job": "Job",
    "cronjob": "CronJob", "service": "Service", "ingress": "Ingress", "configmap": "ConfigMap", "secret": "Secret",
    "persistentvolumeclaim": "PersistentVolumeClaim", "hpa": "HorizontalPodAutoscaler",
    "networkpolicy": "NetworkPolicy",
}  # fmt: skip


def estimate_of(nodes: Sequence[Node]) -> dict[str, Any]:
    """The contract's `estimate`. Requests count, else limits; a pod that names neither counts nothing."""
    objects = Counter(_KINDS.get(node["type"], node["type"]) for node in nodes)
    services = {node["data"].get("name") for node in nodes if node["type"] == "service"}
    objects["Service"] += sum(
        1 for node in nodes if node["type"] == "statefulset" and node["data"].get("serviceName") not in services
    )
    cpu, memory, storage = Decimal(0), Decimal(0), Decimal(0)
    for node in nodes:
        data, pods = node["data"], _pods(node)
        cpu += pods * _asked(data, "cpu")
        memory += pods * _asked(data, "memory")
        if node["type"] == "persistentvolumeclaim":
            storage += _amount(data.get("storage"))
        for template in data.get("volumeClaimTemplates") or ():
            storage += pods * _amount(template.get("storage"))
    return {
        "objects": {kind: count for kind, count in objects.items() if count},
        "cpu": f"{int(cpu * 1000)}m" if cpu % 1 else str(int(cpu)),
        "memory": quantity(int(memory)),
        "storage": quantity(int(storage)),
    }


def _pods(node: Node) -> int:
    """How many run at once; a daemonset is counted as one."""
    wanted = node["data"].get("parallelism" if node["type"] in ("job", "cronjob") else "replicas")
    return wanted if isinstance(wanted, int) and not isinstance(wanted, bool) else 1


def _asked(data: Mapping[str, Any], name: str) -> Decimal:
    resources = data.get("resources")
    for side in ("requests", "limits"):
        amounts = resources.get(side) if isinstance(resources, Mapping) else None
        if isinstance(amounts, Mapping) and amounts.get(name) is not None:
            return _amount(amounts[name])
    return Decimal(0)


def _amount(value: Any) -> Decimal:
    text = str(value)
    return Decimal(parse_quantity(text)) if is_quantity(text) else Decimal(0)
