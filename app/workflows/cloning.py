"""A copy of a graph whose objects don't collide with the original's when both run. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from app.manifests.graph import Graph, Node

_MAX_NAME: Final = 63
_SHORTER: Final = {"statefulset": 52, "cronjob": 52}
_SERVED: Final = ("deployment", "statefulset", "daemonset")
_OF_MOUNT: Final = {"configMap": "configmap", "secret": "secret", "persistentVolumeClaim": "persistentvolumeclaim"}

Names = Mapping[tuple[str, str], str]
"""By type and name, the new name."""


def cloned_graph(graph: Graph, *, suffix: str) -> Graph:
    """The same graph with new object names; what refers to them by name follows.

    References by id stay as they are: the nodes keep their ids. What is outside the graph keeps its name.

    Args:
        suffix: put behind each name after a `-`; lower-case letters and digits.
    """
    names = {
        (node["type"], _name(node)): _suffixed(_name(node), suffix, _SHORTER.get(node["type"], _MAX_NAME))
        for node in graph.nodes
        if _name(node)
    }
    # The headless Service that a StatefulSet brings along is an object too.
    for node in graph.nodes:
        governing = node["data"].get("serviceName")
        if node["type"] == "statefulset" and isinstance(governing, str) and governing.strip():
            names.setdefault(("service", governing.strip()), _suffixed(governing.strip(), suffix, _MAX_NAME))
    return Graph([_renamed(node, names) for node in graph.nodes], list(graph.edges))


def _suffixed(name: str, suffix: str, limit: int) -> str:
    whole = f"{name}-{suffix}"
    if len(whole) <= limit:
        return whole
    # Two long names may differ only where they are cut: the hash keeps them apart.
    tail = f"-{hashlib.sha256(name.encode()).hexdigest()[:4]}-{suffix}"
    return name[: limit - len(tail)].rstrip("-.") + tail


def _name(node: Node) -> str:
    name = node["data"].get("name")
    return name.strip() if isinstance(name, str) else ""


def _renamed(node: Node, names: Names) -> Node:
    data = dict(node["data"])
    if _name(node):
        data["name"] = names[node["type"], _name(node)]
    _follow(data, "targetApp", _SERVED, names)
    _follow(data, "serviceName", ("service",), names)
    _follow(data, "scaleTargetName", (str(data.get("scaleTargetKind") or "Deployment").lower(),), names)
    for field in ("volumeMounts", "envFrom"):
        _each(data, field, lambda entry: _follow(entry, "name", (_OF_MOUNT.get(str(entry.get("type")), ""),), names))
    _each(data, "paths", lambda path: _follow(path, "serviceName", ("service",), names))
    _each(data, "dependsOn", lambda entry: _follow(entry, "name", (*_SERVED, "job", "cronjob"), names))
    _each(data, "initContainers", lambda entry: _follow_container(entry, names))
    _follow(data, "tlsSecretName", ("secret",), names)
    _follow_selectors(data, names)
    # A port of the machines can be had only once: the cluster picks another.
    data.pop("nodePort", None)
    _each(data, "ports", lambda port: port.pop("nodePort", None))
    return cast(Node, {**node, "data": data})


def _follow(entry: dict[str, Any], field: str, types: Sequence[str], names: Names) -> None:
    value = entry.get(field)
    if not isinstance(value, str):
        return
    new = next((names[kind, value.strip()] for kind in types if (kind, value.strip()) in names), None)
    if new is not None:
        entry[field] = new


def _each(data: dict[str, Any], field: str, change: Any) -> None:
    entries = data.get(field)
    if isinstance(entries, list):
        data[field] = [dict(entry) if isinstance(entry, dict) else entry for entry in entries]
        for entry in data[field]:
            if isinstance(entry, dict):
                change(entry)


def _follow_container(entry: dict[str, Any], names: Names) -> None:
    for field in ("volumeMounts", "envFrom"):
        _each(entry, field, lambda mount: _follow(mount, "name", (_OF_MOUNT.get(str(mount.get("type")), ""),), names))


def _follow_selectors(data: dict[str, Any], names: Names) -> None:
    """`app: <name>` is how selectors and policies name a workload."""
    for field in ("selector", "podSelector"):
        if isinstance(data.get(field), dict):
            data[field] = _selector(data[field], names)
    for field, key in (("ingressRules", "from"), ("egressRules", "to")):
        _each(data, field, lambda rule, key=key: _each(rule, key, lambda peer: _follow_peer(peer, names)))


def _follow_peer(peer: dict[str, Any], names: Names) -> None:
    if isinstance(peer.get("podSelector"), dict):
        peer["podSelector"] = _selector(peer["podSelector"], names)


def _selector(given: Mapping[str, Any], names: Names) -> dict[str, Any]:
    result = dict(given)
    _follow(result, "app", (*_SERVED, "job", "cronjob"), names)
    if isinstance(result.get("matchLabels"), dict):
        result["matchLabels"] = _selector(result["matchLabels"], names)
    return result
