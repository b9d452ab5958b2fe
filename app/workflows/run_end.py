"""What follows the write that ended a run. Idempotent: the worker does it, and the scheduler for one that died."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from bson import ObjectId

from app.clock import Clock
from app.workflows.merge import all_healthy, escaped
from app.workflows.models import Run
from app.workflows.run_store import RunStore
from app.workflows.state_store import StateStore, Written
from app.workflows.store import WorkflowStore
from app.workflows.stream_events import WorkflowEvents
from app.workflows.version_store import VersionStore
from app.workflows.versions import Versions
from app.workflows.views import node_states

log = structlog.get_logger(__name__)

COUNTERS: Final = {"completed": "success_count", "failed": "failure_count"}


@dataclass(frozen=True, slots=True)
class RunEnds:
    """Announces ended runs."""

    workflows: WorkflowStore
    runs: RunStore
    versions: Versions
    snapshots: VersionStore
    states: StateStore
    events: WorkflowEvents
    clock: Clock

    def announce(self, run_id: ObjectId) -> None:
        """Count it, show it, tell the viewers."""
        run = self.runs.find(run_id)
        if run is None or not run.ended:
            return
        # One that was cancelled before anybody stored its snapshot gets it now: no run without a version.
        run = self.versions.of_run(run)
        assert run.version is not None
        self.snapshots.follow_run(run.id, run.status)
        self.workflows.count_end(run.workflow_id, run.version, counter=COUNTERS.get(run.status))
        end = {
            "id": run.id,
            "version": run.version,
            "status": run.status,
            **({"error": run.error} if run.error else {}),
        }
        written = self.states.note_end(run.workflow_id, end)
        if written is not None:
            self._show(run, written)
        self.runs.announced(run.id)
        log.info("run_ended", run_id=str(run.id), status=run.status)

    def announce_forgotten(self) -> int:
        """Those whose worker died between the end and the announcement; how many."""
        forgotten = self.runs.unannounced()
        for run in forgotten:
            self.announce(run.id)
        return len(forgotten)

    def became_healthy(self, run_id: ObjectId, written: Written) -> None:
        """Set `healthy_at` once, when all nodes of a completed run are healthy. Called by worker and watcher."""
        run = written.states.get("run") or {}
        if run.get("id") == run_id and run.get("status") == "completed" and all_healthy(written.states):
            self.runs.set_healthy(run_id, self.clock.now())

    def _show(self, run: Run, written: Written) -> None:
        freeze_shown(self.runs, written.states)
        self.became_healthy(run.id, written)
        complete = self.events.complete(run.workflow_id, written.states)
        self.events.written(run.workflow_id, written, extra=[complete])


def freeze_shown(runs: RunStore, states: Mapping[str, Any] | None, *, but: ObjectId | None = None) -> None:
    """Keep with a run the states that are shown of it, before they make way.

    Args:
        but: not if it is this run's that are shown.
    """
    shown = ((states or {}).get("run") or {}).get("id")
    if states is not None and shown not in (None, but):
        runs.freeze(shown, {escaped(key): state for key, state in node_states(states).items()})
