"""Mends what the canvas does to imported nodes: it gives them new ids, but not the references inside their data. Pure.

Called by `sanitise.py` with every save.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from app.manifests.graph import Graph, Node

_UNBUILT: Final = "kubeorch.invalid/"
_TYPE_OF_ENTRY: Final = {"configMap": "configmap", "secret": "secret", "persistentVolumeClaim": "persistentvolumeclaim"}
_WORKLOADS: Final = ("deployment", "statefulset", "daemonset", "job", "cronjob")

# Which types an `_linked…` field can name.
_LINKED: Final[Mapping[str, tuple[str, ...]]] = {
    "_linkedDeployment": ("deployment", "statefulset", "daemonset"),
    "_linkedService": ("service",),
    "_linkedTarget": ("deployment", "statefulset"),
    "_linkedWorkload": _WORKLOADS,
    "_linkedWorkloads": _WORKLOADS,
    "_linkedConfigMaps": ("configmap",),
    "_linkedSecrets": ("secret",),
    "_linkedPVCs": ("persistentvolumeclaim",),
}
_NAME_FIELDS: Final = ("targetApp", "serviceName", "scaleTargetName", "name")


def healed(graph: Graph, before: Graph | None = None) -> Graph:
    """Ids inside data that lead nowhere are replaced by the node that an edge names, same type and name first.

    A placeholder that comes back for a node whose image has been built meanwhile keeps the built image: the canvas
    was opened before the build ended.
    """
    by_id = {node["id"]: node for node in graph.nodes}
    neighbours: dict[str, list[Node]] = {}
    for edge in graph.edges:
        for one, other in ((edge["source"], edge["target"]), (edge["target"], edge["source"])):
            neighbours.setdefault(one, []).append(by_id[other])
    stored = {node["id"]: node for node in before.nodes} if before else {}
    nodes = []
    for node in graph.nodes:
        # Most nodes have nothing to mend: they are given back as they are.
        data = _mended(node["data"], neighbours.get(node["id"], ()), by_id) if neighbours else node["data"]
        data = _with_built_image(data, stored.get(node["id"]))
        nodes.append(node if data is node["data"] else cast(Node, {**node, "data": data}))
    return Graph(nodes, graph.edges)


def _mended(data: dict[str, Any], neighbours: Sequence[Node], by_id: Mapping[str, Node]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for field, value in data.items():
        new = _mended_field(field, value, data, neighbours, by_id)
        if new != value:
            changed[field] = new
    return {**data, **changed} if changed else data


def _mended_field(
    field: str, value: Any, owner: Mapping[str, Any], neighbours: Sequence[Node], by_id: Mapping[str, Node]
) -> Any:
    """One field, and what is inside it: paths, rules and peers hold references too."""
    if field == "nodeId" or field in _LINKED:
        types = _LINKED.get(field) or _types_of_entry(owner)
        if isinstance(value, list):
            return [_found(entry, types, owner, neighbours, by_id) for entry in value]
        return _found(value, types, owner, neighbours, by_id)
    if isinstance(value, list):
        return [_mended_entry(entry, neighbours, by_id) for entry in value]
    return value


def _mended_entry(entry: Any, neighbours: Sequence[Node], by_id: Mapping[str, Node]) -> Any:
    return _mended(entry, neighbours, by_id) if isinstance(entry, dict) else entry


def _types_of_entry(entry: Mapping[str, Any]) -> tuple[str, ...]:
    kind = _TYPE_OF_ENTRY.get(str(entry.get("type")))
    return (kind,) if kind else _WORKLOADS  # `dependsOn` has no type


def _found(
    node_id: Any, types: Sequence[str], owner: Mapping[str, Any], neighbours: Sequence[Node], by_id: Mapping[str, Node]
) -> Any:
    if not isinstance(node_id, str) or not node_id or node_id in by_id:
        return node_id
    candidates = [node for node in neighbours if node["type"] in types]
    names = {owner[field] for field in _NAME_FIELDS if isinstance(owner.get(field), str)}
    same_name = [node for node in candidates if node["data"].get("name") in names]
    if same_name:
        return same_name[0]["id"]
    # By type alone only when there is no doubt: a wrong mount is worse than none.
    return candidates[0]["id"] if len(candidates) == 1 else node_id


def _with_built_image(data: dict[str, Any], stored: Node | None) -> dict[str, Any]:
    image = data.get("image")
    if stored is None or not isinstance(image, str) or not image.startswith(_UNBUILT):
        return data
    built = stored["data"].get("_build")
    known = stored["data"].get("image")
    if not isinstance(built, dict) or built.get("status") != "built" or not known or known.startswith(_UNBUILT):
        return data
    return {**data, "image": known, "_build": built}
