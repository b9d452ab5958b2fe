"""What the steps of reading manifests share: each object with its node, edges, values of secrets."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.compose.findings import Findings, Level
from app.compose.names import Names
from app.compose.options import Options
from app.compose.plain.objects import Manifest, labels, mapping
from app.manifests.graph import Edge, Node


@dataclass(frozen=True, slots=True)
class Placed:
    """An object and the node that it becomes."""

    manifest: Manifest
    node: Node
    pod: Mapping[str, Any] = field(default_factory=dict)
    """The pod template of a workload."""

    @property
    def data(self) -> dict[str, Any]:
        """The node's."""
        return self.node["data"]

    @property
    def namespace(self) -> str:
        """Blank for the cluster's default."""
        return str(self.node["data"].get("namespace") or "")

    @property
    def pod_labels(self) -> dict[str, str]:
        """As the manifest has them."""
        return labels(mapping(self.pod.get("metadata")).get("labels"))

    @property
    def labels_of_now(self) -> dict[str, str]:
        """That its pods will have."""
        return {**self.node["data"].get("labels", {}), "app": str(self.node["data"]["name"])}


def holds(wanted: Mapping[str, str], held: Mapping[str, str]) -> bool:
    """Are all the wanted labels there?"""
    return all(held.get(key) == value for key, value in wanted.items())


@dataclass(slots=True)
class Board:
    """All of one import."""

    options: Options
    findings: Findings
    ids: Iterator[str]
    namespace: str = ""
    """Of objects that name none."""
    placed: list[Placed] = field(default_factory=list)
    own_secrets: dict[str, Node] = field(default_factory=dict)
    """By the id of a workload: what its environment has that is secret."""
    edges: list[Edge] = field(default_factory=list)
    secret_values: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    names: Names = field(default_factory=Names)
    told: dict[str, set[str]] = field(default_factory=dict)
    """By the id of a workload: its environment that a finding is about already."""
    _pairs: set[tuple[str, str, str]] = field(default_factory=set)
    _by_name: dict[tuple[str, str, str], Placed] = field(default_factory=dict)
    _by_label: dict[tuple[str, str, str], list[Placed]] = field(default_factory=dict)

    def new_node(self, kind: str, name: str, namespace: str, **data: Any) -> Node:
        """A node that is not on the canvas yet."""
        node_id = next(self.ids)
        common: dict[str, Any] = {"id": node_id, "name": name, "templateId": f"core/{kind}"}
        if namespace:
            common["namespace"] = namespace
        return {"id": node_id, "type": kind, "position": {"x": 0, "y": 0}, "data": {**common, **data}}

    def edge(self, source: Node, target: Node, source_handle: str = "", target_handle: str = "") -> None:
        """An edge, once."""
        key = (source["id"], target["id"], source_handle)
        if key in self._pairs:
            return
        self._pairs.add(key)
        edge: Edge = {"id": next(self.ids), "source": source["id"], "target": target["id"]}
        if source_handle:
            edge["sourceHandle"] = source_handle
        if target_handle:
            edge["targetHandle"] = target_handle
        self.edges.append(edge)

    def place(self, one: Placed) -> None:
        """Note an object; it is found by its name and by its pods' labels."""
        self.placed.append(one)
        self._by_name[one.node["type"], one.manifest.name, one.namespace] = one
        for key, value in one.pod_labels.items():
            self._by_label.setdefault((one.namespace, key, value), []).append(one)

    def find(self, kind: str, name: str, namespace: str) -> Placed | None:
        """The object of a node type that is called so, in the same namespace."""
        return self._by_name.get((kind, name, namespace))

    def selected(self, namespace: str, wanted: Mapping[str, str], kinds: Collection[str]) -> Iterator[Placed]:
        """The workloads whose pods have all these labels; none for no label."""
        held = [self._by_label.get((namespace, key, value), []) for key, value in wanted.items()]
        fewest: list[Placed] = min(held, key=len, default=[])
        return (one for one in fewest if one.node["type"] in kinds and holds(wanted, one.pod_labels))

    def say(
        self, level: Level, manifest: Manifest, message: str, key: str = "", code: str = "KEY_NOT_CONVERTED"
    ) -> None:
        """A finding about an object."""
        self.findings.add(level, code, message, service=manifest.title, key=key or None)
