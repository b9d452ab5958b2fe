"""Where does each card of a graph lie, so that a person would draw it so? Pure. Called by the import, after converting.

Left to right along the edges, in layers (Sugiyama's method); the steps are in `drawing/`, docs/explanation/layout.md
says why. Only the order of the nodes breaks a tie, never an id: ids are random, and the same file must look the same.
"""

from collections.abc import Sequence
from typing import Final

from app.compose.drawing.cards import COLUMN, WIDTH, WORKLOADS, card_height
from app.compose.drawing.columns import columns, shortened, without_circles
from app.compose.drawing.crossings import is_tangle, settle_orders
from app.compose.drawing.heights import tops
from app.compose.drawing.packing import Part, block, packed
from app.compose.drawing.strands import strands
from app.manifests.graph import Edge, Graph, Node

ORIGIN: Final = (100, 100)


def laid_out(graph: Graph) -> Graph:
    """The same graph with new positions: no two cards overlap, all on multiples of 20, from (100, 100).

    Edges to nodes that aren't there are kept, and ignored, as is an edge of a node to itself; circles are drawn with
    one edge backwards. Never raises.
    """
    return Graph([_moved(node, place) for node, place in zip(graph.nodes, _places(graph), strict=True)], graph.edges)


def _moved(node: Node, place: tuple[int, int]) -> Node:
    moved = node.copy()
    moved["position"] = {"x": ORIGIN[0] + place[0], "y": ORIGIN[1] + place[1]}
    return moved


def _places(graph: Graph) -> list[tuple[int, int]]:
    heights = [card_height(node) for node in graph.nodes]
    pairs = _pairs(graph.nodes, graph.edges)
    groups = _joined(len(heights), pairs)
    of = {card: at for at, group in enumerate(groups) for card in group}
    within: list[list[tuple[int, int]]] = [[] for _ in groups]
    for pair in pairs:
        within[of[pair[0]]].append(pair)
    is_workload = [node["type"] in WORKLOADS for node in graph.nodes]
    parts = [
        _part(group, edges, heights, is_workload) for group, edges in zip(groups, within, strict=True) if len(group) > 1
    ]
    alone = [group[0] for group in groups if len(group) == 1]
    if alone:
        parts.append(block(alone, heights))
    places = packed(parts)
    return [places[card] for card in range(len(heights))]


def _pairs(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[tuple[int, int]]:
    """The edges as numbers of nodes, each once and sorted: the order they came in must not matter."""
    number = {node["id"]: at for at, node in enumerate(nodes)}
    found = {(number.get(edge["source"], -1), number.get(edge["target"], -1)) for edge in edges}
    return sorted((source, target) for source, target in found if source >= 0 <= target and source != target)


def _joined(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Which cards hang together, however indirectly; groups in the order of their first card."""
    root = list(range(count))

    def find(card: int) -> int:
        while root[card] != card:
            root[card] = root[root[card]]
            card = root[card]
        return card

    for source, target in pairs:
        one, other = find(source), find(target)
        root[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = {}
    for card in range(count):
        groups.setdefault(find(card), []).append(card)
    return list(groups.values())


def _part(
    group: Sequence[int], pairs: Sequence[tuple[int, int]], heights: Sequence[int], is_workload: Sequence[bool]
) -> Part:
    """One layered drawing of cards that hang together."""
    local = {card: at for at, card in enumerate(group)}
    edges = without_circles(len(group), [(local[source], local[target]) for source, target in pairs])
    column = columns(edges, [is_workload[card] for card in group])
    drawn = strands(edges, column)
    crossed = settle_orders(drawn, leave_tangles=True)
    if is_tangle(drawn, crossed):  # levels say little in it, short edges help the eye more
        shorter = shortened(edges, column)
        other = strands(edges, shorter)
        if settle_orders(other) < crossed:
            drawn, column = other, shorter
    own = [heights[card] for card in group]
    top = tops(drawn, own)
    return Part(
        {card: (column[at] * COLUMN, top[at]) for at, card in enumerate(group)},
        max(column) * COLUMN + WIDTH,
        max(map(sum, zip(top, own, strict=True))),
    )
