"""What is stored of what a canvas sends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidError
from app.manifests.graph import Graph
from app.workflows.sanitise import MAX_NODES, sanitised
from tests.nodes import FULL, a_node, an_edge, graph_of


def stored(kind: str = "deployment", **data: Any) -> dict[str, Any]:
    """The stored data of one node."""
    return sanitised([a_node(kind, "n", **data)], []).nodes[0]["data"]


def complaints(nodes: object, edges: object = ()) -> dict[str, str]:
    with pytest.raises(InvalidError) as refused:
        sanitised(nodes, list(edges) if isinstance(edges, tuple) else edges)
    place, text = next(iter(refused.value.details.items()))
    assert refused.value.message == f"{place}: {text}"
    return refused.value.details


def test_names_and_images_are_trimmed() -> None:
    data = stored(name=" web ", namespace=" shop", image="nginx\n", command=[" keep "], env={"A": " keep "})

    assert (data["name"], data["namespace"], data["image"]) == ("web", "shop", "nginx")
    assert (data["command"], data["env"]) == ([" keep "], {"A": " keep "})
    assert (
        stored("ingress", host=" a.example.com ", paths=[{"id": "1", "serviceName": " web "}])["host"]
        == "a.example.com"
    )
    assert stored("ingress", paths=[{"id": "1", "serviceName": " web "}])["paths"] == [
        {"id": "1", "serviceName": "web"}
    ]


def test_view_state_is_dropped_and_what_the_canvas_needs_is_kept() -> None:
    node = {
        **a_node("deployment", "n", _status={"state": "healthy"}, hasValidationError=True, selected=True),
        "selected": True, "dragging": False, "width": 280, "height": 170, "style": {"opacity": 1}, "zIndex": 2,
    }  # fmt: skip
    edge = {**an_edge("n", "m"), "animated": True, "selected": True, "style": {"stroke": "#fff"}, "type": "smoothstep"}

    graph = sanitised([node, a_node("service", "m")], [edge])

    kept = dict(graph.nodes[0])
    assert kept.keys() == {"id", "type", "position", "data", "width", "height", "style", "zIndex"}
    assert kept["data"] == {"name": "deployment", "image": "nginx:1.29"}
    assert dict(graph.edges[0]).keys() == {
        "id", "source", "target", "sourceHandle", "targetHandle", "animated", "style", "type",
    }  # fmt: skip


def test_unknown_fields_stay() -> None:
    marks: dict[str, Any] = {
        "_build": {"status": "pending"},
        "_import": {"sessionId": "s", "nodeId": "n"},
        "somethingNew": [1, {"a": None}],
    }

    assert stored(**marks).items() >= marks.items()


SECRET = "hunter2"


@pytest.mark.parametrize(
    "data",
    [
        {"keys": [{"id": "1", "name": "a", "value": SECRET}, {"id": "2", "name": "b", "val": {"deep": SECRET}}]},
        {"keys": [{"id": "1", "name": "a"}], "data": {"a": SECRET}, "stringData": {"a": SECRET}, "values": [SECRET]},
        {"keys": {"a": SECRET}},
        {"keys": SECRET},
        {"envKeys": [{"id": "1", "name": "A", "value": SECRET}]},
        {"templateId": "core/secret", "data": {"a": SECRET}},
    ],
)
def test_values_of_secrets_are_never_stored(data: dict[str, Any]) -> None:
    assert SECRET not in str(stored("secret", **data))


def test_keys_are_stored_as_id_and_name() -> None:
    keys = [{"id": 1, "name": " a "}, {"name": "b"}, "c", {"id": "4"}, 5]

    assert stored("secret", keys=keys)["keys"] == [
        {"id": 1, "name": "a"},
        {"id": "b", "name": "b"},
        {"id": "c", "name": "c"},
        {"id": "4", "name": ""},
    ]
    assert stored(envKeys=[{"id": "1", "name": "A", "value": "x"}])["envKeys"] == [{"id": "1", "name": "A"}]


def test_the_data_of_a_configmap_is_no_secret() -> None:
    assert stored("configmap", data={"a": " b "})["data"] == {"a": " b "}


@pytest.mark.parametrize(
    ("nodes", "edges", "place", "said"),
    [
        ("x", [], "nodes", "must be a list"),
        ({}, [], "nodes", "must be a list"),
        ([1], [], "nodes[0]", "must be a mapping"),
        ([{"type": "job", "data": {}}], [], "nodes[0].id", "is required"),
        ([{"id": 7, "type": "job"}], [], "nodes[0].id", "must be text"),
        ([{"id": " ", "type": "job"}], [], "nodes[0].id", "isn't blank"),
        ([{"id": "x" * 300, "type": "job"}], [], "nodes[0].id", "at most 256"),
        ([{"id": "a"}], [], "nodes[0].type", "is required"),
        ([{"id": "a", "type": "job", "data": []}], [], "nodes[0].data", "must be a mapping"),
        ([{"id": "a", "type": "job", "position": {"x": "1", "y": 2}}], [], "nodes[0].position.x", "must be a number"),
        ([{"id": "a", "type": "job", "position": {"x": 1}}], [], "nodes[0].position.y", "must be a number"),
        ([{"id": "a", "type": "job", "position": {"x": 1, "y": float("nan")}}], [], "nodes[0].position.y", "a number"),
        ([{"id": "a", "type": "job", "position": {"x": True, "y": 1}}], [], "nodes[0].position.x", "must be a number"),
        ([{"id": "a", "type": "job"}] * 2, [], "nodes[1].id", "ids must differ"),
        ([{"id": str(i), "type": "job"} for i in range(MAX_NODES + 1)], [], "nodes", "at most 2000"),
        ([], [{"id": "e", "source": "a", "target": "b"}], "edges[0].source", "there is no node 'a'"),
        ([{"id": "a", "type": "job"}], [{"source": "a", "target": "a"}], "edges[0].id", "is required"),
        ([{"id": "a", "type": "job"}], [{"id": "e", "source": "a"}], "edges[0].target", "is required"),
        ([{"id": "a", "type": "job"}], [{"id": "e", "source": "a", "target": "a", "sourceHandle": 1}],
         "edges[0].sourceHandle", "must be text"),
        ([], "x", "edges", "must be a list"),
        ([{"id": "a", "type": "job", "data": {"x": 2**63}}], [], "nodes[0].data.x", "too large"),
        ([{"id": "a", "type": "job", "data": {"x": float("inf")}}], [], "nodes[0].data.x", "finite"),
        ([{"id": "a", "type": "job", "data": {"x\0": 1}}], [], "nodes[0].data", "can't be stored"),
        ([{"id": "a", "type": "job", "data": {"x": "\ud800"}}], [], "nodes[0].data.x", "lone surrogate"),
    ],
)  # fmt: skip
def test_what_is_no_graph_is_refused_with_the_place(nodes: object, edges: object, place: str, said: str) -> None:
    found = complaints(nodes, edges)

    assert place in found
    assert said in found[place]


def test_data_that_is_too_deep_is_refused() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]

    (text,) = complaints([{"id": "a", "type": "job", "data": {"x": deep}}]).values()
    assert "nested deeper" in text


def test_every_problem_is_in_the_answer() -> None:
    nodes = [{"id": "", "type": "job"}, {"id": "a", "type": 3}, {"id": "b", "type": "job", "data": 1}]

    assert complaints(nodes, [{"id": "e", "source": "x", "target": "b"}]).keys() == {
        "nodes[0].id", "nodes[1].type", "nodes[2].data", "edges[0].source",
    }  # fmt: skip


def test_nothing_is_an_empty_graph() -> None:
    assert sanitised(None, None) == sanitised([], []) == Graph([], [])
    assert sanitised([{"id": "a", "type": "job"}], []).nodes[0] == {
        "id": "a", "type": "job", "position": {"x": 0, "y": 0}, "data": {},
    }  # fmt: skip


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["id", "type", "data"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(nodes=json, edges=json)
def test_no_json_breaks_it(nodes: object, edges: object) -> None:
    try:
        sanitised(nodes, edges)
    except InvalidError as error:
        assert error.details


def test_what_was_stored_once_is_stored_the_same_again() -> None:
    parts = [a_node(kind, str(i), **FULL[kind]) for i, kind in enumerate(sorted(FULL))]
    once = sanitised(parts, [an_edge("0", "1")])

    assert sanitised(list(once.nodes), list(once.edges), before=once) == once


# --- healing -----------------------------------------------------------------------------------------------------


def healed(*parts: Any, before: Graph | None = None) -> dict[str, dict[str, Any]]:
    graph = graph_of(*parts)
    return {node["id"]: node["data"] for node in sanitised(list(graph.nodes), list(graph.edges), before=before).nodes}


def test_ids_that_lead_nowhere_are_replaced_by_what_the_edge_names() -> None:
    data = healed(
        a_node("configmap", "node-1", name="one"), a_node("configmap", "node-2", name="two"),
        a_node("secret", "node-3", name="keys"), a_node("deployment", "node-5", name="db"),
        a_node("deployment", "node-4", name="web",
               envFrom=[{"type": "configMap", "name": "two", "nodeId": "uuid-2"},
                        {"type": "secret", "name": "keys", "nodeId": "uuid-3"}],
               volumeMounts=[{"type": "configMap", "name": "one", "nodeId": "uuid-1", "mountPath": "/a"}],
               _linkedSecrets=["uuid-3"],
               dependsOn=[{"nodeId": "uuid-5", "name": "db", "condition": "started"}]),
        a_node("service", "node-6", targetApp="web", _linkedDeployment="uuid-4"),
        a_node("ingress", "node-7", paths=[{"id": "p", "serviceName": "service", "_linkedService": "uuid-6"}]),
        a_node("networkpolicy", "node-8", ingressRules=[{"id": "r", "from": [{"_linkedWorkload": "uuid-4"}]}]),
        an_edge("node-1", "node-4"), an_edge("node-2", "node-4"), an_edge("node-4", "node-3"),
        an_edge("node-5", "node-4"), an_edge("node-6", "node-4"), an_edge("node-7", "node-6"),
        an_edge("node-8", "node-4", at_source="r"),
    )  # fmt: skip

    web = data["node-4"]
    assert [entry["nodeId"] for entry in web["envFrom"]] == ["node-2", "node-3"]
    assert web["volumeMounts"][0]["nodeId"] == "node-1"
    assert web["_linkedSecrets"] == ["node-3"]
    assert web["dependsOn"][0]["nodeId"] == "node-5"
    assert data["node-6"]["_linkedDeployment"] == "node-4"
    assert data["node-7"]["paths"][0]["_linkedService"] == "node-6"
    assert data["node-8"]["ingressRules"][0]["from"][0]["_linkedWorkload"] == "node-4"


def test_ids_that_lead_somewhere_or_have_no_edge_stay() -> None:
    mounts = [{"type": "configMap", "name": "a", "nodeId": "gone"}, {"type": "configMap", "name": "b", "nodeId": "b"}]

    data = healed(
        a_node("configmap", "b", name="other"), a_node("secret", "s", name="a"),
        a_node("deployment", "w", volumeMounts=mounts), an_edge("s", "w"),
    )  # fmt: skip

    assert data["w"]["volumeMounts"] == mounts


def test_marks_of_an_import_stay() -> None:
    marks = {"_import": {"sessionId": "s", "nodeId": "uuid"}, "_build": {"status": "pending"}}

    assert healed(a_node("secret", "a", **marks))["a"].items() >= marks.items()


@pytest.mark.parametrize(
    ("status", "sent", "kept"),
    [
        ("built", "kubeorch.invalid/web:unbuilt", "registry/web@sha256:1"),
        ("building", "kubeorch.invalid/web:unbuilt", "kubeorch.invalid/web:unbuilt"),
        ("built", "nginx", "nginx"),
    ],
)
def test_an_image_that_was_built_meanwhile_is_not_lost(status: str, sent: str, kept: str) -> None:
    before = graph_of(a_node("deployment", "a", image="registry/web@sha256:1", _build={"status": status}))

    data = healed(a_node("deployment", "a", image=sent, _build={"status": "pending"}), before=before)

    assert data["a"]["image"] == kept
