"""What the demo makes of the stream's events."""

import io
from typing import Any

import pytest
from rich.console import Console

from launcher.example import example_edges, example_nodes
from launcher.listening import Event, frames
from launcher.states import States
from launcher.table import Lines, as_table, kind_of

RUN = "0123456789abcdef01234567"


def node(node_id: str, state: str | None = None) -> dict[str, Any]:
    status = {"_status": {"state": state, "message": f"is {state}"}} if state else {}
    return {"id": node_id, "type": "deployment", "data": {"name": f"the-{node_id}", **status}}


def event(name: str, **data: Any) -> Event:
    return Event(name, {"event_type": name, "data": data})


def begun(*nodes: dict[str, Any]) -> States:
    states = States(RUN)
    states.take(Event("metadata", {"nodes": list(nodes)}))
    return states


def test_all_is_healthy_once_the_run_is_completed_and_every_node_is_good() -> None:
    states = begun(node("a"), node("b", "created"))

    healthy = [states.all_healthy]
    for told in (
        event("node_update", node_id="a", status={"state": "partial", "message": "1 of 2 ready"}),
        event("node_update", node_id="a", status={"state": "healthy", "message": "2 of 2 ready"}),
        event("complete", run_id=RUN, status="completed"),
    ):
        states.take(told)
        healthy.append(states.all_healthy)

    # Before the run's end, good states may be those of an earlier run.
    assert healthy == [False, False, False, True]
    assert states.what_is_missing() == ""


def test_the_end_of_another_run_counts_for_nothing() -> None:
    states = begun(node("a", "healthy"))

    states.take(event("complete", run_id="another", status="completed"))

    assert not states.all_healthy


def test_a_sync_replaces_what_was_known() -> None:
    states = begun(node("a"))

    states.take(event("workflow_sync", nodes=[node("a", "error")]))

    assert states.nodes["a"].message == "is error"


def test_a_failed_run_says_why() -> None:
    states = begun(node("a", "error"))

    states.take(event("complete", run_id=RUN, status="failed", error="1 node failed"))

    assert states.failed
    assert states.what_is_missing() == "the run is failed: 1 node failed; the-a (deployment) is error: is error"


def test_events_and_nodes_that_it_does_not_know_are_passed_over() -> None:
    states = begun(node("a"))

    states.take(event("node_update", node_id="removed", status={"state": "healthy"}))
    states.take(event("drift", node_id="a"))

    assert list(states.nodes) == ["a"]


def test_frames_are_read_as_the_standard_says() -> None:
    stream = [b": heartbeat\n", b"\n", b"id: 7\n", b"event: node_update\n", b'data: {"a":\n', b"data: 1}\n", b"\n"]

    assert list(frames(stream)) == [Event("node_update", {"a": 1})]


def test_a_line_is_printed_for_each_change_and_only_then(capsys: pytest.CaptureFixture[str]) -> None:
    states, lines = begun(node("a", "partial")), Lines()

    lines.show(states)
    lines.show(states)
    states.take(event("node_update", node_id="a", status={"state": "healthy", "message": "1 of 1 ready"}))
    lines.show(states)

    assert capsys.readouterr().out.splitlines() == [
        "  the-a (deployment): partial  is partial",
        "  the-a (deployment): healthy  1 of 1 ready",
    ]


def test_the_table_counts_what_is_healthy() -> None:
    table = as_table(begun(node("a", "healthy"), node("b", "error"), node("c")))

    assert table.title == "1 of 3 healthy, run queued"
    assert table.row_count == 3


def test_what_a_cluster_says_can_not_steer_the_terminal() -> None:
    states = begun(node("a"))

    states.take(event("node_update", node_id="a", status={"state": "error", "message": "\x1b[2Jgone [red]?[/]"}))

    shown = Console(record=True, file=io.StringIO(), width=120)
    shown.print(as_table(states))
    assert states.nodes["a"].message == "[2Jgone [red]?[/]"
    assert "[2Jgone [red]?[/]" in shown.export_text()


@pytest.mark.parametrize(("state", "kind"), [("Bound", "good"), ("error", "bad"), ("partial", "moving")])
def test_a_state_is_good_bad_or_moving(state: str, kind: str) -> None:
    assert kind_of(begun(node("a", state)).nodes["a"]) == kind


def test_the_example_is_wired_as_the_canvas_would() -> None:
    nodes = {item["id"]: item for item in example_nodes("ab12")}

    assert {item["type"] for item in nodes.values()} == {
        "configmap", "secret", "persistentvolumeclaim", "deployment", "service",
    }  # fmt: skip
    assert all(item["data"]["name"].endswith("-ab12") for item in nodes.values())
    for line in example_edges():
        assert line["source"] in nodes
        assert line["target"] in nodes
