"""What the canvas shows of a node, given what the run did and what the cluster says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.merge import all_healthy, escaped, merged_status, unescaped, with_statuses

HEALTHY = {"state": "healthy", "message": "2 of 2 ready"}

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("not applied yet", {"type": "deployment", "apply": {"state": "pending"}}, "partial", "Waiting to be applied"),
    ("a job's own word", {"type": "job", "apply": {"state": "pending"}}, "pending", "Waiting to be applied"),
    ("applied", {"type": "service", "apply": {"state": "applied"}}, "partial", "Applied, waiting for the cluster"),
    (
        "the cluster speaks",
        {"type": "deployment", "apply": {"state": "applied"}, "live": HEALTHY},
        "healthy",
        "2 of 2 ready",
    ),
    (
        "from before this run",
        {"type": "deployment", "apply": {"state": "pending"}, "live": HEALTHY},
        "healthy",
        "2 of 2 ready",
    ),
    (
        "failed",
        {"type": "deployment", "apply": {"state": "failed", "message": "quota"}, "live": HEALTHY},
        "error",
        "quota",
    ),
    ("a job failed to apply", {"type": "job", "apply": {"state": "failed", "message": "quota"}}, "failed", "quota"),
    ("skipped", {"type": "configmap", "apply": {"state": "skipped", "message": "needs db"}}, "error", "needs db"),
    ("cancelled", {"type": "secret", "apply": {"state": "cancelled"}}, "pending", "Not applied: the run was cancelled"),
    (
        "about to be made again",
        {"type": "job", "apply": {"state": "pending"}, "live": {"state": "failed", "reason": "Deleted"}},
        "pending",
        "Waiting to be applied",
    ),
]


@pytest.mark.parametrize(("_what", "node", "state", "message"), CASES, ids=[case[0] for case in CASES])
def test_merged_status(_what: str, node: dict[str, Any], state: str, message: str) -> None:
    status = merged_status(node)

    assert (status["state"], status["message"]) == (state, message)


@given(st.text(max_size=40))
def test_any_node_id_can_be_a_key(node_id: str) -> None:
    key = escaped(node_id)

    assert unescaped(key) == node_id
    assert not set(".$\0") & set(key)


def test_a_node_without_a_state_has_no_status_and_the_graph_stays_as_it_is() -> None:
    graph = [{"id": "a.b", "data": {"name": "x"}}, {"id": "c", "data": {}}]
    states = {"nodes": {"a%2Eb": {"type": "deployment", "live": HEALTHY}}}

    merged = with_statuses(graph, states)

    assert merged[0]["data"] == {"name": "x", "_status": HEALTHY}
    assert merged[1] == {"id": "c", "data": {}}
    assert "_status" not in graph[0]["data"]


def test_all_healthy_wants_every_node() -> None:
    good, waiting = {"type": "configmap", "live": {"state": "created"}}, {"type": "job", "apply": {"state": "applied"}}

    assert all_healthy({"nodes": {}})
    assert all_healthy({"nodes": {"a": good}})
    assert not all_healthy({"nodes": {"a": good, "b": waiting}})
