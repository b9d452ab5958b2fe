"""Graphs to draw, made up from a seed, and what can be counted in a drawing of them. For tests and benchmarks."""

import random
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

from app.compose.drawing.cards import WIDTH, WORKLOADS, card_height, overlap
from app.manifests.graph import Edge, Graph, Node

DATA_STORES = ("postgres", "mysql", "redis", "mongo", "rabbitmq", "elasticsearch")


class Line(NamedTuple):
    """An edge as drawn: from the middle of the right side of a card to the middle of the left side of another."""

    source: str
    target: str
    x1: float
    y1: float
    x2: float
    y2: float


def a_node(id_: str, type_: str = "deployment", **data: Any) -> Node:
    return {"id": id_, "type": type_, "position": {"x": 0, "y": 0}, "data": {"name": id_, **data}}


def a_graph(nodes: Sequence[Node], pairs: Sequence[tuple[str, str]]) -> Graph:
    edges: list[Edge] = [{"id": f"{source}-{target}", "source": source, "target": target} for source, target in pairs]
    return Graph(nodes, edges)


def random_graph(seed: int, nodes: int = 100, edges: int = 130) -> Graph:
    """Workloads with edges anywhere, but no circles."""
    chance = random.Random(seed)
    ids = [f"n{at}" for at in range(nodes)]
    shuffled = chance.sample(ids, nodes)
    possible = nodes * (nodes - 1) // 2
    pairs: set[tuple[str, str]] = set()
    while len(pairs) < min(edges, possible):
        one, other = sorted(chance.sample(range(nodes), 2))
        pairs.add((shuffled[one], shuffled[other]))
    return a_graph([a_node(id_) for id_ in ids], sorted(pairs))


def layered_graph(seed: int, nodes: int = 100, edges: int = 130, levels: int = 6) -> Graph:
    """Workloads of so many levels, with edges from one to the next only."""
    chance = random.Random(seed)
    ids = [f"n{at}" for at in range(nodes)]
    pairs: set[tuple[str, str]] = set()
    while len(pairs) < edges:
        level = chance.randrange(levels - 1)
        pairs.add((chance.choice(ids[level::levels]), chance.choice(ids[level + 1 :: levels])))
    return a_graph([a_node(id_) for id_ in ids], sorted(pairs))


def imported_graph(seed: int, services: int = 25, needs: float = 1.2) -> Graph:
    """As an import makes it: workloads with what feeds them, a quarter data stores, in the order of a file.

    Args:
        seed: the same gives the same graph; of two sizes with one seed, the first services are the same.
        services: about four nodes each.
        needs: how many services another one waits for, on the average.
    """
    nodes: list[Node] = []
    pairs: list[tuple[str, str]] = []
    for at in range(services):
        _add_service(random.Random(f"{seed}/{at}"), at, needs, nodes, pairs)
    return a_graph(nodes, pairs)


def _add_service(chance: random.Random, at: int, needs: float, nodes: list[Node], pairs: list[tuple[str, str]]) -> None:
    store = chance.random() < 0.25 or at == 0
    name = f"{chance.choice(DATA_STORES)}{at}" if store else f"app{at}"
    nodes.append(a_node(name, "statefulset" if store else "deployment"))

    def feeder(suffix: str, type_: str, **data: Any) -> None:
        nodes.append(a_node(f"{name}-{suffix}", type_, **data))
        pairs.append((f"{name}-{suffix}", name))

    if chance.random() < 0.8:
        feeder("svc", "service")
        if not store and chance.random() < 0.3:
            nodes.append(a_node(f"{name}-ingress", "ingress", paths=[{}]))
            pairs.append((f"{name}-ingress", f"{name}-svc"))
    if chance.random() < 0.7:
        feeder("config", "configmap", data={f"KEY_{key}": "v" for key in range(chance.randrange(1, 9))})
    if store or chance.random() < 0.3:
        feeder("secrets", "secret", keys=[{"id": str(key)} for key in range(chance.randrange(1, 4))])
    if store or chance.random() < 0.2:
        feeder("data", "persistentvolumeclaim")
    workloads = [node["id"] for node in nodes if node["type"] in ("deployment", "statefulset")][:-1]
    if not store and workloads:
        wanted = min(len(workloads), int(needs) + (chance.random() < needs % 1))
        # Mostly what the file has named first: the data stores and the one API that all wait for.
        weights = [3 if id_[-1] in "0123" and len(id_) > 4 else 1 for id_ in workloads]
        chosen = dict.fromkeys(chance.choices(workloads, weights, k=wanted))
        pairs.extend((needed, name) for needed in chosen)


def drawn_lines(graph: Graph) -> list[Line]:
    by_id = {node["id"]: node for node in graph.nodes}
    lines = []
    for edge in graph.edges:
        if edge["source"] in by_id and edge["target"] in by_id and edge["source"] != edge["target"]:
            one, other = by_id[edge["source"]], by_id[edge["target"]]
            start, end = one["position"], other["position"]
            lines.append(
                Line(
                    edge["source"],
                    edge["target"],
                    start["x"] + WIDTH,
                    start["y"] + card_height(one) / 2,
                    end["x"],
                    end["y"] + card_height(other) / 2,
                )
            )
    return lines


def crossings(graph: Graph) -> int:
    """How many pairs of lines cross, drawn straight. Lines that share a card don't count."""
    return sum(
        1 for one, other in combinations(drawn_lines(graph), 2) if not {*one[:2]} & {*other[:2]} and _cross(one, other)
    )


def _cross(one: Line, other: Line) -> bool:
    return (
        _side(one, other.x1, other.y1) * _side(one, other.x2, other.y2) < 0
        and _side(other, one.x1, one.y1) * _side(other, one.x2, one.y2) < 0
    )


def _side(line: Line, x: float, y: float) -> float:
    return (line.x2 - line.x1) * (y - line.y1) - (line.y2 - line.y1) * (x - line.x1)


def overlaps(graph: Graph) -> int:
    """How many pairs of cards cover each other."""
    return sum(1 for one, other in combinations(graph.nodes, 2) if overlap(one, other))


def covered(graph: Graph) -> int:
    """How often a line, drawn straight, runs over a card that isn't its own."""
    return sum(1 for line in drawn_lines(graph) for node in graph.nodes if _covers(node, line))


def _covers(node: Node, line: Line) -> bool:
    left, top = node["position"]["x"], node["position"]["y"]
    start, end = max(left, min(line.x1, line.x2)), min(left + WIDTH, max(line.x1, line.x2))
    if node["id"] in line[:2] or start >= end:
        return False
    slope = (line.y2 - line.y1) / (line.x2 - line.x1)
    heights = [line.y1 + slope * (x - line.x1) for x in (start, end)]
    return min(heights) < top + card_height(node) and max(heights) > top


class Still(NamedTuple):
    """What stayed as it was, of the cards that both drawings have; shares from 0 to 1."""

    within_a_card: float
    same_column: float
    same_order: float


def still_share(before: Graph, after: Graph) -> Still:
    """Places are taken as they are: a shift of all cards counts for each."""
    old = {node["id"]: node["position"] for node in before.nodes}
    pairs = [(old[node["id"]], node["position"], card_height(node)) for node in after.nodes if node["id"] in old]
    near = sum(
        1 for was, now, height in pairs if abs(was["x"] - now["x"]) < WIDTH and abs(was["y"] - now["y"]) < height
    )
    column = sum(1 for was, now, _ in pairs if was["x"] == now["x"])
    kept = [
        (was["y"] < was2["y"]) == (now["y"] < now2["y"])
        for (was, now, _), (was2, now2, _) in combinations(pairs, 2)
        if was["x"] == was2["x"] and now["x"] == now2["x"]
    ]
    return Still(near / len(pairs), column / len(pairs), sum(kept) / len(kept) if kept else 1.0)


def removable(graph: Graph) -> list[str]:
    """Workloads that no other one needs."""
    needed = {edge["source"] for edge in graph.edges}
    return [node["id"] for node in graph.nodes if node["type"] in WORKLOADS and node["id"] not in needed]


def without(graph: Graph, workload: str) -> Graph:
    """The graph as if that service had never been in the file."""
    nodes = [node for node in graph.nodes if node["id"] != workload and not node["id"].startswith(f"{workload}-")]
    left = {node["id"] for node in nodes}
    return Graph(nodes, [edge for edge in graph.edges if {edge["source"], edge["target"]} <= left])
