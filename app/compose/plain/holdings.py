"""ConfigMaps, Secrets, claims and autoscalers → their nodes."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from app.compose.plain.board import Board, Placed
from app.compose.plain.objects import Obj, entries, inner, labels, mapping, picked, text

KINDS: Final[Mapping[str, str]] = {
    "ConfigMap": "configmap", "Secret": "secret", "PersistentVolumeClaim": "persistentvolumeclaim",
    "HorizontalPodAutoscaler": "hpa",
}  # fmt: skip
_SECRET_TYPES: Final = ("kubernetes.io/tls", "kubernetes.io/dockerconfigjson")
_DEFAULT_CPU: Final = 80


def fill_holding(board: Board, one: Placed) -> None:
    """All fields; values of secrets go beside the graph."""
    match one.node["type"]:
        case "configmap":
            one.data["data"] = labels(one.manifest.obj.get("data"))
        case "secret":
            _secret(board, one)
        case "persistentvolumeclaim":
            spec = one.manifest.spec
            one.data.update(picked(spec, "accessModes", "storageClassName", "volumeMode"))
            one.data["storage"] = text(inner(spec, "resources", "requests", "storage"))
        case _:
            _autoscaler(board, one)
    set_labels(one)


def set_labels(one: Placed) -> None:
    """Of the object."""
    for key in ("labels", "annotations"):
        if found := labels(one.manifest.metadata.get(key)):
            one.data[key] = found


def _secret(board: Board, one: Placed) -> None:
    obj = one.manifest.obj
    kind = text(obj.get("type"))
    values: dict[str, str] = {}
    for key, value in mapping(obj.get("data")).items():
        plain = _decoded(value)
        if plain is None:
            message = f"the key {key} holds no text: it is left out, give it to the cluster yourself"
            board.say("warning", one.manifest, message, key="data")
        else:
            values[str(key)] = plain
    values |= labels(obj.get("stringData"))
    one.data.update(
        {
            "secretType": kind if kind in _SECRET_TYPES else "Opaque",
            "keys": [{"id": key, "name": key} for key in values],
        }
    )
    board.secret_values[one.node["id"]] = values


def _decoded(value: Any) -> str | None:
    try:
        return base64.b64decode(str(value or ""), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _autoscaler(board: Board, one: Placed) -> None:
    spec = one.manifest.spec
    target = mapping(spec.get("scaleTargetRef"))
    one.data.update(picked(spec, "minReplicas", "maxReplicas"))
    one.data.update({"scaleTargetKind": text(target.get("kind")), "scaleTargetName": text(target.get("name"))})
    wanted = {
        text(inner(m, "resource", "name")): m for m in entries(spec.get("metrics")) if m.get("type") == "Resource"
    }
    cpu, memory = (_utilisation(wanted.get(name, {})) for name in ("cpu", "memory"))
    cpu = cpu if cpu is not None else spec.get("targetCPUUtilizationPercentage")
    if memory is not None:
        one.data["targetMemoryUtilization"] = memory
    if cpu is not None:
        one.data["targetCPUUtilization"] = cpu
    else:
        message = f"names no CPU load: {_DEFAULT_CPU} % is looked after too"
        board.say("warning", one.manifest, message, key="metrics")
    for key, field in (("scaleDown", "scaleDownStabilization"), ("scaleUp", "scaleUpStabilization")):
        window = inner(spec, "behavior", key, "stabilizationWindowSeconds")
        if window is not None:
            one.data[field] = window


def _utilisation(metric: Obj) -> Any:
    target = mapping(inner(metric, "resource", "target"))
    return target.get("averageUtilization") if target.get("type", "Utilization") == "Utilization" else None
