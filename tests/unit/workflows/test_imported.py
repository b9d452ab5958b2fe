"""Values of imported secrets on their way into a run: whose count, and what a mark in a graph is good for."""

from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from app.manifests.graph import Graph
from app.storage.sealed import Sealer
from app.workflows.imported import ImportedSecrets, Pending, with_pending
from app.workflows.plan import Given
from tests.fake_clock import FakeClock
from tests.nodes import a_node

ADA, SESSION = ObjectId(), ObjectId()
VALUES = {"n1": {"password": "hunter2", "gone": "x"}}


def secrets_of(user_id: ObjectId) -> ImportedSecrets:
    """Ada's session has these values; nothing is stored here."""

    def values_of(asking: ObjectId, session_id: ObjectId) -> Any:
        return VALUES if (asking, session_id) == (user_id, SESSION) else None

    return ImportedSecrets(None, Sealer("k"), FakeClock(), values_of, timedelta(days=1))  # type: ignore[arg-type]


def marked(node_type: str = "secret", **mark: Any) -> Graph:
    about = {"sessionId": str(SESSION), "nodeId": "n1"} | mark
    node = a_node(node_type, "node-7", name="db-secrets", keys=[{"id": "1", "name": "password"}])
    node["data"]["_import"] = about
    return Graph([node], [])


def test_ones_own_mark_stands_for_the_values_of_the_nodes_keys_and_goes() -> None:
    graph, values = secrets_of(ADA).claimed(ADA, marked())

    assert values == {"node-7": {"password": "hunter2"}}
    assert "_import" not in graph.nodes[0]["data"]


@pytest.mark.parametrize(
    "graph",
    [
        marked(sessionId=str(ObjectId())),
        marked(sessionId="x"),
        marked(sessionId=7),
        marked(nodeId=None),
        marked("configmap"),
    ],
)
def test_any_other_mark_stands_for_nothing_and_stays(graph: Graph) -> None:
    assert secrets_of(ADA).claimed(ADA, graph) == (graph, {})


def test_somebody_elses_mark_stands_for_nothing() -> None:
    graph = marked()

    assert secrets_of(ADA).claimed(ObjectId(), graph) == (graph, {})


def test_a_persons_value_counts_more_than_one_that_waits() -> None:
    given = Given(secrets={"a": {"x": "typed", "empty": ""}, "b": {"y": "1"}}, env={"w": {"V": "1"}})
    pending = [Pending("a", {"x": "old", "empty": "kept", "other": "kept"}, ObjectId())]

    merged = with_pending(given, pending)

    assert merged.secrets == {"a": {"x": "typed", "empty": "kept", "other": "kept"}, "b": {"y": "1"}}
    assert merged.env == given.env


def test_a_value_that_waits_shows_in_no_repr() -> None:
    assert "hunter2" not in repr(Pending("a", {"x": "hunter2"}, ObjectId()))
