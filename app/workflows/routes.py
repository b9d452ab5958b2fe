"""/workflows: HTTP in and out, no logic."""

from http import HTTPStatus

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.http.auth import current_user, signed_in
from app.http.context import services
from app.http.openapi import Query, documented
from app.http.requests import parse_body, query_int
from app.storage.documents import object_id
from app.workflows.models import (
    ChangeStatus,
    CloneWorkflow,
    CreateWorkflow,
    Message,
    SaveWorkflow,
    UpdateWorkflow,
    WorkflowAnswer,
    WorkflowCreated,
    WorkflowList,
    WorkflowShape,
)
from app.workflows.views import listed_view, workflow_view

bp = Blueprint("workflows", __name__)

PAGE_MOST = 200


@bp.post("/workflows")
@signed_in
@documented("Create a workflow", body=CreateWorkflow, answers={201: WorkflowCreated}, errors=(400,))
def create_workflow() -> ResponseReturnValue:
    body = parse_body(CreateWorkflow)
    view = workflow_view(services().workflows.create(current_user().user_id, body))
    # The UI reads the id from `workflow`, other clients from the document itself.
    return {**view, "message": "Workflow created successfully", "workflow": view}, HTTPStatus.CREATED


@bp.get("/workflows")
@signed_in
@documented(
    "List workflows",
    description="Newest `updated_at` first. Nodes come without their data; their number is what a list shows.",
    query=(
        Query("status", "draft, published or archived"),
        Query("q", "Part of the name."),
        Query("page", "From 1.", {"type": "integer"}),
        Query("limit", "None: all at once.", {"type": "integer"}),
    ),
    answers={200: WorkflowList},
)
def list_workflows() -> ResponseReturnValue:
    found, total = services().workflows.list(
        current_user().user_id,
        status=request.args.get("status", ""),
        text=request.args.get("q", ""),
        page=query_int("page", 1, least=1, most=1_000_000),
        limit=query_int("limit", 0, least=1, most=PAGE_MOST),
    )
    answer: dict[str, object] = {"workflows": [listed_view(workflow) for workflow in found]}
    return answer if total is None else {**answer, "total": total}


@bp.get("/workflows/<workflow_id>")
@signed_in
@documented("Get a workflow with its live states", answers={200: WorkflowShape}, errors=(400, 404))
def get_workflow(workflow_id: str) -> ResponseReturnValue:
    return workflow_view(*services().workflows.get(current_user().user_id, object_id(workflow_id, "workflow")))


@bp.put("/workflows/<workflow_id>")
@signed_in
@documented("Change a workflow", body=UpdateWorkflow, answers={200: WorkflowShape}, errors=(400, 404, 409))
def update_workflow(workflow_id: str) -> ResponseReturnValue:
    body = parse_body(UpdateWorkflow)
    workflow, warning = services().workflows.update(current_user().user_id, object_id(workflow_id, "workflow"), body)
    return workflow_view(workflow) | ({"warning": warning} if warning else {})


@bp.post("/workflows/<workflow_id>/save")
@signed_in
@documented(
    "Save the canvas",
    description="No version is made. Objects of nodes that are gone are removed from the cluster by a task.",
    body=SaveWorkflow,
    answers={200: WorkflowAnswer},
    errors=(400, 404, 409),
)
def save_workflow(workflow_id: str) -> ResponseReturnValue:
    body = parse_body(SaveWorkflow)
    workflow = services().workflows.save(current_user().user_id, object_id(workflow_id, "workflow"), body)
    return {"message": "Workflow saved successfully", "workflow": workflow_view(workflow)}


@bp.put("/workflows/<workflow_id>/status")
@signed_in
@documented(
    "Publish, archive or make a draft again",
    description="Archiving removes the objects from the cluster; `warning` says what isn't gone yet.",
    body=ChangeStatus,
    answers={200: Message},
    errors=(400, 404),
)
def change_status(workflow_id: str) -> ResponseReturnValue:
    body = parse_body(ChangeStatus)
    warning = services().workflows.change_status(
        current_user().user_id, object_id(workflow_id, "workflow"), body.status
    )
    answer = {"message": "Workflow status updated successfully"}
    return answer | ({"warning": warning} if warning else {})


@bp.delete("/workflows/<workflow_id>")
@signed_in
@documented("Delete a workflow and what it deployed", answers={200: Message}, errors=(400, 404))
def delete_workflow(workflow_id: str) -> ResponseReturnValue:
    services().workflows.delete(current_user().user_id, object_id(workflow_id, "workflow"))
    return {"message": "Workflow deleted successfully"}


@bp.post("/workflows/<workflow_id>/clone")
@signed_in
@documented("Clone a workflow", body=CloneWorkflow, answers={201: WorkflowCreated}, errors=(400, 404))
def clone_workflow(workflow_id: str) -> ResponseReturnValue:
    body = parse_body(CloneWorkflow)
    clone = services().workflows.clone(current_user().user_id, object_id(workflow_id, "workflow"), body.name)
    view = workflow_view(clone)
    return {"id": clone["_id"], "message": "Workflow cloned successfully", "workflow": view}, HTTPStatus.CREATED
