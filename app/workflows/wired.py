"""A graph while it is being wired: each node with what its edges make of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.manifests.catalogue import WORKLOADS, NodeType
from app.manifests.formats import missing
from app.manifests.pods import Wait
from app.manifests.problems import Problems


@dataclass(slots=True, eq=False)
class WiredNode:
    """A node and what edges say about it. `data` is its own copy: the graph is never changed."""

    id: str
    type: NodeType
    data: dict[str, Any]
    problems: Problems = field(default_factory=Problems)
    namespace: str = ""
    needs: set[str] = field(default_factory=set)
    """Must be applied before, and successfully."""
    after: set[str] = field(default_factory=set)
    """Come before, but their failure is no reason to stop."""
    completes: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    waits: list[Wait] = field(default_factory=list)
    scaled: bool = False
    headless_service: bool = False

    @property
    def kind(self) -> str:
        """`deployment`, `service`, ..."""
        return self.type.name

    @property
    def name(self) -> str:
        """The object's name, blank while nobody has given one."""
        return _text(self.data.get("name"))

    @property
    def title(self) -> str:
        """What people know it by."""
        return self.name or self.id

    @property
    def own_namespace(self) -> str:
        """As typed, blank for none."""
        return _text(self.data.get("namespace"))

    @property
    def runs_pods(self) -> bool:
        """A workload."""
        return self.kind in WORKLOADS

    @property
    def port(self) -> int | str | None:
        """Where a workload listens: its first listed port, else `port`, else its type's default."""
        listed = self.data.get("ports")
        if isinstance(listed, list):
            first = listed[0] if listed else None
            return first.get("containerPort") if isinstance(first, dict) else None
        if not missing(self.data.get("port")):
            return self.data["port"]  # type: ignore[no-any-return]  # as typed; the service's own field is checked
        return next((p.default for p in self.type.parameters if p.name == "port"), None)

    def entries(self, field_name: str) -> list[Any]:
        """A list of the node's data, copied so that entries may be replaced; empty when it isn't one."""
        found = self.data.get(field_name)
        return list(found) if isinstance(found, list) else []

    def text(self, field_name: str) -> str:
        """A text of the node's data, trimmed; blank when it isn't one."""
        return _text(self.data.get(field_name))

    def warn(self, text: str) -> None:
        """Something odd that stops nothing."""
        self.problems.warnings.append(f"{self.title}: {text}")


@dataclass(slots=True)
class Board:
    """All nodes by id, and who is linked with whom."""

    nodes: dict[str, WiredNode]
    links: dict[str, list[tuple[WiredNode, str | None]]] = field(default_factory=dict)
    """By node id: the others at its edges, with the handle at this node's end, in the order of the edges."""
    _by_name: dict[tuple[str, str, str], WiredNode] | None = None

    def linked(self, node: WiredNode, *kinds: str) -> Iterator[tuple[WiredNode, str | None]]:
        """The nodes of these kinds at the edges of a node, each edge once."""
        for other, handle in self.links.get(node.id, ()):
            if other.kind in kinds:
                yield other, handle

    def of(self, *kinds: str) -> list[WiredNode]:
        """The nodes of these kinds, in the canvas's order."""
        return [node for node in self.nodes.values() if node.kind in kinds]

    def named(self, namespace: str, name: str, *kinds: str) -> WiredNode | None:
        """The node that makes an object of this name, when there is one. Asked once namespaces are settled."""
        if self._by_name is None:
            self._by_name = {}
            for node in self.nodes.values():
                self._by_name.setdefault((node.kind, node.namespace, node.name), node)
        found = (self._by_name.get((kind, namespace, name)) for kind in kinds if name)
        return next((node for node in found if node is not None), None)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
