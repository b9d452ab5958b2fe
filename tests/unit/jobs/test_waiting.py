"""Who is served next, and what counts as an attempt."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from app.jobs.store import attempts_after
from app.jobs.waiting import in_order

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ANN, BEN = ObjectId("a" * 24), ObjectId("b" * 24)


def a_job(name: str, user: ObjectId = ANN, *, age_s: int = 0, lease: str | None = None) -> dict[str, Any]:
    queued_at = NOW - timedelta(seconds=age_s)
    return {"_id": name, "user_id": user, "queued_at": queued_at, "lease": lease or f"toy:{name}"}


def names(queued: list[dict[str, Any]], running: list[dict[str, Any]], held: set[str]) -> list[object]:
    return [job.id for job in in_order(queued, running, held)]


def test_the_user_with_the_fewest_running_is_served_first_then_the_oldest() -> None:
    queued = [a_job("ann-old", ANN, age_s=30), a_job("ben-old", BEN, age_s=20), a_job("ben-new", BEN, age_s=10)]
    running = [a_job("ann-busy", ANN, age_s=40)]

    assert names(queued, running, {"toy:ann-busy"}) == ["ben-old", "ben-new", "ann-old"]
    assert names(queued, [], set()) == ["ann-old", "ben-old", "ben-new"]


def test_a_job_whose_owner_died_comes_first_and_doesn_t_count_as_running() -> None:
    queued = [a_job("ann-old", ANN, age_s=30), a_job("ben-old", BEN, age_s=20)]
    orphan = a_job("ann-orphan", ANN, age_s=5)

    found = in_order(queued, [orphan], set())

    assert [(str(job.id), job.orphan) for job in found] == [
        ("ann-orphan", True),
        ("ann-old", False),
        ("ben-old", False),
    ]


def test_what_waits_for_a_held_lease_is_not_served() -> None:
    queued = [a_job("cleanup", lease="workflow:1"), a_job("run", lease="workflow:2")]
    orphan_behind_a_cleanup = a_job("orphan", lease="workflow:3")

    assert names(queued, [orphan_behind_a_cleanup], {"workflow:1", "workflow:3"}) == ["run"]


@pytest.mark.parametrize(
    ("status", "attempts", "mark", "claim_mark", "after"),
    [
        ("queued", 0, 0, 0, 0),  # first claim
        ("queued", 2, 5, 5, 2),  # handed back: no attempt, none forgiven
        ("running", 0, 0, 0, 1),  # died before any progress
        ("running", 2, 5, 5, 3),
        ("running", 2, 6, 5, 0),  # died, but had got on
    ],
)
def test_what_counts_as_an_attempt(status: str, attempts: int, mark: int, claim_mark: int, after: int) -> None:
    raw = {"status": status, "attempts": attempts, "mark": mark, "claim_mark": claim_mark}

    assert attempts_after(raw) == after
