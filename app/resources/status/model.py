"""What a node's state is made of. Imported by every status function and by those who show or compare states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

Outlook = Literal["good", "waiting", "bad"]

_GOOD: Final = frozenset({"healthy", "completed", "active", "suspended", "Bound", "stable", "limited", "created"})
_BAD: Final = frozenset({"error", "failed", "Lost"})


@dataclass(frozen=True, slots=True)
class Status:
    """The state of one object at one moment, in the words of its kind.

    Two of them are equal when a viewer would see no difference and they are to be asked again at the same time.
    """

    state: str
    """One of its kind's states: `healthy`, `partial`, `error`, `Bound`, ..."""
    message: str
    """One or two sentences for a person: what it waits for, or what is wrong."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of `_status`: the counts of its kind, `reason`, `pods`."""
    recheck_at: datetime | None = None
    """When time alone may change the answer (a grace ends, evidence is due); `None`: only an event can."""

    def as_json(self) -> dict[str, Any]:
        """The node's `_status`."""
        return {**self.details, "state": self.state, "message": self.message}

    @property
    def outlook(self) -> Outlook:
        """`good`: as wanted; `waiting`: may still become so by itself; `bad`: somebody must act."""
        return outlook(self.state)


def outlook(state: str) -> Outlook:
    """The same for a stored state. No word means different things in two kinds."""
    if state in _GOOD:
        return "good"
    return "bad" if state in _BAD else "waiting"
