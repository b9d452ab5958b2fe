"""Imported nodes beside those that a workflow has already: ids, names, references, places. Pure.

Called by the import's create and apply, after `workflows/sanitise.py` has checked the nodes. Several analyses may come
at once, concatenated by the UI: nodes that hang together follow each other's changes, and no others'.
"""

import uuid
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from app.compose.following import Changes, follow, followed_values, space_of
from app.compose.hosts import Hosts
from app.compose.names import limit_of
from app.compose.spots import beside
from app.errors import ConflictError
from app.manifests.graph import Edge, Graph, Node, Position

OnConflict = Literal["rename", "skip", "replace", "fail"]
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """The graph with both, and what happened to the new nodes."""

    graph: Graph
    renamed: Sequence[Mapping[str, str]]
    """`{nodeId, from, to}`; the id is that in the graph."""
    skipped: Sequence[Mapping[str, str]]
    """`{nodeId, name}` of nodes that stayed out; the id is that of the node that took the place."""
    ids: Mapping[str, str]
    """Each new node's id as given → the one in the graph, also of a node that took its place."""
    _hosts: Mapping[str, Hosts] = field(repr=False)
    _left_out: frozenset[str] = frozenset()

    def secret_values(self, values: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """Values by the given nodes' ids → by the graph's: hosts in them follow, skipped nodes' are gone."""
        return {
            self.ids[node_id]: followed_values(entries, self._hosts[node_id])
            for node_id, entries in values.items()
            if node_id in self._hosts and node_id not in self._left_out
        }


def merged(
    existing: Graph,
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    positions: Mapping[str, Position],
    on_conflict: OnConflict = "rename",
    *,
    ids: Iterator[str] | None = None,
) -> Merged:
    """Put nodes and edges into a graph.

    Args:
        existing: what the workflow has; its nodes stay where and as they are (`replace` changes the data of some).
        nodes, edges: what comes: checked, ids unique among themselves.
        positions: of new nodes by id; they win over the nodes' own.
        on_conflict: what to do about a name that is taken: `rename` the new one, `skip` it, `replace` the data of the
            old one, or `fail`.
        ids: of what has to be renumbered; random ones unless given.

    Raises:
        ConflictError: names clash and that should fail; `details` names them.
    """
    coming = {one["id"] for one in (*nodes, *edges)}
    work = _Merge(existing, coming, on_conflict, ids or (str(uuid.uuid4()) for _ in iter(int, 1)))
    groups = _groups(nodes, edges)
    for group in groups:
        work.settle(group)
    work.refuse()
    placed: list[Node] = []
    hosts: dict[str, Hosts] = {}
    for node in nodes:
        changes, known = work.of_node[node["id"]]
        hosts[node["id"]] = known
        placed.append(work.finished(node, changes, known, positions))
    fresh = [node for node, given in zip(placed, nodes, strict=True) if given["id"] not in work.taken_over]
    lines = work.edges([*edges], existing)
    old = [work.replaced.get(node["id"], node) for node in existing.nodes]
    return Merged(
        graph=Graph([*old, *beside(existing.nodes, fresh, lines)], [*existing.edges, *lines]),
        renamed=work.renamed,
        skipped=work.skipped,
        ids=work.ids_of,
        _hosts=hosts,
        _left_out=frozenset(work.taken_over) if on_conflict == "skip" else frozenset(),
    )


def _groups(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[list[Node]]:
    """Nodes that hang together by edges (or by a certificate, which has none), in their order."""
    root = {node["id"]: node["id"] for node in nodes}

    def find(one: str) -> str:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for source, target in [*((edge["source"], edge["target"]) for edge in edges), *_certificates(nodes)]:
        if source in root and target in root:
            root[find(source)] = find(target)
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(find(node["id"]), []).append(node)
    return list(found.values())


def _certificates(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    secrets: dict[object, list[str]] = {}
    for node in nodes:
        if node["type"] == "secret":
            secrets.setdefault(str(node["data"].get("name")), []).append(node["id"])
    for node in nodes:
        held = secrets.get(str(node["data"].get("tlsSecretName")), []) if node["type"] == "ingress" else []
        if len(held) == 1:
            yield node["id"], held[0]


Key = tuple[str, str, str]
"""Space, namespace, name."""


def _key(node: Node) -> Key | None:
    name = node["data"].get("name")
    if not isinstance(name, str) or not name:
        return None
    return space_of(node["type"]), str(node["data"].get("namespace") or ""), name


class _Merge:
    def __init__(self, existing: Graph, coming: Container[str], on_conflict: OnConflict, ids: Iterator[str]) -> None:
        self._coming, self._on_conflict, self._ids = coming, on_conflict, ids
        self._taken: dict[Key, Node] = {key: node for node in existing.nodes if (key := _key(node)) is not None}
        self._known = {node["id"] for node in existing.nodes}
        self._old = {node["id"]: node for node in existing.nodes}
        self.of_node: dict[str, tuple[Changes, Hosts]] = {}
        self.ids_of: dict[str, str] = {}
        self.taken_over: dict[str, Node] = {}
        """By the id of a new node: the one in whose place it isn't added."""
        self.replaced: dict[str, Node] = {}
        self.renamed: list[dict[str, str]] = []
        self.skipped: list[dict[str, str]] = []
        self._clashes: dict[str, str] = {}

    def settle(self, group: Sequence[Node]) -> None:
        """Ids and names of nodes that hang together; two that come under one name never replace each other."""
        changes = Changes()
        keys = {key: node for node in group if (key := _key(node)) is not None}
        for key, node in keys.items():
            other = self._taken.get(key)
            if other is None:
                continue
            if self._on_conflict == "rename" or (self._on_conflict == "replace" and other["id"] not in self._old):
                self._rename(key, keys, changes)
            elif self._on_conflict == "fail":
                self._clashes[node["id"]] = f"the {other['type']} {key[2]} is there already"
            else:
                self.taken_over[node["id"]] = other
        for node in group:
            self._number(node, changes)
        for key, node in keys.items():
            name = changes.names.get((key[0], key[2]), key[2])
            self._taken.setdefault((key[0], key[1], name), node)
        hosts = changes.hosts()
        self.of_node |= {node["id"]: (changes, hosts) for node in group}

    def _number(self, node: Node, changes: Changes) -> None:
        other, given = self.taken_over.get(node["id"]), node["id"]
        new = given
        if other is not None:
            new = self.ids_of.get(other["id"], other["id"])
        elif given in self._known:
            new = self._fresh(self._known)
        self._known.add(new)
        self.ids_of[given] = new
        if new != given:
            changes.ids[given] = new

    def _fresh(self, known: Container[str]) -> str:
        return next(one for one in self._ids if one not in known and one not in self._coming)

    def _rename(self, key: Key, group: Mapping[Key, Node], changes: Changes) -> None:
        """A workload and its Service get the same new name: what answers to a host is found by it."""
        space, namespace, name = key
        if (space, name) in changes.names:
            return
        twins = [space, *({"workload": ["service"], "service": ["workload"]}.get(space, []))]
        spaces = [one for one in twins if (one, namespace, name) in group]
        limit = min(limit_of(group[one, namespace, name]["type"]) for one in spaces)
        n = 2
        while any(
            (one, namespace, new) in self._taken or (one, namespace, new) in group
            for new in (_numbered(name, n, limit),)
            for one in spaces
        ):
            n += 1
        for one in spaces:
            changes.names[one, name] = _numbered(name, n, limit)

    def refuse(self) -> None:
        """Names clash, and that was to be told."""
        if self._clashes:
            first = list(self._clashes.values())[:_SHOWN]
            message = f"{'; '.join(first)}: rename it, or import with onConflict rename, skip or replace"
            raise ConflictError(message, self._clashes)

    def finished(self, node: Node, changes: Changes, hosts: Hosts, positions: Mapping[str, Position]) -> Node:
        """A new node as it will be; one that takes an old one's place goes to `replaced`."""
        given, new = node["id"], self.ids_of[node["id"]]
        data = follow(node["type"], node["data"], changes, hosts)
        if "id" in data:
            data["id"] = new
        name = data.get("name")
        renamed = changes.names.get((space_of(node["type"]), name)) if isinstance(name, str) else None
        if renamed is not None:
            data["name"] = renamed
            self.renamed.append({"nodeId": new, "from": str(name), "to": renamed})
        made = cast(Node, {**node, "id": new, "position": positions.get(given) or node["position"], "data": data})
        if given in self.taken_over:
            self._take_over(made, str(name))
        return made

    def _take_over(self, made: Node, name: str) -> None:
        if self._on_conflict == "replace":
            old = self._old[made["id"]]
            self.replaced[made["id"]] = cast(Node, {**old, "type": made["type"], "data": made["data"]})
        else:
            self.skipped.append({"nodeId": made["id"], "name": name})

    def edges(self, given: Sequence[Edge], existing: Graph) -> list[Edge]:
        """The new edges with the nodes' ids of now, each once."""
        known = {edge["id"] for edge in existing.edges}
        pairs = {(edge["source"], edge["target"], edge.get("sourceHandle")) for edge in existing.edges}
        found: list[Edge] = []
        for edge in given:
            source, target = (self.ids_of.get(edge[end], edge[end]) for end in ("source", "target"))
            pair = (source, target, edge.get("sourceHandle"))
            if pair in pairs or source == target:
                continue
            edge_id = self._fresh(known) if edge["id"] in known else edge["id"]
            known.add(edge_id)
            pairs.add(pair)
            found.append(cast(Edge, {**edge, "id": edge_id, "source": source, "target": target}))
        return found


def _numbered(name: str, n: int, limit: int) -> str:
    tail = f"-{n}"
    return name[: limit - len(tail)].rstrip("-") + tail
