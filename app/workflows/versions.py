"""Numbered snapshots of a graph: 1, 2, 3, without holes, whatever is killed when. For `runs.py` and the worker."""

from dataclasses import dataclass

from app.clock import rfc3339
from app.manifests.graph import Graph
from app.workflows.models import Run
from app.workflows.run_store import RunStore
from app.workflows.store import WorkflowStore
from app.workflows.version_store import VersionStore


@dataclass(frozen=True, slots=True)
class Versions:
    """Makes sure of a run's snapshot, and reads it."""

    workflows: WorkflowStore
    runs: RunStore
    store: VersionStore

    def of_run(self, run: Run) -> Run:
        """The run, its snapshot stored and counted. Idempotent: whoever meets a run without one does it."""
        if run.version is not None:
            self.workflows.count_start(run.workflow_id, run.version)
            return run
        graph = run.graph
        current = self.workflows.current_version(run.workflow_id)
        if graph is None or current is None:
            # Somebody else has just done it: the copy of the graph goes in the write that sets the version.
            version = self.store.find_of_run(run.id)
            assert version is not None, "a run has its graph or its version"
        else:
            version = self.store.snapshot(
                run.workflow_id,
                graph,
                after=current,
                created_by=run.user_id,
                fields={
                    "name": "",
                    "tag": "",
                    "description": f"Snapshot for run at {rfc3339(run.started_at)}",
                    "is_automatic": True,
                    "run_id": run.id,
                    "run_status": "running",
                },
            )
        self.runs.set_version(run.id, version)
        self.workflows.count_start(run.workflow_id, version)
        return run.model_copy(update={"version": version, "graph": None})

    def graph(self, run: Run) -> Graph:
        """What this run applies."""
        assert run.version is not None, "of_run comes first"
        snapshot = self.store.find(run.workflow_id, run.version)
        assert snapshot is not None, "a version is stored before its number is given to the run"
        return Graph(snapshot["nodes"], snapshot["edges"])
