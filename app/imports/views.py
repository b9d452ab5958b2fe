"""A session as answers and streams show it. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.imports.store import RawSession, unpacked

QUEUED: Final = "Queued"
COMPLETED: Final = "Completed"
FAILED: Final = "Failed"
CANCELLED: Final = "The import was cancelled"

_STAGE_OF_PHASE: Final = {"pending": "queue", "cloning": "clone", "analyzing": "analyze"}
_CONVERTING: Final = 60
"""From this progress on the files are read and converted."""


def status_of(session: RawSession) -> str:
    """pending, cloning, analyzing, completed or failed: the UI knows no sixth."""
    match session["status"]:
        case "completed":
            return "completed"
        case "failed" | "cancelled":
            return "failed"
        case "running":
            return str(session.get("phase", "pending"))
        case _:
            return "pending"


def error_of(session: RawSession) -> dict[str, str]:
    """`message`, `stage` and perhaps `code` of one that failed; empty otherwise."""
    if session["status"] == "cancelled":
        return {"message": CANCELLED, "stage": "cancelled", "code": "CANCELLED"}
    if session["status"] != "failed":
        return {}
    found = {
        "message": str(session.get("error") or "The import failed"),
        "stage": str(session.get("error_stage") or _stage_reached(session)),
    }
    return found | ({"code": str(session["error_code"])} if session.get("error_code") else {})


def _stage_reached(session: RawSession) -> str:
    """For an end that nobody foresaw: a deadline, a worker that dies again and again."""
    if session.get("progress", 0) >= _CONVERTING:
        return "convert"
    return _STAGE_OF_PHASE[str(session.get("phase", "pending"))]


def analysis_of(session: RawSession) -> dict[str, Any] | None:
    """The stored analysis."""
    stored = session.get("analysis")
    return None if stored is None else unpacked(bytes(stored))


def _stage_text(session: RawSession) -> str:
    match status_of(session):
        case "completed":
            return COMPLETED
        case "failed":
            return FAILED
        case "pending":
            return QUEUED
        case _:
            return str(session.get("current_stage") or QUEUED)


# JSON name → where it comes from; unknown values are left out.
_FIELDS: Final[Mapping[str, Callable[[RawSession], Any]]] = {
    "id": lambda session: session["_id"],
    "userId": lambda session: session["user_id"],
    "source": lambda session: session["source"],
    "url": lambda session: session.get("url") or None,
    "branch": lambda session: session.get("branch") or None,
    "fileName": lambda session: session.get("file_name") or None,
    "namespace": lambda session: session.get("namespace") or "",
    "status": status_of,
    "currentStage": _stage_text,
    "progress": lambda session: 100 if session["status"] == "completed" else session.get("progress", 0),
    "commitSha": lambda session: session.get("commit_sha") or None,
    "options": lambda session: session.get("options") or None,
    "createdAt": lambda session: session["created_at"],
    "completedAt": lambda session: session.get("completed_at"),
    "expiresAt": lambda session: session["expires_at"],
}


def session_view(session: RawSession, *, with_analysis: bool = True) -> dict[str, Any]:
    """The document as the UI has it."""
    view = {name: read(session) for name, read in _FIELDS.items()}
    if with_analysis and session["status"] == "completed":
        view["analysis"] = analysis_of(session)
    error = error_of(session)
    view |= {f"error{key.capitalize()}": text for key, text in error.items()}
    return {name: value for name, value in view.items() if value is not None}
