"""Start, cancel and list runs. Called by `run_routes.py` and `service.py`; the applying is `deploy.py`'s."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bson import ObjectId

from app.clusters.clusters import Clusters
from app.errors import InvalidError, NotFoundError
from app.jobs.doorbell import Doorbell
from app.manifests.graph import Graph
from app.storage.sealed import Sealer
from app.workflows.models import Run, Trigger, TriggerData
from app.workflows.plan import Given, Plan, make_plan
from app.workflows.run_store import RunStore
from app.workflows.state_store import StateStore
from app.workflows.store import WorkflowStore
from app.workflows.versions import Versions

TASK: Final = "deploys.run"


@dataclass(frozen=True, slots=True)
class Runs:
    """Start, cancel and list runs.

    Args:
        end_job: asks for the end of the unfinished run that matches: at once if it waits, else within seconds.
    """

    workflows: WorkflowStore
    store: RunStore
    end_job: Callable[[Mapping[str, Any]], ObjectId | None]
    versions: Versions
    states: StateStore
    clusters: Clusters
    sealer: Sealer
    ring: Doorbell
    instance: str
    wait_image: str

    def start(
        self, user_id: ObjectId, workflow_id: ObjectId, values: TriggerData, *, triggered_by: Trigger = "manual"
    ) -> Run:
        """Snapshot the graph, queue a run of it and return: nothing is applied yet.

        Raises:
            NotFoundError: there is no such workflow, or it isn't this user's.
            ForbiddenError: the cluster is shared with them, but not to deploy.
            InvalidError: it isn't published or can't run; `details` says why, per node.
            ConflictError: a run of it is still going on.
        """
        workflow = self.workflows.get(workflow_id, owner_id=user_id)
        if workflow["status"] != "published":
            raise InvalidError("Workflow must be published to run")
        try:
            cluster = self.clusters.find(user_id, workflow["cluster_id"], role="deploy")
        except NotFoundError:
            raise InvalidError("The workflow's cluster doesn't exist any more: choose another one") from None
        graph = Graph(workflow["nodes"], workflow["edges"])
        self.plan(workflow_id, graph, cluster.namespace, Given(secrets=values.secrets, env=values.env_vars))
        run_id = ObjectId()
        fields: dict[str, Any] = {
            "workflow_id": workflow_id,
            "user_id": user_id,
            "cluster_id": cluster.id,
            "cluster_name": cluster.name,
            "graph": {"nodes": workflow["nodes"], "edges": workflow["edges"]},
            "triggered_by": triggered_by,
            "given": values.names(),
        }
        if values.secrets or values.env_vars:
            fields["trigger_data"] = self.sealer.seal(values.model_dump(), context=values_context(run_id))
        run = self.store.insert(run_id, fields)  # decides: one wins
        run = self.versions.of_run(run)  # idempotent: whoever meets a run without one does it
        # Last, and allowed to fail: the scheduler rings again for a run that stays queued.
        self.ring(TASK, str(run.id))
        return run

    def given(self, run: Run) -> Given:
        """The values given for this run, opened. Never logged, never written anywhere else in clear."""
        if run.trigger_data is None:
            return Given()
        values = TriggerData.model_validate(
            self.sealer.open(run.trigger_data, context=values_context(run.id)), by_name=True
        )
        return Given(secrets=values.secrets, env=values.env_vars)

    def list(
        self, user_id: ObjectId, workflow_id: ObjectId, limit: int
    ) -> tuple[Sequence[Run], Mapping[str, Any] | None]:
        """Newest first, with the workflow's live states."""
        self.workflows.check_owner(workflow_id, owner_id=user_id)
        return self.store.list(workflow_id, limit), self.states.find(workflow_id)

    def get(self, user_id: ObjectId, workflow_id: ObjectId, run_id: ObjectId) -> tuple[Run, Mapping[str, Any] | None]:
        """One run, with the workflow's live states. Raises NotFoundError."""
        self.workflows.check_owner(workflow_id, owner_id=user_id)
        return self.store.get(run_id, workflow_id=workflow_id), self.states.find(workflow_id)

    def cancel(self, user_id: ObjectId, workflow_id: ObjectId, run_id: ObjectId) -> None:
        """Ask the run to stop; one that has ended stays as it is."""
        self.workflows.check_owner(workflow_id, owner_id=user_id)
        self.end_job({"_id": self.store.get(run_id, workflow_id=workflow_id).id})

    def stop(self, workflow_id: ObjectId) -> None:
        """The workflow is archived or deleted: stop what runs."""
        self.end_job({"active_for": workflow_id})

    def plan(self, workflow_id: ObjectId, graph: Graph, namespace: str, given: Given) -> Plan:
        """What a run of this graph applies. Raises InvalidError, with `details` per node and field."""
        return make_plan(
            graph,
            workflow_id=str(workflow_id),
            instance=self.instance,
            default_namespace=namespace or "default",
            given=given,
            wait_image=self.wait_image,
        )


def values_context(run_id: ObjectId) -> str:
    """What a run's sealed values are bound to."""
    return f"run:{run_id}:trigger_data"
