"""/workflows/:id/run, /runs and the status stream: HTTP in and out, no logic."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.http.auth import current_user, signed_in
from app.http.context import services
from app.http.openapi import Query, documented
from app.http.requests import parse_body, query_int
from app.http.sse import document_stream
from app.storage.documents import object_id
from app.workflows.models import Message, RunList, RunRequest, RunShape, RunStarted, TriggerData
from app.workflows.stream import WorkflowStream
from app.workflows.views import run_view

bp = Blueprint("runs", __name__)

EVENTS: Final = {
    "metadata": "The workflow with `_status` in its nodes; the first frame.",
    "node_update": "`{node_id, type, status}` in the envelope's `data`.",
    "workflow_sync": "Every node that has a state, in place of all that was known.",
    "run_update": "`{run_id, status, version, progress, log?}`.",
    "drift": "`{node_id, change, fields, manager?}`: changed behind our back.",
    "error": "A text.",
    "complete": "A run has ended; with `reason` (deleted, archived) it is the last event.",
}


@bp.post("/workflows/<workflow_id>/run")
@signed_in
@documented(
    "Run a workflow",
    description="Answers at once; a worker applies the nodes. Values in `trigger_data` are for this run only.",
    body=RunRequest,
    body_required=False,
    answers={200: RunStarted},
    errors=(400, 404, 409),
    tags=("workflows",),
)
def run_workflow(workflow_id: str) -> ResponseReturnValue:
    values = parse_body(RunRequest).trigger_data or TriggerData()
    run = services().runs.start(current_user().user_id, object_id(workflow_id, "workflow"), values)
    started = RunStarted(run_id=run.id, version=run.version or 0, logs=run.logs)
    return started.model_dump(), HTTPStatus.OK


@bp.get("/workflows/<workflow_id>/runs")
@signed_in
@documented(
    "List the runs of a workflow, newest first",
    query=(Query("limit", "1 to 100, default 10.", {"type": "integer"}),),
    answers={200: RunList},
    errors=(400, 404),
    tags=("workflows",),
)
def list_runs(workflow_id: str) -> ResponseReturnValue:
    limit = query_int("limit", 10, least=1, most=100)
    runs, states = services().runs.list(current_user().user_id, object_id(workflow_id, "workflow"), limit)
    return {"runs": [run_view(run, states) for run in runs]}


@bp.get("/workflows/<workflow_id>/runs/<run_id>")
@signed_in
@documented("Get a run", answers={200: RunShape}, errors=(400, 404), tags=("workflows",))
def get_run(workflow_id: str, run_id: str) -> ResponseReturnValue:
    ids = object_id(workflow_id, "workflow"), object_id(run_id, "run")
    return run_view(*services().runs.get(current_user().user_id, *ids))


@bp.post("/workflows/<workflow_id>/runs/<run_id>/cancel")
@signed_in
@documented(
    "Cancel a run",
    description="What was applied stays; the run ends as `cancelled` within seconds.",
    answers={202: Message},
    errors=(400, 404),
    tags=("workflows",),
)
def cancel_run(workflow_id: str, run_id: str) -> ResponseReturnValue:
    ids = object_id(workflow_id, "workflow"), object_id(run_id, "run")
    services().runs.cancel(current_user().user_id, *ids)
    return {"message": "Cancellation requested"}, HTTPStatus.ACCEPTED


@bp.get("/workflows/<workflow_id>/status/stream")
@signed_in
@documented("Stream the live states of a workflow", events=EVENTS, errors=(400, 404), tags=("workflows",))
def stream_status(workflow_id: str) -> ResponseReturnValue:
    workflows, events = services().workflows, services().workflow_events
    return document_stream(
        WorkflowStream(workflows, events, current_user().user_id, object_id(workflow_id, "workflow"))
    )
