"""What a viewer of a workflow's status stream gets: the document, then what is above its rev. Called by the route."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from app.errors import NotFoundError
from app.events.message import Event
from app.http.sse import Snapshot
from app.workflows.service import Workflows
from app.workflows.stream_events import WorkflowEvents, channel_of
from app.workflows.views import workflow_view


@dataclass(frozen=True, slots=True)
class WorkflowStream:
    """A `StreamSource`: one viewer's look at a workflow."""

    workflows: Workflows
    events: WorkflowEvents
    user_id: ObjectId
    workflow_id: ObjectId

    @property
    def channel(self) -> str:
        return channel_of(self.workflow_id)

    def snapshot(self) -> Snapshot:
        """The workflow with its states. Raises NotFoundError."""
        workflow, states = self.workflows.get(self.user_id, self.workflow_id)
        return self._state(Event("metadata", workflow_view(workflow, states)), states)

    def sync(self) -> Snapshot:
        """All states, after a gap; the same for every viewer. Raises NotFoundError when it is deleted meanwhile."""
        workflow, states = self.workflows.current(self.workflow_id)
        if workflow is None:
            raise NotFoundError("Workflow not found")
        if workflow.get("deleted_at"):
            gone = self.events.event(self.workflow_id, "complete", {"reason": "deleted"}, final=True)
            return Snapshot([gone])
        return self._state(self.events.sync(self.workflow_id, states or {}), states)

    def _state(self, event: Event, states: Mapping[str, Any] | None) -> Snapshot:
        if states is None:
            return Snapshot([event], 0)
        return Snapshot([event], int(states["rev"]), self.events.late(self.workflow_id, states))
