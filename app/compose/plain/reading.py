"""Files of manifests → nodes, edges, values of secrets and findings: a function of its arguments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.compose.files import read_file
from app.compose.findings import Finding, Findings, refused
from app.compose.layout import laid_out
from app.compose.options import Options
from app.compose.plain import holdings, networks, workloads
from app.compose.plain.board import Board, Placed
from app.compose.plain.containers import first_container
from app.compose.plain.differences import say_differences
from app.compose.plain.joining import join
from app.compose.plain.objects import Manifest, manifests_in, text
from app.compose.plain.views import service_views
from app.manifests.graph import Graph, Node

MAX_OBJECTS: Final = 1000
_NODES: Final[Mapping[str, str]] = {**workloads.KINDS, **holdings.KINDS, **networks.KINDS}
_PASSED_OVER: Final = frozenset({"Namespace", "Kustomization"})


@dataclass(frozen=True, slots=True)
class Plain:
    """What became of the manifests."""

    graph: Graph
    findings: tuple[Finding, ...]
    services: Sequence[Mapping[str, Any]]
    secret_values: Mapping[str, Mapping[str, str]] = field(repr=False)
    """By node id; in no graph."""


def plain_manifests(
    files: Mapping[str, bytes], names: Sequence[str], options: Options, findings: Findings, ids: Iterator[str]
) -> Plain:
    """Read manifests.

    Args:
        files: that were given.
        names: those with manifests, in their order.
        options: which namespace objects are in that name none.
        findings: gets every remark.
        ids: of nodes and edges.

    Raises:
        InvalidError: there is nothing that a node could be, or a file can't be read.
    """
    board = Board(options, findings, ids)
    manifests = _manifests(board, files, names)
    board.namespace = options.namespace or _namespace(board, manifests)
    for manifest in manifests:
        _place(board, manifest)
    if not board.placed:
        kinds = ", ".join(dict.fromkeys(manifest.kind for manifest in manifests)) or "no object"
        raise refused("NOTHING_FOUND", f"there is nothing to deploy: the manifests hold {kinds[:200]}")
    for one in board.placed:
        if one.node["type"] in holdings.KINDS.values():
            holdings.fill_holding(board, one)
            if one.node["type"] == "secret":
                board.names.give("secret", one.manifest.name)
    for one in board.placed:
        if one.pod:
            workloads.fill_workload(board, one)
        elif one.node["type"] in networks.KINDS.values():
            networks.fill_network(board, one)
    join(board)
    graph = laid_out(Graph(_nodes(board), board.edges))
    say_differences(board, graph)
    return Plain(graph, tuple(findings), service_views(board), board.secret_values)


def _manifests(board: Board, files: Mapping[str, bytes], names: Sequence[str]) -> list[Manifest]:
    found: list[Manifest] = []
    for name in names:
        content = read_file(files, name)
        if content is None:
            raise refused("FILE_NOT_FOUND", f"the file {name} was not given: add it")
        for manifest in manifests_in(content, name):
            several = networks.one_host_each(manifest.obj) if manifest.kind == "Ingress" else [manifest.obj]
            if len(several) > 1:
                board.say("info", manifest, f"has {len(several)} hosts: a node has one, so it becomes several")
            found += [replace(manifest, obj=obj) for obj in several]
    if len(found) > MAX_OBJECTS:
        raise refused("LIMIT_EXCEEDED", f"has {len(found)} objects: at most {MAX_OBJECTS} can be imported")
    return found


def _namespace(board: Board, manifests: Sequence[Manifest]) -> str:
    """A file that makes one namespace means it for what names none."""
    found = {manifest.name for manifest in manifests if manifest.kind == "Namespace" and manifest.name}
    for manifest in manifests:
        if manifest.kind == "Namespace":
            board.say("info", manifest, "is no node: its nodes name it, and it has to be there before a run")
    return next(iter(found)) if len(found) == 1 else ""


def _place(board: Board, manifest: Manifest) -> None:
    kind = _NODES.get(manifest.kind)
    if kind is None:
        if manifest.kind not in _PASSED_OVER:
            board.say("warning", manifest, "there is no node of this kind: it is left out, apply it yourself")
        return
    if not manifest.name:
        board.say("error", manifest, "has no name: give it one, it is left out", key="metadata.name")
        return
    pod = workloads.pod_of(manifest.kind, manifest.spec) if manifest.kind in workloads.KINDS else {}
    if manifest.kind in workloads.KINDS and not first_container(pod):
        board.say("error", manifest, "has no container: it is left out", key="spec.template")
        return
    namespace = text(manifest.metadata.get("namespace")) or board.namespace
    if board.find(kind, manifest.name, namespace) is not None:
        board.say("error", manifest, "is in the files twice: the second is left out", key="metadata.name")
        return
    board.place(Placed(manifest, board.new_node(kind, manifest.name, namespace), pod))


def _nodes(board: Board) -> list[Node]:
    """In the files' order; a workload's own secret stands before it."""
    found: list[Node] = []
    for one in board.placed:
        own = board.own_secrets.get(one.node["id"])
        found += [own, one.node] if own is not None else [one.node]
    return found
