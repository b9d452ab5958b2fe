"""A session as the UI has it: five states, whatever the job's are."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId

from app.errors import (
    ConflictError,
    InvalidError,
    KubeOrchError,
    NotFoundError,
    UnavailableError,
    UpstreamTimeoutError,
)
from app.imports.failures import error_from, failed
from app.imports.store import packed
from app.imports.views import session_view
from app.jobs.claimed import CANCELLED, GIVEN_UP, TOO_LONG
from app.sources.errors import source_error

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def a_session(**fields: Any) -> dict[str, Any]:
    about = {"_id": ObjectId(), "user_id": ObjectId(), "source": "github", "url": "https://github.com/a/b", "rev": 3}
    return {**about, "created_at": NOW, "expires_at": NOW, "progress": 0, "logs": [], "status": "queued", **fields}


@pytest.mark.parametrize(
    ("fields", "status", "stage", "progress"),
    [
        ({}, "pending", "Queued", 0),
        ({"status": "running"}, "pending", "Queued", 0),
        (
            {"status": "running", "phase": "cloning", "current_stage": "Cloning repository", "progress": 10},
            *("cloning", "Cloning repository", 10),
        ),
        (
            {"status": "running", "phase": "analyzing", "current_stage": "Parsing configuration", "progress": 60},
            *("analyzing", "Parsing configuration", 60),
        ),
        ({"status": "completed", "progress": 80}, "completed", "Completed", 100),
        ({"status": "failed", "progress": 40, "error": "no"}, "failed", "Failed", 40),
        ({"status": "cancelled", "progress": 10}, "failed", "Failed", 10),
    ],
)
def test_the_states_of_a_session(fields: dict[str, Any], status: str, stage: str, progress: int) -> None:
    view = session_view(a_session(**fields))

    assert (view["status"], view["currentStage"], view["progress"]) == (status, stage, progress)


def test_a_session_shows_nothing_of_the_job_and_no_secret() -> None:
    hidden = {"given": b"1", "secrets": b"2", "active_for": "3", "fence": 4, "lease": "5", "logs": [], "mark": 6}

    view = session_view(a_session(status="completed", analysis=packed({"a": 1}), **hidden))

    assert view.keys() == {
        *("id", "userId", "source", "url", "namespace", "status", "currentStage", "progress", "analysis"),
        *("createdAt", "expiresAt"),
    }
    assert view["analysis"] == {"a": 1}


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "failed", "error": "x"}, "queue"),
        ({"status": "failed", "error": "x", "phase": "cloning", "progress": 10}, "clone"),
        ({"status": "failed", "error": "x", "phase": "analyzing", "progress": 40}, "analyze"),
        ({"status": "failed", "error": "x", "phase": "analyzing", "progress": 80}, "convert"),
        ({"status": "failed", "error": "x", "phase": "analyzing", "error_stage": "clone"}, "clone"),
    ],
)
def test_a_failure_names_its_stage_also_when_nobody_foresaw_it(fields: dict[str, Any], stage: str) -> None:
    assert session_view(a_session(**fields))["errorStage"] == stage


@pytest.mark.parametrize(
    "error",
    [
        source_error("BRANCH_NOT_FOUND", "There is no branch x", {"branch": "is none"}),
        InvalidError("nothing to deploy", extra={"code": "NOTHING_FOUND"}),
        InvalidError("no", {"services.web\0.image": "is no image"}),
    ],
)
def test_who_waited_gets_the_error_that_ended_it(error: KubeOrchError) -> None:
    outcome = failed(error, "clone")

    found = error_from(a_session(status=outcome.status, error=outcome.error, **outcome.fields))

    assert isinstance(error, type(found))
    assert (found.message, found.details, found.extra) == (error.message, error.details, error.extra)
    assert isinstance(found, NotFoundError | InvalidError)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(TOO_LONG, UpstreamTimeoutError), (GIVEN_UP, UnavailableError), (CANCELLED, ConflictError)],
)
def test_who_waited_is_told_of_an_end_from_outside(outcome: Any, kind: type[KubeOrchError]) -> None:
    found = error_from(a_session(status=outcome.status, **({"error": outcome.error} if outcome.error else {})))

    assert isinstance(found, kind)
    assert found.message == (outcome.error or "The import was cancelled")
