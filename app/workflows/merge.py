"""What the canvas shows of a node: what the run did to it and what the cluster says, merged. Pure.

Called wherever `_status` goes out: answers, events, the newest run's `node_states`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

ApplyState = Literal["pending", "applied", "failed", "skipped", "cancelled"]

# The state that says "not there yet" in each type's own words (contract, Status).
WAITING: Final = {
    "job": "pending",
    "cronjob": "pending",
    "ingress": "pending",
    "persistentvolumeclaim": "Pending",
    "hpa": "scaling",
    "networkpolicy": "pending",
    "configmap": "pending",
    "secret": "pending",
    "plugin": "unknown",
}
FAILED: Final = {"job": "failed"}
HEALTHY: Final = frozenset(
    {"healthy", "completed", "active", "suspended", "Bound", "scaling", "stable", "limited", "created"}
)

GONE: Final = "Deleted"
"""`reason` of a node whose object was deleted behind our back."""

TEXTS: Final[Mapping[str, str]] = {
    "pending": "Waiting to be applied",
    "applied": "Applied, waiting for the cluster",
    "cancelled": "Not applied: the run was cancelled",
}

_ESCAPES: Final = (("%", "%25"), (".", "%2E"), ("$", "%24"), ("\0", "%00"))


def merged_status(node: Mapping[str, Any]) -> dict[str, Any]:
    """`_status` of one node of `workflow_states` (`{type, apply?, live?}`)."""
    kind = node.get("type", "")
    apply, live = node.get("apply") or {}, node.get("live")
    state, message = apply.get("state"), apply.get("message", "")
    if state in ("failed", "skipped"):
        return {"state": FAILED.get(kind, "error"), "message": message, "reason": f"apply_{state}"}
    # What a run is about to apply again may be gone for a moment: a changed Job is deleted first.
    if live and not (state == "pending" and live.get("reason") == GONE):
        return dict(live)
    return {"state": WAITING.get(kind, "partial"), "message": message or TEXTS.get(state or "", "")}


def statuses(states: Mapping[str, Any] | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(node id, type, `_status`) of every node that has a state."""
    for key, node in ((states or {}).get("nodes") or {}).items():
        yield unescaped(key), node.get("type", ""), merged_status(node)


def with_statuses(nodes: Iterable[Mapping[str, Any]], states: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The graph's nodes with `data._status` where there is a state. The graph itself isn't changed."""
    known = (states or {}).get("nodes") or {}
    if not known:
        return list(nodes)
    merged = []
    for node in nodes:
        state = known.get(escaped(node["id"]))
        merged.append(node if state is None else _with_status(node, merged_status(state)))
    return merged


def _with_status(node: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    return {**node, "data": {**node.get("data", {}), "_status": status}}


def all_healthy(states: Mapping[str, Any]) -> bool:
    """Is every node of the newest run healthy now? An empty graph is."""
    return all(status["state"] in HEALTHY for _, _, status in statuses(states))


def escaped(node_id: str) -> str:
    """A node id as a key in Mongo, where a dot separates and a dollar means an operator."""
    for plain, code in _ESCAPES:
        node_id = node_id.replace(plain, code)
    return node_id


def unescaped(key: str) -> str:
    for plain, code in reversed(_ESCAPES):
        key = key.replace(code, plain)
    return key
