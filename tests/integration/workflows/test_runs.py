"""Starting runs: snapshots without holes, one run at a time, values that nobody sees."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from app.bootstrap import Services
from app.errors import ConflictError
from app.jobs.store import Outcome
from app.workflows.models import SaveWorkflow
from tests.api import API, Person
from tests.nodes import a_node
from tests.workflows import a_cluster, a_run, a_workflow

Client = Any  # Flask's, whose `json` may be None to the checker in every line
SECRET = "canary-7f3a"


@pytest.fixture
def owner(services: Services, person: Person) -> ObjectId:
    a_cluster(services, person.user.id)
    return person.user.id


def end(services: Services, run_id: ObjectId, status: Any = "completed") -> None:
    """As its worker does."""
    services.db["workflow_runs"].update_one({"_id": run_id}, {"$set": {"status": "running"}})
    raw = services.deploys.store.find(run_id)
    assert raw is not None
    assert services.deploys.store.end(run_id, raw["fence"], Outcome(status, "why" if status == "failed" else None))
    services.run_ends.announce(run_id)


def test_the_answer_comes_at_once_and_says_running(api: Client, services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)

    answer = api.post(f"{API}/workflows/{workflow_id}/run")

    assert answer.status_code == 200
    assert answer.json["message"] == "Workflow execution started"
    assert (answer.json["status"], answer.json["version"], answer.json["logs"]) == ("running", 1, [])
    run = api.get(f"{API}/workflows/{workflow_id}/runs/{answer.json['run_id']}").json
    assert (run["status"], run["version"], run["triggered_by"]) == ("queued", 1, "manual")


def test_a_draft_does_not_run(api: Client, services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner, published=False)

    answer = api.post(f"{API}/workflows/{workflow_id}/run")

    assert (answer.status_code, answer.json) == (400, {"error": "Workflow must be published to run"})


def test_an_invalid_graph_does_not_run(api: Client, services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    broken = SaveWorkflow(nodes=[a_node("deployment", "d", image="")], edges=[])
    services.workflows.save(owner, workflow_id, broken)

    answer = api.post(f"{API}/workflows/{workflow_id}/run")

    assert answer.status_code == 400
    assert "d.image" in answer.json["details"]
    assert services.db["workflow_runs"].count_documents({}) == 0


def test_a_second_run_waits_for_the_first_to_end(api: Client, services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    first = a_run(services, owner, workflow_id)

    refused = api.post(f"{API}/workflows/{workflow_id}/run")
    end(services, first.id)
    accepted = api.post(f"{API}/workflows/{workflow_id}/run")

    assert (refused.status_code, accepted.status_code) == (409, 200)
    assert accepted.json["version"] == 2


def test_fifty_parallel_runs_and_saves_leave_no_hole(services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)

    def start(_: int) -> bool:
        try:
            run = a_run(services, owner, workflow_id)
        except ConflictError:
            return False
        end(services, run.id)
        return True

    def save(number: int) -> bool:
        node = a_node("configmap", "c", data={"n": str(number)})
        services.workflows.save(owner, workflow_id, SaveWorkflow(nodes=[node], edges=[]))
        return True

    with ThreadPoolExecutor(16) as pool:
        started, saved = pool.map(start, range(50)), pool.map(save, range(50))
        runs, saves = sum(started), sum(saved)

    versions = sorted(found["version"] for found in services.db["workflow_versions"].find())
    workflow = services.workflow_store.get(workflow_id, owner_id=owner)
    assert versions == list(range(1, runs + 1))
    assert runs >= 1
    assert (workflow["current_version"], workflow["run_count"], workflow["success_count"]) == (runs, runs, runs)
    assert workflow["graph_rev"] == saves + 1, "each save is a write of its own"


def test_only_one_of_many_simultaneous_runs_starts(services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)

    def start(_: int) -> bool:
        try:
            a_run(services, owner, workflow_id)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(start, range(50))) == 1
    assert services.db["workflow_versions"].count_documents({}) == 1


def test_a_run_whose_api_process_died_gets_its_snapshot_later(services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    run = services.run_store.insert(ObjectId(), run_fields(workflow_id, owner))
    services.db["workflow_runs"].update_one({}, {"$set": {"queued_at": run.started_at - timedelta(minutes=1)}})

    services.workflow_upkeep.finish_runs()
    services.workflow_upkeep.finish_runs()

    found = services.run_store.find(run.id)
    assert found is not None
    assert (found.version, found.graph) == (1, None)
    assert services.db["workflow_versions"].count_documents({}) == 1
    assert services.workflow_store.get(workflow_id, owner_id=owner)["run_count"] == 1


def run_fields(workflow_id: ObjectId, owner: ObjectId) -> dict[str, Any]:
    graph = {"nodes": [a_node("configmap", "c")], "edges": []}
    return {"workflow_id": workflow_id, "user_id": owner, "cluster_id": ObjectId(), "graph": graph}


def test_a_snapshot_taken_twice_for_one_run_is_one(services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    run = services.run_store.insert(ObjectId(), run_fields(workflow_id, owner))

    with ThreadPoolExecutor(8) as pool:
        versions = {found.version for found in pool.map(services.versions.of_run, [run] * 16)}

    assert versions == {1}
    assert services.db["workflow_versions"].count_documents({}) == 1


def test_given_values_are_sealed_and_gone_when_the_run_ends(api: Client, services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner, [a_node("secret", "s", keys=[{"id": "1", "name": "password"}])])
    run = a_run(services, owner, workflow_id, secrets={"s": {"password": SECRET}})
    stored = services.db["workflow_runs"].find_one({"_id": run.id})
    assert stored is not None

    assert services.runs.given(run).secrets == {"s": {"password": SECRET}}
    assert SECRET.encode() not in stored["trigger_data"]
    assert SECRET not in repr(run)
    answer = api.get(f"{API}/workflows/{workflow_id}/runs/{run.id}")
    assert answer.json["trigger_data"] == {"secrets": {"s": ["password"]}, "envVars": {}}
    assert SECRET not in answer.text

    end(services, run.id)

    after = services.db["workflow_runs"].find_one({"_id": run.id})
    assert after is not None
    assert "trigger_data" not in after
    assert "active_for" not in after


def test_a_queued_run_can_be_cancelled_and_counts_as_neither(api: Client, services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    run = a_run(services, owner, workflow_id)

    assert api.post(f"{API}/workflows/{workflow_id}/runs/{run.id}/cancel").status_code == 202

    [found] = api.get(f"{API}/workflows/{workflow_id}/runs").json["runs"]
    assert (found["id"], found["status"]) == (str(run.id), "cancelled")
    workflow = services.workflow_store.get(workflow_id, owner_id=owner)
    assert (workflow["run_count"], workflow["success_count"], workflow["failure_count"]) == (1, 0, 0)
    version = services.version_store.find(workflow_id, 1)
    assert version is not None
    assert version["run_status"] == "cancelled"
    again = a_run(services, owner, workflow_id)
    assert again.version == 2


def test_an_ended_run_is_counted_and_announced_once(services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    run = a_run(services, owner, workflow_id)
    end(services, run.id, "failed")

    services.run_ends.announce(run.id)
    services.workflow_upkeep.finish_runs()

    workflow = services.workflow_store.get(workflow_id, owner_id=owner)
    assert (workflow["failure_count"], workflow["success_count"]) == (1, 0)
    assert services.run_store.unannounced() == []


def test_old_runs_are_trimmed_but_never_the_newest(services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    for _ in range(4):
        end(services, a_run(services, owner, workflow_id).id)
    runs = services.run_store.list(workflow_id, 10)

    by_number = services.run_store.trim(workflow_id, keep=2, older_than=runs[-1].started_at)
    by_age = services.run_store.trim(workflow_id, keep=2, older_than=runs[0].started_at + timedelta(days=1))

    assert (by_number, by_age) == (2, 1)
    assert [run.id for run in services.run_store.list(workflow_id, 10)] == [runs[0].id]
    assert services.db["workflow_versions"].count_documents({}) == 4, "versions are never removed"


def test_deleting_cancels_a_run_that_is_going_on(services: Services, owner: ObjectId) -> None:
    workflow_id = a_workflow(services, owner)
    run = a_run(services, owner, workflow_id)

    services.workflows.delete(owner, workflow_id)

    found = services.run_store.find(run.id)
    assert found is not None
    assert found.status == "cancelled"
