"""What an edge means: references inside node data are set from the graph's edges, by id. Pure.

The edge is the truth; names and `_linked…` ids inside the data are what the canvas last knew. So a renamed object is
followed, and either direction of drawing is fine. `links.py` has one function a kind of link;
docs/explanation/wiring.md says it in words.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.manifests.formats import missing
from app.manifests.graph import Edge
from app.workflows import links, peers
from app.workflows.wired import Board, WiredNode

RANKS: Final[Mapping[str, int]] = {
    "configmap": 0,
    "secret": 0,
    "persistentvolumeclaim": 0,
    "deployment": 1,
    "statefulset": 1,
    "daemonset": 1,
    "job": 1,
    "cronjob": 1,
    "service": 2,
    "ingress": 3,
    "hpa": 3,
    "networkpolicy": 3,
}
"""What others need has a lower one. Edges between ranks go by it, whichever way they were drawn, so that only edges
inside a rank can close a circle."""

_FOLLOWERS: Final = ("configmap", "secret", "persistentvolumeclaim", "hpa", "networkpolicy")


def wire(nodes: Sequence[WiredNode], edges: Sequence[Edge], default_namespace: str) -> Board:
    """Put into each node's data what its edges say, and note who needs whom.

    Args:
        nodes: of known types, each id once; they are changed.
        edges: those to nodes that aren't there are ignored (a save refuses them).
        default_namespace: of nodes that neither name one nor follow another node; blank is Kubernetes' own default.
    """
    board = Board({node.id: node for node in nodes})
    for edge in edges:
        _link(board, edge)
    _settle_namespaces(board, default_namespace.strip() or "default")
    for service in board.of("service"):
        links.service_to_workload(board, service)
    for ingress in board.of("ingress"):
        links.ingress_to_services(board, ingress)
    for workload in (node for node in nodes if node.runs_pods):
        links.mounts_and_environment(board, workload)
    for hpa in board.of("hpa"):
        links.hpa_to_target(board, hpa)
    for policy in board.of("networkpolicy"):
        peers.policy_to_workloads(board, policy)
    for statefulset in board.of("statefulset"):
        links.governing_service(board, statefulset)
    for workload in (node for node in nodes if node.runs_pods):
        links.dependencies(board, workload)
    return board


def _link(board: Board, edge: Edge) -> None:
    source, target = board.nodes.get(edge["source"]), board.nodes.get(edge["target"])
    if source is None or target is None:
        return
    board.links.setdefault(source.id, []).append((target, edge.get("sourceHandle")))
    if source is not target:
        board.links.setdefault(target.id, []).append((source, edge.get("targetHandle")))
    first, then = source, target
    if RANKS[source.kind] > RANKS[target.kind]:
        first, then = target, source
    then.needs.add(first.id)


def _settle_namespaces(board: Board, default: str) -> None:
    """Workloads say where they are; a service goes with its workload, the others follow unless they name a place.

    Pods can only use, and ingresses only reach, what is in their own namespace: naming another is a mistake.
    """
    for node in board.nodes.values():
        node.namespace = node.own_namespace or default
    for service in board.of("service"):
        workload = links.selected_workload(board, service)
        if workload is not None:
            service.namespace = workload.namespace
    for node in board.of(*_FOLLOWERS):
        partners = [
            other
            for other, handle in board.links.get(node.id, ())
            if other.runs_pods and not (node.kind == "networkpolicy" and peers.is_rule(node, handle))
        ]
        _follow(node, partners)
    for ingress in board.of("ingress"):
        _follow(ingress, [service for service, _ in board.linked(ingress, "service")])
    for node in board.nodes.values():
        node.data["namespace"] = node.namespace


def _follow(node: WiredNode, partners: Sequence[WiredNode]) -> None:
    if partners and missing(node.own_namespace):
        node.namespace = partners[0].namespace
    for partner in partners:
        if partner.namespace != node.namespace:
            node.problems.at("namespace").bad(
                f"is in the namespace {node.namespace}, but {partner.title}, which is connected to it, is in"
                f" {partner.namespace}: give both the same namespace"
            )
