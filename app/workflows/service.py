"""What people do with workflows, short of running them. Called by `routes.py`; knows neither Flask nor Celery."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bson import ObjectId

from app.clusters.clusters import Clusters
from app.errors import ConflictError, InvalidError, NotFoundError
from app.manifests.graph import Graph
from app.workflows.cleanups import Cleanups
from app.workflows.cloning import cloned_graph
from app.workflows.healing import healed
from app.workflows.imported import ImportedSecrets, SecretValues
from app.workflows.models import CreateWorkflow, RawWorkflow, SaveWorkflow, UpdateWorkflow
from app.workflows.plan import check_graph
from app.workflows.runs import Runs
from app.workflows.sanitise import sanitised
from app.workflows.state_store import StateStore
from app.workflows.store import WorkflowStore
from app.workflows.stream_events import WorkflowEvents

STATUSES: Final = ("draft", "published", "archived")
SAVE_ATTEMPTS: Final = 200
"""Each lost race is somebody else's save that went through: so many savers of one canvas at once never all lose."""
ARCHIVE_WAIT_S: Final = 10.0
MOVED: Final = (
    "What runs on the earlier cluster stays there until a run on the new one has completed; then it is removed."
)


@dataclass(frozen=True, slots=True)
class Change:
    """What to write of a workflow as it was read: its new graph, further fields, values of its imported secrets."""

    graph: Graph
    fields: Mapping[str, Any] = field(default_factory=dict)
    secrets: SecretValues = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Workflows:
    """Create, list, read, change, save, publish, archive, delete and clone."""

    store: WorkflowStore
    states: StateStore
    clusters: Clusters
    runs: Runs
    cleanups: Cleanups
    events: WorkflowEvents
    imported: ImportedSecrets

    def create(self, user_id: ObjectId, body: CreateWorkflow) -> RawWorkflow:
        """Raises InvalidError: `Cluster not found`."""
        self._namespace(user_id, body.cluster_id)
        return self.store.insert(user_id, body.model_dump())

    def create_with(self, user_id: ObjectId, body: CreateWorkflow, change: Change) -> RawWorkflow:
        """A draft with a checked graph. Raises InvalidError: `Cluster not found`."""
        self._namespace(user_id, body.cluster_id)
        workflow_id = ObjectId()
        self.imported.keep(workflow_id, change.secrets)
        graph = {"nodes": list(change.graph.nodes), "edges": list(change.graph.edges)}
        return self.store.insert(user_id, {"_id": workflow_id, **body.model_dump(), **graph, **change.fields})

    def list(
        self, user_id: ObjectId, *, status: str, text: str, page: int, limit: int
    ) -> tuple[Sequence[RawWorkflow], int | None]:
        """Newest first; with a limit also how many there are in all."""
        found = self.store.list(user_id, status=status, text=text, skip=(page - 1) * limit, limit=limit)
        return found, self.store.count(user_id, status=status, text=text) if limit else None

    def get(self, user_id: ObjectId, workflow_id: ObjectId) -> tuple[RawWorkflow, Mapping[str, Any] | None]:
        """The workflow and its live states: two reads by id."""
        return self.store.get(workflow_id, owner_id=user_id), self.states.find(workflow_id)

    def current(self, workflow_id: ObjectId) -> tuple[RawWorkflow | None, Mapping[str, Any] | None]:
        """As `get`, for a stream whose viewers were checked when it began; a deleted one too."""
        return self.store.find(workflow_id), self.states.find(workflow_id)

    def update(self, user_id: ObjectId, workflow_id: ObjectId, body: UpdateWorkflow) -> tuple[RawWorkflow, str | None]:
        """Change what is given; the workflow and a warning.

        Raises:
            InvalidError: nothing to change, or a value can't be taken.
        """
        given = body.model_dump(exclude_none=True)
        if not given:
            raise InvalidError("No valid fields to update")
        status = given.pop("status", None)
        if status is not None and status not in STATUSES:
            raise InvalidError("Invalid status")
        warning = None
        workflow = self.store.get(workflow_id, owner_id=user_id)
        if "cluster_id" in given and given["cluster_id"] != workflow["cluster_id"]:
            self._namespace(user_id, given["cluster_id"])
            warning = MOVED if workflow.get("run_count") else None
        if "nodes" in given or "edges" in given:
            workflow = self._save(user_id, workflow_id, given)
        elif given:
            workflow = self.store.update(workflow, given) or _gone()
        if status is not None:
            warning = self.change_status(user_id, workflow_id, status) or warning
        return self.store.get(workflow_id, owner_id=user_id), warning

    def save(self, user_id: ObjectId, workflow_id: ObjectId, body: SaveWorkflow) -> RawWorkflow:
        """Store the canvas, sanitised. What is gone from it is removed from the cluster by a task.

        Raises:
            InvalidError: it is no graph; `details` says where.
        """
        return self._save(user_id, workflow_id, body.model_dump(exclude_none=True))

    def change_status(self, user_id: ObjectId, workflow_id: ObjectId, status: str) -> str | None:
        """Publish, archive or make it a draft again; a warning where something isn't done yet.

        Raises:
            InvalidError: no such status, or the graph can't run; `details` says why, per node.
        """
        if status not in STATUSES:
            raise InvalidError("Invalid status")
        workflow = self.store.get(workflow_id, owner_id=user_id)
        if status == "published":
            check_graph(_graph(workflow), self._namespace(user_id, workflow["cluster_id"]))
        changes: dict[str, Any] = {"status": status}
        if status == "archived" and workflow.get("run_count"):
            changes["cleanup_wanted"] = True
        workflow = self.store.update(workflow, changes) or _gone()
        if status != "archived":
            return None
        self.runs.stop(workflow_id)
        warning = self.cleanups.ensure(workflow, wait_s=ARCHIVE_WAIT_S) if "cleanup_wanted" in changes else None
        self.events.last(workflow_id, "archived")
        return warning

    def delete(self, user_id: ObjectId, workflow_id: ObjectId) -> None:
        """Hide it at once; a task stops its run and removes its objects."""
        workflow = self.store.get(workflow_id, owner_id=user_id)
        if not self.store.delete(workflow):
            _gone()
        self.runs.stop(workflow_id)
        self.cleanups.ensure(workflow)
        self.imported.forget(workflow_id)
        self.events.last(workflow_id, "deleted")

    def clone(self, user_id: ObjectId, workflow_id: ObjectId, name: str) -> RawWorkflow:
        """A draft of one's own whose objects don't collide with the original's."""
        original = self.store.get(workflow_id, owner_id=user_id)
        graph = cloned_graph(_graph(original), suffix=str(ObjectId())[-5:])
        fields = {
            "name": name,
            "description": f"{original.get('description', '')} (Cloned)".strip(),
            "cluster_id": original["cluster_id"],
            "tags": original.get("tags") or [],
            "nodes": list(graph.nodes),
            "edges": list(graph.edges),
        }
        return self.store.insert(user_id, fields)

    def rewrite(self, user_id: ObjectId, workflow_id: ObjectId, change: Callable[[RawWorkflow], Change]) -> RawWorkflow:
        """One conditional write of a graph, tried again on what somebody else has written meanwhile.

        Args:
            change: the workflow as it is now → what to write. Called once an attempt.

        Raises:
            NotFoundError: there is no such workflow, or it isn't this user's.
            ConflictError: it was always somebody else's write that won.
        """
        for _ in range(SAVE_ATTEMPTS):
            workflow = self.store.get(workflow_id, owner_id=user_id)
            wanted = change(workflow)
            graph = wanted.graph
            changes = {**wanted.fields, "nodes": list(graph.nodes), "edges": list(graph.edges)}
            gone = {node["id"] for node in workflow["nodes"]} - {node["id"] for node in graph.nodes}
            if gone and workflow.get("run_count"):
                changes["cleanup_wanted"] = True
            # First the values, then the graph without their marks: killed in between, the next save finds both.
            self.imported.keep(workflow_id, wanted.secrets)
            if (saved := self.store.save_graph(workflow, changes)) is not None:
                if "cleanup_wanted" in changes:
                    self.cleanups.ensure(saved)
                return saved
        raise ConflictError("Others are saving this workflow at the same time: save again")

    def _save(self, user_id: ObjectId, workflow_id: ObjectId, given: dict[str, Any]) -> RawWorkflow:
        clean: Graph | None = None

        def change(workflow: RawWorkflow) -> Change:
            nonlocal clean
            if clean is None or not {"nodes", "edges"} <= given.keys():
                clean = sanitised(given.get("nodes", workflow["nodes"]), given.get("edges", workflow["edges"]))
            graph, values = self.imported.claimed(user_id, healed(clean, _graph(workflow)))
            return Change(graph, given, values)

        return self.rewrite(user_id, workflow_id, change)

    def _namespace(self, user_id: ObjectId, cluster_name: str) -> str:
        """The default namespace of a cluster that the user names."""
        try:
            return self.clusters.find(user_id, cluster_name).namespace or "default"
        except NotFoundError:
            raise InvalidError("Cluster not found", {"cluster_id": "is no cluster of yours"}) from None


def _graph(workflow: RawWorkflow) -> Graph:
    return Graph(workflow.get("nodes") or [], workflow.get("edges") or [])


def _gone() -> RawWorkflow:
    raise NotFoundError("Workflow not found")
