"""What a status function gets to see besides the object itself. Values only: the watcher fills them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from app.resources.status.pods import PodFacts


class EventFact(NamedTuple):
    """One of the cluster's Events about an object."""

    reason: str
    """`FailedMount`, `Unhealthy`, ..."""
    message: str
    times: int
    """How often it happened."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was read about an object in trouble (`app/resources/evidence.py`): newest events first."""

    events: tuple[EventFact, ...] = ()
    last_lines: tuple[str, ...] = ()
    """Of the log of the container that crashed, oldest first."""
    read_at: datetime | None = None
    restarts: int = 0
    """Of the pod, when it was read: at another count these lines are those of an earlier instance."""

    def event(self, *reasons: str) -> EventFact | None:
        """The newest event with one of these reasons."""
        return next((event for event in self.events if event.reason in reasons), None)


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class Related:
    """Everything around an object that its status may depend on; `related_kinds` says what a kind needs."""

    pods: Sequence[PodFacts] = ()
    """Its own pods, in any order; for a NetworkPolicy those of its namespace (it picks the selected ones)."""
    endpoints_ready: int | None = None
    """Ready addresses in a Service's EndpointSlices; `None` while unknown."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """By uid of a pod, or of the object itself."""


NOTHING_RELATED = Related()
