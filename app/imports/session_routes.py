"""/import/analyze and /import/:id: analyses in the background, sessions, their stream. HTTP in and out, no logic."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.events.replay import parse_position
from app.http.auth import current_user, signed_in
from app.http.context import services
from app.http.openapi import Query, documented
from app.http.requests import parse_body, query_int
from app.http.sse import document_stream
from app.imports.models import (
    AnalysisAnswer,
    Analyze,
    Analyzed,
    CancelAsked,
    ChangeOptions,
    OneSession,
    SessionList,
)
from app.imports.stream import ImportStream
from app.imports.views import session_view
from app.storage.documents import object_id

bp = Blueprint("import_sessions", __name__)

TAGS: Final = ("import",)
EVENTS: Final = {
    "metadata": "The session itself; the first frame, then all stored `log` events.",
    "log": "`{stage, message, level}` in the envelope's `data`.",
    "progress": "`{status, current_stage, progress}`; never a terminal status.",
    "complete": "`{analysis}`; the last event.",
    "failed": "`{error_message, error_stage, error_code}`; the last event.",
    "error": "A text: the stream must end without a result.",
}


@bp.post("/import/analyze")
@signed_in
@documented(
    "Analyse a file or a URL",
    description="Waits for the result; what takes longer goes on in the background, and `async` says so. "
    "The same request joins the one that is going on.",
    body=Analyze,
    answers={200: Analyzed},
    errors=(400, 403, 404, 409, 413, 502, 503, 504),
    tags=TAGS,
)
def analyze() -> ResponseReturnValue:
    analyzed = services().analyses.analyse(current_user().user_id, parse_body(Analyze))
    answer: dict[str, object] = {"async": analyzed.analysis is None, "sessionId": analyzed.session_id}
    if analyzed.analysis is None:
        return answer | {"message": "Cloning repository..."}
    return answer | {"analysis": analyzed.analysis}


@bp.get("/import")
@signed_in
@documented(
    "List one's import sessions, newest first",
    description="Without their analyses.",
    query=(
        Query("limit", "1 to 100, default 20.", {"type": "integer"}),
        Query("offset", "From 0.", {"type": "integer"}),
    ),
    answers={200: SessionList},
    tags=TAGS,
)
def list_sessions() -> ResponseReturnValue:
    limit = query_int("limit", 20, least=1, most=100)
    offset = query_int("offset", 0, least=0, most=1_000_000)
    found, total = services().import_sessions.list(current_user().user_id, limit=limit, offset=offset)
    sessions = [session_view(session, with_analysis=False) for session in found]
    return {"sessions": sessions, "total": total, "limit": limit, "offset": offset}


@bp.get("/import/<import_id>")
@signed_in
@documented("Get an import session", answers={200: OneSession}, errors=(400, 404), tags=TAGS)
def get_session(import_id: str) -> ResponseReturnValue:
    session = services().import_sessions.get(current_user().user_id, object_id(import_id, "session"))
    return {"session": session_view(session)}


@bp.put("/import/<import_id>/options")
@signed_in
@documented(
    "Analyse an import again with other options",
    description="From the files that are kept with the session: no second clone.",
    body=ChangeOptions,
    answers={200: AnalysisAnswer},
    errors=(400, 404, 409),
    tags=TAGS,
)
def change_options(import_id: str) -> ResponseReturnValue:
    body = parse_body(ChangeOptions)
    of_session = object_id(import_id, "session")
    return {"analysis": services().import_sessions.change_options(current_user().user_id, of_session, body.options)}


@bp.post("/import/<import_id>/cancel")
@signed_in
@documented(
    "Cancel an import",
    description="One that has ended stays as it is.",
    answers={202: CancelAsked},
    errors=(400, 404),
    tags=TAGS,
)
def cancel(import_id: str) -> ResponseReturnValue:
    services().asking.cancel(current_user().user_id, object_id(import_id, "session"))
    return {"message": "Cancellation requested"}, HTTPStatus.ACCEPTED


@bp.delete("/import/<import_id>")
@signed_in
@documented("Delete an import session", answers={204: None}, errors=(400, 404), tags=TAGS)
def delete(import_id: str) -> ResponseReturnValue:
    services().import_sessions.delete(current_user().user_id, object_id(import_id, "session"))
    return "", HTTPStatus.NO_CONTENT


@bp.get("/import/<import_id>/stream")
@signed_in
@documented("Stream an import", events=EVENTS, errors=(400, 404), tags=TAGS)
def stream(import_id: str) -> ResponseReturnValue:
    seen = parse_position(request.headers.get("Last-Event-ID", ""), by_rev=True)
    return document_stream(
        ImportStream(
            services().import_store,
            current_user().user_id,
            object_id(import_id, "session"),
            seen if isinstance(seen, int) else None,
        )
    )
