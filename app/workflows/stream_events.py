"""What goes to a workflow's viewers, in the envelope of the contract. Pure, but for the bus it is handed to.

Each write of the states raises their rev by one and is published once, with that rev: viewers that see a jump reload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from app.clock import Clock, rfc3339
from app.events.bus import EventBus
from app.events.message import Event
from app.workflows.merge import all_healthy, escaped, merged_status, statuses
from app.workflows.state_store import Written


def channel_of(workflow_id: ObjectId) -> str:
    return f"workflow:{workflow_id}"


@dataclass(frozen=True, slots=True)
class WorkflowEvents:
    """Tells viewers what has been written."""

    bus: EventBus
    clock: Clock

    def written(self, workflow_id: ObjectId, written: Written, *, log: str = "", extra: Sequence[Event] = ()) -> None:
        """Every changed node, then how the run is going, then `extra`, as one batch."""
        nodes = written.states.get("nodes", {})
        events = [
            self.event(workflow_id, "node_update", _node(node_id, nodes[escaped(node_id)]))
            for node_id in sorted(written.changed)
        ]
        if run := written.states.get("run"):
            events.append(self.event(workflow_id, "run_update", run_data(run, log)))
        self.bus.publish(channel_of(workflow_id), [*events, *extra], rev=written.rev)

    def event(self, workflow_id: ObjectId, name: str, data: Mapping[str, Any], *, final: bool = False) -> Event:
        """One event in the envelope."""
        envelope = {
            "type": "workflow",
            "stream_key": channel_of(workflow_id),
            "event_type": name,
            "timestamp": rfc3339(self.clock.now()),
            "data": data,
        }
        return Event(name, envelope, final=final)

    def sync(self, workflow_id: ObjectId, states: Mapping[str, Any]) -> Event:
        """Every node that has a state: the UI puts it in place of all it had."""
        nodes = [
            {"id": node_id, "type": type_, "data": {"_status": status}} for node_id, type_, status in statuses(states)
        ]
        return self.event(workflow_id, "workflow_sync", {"nodes": nodes})

    def complete(self, workflow_id: ObjectId, states: Mapping[str, Any]) -> Event:
        """The shown run has ended. The stream stays open: live states go on changing."""
        run = states["run"]
        data: dict[str, Any] = {"run_id": run["id"], "version": run["version"], "status": run["status"]}
        if run["status"] == "completed":
            data["healthy"] = all_healthy(states)
        if run.get("error"):
            data["error"] = run["error"]
        return self.event(workflow_id, "complete", data)

    def late(self, workflow_id: ObjectId, states: Mapping[str, Any]) -> list[tuple[int, Event]]:
        """For a viewer that gets the states in place of the events: the end of the run, if it hasn't heard of it."""
        end_rev = (states.get("run") or {}).get("end_rev")
        return [(end_rev, self.complete(workflow_id, states))] if end_rev else []

    def last(self, workflow_id: ObjectId, reason: str) -> None:
        """The workflow is deleted or archived: every stream of it ends with this."""
        event = self.event(workflow_id, "complete", {"reason": reason}, final=True)
        self.bus.publish(channel_of(workflow_id), [event])


def run_data(run: Mapping[str, Any], log: str = "") -> dict[str, Any]:
    """The data of a `run_update`."""
    data = {
        "run_id": run.get("id"),
        "status": run.get("status"),
        "version": run.get("version"),
        "progress": {"done": run.get("done", 0), "total": run.get("total", 0)},
    }
    return data | ({"log": log} if log else {})


def _node(node_id: str, node: Mapping[str, Any]) -> dict[str, Any]:
    return {"node_id": node_id, "type": node.get("type", ""), "status": merged_status(node)}
