"""Fault 13, the start of a run: the API process is killed before and after each write of it.

After the scheduler's next round there is no automatic version without its run or the reverse, and no number is missing.
"""

from datetime import timedelta

import pytest
from bson import ObjectId

from app.bootstrap import Services
from app.errors import ConflictError
from app.jobs.store import Outcome
from tests.api import Person
from tests.mortal import mortal, start_run
from tests.workflows import a_cluster, a_run, a_workflow


@pytest.fixture
def workflow_id(services: Services, person: Person) -> ObjectId:
    a_cluster(services, person.user.id)
    return a_workflow(services, person.user.id)


def later(services: Services) -> None:
    """The scheduler's next round, when whoever has started a run is dead for sure."""
    runs = services.db["workflow_runs"]
    for run in runs.find({"version": None}):
        runs.update_one({"_id": run["_id"]}, {"$set": {"queued_at": run["queued_at"] - timedelta(minutes=1)}})
    services.workflow_upkeep.finish_runs()


def end_all(services: Services) -> None:
    """As workers do."""
    for raw in services.deploys.store.queued():
        assert services.deploys.store.end_queued(raw["_id"], Outcome("completed"))
        services.run_ends.announce(raw["_id"])


def test_13_no_version_without_its_run_and_no_hole(services: Services, person: Person, workflow_id: ObjectId) -> None:
    values = services.settings.model_dump()
    steps = mortal(values, start_run, workflow_id)
    end_all(services)
    assert steps is not None

    died = 0
    for step in range(1, len(steps) + 1):
        for when in ("before", "after"):
            died += mortal(values, start_run, workflow_id, die_at=step, when=when) is None
            later(services)
            end_all(services)

    runs = list(services.db["workflow_runs"].find())
    versions = list(services.db["workflow_versions"].find())
    assert died >= 2 * (len(steps) - 1), steps
    assert {version["run_id"]: version["version"] for version in versions} == {
        run["_id"]: run["version"] for run in runs
    }
    assert sorted(version["version"] for version in versions) == list(range(1, len(versions) + 1))
    workflow = services.workflow_store.find(workflow_id)
    assert workflow is not None
    counts = (workflow["current_version"], workflow["run_count"], workflow["success_count"])
    assert counts == (len(runs), len(runs), len(runs))
    assert all("graph" not in run and "active_for" not in run for run in runs)


def test_13_a_run_started_by_a_dead_process_keeps_the_next_one_out(
    services: Services, person: Person, workflow_id: ObjectId
) -> None:
    values = services.settings.model_dump()
    steps = mortal(values, start_run, workflow_id)
    end_all(services)
    assert steps is not None
    inserted = next(n for n, name in enumerate(steps, 1) if name == "insert workflow_runs")

    assert mortal(values, start_run, workflow_id, die_at=inserted, when="after") is None

    with pytest.raises(ConflictError):
        a_run(services, person.user.id, workflow_id)
    later(services)
    assert services.run_store.active(workflow_id) is not None


def test_13_the_scheduler_does_these_rounds(services: Services) -> None:
    duties = {duty.name: duty for duty in services.duties}

    assert duties["finish_runs"].every_s <= 5
    assert {"ensure_cleanups", "trim_runs"} <= duties.keys()
