"""What an import makes of every project of the corpus survives its way through wizard and canvas unchanged."""

import copy
from typing import Any

import pytest

from app.compose.placing import merged
from app.manifests.graph import Graph
from app.workflows.healing import healed
from app.workflows.plan import check_graph
from app.workflows.sanitise import sanitised
from tests.corpus.compose.cases import Case, all_cases

REFERRING = ("volumeMounts", "envFrom", "dependsOn")


def made(case: Case) -> Graph:
    graph = case.converted().graph
    return merged(Graph(), list(graph.nodes), list(graph.edges), {}).graph


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_a_created_workflow_can_be_saved_unchanged_and_published(case: Case) -> None:
    graph = made(case)

    saved = sanitised(copy.deepcopy(list(graph.nodes)), copy.deepcopy(list(graph.edges)), before=graph)

    assert (list(saved.nodes), list(saved.edges)) == (list(graph.nodes), list(graph.edges))
    check_graph(saved, "default")


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_the_canvas_may_renumber_it(case: Case) -> None:
    """The dialog gives new ids in `id`, `data.id` and edges only; the save mends what else refers to a node."""
    graph = made(case)
    ids = {node["id"]: f"node-{n}" for n, node in enumerate(graph.nodes)}
    nodes: list[Any] = copy.deepcopy(list(graph.nodes))
    for node in nodes:
        node["id"] = node["data"]["id"] = ids[node["id"]]
    edges = [{**edge, "source": ids[edge["source"]], "target": ids[edge["target"]]} for edge in graph.edges]

    mended = healed(sanitised(nodes, edges))

    for node, original in zip(mended.nodes, graph.nodes, strict=True):
        for field in REFERRING:
            pairs = zip(node["data"].get(field) or (), original["data"].get(field) or (), strict=True)
            for entry, was in pairs:
                if "nodeId" in was:
                    assert entry["nodeId"] == ids[was["nodeId"]], (node["data"]["name"], field, was)
    check_graph(mended, "default")
