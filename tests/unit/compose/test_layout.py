"""Where the cards of an imported graph lie: what anybody may rely on, for every graph."""

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.compose.drawing.cards import WORKLOADS, card_height
from app.compose.layout import laid_out
from app.manifests.graph import Edge, Graph, Node
from tests.drawings import (
    a_graph,
    a_node,
    crossings,
    imported_graph,
    layered_graph,
    overlaps,
    random_graph,
    removable,
    still_share,
    without,
)

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TYPES = [*sorted(WORKLOADS), "service", "ingress", "configmap", "secret", "persistentvolumeclaim", "hpa", "plugin"]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any: circles, edges to oneself, twice, or to nowhere; cards of all sizes."""
    count = draw(st.integers(0, 60))
    types = draw(st.lists(st.sampled_from(TYPES), min_size=count, max_size=count))
    sizes = draw(st.lists(st.integers(0, 6), min_size=count, max_size=count))
    nodes = [
        a_node(f"n{at}", type_, data=dict.fromkeys(map(str, range(size))), keys=[{}] * size, paths=[{}] * size)
        for at, (type_, size) in enumerate(zip(types, sizes, strict=True))
    ]
    ends = st.integers(0, count).map(lambda at: f"n{at}")  # the last is none of the nodes
    return a_graph(nodes, draw(st.lists(st.tuples(ends, ends), max_size=90)))


def places(graph: Graph) -> list[tuple[float, float]]:
    return [(node["position"]["x"], node["position"]["y"]) for node in graph.nodes]


@QUICK
@given(graphs())
def test_cards_never_overlap_and_lie_on_the_grid_from_100(graph: Graph) -> None:
    drawn = laid_out(graph)

    assert overlaps(drawn) == 0
    assert all(x % 20 == 0 == y % 20 for x, y in places(drawn))
    if drawn.nodes:
        assert min(x for x, _ in places(drawn)) == min(y for _, y in places(drawn)) == 100


@QUICK
@given(graphs())
def test_cards_of_a_column_have_40_between_them_and_columns_80(graph: Graph) -> None:
    drawn = laid_out(graph).nodes

    for at, one in enumerate(drawn):
        for other in drawn[:at]:
            across = abs(one["position"]["x"] - other["position"]["x"])
            upper, lower = sorted((one, other), key=lambda node: node["position"]["y"])
            free = lower["position"]["y"] - upper["position"]["y"] - card_height(upper)
            assert across >= 280 + 80 or free >= 40


@QUICK
@given(graphs())
def test_only_positions_change(graph: Graph) -> None:
    drawn = laid_out(graph)

    assert drawn.edges == graph.edges
    assert [{**node, "position": None} for node in drawn.nodes] == [{**node, "position": None} for node in graph.nodes]
    assert {(node["position"]["x"], node["position"]["y"]) for node in graph.nodes} <= {(0, 0)}, "the given one is kept"


@QUICK
@given(graphs(), st.randoms(use_true_random=False))
def test_neither_ids_nor_the_order_of_edges_matter(graph: Graph, chance: random.Random) -> None:
    old_ids = [f"n{at}" for at in range(len(graph.nodes) + 1)]
    new_id = dict(zip(old_ids, chance.sample(old_ids, len(old_ids)), strict=True))
    nodes: list[Node] = [{**node, "id": new_id[node["id"]]} for node in graph.nodes]
    edges: list[Edge] = [
        {**edge, "source": new_id[edge["source"]], "target": new_id[edge["target"]]} for edge in graph.edges
    ]
    chance.shuffle(edges)

    assert places(laid_out(Graph(nodes, edges))) == places(laid_out(graph))


@QUICK
@given(graphs())
def test_laying_out_twice_changes_nothing(graph: Graph) -> None:
    once = laid_out(graph)

    assert laid_out(once) == once


@pytest.mark.parametrize("graph", [imported_graph(3, 40), layered_graph(3), random_graph(3)])
def test_every_edge_leads_to_the_right(graph: Graph) -> None:
    left = {node["id"]: node["position"]["x"] for node in laid_out(graph).nodes}

    assert all(left[edge["source"]] < left[edge["target"]] for edge in graph.edges)


def test_a_workload_of_a_later_level_is_further_right() -> None:
    workloads = ["db", "cache", "api", "web"]
    needs = [("db", "api"), ("api", "web"), ("cache", "web")]
    fed = [a_node(name) for name in workloads] + [a_node("web-svc", "service"), a_node("web-ingress", "ingress")]

    drawn = laid_out(a_graph(fed, [*needs, ("web-ingress", "web-svc"), ("web-svc", "web")]))

    left = {node["id"]: node["position"]["x"] for node in drawn.nodes}
    assert left["db"] == left["cache"] < left["api"] < left["web"]
    assert left["web-svc"] == left["web"] - 360, "what feeds a workload is just left of it"
    assert left["web-ingress"] == left["web-svc"] - 360


def test_what_feeds_a_workload_is_near_it() -> None:
    suffixes = {"svc": "service", "config": "configmap", "secrets": "secret"}
    names = [f"app{at}" for at in range(6)]
    nodes = [a_node(name) for name in names]
    nodes += [a_node(f"{name}-{suffix}", type_) for name in names for suffix, type_ in suffixes.items()]
    feeding = [(f"{name}-{suffix}", name) for name in names for suffix in suffixes]
    needs = [("app0", name) for name in names[1:]]

    drawn = laid_out(a_graph(nodes, feeding + needs))

    at = {node["id"]: node["position"] for node in drawn.nodes}
    assert all(at[name]["x"] - at[feeder]["x"] == 360 for feeder, name in feeding)
    assert all(abs(at[name]["y"] - at[feeder]["y"]) <= 400 for feeder, name in feeding)
    assert crossings(drawn) <= 12, "a line of app0 can't but cross the three of each workload between"


def test_a_card_stands_with_its_workload_even_where_no_crossing_asks_for_it() -> None:
    others = ["worker", "beat", "migrate"]
    nodes = [a_node(name) for name in ("db", "web", *others, "nginx")] + [a_node("nginx-svc", "service")]
    pairs = [("db", name) for name in ("web", *others)] + [("web", "nginx"), ("nginx-svc", "nginx")]

    at = {node["id"]: node["position"]["y"] for node in laid_out(a_graph(nodes, pairs)).nodes}

    assert abs(at["nginx-svc"] - at["nginx"]) <= 210
    assert not any(min(at["web"], at["nginx-svc"]) < at[name] < max(at["web"], at["nginx-svc"]) for name in others)


def test_parts_lie_beside_each_other_and_single_cards_in_a_block() -> None:
    pairs = [(f"svc{at}", f"app{at}") for at in range(4)]
    joined = [a_node(id_, "service" if id_.startswith("svc") else "deployment") for pair in pairs for id_ in pair]
    single = [a_node(f"lone{at}") for at in range(9)]

    drawn = laid_out(a_graph(joined + single, pairs))

    at = {node["id"]: node["position"] for node in drawn.nodes}
    assert len({at[f"svc{number}"]["x"] for number in range(4)}) > 1, "not all below each other"
    columns, rows = ({at[node["id"]][axis] for node in single} for axis in ("x", "y"))
    assert len(columns) * len(rows) in {9, 10, 12}


def test_a_circle_is_drawn_with_one_edge_backwards() -> None:
    ring = [f"n{at}" for at in range(5)]
    graph = a_graph([a_node(id_) for id_ in ring], list(zip(ring, [*ring[1:], ring[0]], strict=True)))

    left = [node["position"]["x"] for node in laid_out(graph).nodes]

    assert left == sorted(left) and len(set(left)) == 5


@pytest.mark.parametrize(
    ("make", "most"),
    [(imported_graph, 40), (layered_graph, 240), (random_graph, 480)],
    ids=["as imported", "in levels", "anywhere"],
)
def test_few_edges_cross_in_a_hundred_cards(make: Callable[[int], Graph], most: int) -> None:
    counted = [crossings(laid_out(make(seed))) for seed in range(4)]

    assert max(counted) <= most


def test_one_service_more_moves_few() -> None:
    shares = []
    for seed in range(3):
        graph = imported_graph(seed, 12)
        after = laid_out(graph)
        shares += [still_share(laid_out(without(graph, name)), after) for name in removable(graph)]

    assert len(shares) >= 12
    assert sum(share.same_column for share in shares) / len(shares) >= 0.85
    assert sum(share.same_order for share in shares) / len(shares) >= 0.9
    assert sum(share.within_a_card for share in shares) / len(shares) >= 0.6


def test_a_service_that_hangs_with_none_moves_nobody_before_it() -> None:
    graph = imported_graph(2, 6)
    more = replace(graph, nodes=[*graph.nodes, a_node("new")])

    before, after = places(laid_out(graph)), places(laid_out(more))

    assert after[: len(before)] == before


def test_chains_longer_than_the_stack_are_no_trouble() -> None:
    ids = [f"n{at}" for at in range(1500)]
    there = list(pairwise(ids))
    across = list(zip(ids[:300], reversed(ids), strict=False))

    drawn = laid_out(a_graph([a_node(id_) for id_ in ids], there + across))

    assert len({node["position"]["x"] for node in drawn.nodes}) == 1500
