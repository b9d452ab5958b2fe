"""A clone's objects don't collide with the original's, and its references lead to its own."""

from typing import Any

from app.manifests.graph import Graph
from app.workflows.cloning import cloned_graph
from app.workflows.plan import Plan, make_plan
from tests.nodes import FULL, a_node, an_edge, graph_of


def cloned(*parts: Any) -> dict[str, dict[str, Any]]:
    return {node["id"]: node["data"] for node in cloned_graph(graph_of(*parts), suffix="x1").nodes}


def plan(graph: Graph) -> Plan:
    return make_plan(graph, workflow_id="w", instance="i", default_namespace="default")


def made(of: Plan) -> set[tuple[str, str, str]]:
    return {
        (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
        for node in of.nodes
        for obj in node.objects
    }


def test_references_by_name_follow() -> None:
    data = cloned(
        a_node("deployment", "1", name="web",
               volumeMounts=[{"type": "configMap", "name": "settings"}, {"type": "secret", "name": "elsewhere"}],
               envFrom=[{"type": "secret", "name": "keys"}],
               dependsOn=[{"nodeId": "8", "name": "db"}]),
        a_node("configmap", "2", name="settings"), a_node("secret", "3", name="keys"),
        a_node("service", "4", name="front", targetApp="web", selector={"app": "web", "tier": "web"},
               ports=[{"port": 80, "nodePort": 30080}], nodePort=30081),
        a_node("ingress", "5", name="in", serviceName="front", tlsSecretName="keys",
               paths=[{"id": "p", "serviceName": "front"}, {"id": "q", "serviceName": "elsewhere"}]),
        a_node("hpa", "6", name="scaler", scaleTargetName="web"),
        a_node("networkpolicy", "7", name="fence", podSelector={"matchLabels": {"app": "web"}},
               ingressRules=[{"id": "r", "from": [{"podSelector": {"app": "web"}}]}]),
        a_node("statefulset", "8", name="db", serviceName="db-pods"),
    )  # fmt: skip

    assert data["1"]["volumeMounts"] == [
        {"type": "configMap", "name": "settings-x1"},
        {"type": "secret", "name": "elsewhere"},
    ]
    assert data["1"]["envFrom"][0]["name"] == "keys-x1"
    assert data["1"]["dependsOn"] == [{"nodeId": "8", "name": "db-x1"}]
    assert data["4"]["targetApp"] == "web-x1"
    assert data["4"]["selector"] == {"app": "web-x1", "tier": "web"}
    assert data["4"]["ports"] == [{"port": 80}] and "nodePort" not in data["4"], "a machine's port can be had only once"
    assert data["5"]["serviceName"] == "front-x1" and data["5"]["tlsSecretName"] == "keys-x1"
    assert [path["serviceName"] for path in data["5"]["paths"]] == ["front-x1", "elsewhere"]
    assert data["6"]["scaleTargetName"] == "web-x1"
    assert data["7"]["podSelector"] == {"matchLabels": {"app": "web-x1"}}
    assert data["7"]["ingressRules"][0]["from"] == [{"podSelector": {"app": "web-x1"}}]
    assert (data["8"]["name"], data["8"]["serviceName"]) == ("db-x1", "db-pods-x1")


def test_no_object_of_a_clone_is_one_of_the_original() -> None:
    original = graph_of(*(a_node(kind, kind, **FULL[kind]) for kind in sorted(FULL)))

    clone = cloned_graph(original, suffix="x1")

    assert not made(plan(original)) & made(plan(clone))
    assert original.nodes[0]["data"]["name"] == FULL[original.nodes[0]["type"]]["name"], "the original isn't changed"


def test_names_stay_short_and_apart() -> None:
    long = "a" * 60
    data = cloned(
        a_node("configmap", "1", name=long + "b"), a_node("configmap", "2", name=long + "c"),
        a_node("cronjob", "3", name="c" * 52), a_node("statefulset", "4", name="d" * 52),
    )  # fmt: skip

    names = [data[node_id]["name"] for node_id in "1234"]
    assert len(set(names)) == 4
    assert [len(name) for name in names] == [63, 63, 52, 52]
    assert all(name.endswith("-x1") for name in names)
    plan(cloned_graph(graph_of(a_node("cronjob", "3", name="c" * 52)), suffix="x1"))


def test_a_node_without_a_name_is_cloned_as_it_is() -> None:
    assert cloned(a_node("deployment", "1", name=""))["1"]["name"] == ""


def test_edges_and_places_stay() -> None:
    graph = graph_of(a_node("service", "a"), a_node("deployment", "b"), an_edge("a", "b"))

    clone = cloned_graph(graph, suffix="x1")

    assert list(clone.edges) == list(graph.edges)
    assert [node["position"] for node in clone.nodes] == [node["position"] for node in graph.nodes]
