"""What the demo knows of its workflow from the status stream: each node's state, and whether all is well. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from launcher.listening import Event

# The states of workflows.md that say "as it should be", over all types.
GOOD: Final = frozenset({"healthy", "created", "Bound", "active", "stable", "completed"})
BAD: Final = frozenset({"error", "Lost", "failed", "limited"})


@dataclass(slots=True)
class NodeState:
    """One row of the table."""

    name: str
    type: str
    state: str = "waiting"
    message: str = ""


@dataclass(slots=True)
class States:
    """Fed with the stream's events."""

    run_id: str
    run_status: str = "queued"
    error: str = ""
    nodes: dict[str, NodeState] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        match event.name:
            case "metadata":
                for node in event.data.get("nodes", []):
                    data = node.get("data", {})
                    self.nodes[node["id"]] = NodeState(inert(data.get("name", node["id"])), inert(node.get("type", "")))
                    self._set(node["id"], data.get("_status"))
            case "node_update":
                self._set(event.data["data"]["node_id"], event.data["data"].get("status"))
            case "workflow_sync":
                for node in event.data["data"]["nodes"]:
                    self._set(node["id"], node.get("data", {}).get("_status"))
            case "run_update" | "complete":
                self.take_run(event.data.get("data", {}))

    def take_run(self, data: Mapping[str, Any]) -> None:
        """From an event or from the run's document; other runs' are passed over."""
        if self.run_id in (data.get("run_id"), data.get("id")):
            self.run_status = data.get("status", self.run_status)
            self.error = data.get("error") or self.error

    def _set(self, node_id: str, status: Mapping[str, Any] | None) -> None:
        if status and node_id in self.nodes:
            node = self.nodes[node_id]
            node.state, node.message = inert(status.get("state", "?")), inert(status.get("message", ""))

    @property
    def all_healthy(self) -> bool:
        """The run has applied everything, and everything works."""
        return self.run_status == "completed" and all(node.state in GOOD for node in self.nodes.values())

    @property
    def failed(self) -> bool:
        """The run has ended otherwise: waiting longer is no use."""
        return self.run_status in ("failed", "cancelled")

    def what_is_missing(self) -> str:
        """The reason for a person, when the time is up."""
        missing = [f"{node.name} ({node.type}) is {node.state}: {node.message}" for node in self.unhealthy()]
        run = [] if self.run_status == "completed" else [f"the run is {self.run_status}: {self.error}".rstrip(": ")]
        return "; ".join([*run, *missing])

    def unhealthy(self) -> list[NodeState]:
        return [node for node in self.nodes.values() if node.state not in GOOD]


def inert(text: object) -> str:
    """Without the characters that steer a terminal: messages come from clusters."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text)).strip()
