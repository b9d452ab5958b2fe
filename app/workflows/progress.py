"""How a run is getting on, written in batches: states first, then the events, then the run's own document.

Owned by one thread of the worker, the one that waits for the nodes.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from app.clock import Clock, rfc3339
from app.errors import LeaseLostError
from app.jobs.job import Job
from app.workflows.models import Run
from app.workflows.plan import Plan, PlannedNode
from app.workflows.run_end import freeze_shown
from app.workflows.run_store import RunStore
from app.workflows.state_store import Changes, StateStore, Written
from app.workflows.stream_events import WorkflowEvents

EVERY_S: Final = 0.1
"""Between two writes: a person sees no difference below, and 200 nodes written one by one cost twenty times as much."""


class RunProgress:
    """Collects what becomes of nodes and writes it."""

    def __init__(
        self,
        job: Job,
        run: Run,
        plan: Plan,
        *,
        states: StateStore,
        runs: RunStore,
        events: WorkflowEvents,
        clock: Clock,
    ) -> None:
        self._job, self._run, self._plan = job, run, plan
        self._states, self._runs, self._events, self._clock = states, runs, events, clock
        self._apply: dict[str, Mapping[str, Any]] = {}
        self._logs: list[str] = []
        self._written_at = clock.monotonic()
        self.failed: dict[str, str] = {}
        self._done: set[str] = set()

    def begin(self) -> None:
        """Freeze what the run before had, then show this one.

        Raises:
            LeaseLostError: a newer owner has the workflow.
        """
        freeze_shown(self._runs, self._states.find(self._run.workflow_id), but=self._run.id)
        run = {"id": self._run.id, "version": self._run.version, "status": "running", "done": 0, "total": self._total}
        written = self._states.begin_run(
            self._run.workflow_id,
            cluster_id=self._run.cluster_id,
            fence=self._job.fence,
            run=run,
            types={node.id: node.type for node in self._plan.nodes},
        )
        self._tell(written, "")

    def log(self, text: str) -> None:
        """A line of the run's log; no secrets."""
        self._logs.append(f"{rfc3339(self._clock.now())} {text}")

    def applied(self, node: PlannedNode, *, text: str) -> None:
        self._result(node, "applied", "", text)

    def failure(self, node: PlannedNode, reason: str) -> None:
        self.failed[node.id] = reason
        self._result(node, "failed", reason, f"{node.name}: {reason}")

    def skipped(self, node: PlannedNode, broken: Collection[str]) -> None:
        """Not tried: nodes that it needs (their ids) have failed."""
        names = sorted(each.name for each in self._plan.nodes if each.id in broken)
        reason = f"Not applied: it needs {', '.join(names)}, which failed"
        self.failed[node.id] = reason
        self._result(node, "skipped", reason, f"{node.name}: {reason}")

    def flush_if_due(self) -> None:
        """Between results."""
        if self._clock.monotonic() - self._written_at >= EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Write what has come together.

        Raises:
            LeaseLostError: a newer owner has the workflow; nothing was written.
        """
        if not self._apply and not self._logs:
            return
        run = {"done": len(self._done), "total": self._total}
        written = self._states.write_run(
            self._run.workflow_id, fence=self._job.fence, changes=Changes(run=run, apply=self._apply)
        )
        self._tell(written, "\n".join(self._logs))
        update: dict[str, Mapping[str, Any]] = {"$set": {"progress": run}}
        if self._logs:
            update["$push"] = {"logs": {"$each": self._logs, "$slice": -1000}}
        self._job.progress(update)
        self._apply, self._logs = {}, []
        self._written_at = self._clock.monotonic()

    @property
    def applied_ids(self) -> frozenset[str]:
        """Nodes that the cluster has now."""
        return frozenset(self._done - self.failed.keys())

    @property
    def _total(self) -> int:
        return len(self._plan.nodes)

    def _result(self, node: PlannedNode, state: str, message: str, text: str) -> None:
        self._done.add(node.id)
        self._apply[node.id] = {"state": state, **({"message": message} if message else {})}
        self.log(text)

    def _tell(self, written: Written | None, log: str) -> None:
        if written is None:
            raise LeaseLostError(self._job.lease.id)
        self._events.written(self._run.workflow_id, written, log=log)
