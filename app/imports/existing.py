"""The graph whose names an analysis avoids: that of the workflow it is for. Called by all who analyse."""

from bson import ObjectId

from app.manifests.graph import Graph
from app.workflows.store import WorkflowStore


def existing_graph(workflows: WorkflowStore, user_id: ObjectId, workflow_id: ObjectId | None) -> Graph | None:
    """`None`: it is for no workflow. Raises NotFoundError: there is none of this id, or it isn't this user's."""
    if workflow_id is None:
        return None
    workflow = workflows.get(workflow_id, owner_id=user_id)
    return Graph(workflow["nodes"], workflow["edges"])
