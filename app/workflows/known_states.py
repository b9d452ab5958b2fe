"""The states that this process wrote last: where its next write of the same workflow can begin without a read.

A guess, never the truth: `state_store.py` writes from it only on condition that the document is still this one, and
reads before it says that there is nothing to write. No I/O; for any number of threads.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from bson import ObjectId

MOST: Final = 32
"""Workflows. Of 200 nodes each they take about 6 MB; whoever writes more at the same time reads as before."""


class KnownStates:
    """The newest few."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._states: dict[ObjectId, Mapping[str, Any]] = {}  # the oldest first

    def take(self, workflow_id: ObjectId) -> Mapping[str, Any] | None:
        """What is known. It is forgotten with that: kept again is what has been written from it."""
        with self._lock:
            return self._states.pop(workflow_id, None)

    def keep(self, workflow_id: ObjectId, states: Mapping[str, Any]) -> None:
        """They have just been written."""
        with self._lock:
            self._states.pop(workflow_id, None)
            self._states[workflow_id] = states
            if len(self._states) > MOST:
                del self._states[next(iter(self._states))]
