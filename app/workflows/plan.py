"""What a run of a graph will apply, and in which order. Pure: the deployer does the applying.

Called when a workflow is published (`check_graph`), when a run is asked for and when a worker carries it out
(`make_plan`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.errors import InvalidError
from app.manifests.catalogue import catalogue
from app.manifests.formats import missing
from app.manifests.graph import Graph
from app.manifests.labels import ownership_labels
from app.manifests.pods import WAIT_IMAGE
from app.manifests.render import Additions, Rendered, render_node
from app.workflows.order import find_cycles, levels_of
from app.workflows.wired import Board, WiredNode
from app.workflows.wiring import wire

UNBUILT_HOST: Final = "kubeorch.invalid"
"""Images that nobody has built yet are called `kubeorch.invalid/<name>:unbuilt`; no registry can serve them."""
_NAMED_IN_A_CIRCLE: Final = 12  # the message stands at each of its nodes
NOT_BUILT: Final = "its image hasn't been built yet: start a build for it"


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave for this run only (`trigger_data`). Never part of a graph."""

    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """By node id: values of a secret's keys."""
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """By node id: values of a workload's `envKeys`."""


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node, ready to be applied."""

    id: str
    type: str
    name: str
    namespace: str
    objects: tuple[Mapping[str, Any], ...] = field(repr=False)
    """In the order to apply them. The last one is the node's own; before it what it can't be without."""
    needs: frozenset[str] = frozenset()
    """Ids of the nodes whose failure stops this one."""
    completes: frozenset[str] = frozenset()
    """Ids of job nodes that must have completed before this one is applied."""
    uses: frozenset[str] = frozenset()
    """Ids of the configmap and secret nodes whose values its pods read."""
    env_kept: frozenset[str] = frozenset()
    """Names of environment entries without a value in this run: what the cluster has stays."""
    scaled: bool = False
    """An autoscaler decides its replicas: its object has none, and what the cluster has stays."""
    secret_keys: tuple[str, ...] = ()
    """The keys that a Secret must end with; values missing from the object come from elsewhere."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Levels are applied one after the other, the nodes of a level side by side."""

    levels: tuple[tuple[PlannedNode, ...], ...]
    warnings: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[PlannedNode, ...]:
        """All nodes in the order of the levels."""
        return tuple(node for level in self.levels for node in level)


def make_plan(
    graph: Graph,
    *,
    workflow_id: str,
    instance: str,
    default_namespace: str,
    given: Given = NOTHING_GIVEN,
    wait_image: str = WAIT_IMAGE,
) -> Plan:
    """Wire, check, render and order a graph.

    Args:
        graph: as stored.
        workflow_id: for the labels that say whose objects these are.
        instance: which installation of KubeOrch this is, for the same.
        default_namespace: the cluster's.
        given: values for this run only.
        wait_image: what waits for a dependency to be healthy.

    Raises:
        InvalidError: its message is the first problem, `details` has all, by `<node id>.<field>`.
    """
    board, unusable = _wired(graph, default_namespace)
    rendered = {}
    for node in board.nodes.values():
        if _unbuilt(node):
            node.problems.at("image").bad(NOT_BUILT)
        ownership = ownership_labels(workflow_id, node.id, instance)
        additions = replace(
            _additions(node, ownership),
            env=given.env.get(node.id),
            secrets=given.secrets.get(node.id),
            wait_image=wait_image,
        )
        rendered[node.id] = render_node(node.type, node.data, additions, node.problems)
    _refuse_problems(board, rendered, unusable)
    return _in_levels(board, rendered)


def check_graph(graph: Graph, default_namespace: str) -> None:
    """Would it run? An image that isn't built yet is fine: publishing comes before the build.

    Raises:
        InvalidError: as `make_plan`.
    """
    board, unusable = _wired(graph, default_namespace)
    rendered = {}
    for node in board.nodes.values():
        if _unbuilt(node):
            node.data["image"] = f"{UNBUILT_HOST}/unbuilt"
        rendered[node.id] = render_node(node.type, node.data, _additions(node, {}), node.problems)
    _refuse_problems(board, rendered, unusable)


def _wired(graph: Graph, default_namespace: str) -> tuple[Board, dict[str, str]]:
    """The nodes of known types, wired; and what is wrong with the others."""
    nodes: dict[str, WiredNode] = {}
    unusable: dict[str, str] = {}
    for node in graph.nodes:
        data = node.get("data") or {}
        try:
            node_type = catalogue().of_node(node["type"], data.get("templateId"))
        except InvalidError as error:
            unusable[f"{node['id']}.type"] = error.message
            continue
        if node["id"] in nodes:
            unusable[f"{node['id']}.id"] = "two nodes have this id: save the canvas again"
            continue
        nodes[node["id"]] = WiredNode(node["id"], node_type, dict(data))
    return wire(list(nodes.values()), graph.edges, default_namespace), unusable


def _additions(node: WiredNode, ownership: Mapping[str, str]) -> Additions:
    """What wiring adds to a node, for its rendering."""
    return Additions(ownership, waits=node.waits, scaled=node.scaled, headless_service=node.headless_service)


def _unbuilt(node: WiredNode) -> bool:
    if not node.runs_pods:
        return False
    image, build = node.text("image"), node.data.get("_build")
    waiting = isinstance(build, dict) and build.get("status") != "built"
    return image.startswith(f"{UNBUILT_HOST}/") or (waiting and missing(image))


def _refuse_problems(board: Board, rendered: Mapping[str, Rendered], unusable: Mapping[str, str]) -> None:
    """One answer that names every problem of the graph; unknown types first, they explain others."""
    _find_duplicates(board, rendered)
    _find_circles(board)
    details = dict(unusable)
    messages = [f"{place.rpartition('.')[0]}: {text}" for place, text in unusable.items()]
    for node in board.nodes.values():
        for path, text in node.problems.by_field.items():
            details[f"{node.id}.{path}"] = text
            messages.append(f"{node.title}: {text}")
    if messages:
        raise InvalidError(messages[0], details)


def _find_duplicates(board: Board, rendered: Mapping[str, Rendered]) -> None:
    """Two nodes that make the same object would overwrite each other at every run."""
    makers: dict[tuple[str, str, str], WiredNode] = {}
    for node in board.nodes.values():
        made = {
            (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in rendered[node.id].objects
        }
        if not made and node.name:  # it has other problems; its own object is known by its type
            made = {(node.type.kind, node.namespace, node.name)}
        for key in sorted(made):
            other = makers.setdefault(key, node)
            if other is node:
                continue
            kind, namespace, name = key
            for one, two in ((node, other), (other, node)):
                one.problems.at("name").bad(
                    f"makes the {kind} {name} in the namespace {namespace}, and so does {two.title} (node {two.id}):"
                    " rename one of them"
                )


def _find_circles(board: Board) -> None:
    after = {node.id: node.needs | node.after for node in board.nodes.values()}
    for circle in find_cycles(after):
        titles = [board.nodes[node_id].title for node_id in circle]
        if len(titles) > _NAMED_IN_A_CIRCLE:
            titles[_NAMED_IN_A_CIRCLE:] = [f"{len(titles) - _NAMED_IN_A_CIRCLE} more"]
        text = f"waits for itself in a circle ({' → '.join([*titles, titles[0]])}): remove one of these edges"
        for node_id in circle:
            board.nodes[node_id].problems.at("edges").bad(text)


def _in_levels(board: Board, rendered: Mapping[str, Rendered]) -> Plan:
    after = {node.id: node.needs | node.after for node in board.nodes.values()}
    levels = levels_of(after, list(board.nodes))
    return Plan(
        tuple(tuple(_planned(board.nodes[node_id], rendered[node_id]) for node_id in level) for level in levels),
        tuple(text for node in board.nodes.values() for text in node.problems.warnings),
    )


def _planned(node: WiredNode, rendered: Rendered) -> PlannedNode:
    return PlannedNode(
        id=node.id,
        type=node.kind,
        name=node.name,
        namespace=node.namespace,
        objects=rendered.objects,
        needs=frozenset(node.needs),
        completes=frozenset(node.completes),
        uses=frozenset(node.uses),
        env_kept=rendered.env_kept,
        scaled=node.scaled,
        secret_keys=rendered.secret_keys,
    )
