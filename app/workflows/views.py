"""What answers show of workflows and runs. Pure; on the hot path, so plain dicts."""

from collections.abc import Mapping
from typing import Any, Final

from app.workflows.merge import all_healthy, statuses, unescaped, with_statuses
from app.workflows.models import RawWorkflow, Run

INTERNAL: Final = frozenset(
    {"_id", "graph_rev", "counted_start", "counted_end", "deleted_at", "cleanup_wanted", "cluster_ref"}
)


def workflow_view(workflow: RawWorkflow, states: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The document as the UI has it; `_status` merged into the nodes where there are states."""
    view = {key: value for key, value in workflow.items() if key not in INTERNAL and value is not None}
    view["id"] = workflow["_id"]
    view["nodes"] = with_statuses(workflow.get("nodes") or [], states)
    view["edges"] = workflow.get("edges") or []
    view["tags"] = workflow.get("tags") or []
    return view


def listed_view(workflow: RawWorkflow) -> dict[str, Any]:
    """For a list: as many nodes as there are, without what is in them."""
    view = workflow_view(workflow)
    view["nodes"] = [{**node, "position": {"x": 0, "y": 0}, "data": {}} for node in view["nodes"]]
    return view


def run_view(run: Run, states: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A run; the newest one's `node_states` follow the live states."""
    view: dict[str, Any] = {
        "id": run.id,
        "workflow_id": run.workflow_id,
        "version": run.version or 0,
        "status": run.status,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "healthy_at": run.healthy_at,
        "duration": run.took_ms,
        "node_states": {unescaped(key): state for key, state in run.node_states.items()},
        "output": run.output,
        "logs": run.logs,
        "error": run.error,
        "triggered_by": run.triggered_by,
        "trigger_data": run.given,
        "progress": run.progress,
    }
    view = {key: value for key, value in view.items() if value is not None}
    if is_newest(run, states):
        assert states is not None
        view["node_states"] = node_states(states)
        view["healthy"] = run.status == "completed" and all_healthy(states)
    return view


def is_newest(run: Run, states: Mapping[str, Any] | None) -> bool:
    """Are these the states of this run?"""
    return states is not None and (states.get("run") or {}).get("id") == run.id


def node_states(states: Mapping[str, Any]) -> dict[str, Any]:
    """Node id → `{type, status}` with the merged status, as runs keep it."""
    return {node_id: {"type": type_, **status} for node_id, type_, status in statuses(states)}
