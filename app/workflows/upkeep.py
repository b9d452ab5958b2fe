"""What schedulers do for workflows from time to time: finish what a dead process left, trim what is old. Idempotent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from app.clock import Clock
from app.jobs.leases import Leases
from app.workflows.cleanups import Cleanups
from app.workflows.run_end import RunEnds
from app.workflows.run_store import RunStore, workflow_lease
from app.workflows.store import WorkflowStore
from app.workflows.versions import Versions

log = structlog.get_logger(__name__)

UNVERSIONED_AFTER: Final = timedelta(seconds=5)
"""The API stores a run's snapshot within milliseconds; after this it has died."""


@dataclass(frozen=True, slots=True)
class WorkflowUpkeep:
    """Duties of the scheduler."""

    workflows: WorkflowStore
    runs: RunStore
    versions: Versions
    ends: RunEnds
    cleanups: Cleanups
    leases: Leases
    clock: Clock
    keep: int
    retention: timedelta

    def finish_runs(self) -> None:
        """Snapshots of runs whose API process died, announcements of runs whose worker died."""
        for run in self.runs.unversioned(self.clock.now() - UNVERSIONED_AFTER):
            self.versions.of_run(run)
        if forgotten := self.ends.announce_forgotten():
            log.info("runs_announced", count=forgotten)

    def ensure_cleanups(self) -> None:
        """Cleanings that were wanted and never queued, or that left something behind."""
        self.cleanups.ensure_wanted()

    def trim_runs(self) -> None:
        """Keep the newest RUN_KEEP of each workflow, none older than RUN_RETENTION_DAYS but the newest; no lease of
        a workflow that is gone."""
        before = self.clock.now() - self.retention
        for workflow_id in self.workflows.that_have_run():
            self.runs.trim(workflow_id, keep=self.keep, older_than=before)
        for workflow_id in self.workflows.gone_for_good():
            self.leases.forget(workflow_lease(workflow_id))
