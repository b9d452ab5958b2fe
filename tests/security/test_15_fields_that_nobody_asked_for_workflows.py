"""15. Fields that aren't a client's to set change nothing (API3; ASVS 15.3.3). Workflows and runs."""

from typing import Any, Final

import pytest
from bson import ObjectId

from app.bootstrap import Services
from tests.api import API, Person
from tests.workflows import a_cluster, a_workflow

STRANGER: Final = "0" * 24
EXTRA: Final[dict[str, Any]] = {
    "_id": STRANGER,
    "id": STRANGER,
    "owner_id": STRANGER,
    "user_id": STRANGER,
    "team_id": "theirs",
    "role": "admin",
    "current_version": 99,
    "version": 99,
    "run_count": 99,
    "success_count": 99,
    "failure_count": 99,
    "graph_rev": 99,
    "deleted_at": "2001-01-01T00:00:00Z",
    "created_at": "2001-01-01T00:00:00Z",
    "last_run_at": "2001-01-01T00:00:00Z",
    "cleanup_wanted": True,
    "cluster_ref": STRANGER,
    "triggered_by": "webhook",
    "fence": 99,
    "cancel_requested": True,
    "completed_at": "2001-01-01T00:00:00Z",
    "unheard_of": 1,
    "$set": {"owner_id": STRANGER},
    "__proto__": {"owner_id": STRANGER},
}
NODES: Final[list[Any]] = [{"id": "c", "type": "configmap", "position": {"x": 0, "y": 0}, "data": {"name": "c"}}]


@pytest.fixture
def workflow(services: Services, person: Person) -> ObjectId:
    a_cluster(services, person.user.id)
    return a_workflow(services, person.user.id)


def document(services: Services, workflow: ObjectId) -> dict[str, Any]:
    return services.db["workflows"].find_one({"_id": workflow}) or {}


CHANGES: Final[list[tuple[str, str, dict[str, Any], set[str]]]] = [
    ("PUT", "", {"name": "new"}, {"name"}),
    ("PUT", "", {"status": "draft"}, {"status"}),
    ("POST", "/save", {"nodes": NODES, "edges": [], "status": "archived"}, {"nodes", "edges", "graph_rev"}),
    ("PUT", "/status", {"status": "draft"}, {"status"}),
]


@pytest.mark.parametrize(("method", "path", "body", "fields"), CHANGES)
def test_15_a_change_changes_what_it_is_for(
    services: Services, person: Person, workflow: ObjectId, method: str, path: str, body: Any, fields: set[str]
) -> None:
    before = document(services, workflow)

    answer = person.client.open(f"{API}/workflows/{workflow}{path}", method=method, json=EXTRA | body)

    after = document(services, workflow)
    assert answer.status_code == 200, answer.text
    assert {key for key in before | after if before.get(key) != after.get(key)} <= fields | {"updated_at"}
    assert after["graph_rev"] in (before["graph_rev"], before["graph_rev"] + 1)
    assert services.db["workflows"].count_documents({}) == 1


@pytest.mark.parametrize("path", ["", "/clone"])
def test_15_a_new_workflow_is_the_callers_and_starts_at_nothing(
    services: Services, person: Person, workflow: ObjectId, path: str
) -> None:
    target = f"{API}/workflows/{workflow}{path}" if path else f"{API}/workflows"

    answer = person.client.post(target, json=EXTRA | {"name": "n", "cluster_id": "prod", "status": "published"})

    assert answer.status_code == 201, answer.text
    made = document(services, ObjectId((answer.json or {})["workflow"]["id"]))
    assert str(made["_id"]) not in (STRANGER, str(workflow))
    assert (made["owner_id"], made["status"], made["current_version"]) == (person.user.id, "draft", 0)
    assert (made["run_count"], made["success_count"], made["failure_count"]) == (0, 0, 0)
    assert made.get("team_id") != "theirs"
    assert made["created_at"].year > 2001
    assert not made.get("deleted_at")
    assert not made.keys() & {"role", "unheard_of", "$set", "__proto__", "fence"}


def test_15_a_run_takes_values_only(services: Services, person: Person, workflow: ObjectId) -> None:
    body = EXTRA | {"status": "completed", "workflow_id": STRANGER, "graph": {"nodes": []}, "trigger_data": EXTRA}

    answer = person.client.post(f"{API}/workflows/{workflow}/run", json=body)

    assert answer.status_code == 200, answer.text
    (run,) = services.db["workflow_runs"].find()
    assert (run["user_id"], run["workflow_id"], run["status"]) == (person.user.id, workflow, "queued")
    assert (run["version"], run["triggered_by"], run["fence"], run["cancel_requested"]) == (1, "manual", 0, False)
    assert run.get("completed_at") is None
    assert run["started_at"].year > 2001
    assert not run.keys() & {"role", "unheard_of", "$set", "__proto__"}
    after = document(services, workflow)
    assert (after["owner_id"], after["current_version"], after["run_count"]) == (person.user.id, 1, 1)
