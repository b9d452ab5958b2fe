"""/import: uploads, analyses, and what becomes of them. HTTP in and out, no logic."""

import base64
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.errors import InvalidError
from app.http.auth import current_user, signed_in
from app.http.context import services
from app.http.openapi import documented
from app.http.requests import parse_body
from app.imports.models import AppliedImport, ApplyImport, CreatedFromImport, CreateFromImport, Uploaded
from app.imports.parts import Part, checked
from app.workflows.views import workflow_view

bp = Blueprint("import", __name__)

UPLOAD: Final = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "A Compose file or Kubernetes manifests."},
        "files": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "description": "What it names: `.env`, env files, other Compose files, files to mount; relative names.",
        },
        "namespace": {"type": "string"},
        "options": {"type": "string", "description": "JSON: choices per service and in general."},
    },
}


@bp.post("/import/upload")
@signed_in
@documented(
    "Analyse an uploaded file",
    description="Nothing is made yet. Values that look secret are kept encrypted and are in no answer.",
    body=UPLOAD,
    multipart=True,
    answers={200: Uploaded},
    errors=(400, 413),
)
def upload() -> ResponseReturnValue:
    limit_kb = services().settings.import_max_file_kb
    main = request.files.get("file")
    part = None if main is None or not main.filename else Part(main.filename, main.stream.read())
    others = [Part(one.filename or "", one.stream.read()) for one in request.files.getlist("files")]
    found = checked(part, others, limit_kb=limit_kb)
    session, analysis = services().import_sessions.upload(
        current_user().user_id,
        found,
        namespace=request.form.get("namespace", "").strip(),
        options=_options(request.form.get("options", "")),
    )
    content = found.files[found.main]
    return {
        "analysis": analysis,
        "fileName": found.main,
        "fileSize": len(content),
        "fileContent": base64.b64encode(content).decode(),
        "sessionId": session["_id"],
    }


def _options(text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidError("The options can't be read", {"options": "must be a JSON object"}) from None


@bp.post("/import/create-workflow")
@signed_in
@documented(
    "Make a workflow from an analysis",
    description="A draft. The analysis may be several ones, put together; names and places that clash are settled.",
    body=CreateFromImport,
    answers={200: CreatedFromImport},
    errors=(400, 409),
)
def create_workflow() -> ResponseReturnValue:
    workflow = services().placements.create(current_user().user_id, parse_body(CreateFromImport))
    return {
        "workflow": workflow_view(workflow),
        "message": "Workflow created successfully from import",
    }, HTTPStatus.OK


@bp.post("/import/apply")
@signed_in
@documented(
    "Put an analysis into a workflow",
    description="Old nodes stay where they are, new ones come beside them.",
    body=ApplyImport,
    answers={200: AppliedImport},
    errors=(400, 404, 409),
)
def apply() -> ResponseReturnValue:
    applied = services().placements.apply(current_user().user_id, parse_body(ApplyImport))
    return {
        "workflow": workflow_view(applied.workflow),
        "message": "Import applied successfully",
        "renamed": applied.renamed,
        "skipped": applied.skipped,
    }
