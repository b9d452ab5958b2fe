"""A plan as a whole: its order, its refusals, its cost."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidError
from app.manifests.graph import Graph
from app.workflows.plan import check_graph, make_plan
from tests.nodes import FULL, a_node, an_edge, graph_of, plan_of

RANK = {
    "configmap": 0, "secret": 0, "persistentvolumeclaim": 0, "deployment": 1, "statefulset": 1, "service": 2,
    "ingress": 3, "hpa": 3, "networkpolicy": 3,
}  # fmt: skip


def refused(*parts: Any) -> InvalidError:
    with pytest.raises(InvalidError) as error:
        plan_of(*parts)
    return error.value


def test_a_shop_is_applied_from_its_settings_to_its_ingress() -> None:
    nodes = [a_node(kind, namespace="") for kind in sorted(RANK)]
    edges = [
        an_edge("service", "deployment"), an_edge("ingress", "service"), an_edge("deployment", "configmap"),
        an_edge("secret", "deployment"), an_edge("persistentvolumeclaim", "deployment"), an_edge("hpa", "deployment"),
        an_edge("networkpolicy", "deployment"), an_edge("statefulset", "deployment"),
    ]  # fmt: skip

    plan = plan_of(*nodes, *edges)

    assert [[node.id for node in level] for level in plan.levels] == [
        ["configmap", "persistentvolumeclaim", "secret", "statefulset"],
        ["deployment"],
        ["hpa", "networkpolicy", "service"],
        ["ingress"],
    ]


kinds = st.sampled_from(sorted(RANK))
pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] != pair[1])


@settings(max_examples=40, deadline=None)
@given(chosen=st.lists(kinds, min_size=10, max_size=10), lines=st.lists(pairs, max_size=25))
def test_however_edges_are_drawn_what_others_need_comes_first(chosen: list[str], lines: list[tuple[int, int]]) -> None:
    nodes = [
        a_node(kind, str(i), name=f"n{i}", mountPath=f"/m{i}", serviceName=f"s{i}") for i, kind in enumerate(chosen)
    ]
    # Edges between equals are order as drawn and may close circles: here they all go one way.
    straight = [(a, b) if RANK[chosen[a]] != RANK[chosen[b]] else (min(a, b), max(a, b)) for a, b in lines]

    plan = plan_of(*nodes, *(an_edge(str(a), str(b)) for a, b in straight))

    level = {node.id: i for i, nodes in enumerate(plan.levels) for node in nodes}
    assert len(level) == len(nodes)
    for a, b in straight:
        ranks = RANK[chosen[a]], RANK[chosen[b]]
        first, then = (b, a) if ranks[0] > ranks[1] else (a, b)
        assert level[str(first)] < level[str(then)]


def test_a_circle_names_its_nodes() -> None:
    error = refused(
        a_node("deployment", "1", name="a"), a_node("job", "2", name="b"), a_node("deployment", "3", name="c"),
        an_edge("1", "2"), an_edge("2", "3"), an_edge("3", "1"),
    )  # fmt: skip

    assert set(error.details) == {"1.edges", "2.edges", "3.edges"}
    for name in ("a", "b", "c"):
        assert name in error.message
    assert "remove one of these edges" in error.message


def test_a_long_circle_is_told_briefly() -> None:
    nodes = [a_node("deployment", str(i), name=f"n{i}") for i in range(300)]

    error = refused(*nodes, *(an_edge(str(i), str((i + 1) % 300)) for i in range(300)))

    assert len(error.details) == 300
    assert "288 more" in error.message and len(error.message) < 300


def test_a_node_can_t_wait_for_itself() -> None:
    assert refused(a_node("deployment", "1", name="a"), an_edge("1", "1")).details.keys() == {"1.edges"}


def test_a_circle_through_different_ranks_can_t_close() -> None:
    plan = plan_of(
        a_node("service", "s"), a_node("deployment", "d"), a_node("configmap", "c"),
        an_edge("s", "d"), an_edge("d", "c"), an_edge("c", "s"),
    )  # fmt: skip

    assert [node.id for node in plan.nodes] == ["c", "d", "s"]


def test_two_nodes_that_make_the_same_object_are_both_named() -> None:
    error = refused(a_node("configmap", "1", name="same"), a_node("configmap", "2", name=" same ", namespace="default"))

    assert error.details == {
        "1.name": "makes the ConfigMap same in the namespace default, and so does same (node 2): rename one of them",
        "2.name": "makes the ConfigMap same in the namespace default, and so does same (node 1): rename one of them",
    }
    assert error.message == f"same: {error.details['1.name']}"


def test_the_same_name_elsewhere_or_of_another_kind_is_another_object() -> None:
    plan_of(
        a_node("configmap", "1", name="same"), a_node("configmap", "2", name="same", namespace="other"),
        a_node("secret", "3", name="same"),
    )  # fmt: skip


def test_two_statefulsets_can_t_bring_the_same_service_along() -> None:
    error = refused(
        a_node("statefulset", "1", name="a", serviceName="pods"),
        a_node("statefulset", "2", name="b", serviceName="pods"),
    )

    assert set(error.details) == {"1.name", "2.name"}
    assert "the Service pods" in error.message


def test_every_problem_of_every_node_is_in_one_answer() -> None:
    error = refused(
        a_node("nonsense", "0"), a_node("deployment", "1", name="Web", replicas="many"),
        a_node("service", "2", name="", port=0), a_node("configmap", "3", name="x"), a_node("configmap", "4", name="x"),
    )  # fmt: skip

    assert set(error.details) == {
        "0.type", "1.name", "1.replicas", "2.name", "2.port", "3.name", "4.name"
    }  # fmt: skip
    assert error.message.startswith("0: there is no node type 'nonsense'")


def test_a_message_begins_with_the_name_people_know() -> None:
    assert refused(a_node("deployment", "node-7", name="web", image="")).message == "web: image is required"
    assert refused(a_node("deployment", "node-7", name="")).message == "node-7: name is required"


@pytest.mark.parametrize(
    "data",
    [
        {"image": "kubeorch.invalid/web:unbuilt"},
        {"image": "", "_build": {"status": "pending"}},
        {"image": "kubeorch.invalid/web:unbuilt", "_build": {"status": "failed"}},
    ],
)
def test_an_image_that_is_not_built_yet_is_refused_by_a_run_not_by_publishing(data: dict[str, Any]) -> None:
    node = a_node("deployment", "1", name="web", **data)

    assert refused(node).message == "web: its image hasn't been built yet: start a build for it"
    check_graph(graph_of(node), "default")


def test_an_image_is_used_while_another_is_being_built() -> None:
    plan_of(a_node("deployment", image="nginx", _build={"status": "building"}))


def test_publishing_finds_what_a_run_finds() -> None:
    graph = graph_of(
        a_node("deployment", "1", name="Web", replicas=-1), a_node("x", "2"), a_node("job", "3", name="Web")
    )

    with pytest.raises(InvalidError) as published:
        check_graph(graph, "default")
    with pytest.raises(InvalidError) as run:
        make_plan(graph, workflow_id="w", instance="i", default_namespace="default")

    assert published.value.details == run.value.details


def test_an_empty_graph_is_an_empty_plan() -> None:
    assert plan_of().levels == ()
    check_graph(Graph(), "default")


@pytest.mark.parametrize("kind", sorted(FULL))
def test_a_plan_says_what_each_node_is(kind: str) -> None:
    node = plan_of(a_node(kind, "n1", **FULL[kind])).nodes[0]

    assert (node.id, node.type, node.name, node.namespace) == ("n1", kind, FULL[kind]["name"], "default")


def test_the_same_graph_gives_the_same_plan() -> None:
    parts = [a_node(kind, str(i), **FULL[kind]) for i, kind in enumerate(sorted(FULL))]

    assert plan_of(*parts) == plan_of(*parts)


def test_planning_200_nodes_costs_little() -> None:
    nodes = [a_node("configmap", name=f"c{i}", data={"a": "b", "c": "d" * 100}) for i in range(200)]
    plan_of(*nodes)

    spent = []
    for _ in range(5):
        start = time.process_time()
        plan_of(*nodes)
        spent.append(time.process_time() - start)

    assert min(spent) < 0.1, "about 12 ms on an idle machine; a run of 200 configmaps aims at 0.4 s in all"
