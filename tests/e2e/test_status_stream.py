"""The status stream as the canvas has it, from before a run until it is deleted."""

from typing import Any

from app.workflows.merge import HEALTHY
from tests.nodes import a_node, an_edge
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually


def test_a_viewer_sees_the_whole_way_and_ends_where_the_api_is(system: System, namespace: str) -> None:
    nodes = [
        a_node("deployment", "web", name="web", namespace=namespace, image="localhost:5000/web:1", port=8080),
        a_node("service", "front", name="front", namespace=namespace, targetApp="web"),
        a_node("configmap", "page", name="page", namespace=namespace, data={"a": "1"}),
    ]
    workflow = system.workflow(nodes, [an_edge("front", "web"), an_edge("page", "web")])

    with Recorder(system, workflow) as viewer:
        eventually(lambda: viewer.frames, within_s=10)
        run = system.run(workflow)
        system.ended(workflow, run)
        system.all_in(workflow, *HEALTHY, within_s=120)
        eventually(lambda: shown(viewer) == system.states(workflow), within_s=10)
        frames = viewer.frames
        system.api.call("DELETE", f"/workflows/{workflow}")
        eventually(lambda: viewer.frames[-1].data.get("data", {}).get("reason") == "deleted", within_s=5)
        viewer.judged()

    first = frames[0]
    assert (first.name, first.data["id"]) == ("metadata", workflow)
    assert {node["id"] for node in first.data["nodes"]} == {"web", "front", "page"}
    updates = [frame for frame in frames if frame.name == "node_update"]
    assert updates[0].data["stream_key"] == f"workflow:{workflow}"
    assert updates[0].data["event_type"] == "node_update"
    assert {"node_id", "type", "status"} == updates[0].data["data"].keys()
    progress = [frame.data["data"]["progress"] for frame in frames if frame.name == "run_update"]
    assert progress[-1] == {"done": 3, "total": 3}
    [complete] = [frame.data["data"] for frame in frames if frame.name == "complete"]
    assert (complete["run_id"], complete["version"], complete["status"]) == (run, 1, "completed")


def shown(viewer: Recorder) -> dict[str, Any]:
    """Node id → `_status`, as a canvas has it after these frames."""
    states: dict[str, Any] = {}
    for frame in viewer.frames:
        match frame.name:
            case "metadata":
                states = {node["id"]: node["data"].get("_status") for node in frame.data["nodes"]}
            case "workflow_sync":
                states |= {node["id"]: node["data"]["_status"] for node in frame.data["data"]["nodes"]}
            case "node_update":
                states[frame.data["data"]["node_id"]] = frame.data["data"]["status"]
    return states
