"""Who waits for whom → `dependsOn` entries and edges; who names whose host → edges that close no circle."""

from collections.abc import Mapping
from typing import Final

from app.compose.work import Part, Work, truth

_NOT: Final = "KEY_NOT_CONVERTED"
_CONDITIONS: Final = {
    "service_started": "started",
    "service_healthy": "healthy",
    "service_completed_successfully": "completed",
}


def add_dependencies(work: Work) -> None:
    """Edges from each dependency to its dependent."""
    after: dict[str, set[str]] = {key: set() for key in work.parts}
    for part in work.parts.values():
        for other, entry in (part.service.get("depends_on") or {}).items():
            first = work.parts.get(other)
            if first is None:
                message = f"{other} is left out: it is not waited for"
                work.findings.warn(_NOT, message, service=part.key, key="depends_on")
            elif first is not part:
                _wait(work, part, first, entry)
                after[part.key].add(other)
    for part in work.parts.values():
        for other in part.needs:
            first = work.parts.get(other)
            if first is None or first is part or other in after[part.key]:
                continue
            if not _leads_to(after, other, part.key):
                after[part.key].add(other)
                work.edge(first.node, part.node)


def _wait(work: Work, part: Part, first: Part, entry: Mapping[str, object]) -> None:
    condition = _CONDITIONS.get(str(entry.get("condition")), "started")
    if condition == "completed" and first.kind != "job":
        message = f"waits for {first.key} to complete, which is a {first.kind} that goes on: only a job completes"
        work.findings.warn(_NOT, message, service=part.key, key="depends_on")
        condition = "started"
    if condition == "healthy" and (first.service_node is None or not first.ports):
        message = f"{first.key} has no port to ask whether it is healthy: {part.key} starts after it, without waiting"
        work.findings.warn(_NOT, message, service=part.key, key="depends_on")
        condition = "started"
    if truth(entry.get("restart")) and condition != "completed" and "links" not in part.service:
        message = f"{part.key} is not restarted when {first.key} is: programs in a cluster connect again"
        work.findings.info(_NOT, message, service=part.key, key="depends_on")
    work.edge(first.node, part.node)
    part.data.setdefault("dependsOn", []).append(
        {
            "nodeId": first.node["id"],
            "name": first.name,
            "condition": condition,
            "required": entry.get("required") is None or truth(entry.get("required")),
        }
    )


def _leads_to(after: Mapping[str, set[str]], start: str, goal: str) -> bool:
    """Does the start wait for the goal already?"""
    seen, left = {start}, [start]
    while left:
        for key in after[left.pop()]:
            if key == goal:
                return True
            if key not in seen:
                seen.add(key)
                left.append(key)
    return False
