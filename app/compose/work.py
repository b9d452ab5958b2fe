"""A conversion while it is going on: each service as a part, the nodes and edges made so far."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.compose.choices import ServiceChoice
from app.compose.findings import Findings
from app.compose.hosts import Hosts
from app.compose.names import Names
from app.compose.options import Options
from app.compose.project import Project, Service
from app.manifests.graph import Edge, Graph, Node


@dataclass(frozen=True, slots=True)
class Port:
    """Where a container listens, and where Compose publishes that."""

    number: int
    protocol: str = "TCP"
    published: int | None = None
    loopback: bool = False


@dataclass(slots=True)
class Part:
    """One service (or job) and the workload that it becomes."""

    key: str
    service: Service
    choice: ServiceChoice
    kind: str
    name: str
    image: str
    node: Node
    ports: list[Port] = field(default_factory=list)
    replicas: int | None = None
    service_node: Node | None = None
    needs: dict[str, None] = field(default_factory=dict)
    """Keys of the services whose hosts it names."""

    @property
    def data(self) -> dict[str, Any]:
        """The node's."""
        return self.node["data"]

    @property
    def served(self) -> bool:
        """Can a Service lead to it?"""
        return self.kind in ("deployment", "statefulset", "daemonset")


def numbered_ids() -> Iterator[str]:
    """The same ids each time, in the form of a UUID: for the command line and for tests."""
    n = 0
    while True:
        n += 1
        digits = hashlib.sha256(f"kubeorch-{n}".encode()).hexdigest()
        # A UUID of version 4; the module of that name would cost the command line a tenth of its start.
        variant = f"{int(digits[16], 16) & 3 | 8:x}"
        yield f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


@dataclass(slots=True)
class Work:
    """What the steps of a conversion share."""

    project: Project
    options: Options
    findings: Findings
    ids: Iterator[str]
    names: Names = field(default_factory=Names)
    parts: dict[str, Part] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    hosts: Hosts = field(default_factory=lambda: Hosts.of({}))
    aliases: dict[str, str] = field(default_factory=dict)
    """Further host names, each with the key of its service."""
    host_owners: dict[str, str] = field(default_factory=dict)
    """Each host name with the key of its service."""
    used_hosts: dict[str, None] = field(default_factory=dict)
    """Host names that another service names."""
    secret_values: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """By node id: values of imported secrets. Never part of the graph."""
    claims: dict[str, Node] = field(default_factory=dict)
    shared: dict[tuple[str, str], Node | None] = field(default_factory=dict)
    """Nodes of the top-level configs and secrets, by section and name."""
    _pairs: set[tuple[str, str]] = field(default_factory=set)

    def new_node(self, kind: str, name: str, **data: Any) -> Node:
        """A node that is not on the canvas yet."""
        node_id = next(self.ids)
        common: dict[str, Any] = {"id": node_id, "name": name, "templateId": f"core/{kind}"}
        if self.options.namespace:
            common["namespace"] = self.options.namespace
        return {"id": node_id, "type": kind, "position": {"x": 0, "y": 0}, "data": {**common, **data}}

    def add(self, kind: str, wanted: str, **data: Any) -> Node:
        """A node of a free name, on the canvas."""
        node = self.new_node(kind, self.names.give(kind, wanted), **data)
        self.nodes.append(node)
        return node

    def edge(self, source: Node, target: Node, **handles: str) -> None:
        """An edge, once."""
        pair = (source["id"], target["id"])
        if pair in self._pairs:
            return
        self._pairs.add(pair)
        edge: Edge = {"id": next(self.ids), "source": source["id"], "target": target["id"]}
        if "source_handle" in handles:
            edge["sourceHandle"] = handles["source_handle"]
        if "target_handle" in handles:
            edge["targetHandle"] = handles["target_handle"]
        self.edges.append(edge)

    def graph(self) -> Graph:
        """What has been made."""
        return Graph(self.nodes, self.edges)


def truth(value: Any) -> bool:
    """A switch as Compose takes it."""
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "yes", "on", "y", "1"))


def whole(value: Any) -> int | None:
    """A whole number, also as text."""
    try:
        number = int(str(value)) if not isinstance(value, float) else int(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 2**53 else None


def inner(service: Mapping[str, Any], *path: str) -> Any:
    """A part of a service, `None` where it isn't there."""
    value: Any = service
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
