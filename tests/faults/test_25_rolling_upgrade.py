"""Fault 25: a rolling upgrade. Old documents lack fields, documents of a newer release have more; old and new workers
work side by side; messages that this release doesn't know lie in the queues. No run fails, unknown fields survive.
"""

import json
from typing import Any, Final

import pytest
import redis as redis_client
from bson import ObjectId

from app.bootstrap import Services
from app.workflows.models import SaveWorkflow
from tests.api import API, Person
from tests.clusters import RealCluster, add_by_kubeconfig
from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.system import System
from tests.waiting import eventually
from tests.workflows import a_run, a_workflow

NEWER: Final = {"newer": {"than": ["this", 1]}}
LATER_FIELDS: Final = {
    "workflows": ("tags", "team_id", "counted_start", "counted_end", "graph_rev", "deleted_at"),
    "workflow_runs": ("given", "unannounced", "output", "logs", "triggered_by"),
}
"""What could be missing in a document of an earlier release."""


@pytest.fixture
def workflow_id(services: Services, person: Person, real_cluster: RealCluster, namespace: str) -> ObjectId:
    add_by_kubeconfig(person.client, real_cluster)
    nodes = [a_node("configmap", "c", name="c", namespace=namespace, data={"a": "1"})]
    return a_workflow(services, person.user.id, nodes, cluster="real")


def work(services: Services) -> None:
    services.jobs.work_off(services.deploys, "look")


def test_25_fields_of_a_newer_release_survive_a_save_and_a_run(
    services: Services, person: Person, workflow_id: ObjectId
) -> None:
    db = services.db
    a_run(services, person.user.id, workflow_id)
    work(services)
    changed = ("workflows", "clusters", "workflow_states", "users", "leases", "workflow_versions", "workflow_runs")
    for name in changed:
        db[name].update_many({}, {"$set": NEWER})
    db["workflow_states"].update_many({}, {"$inc": {"rev": 1}})  # as every write of it does

    nodes = [a_node("configmap", "c", name="c", namespace="default", data={"a": "2"}, newer=1)]
    saved = services.workflows.save(person.user.id, workflow_id, SaveWorkflow(nodes=nodes, edges=[]))
    run = a_run(services, person.user.id, workflow_id)
    db["workflow_runs"].update_one({"_id": run.id}, {"$set": NEWER})
    work(services)
    services.workflow_upkeep.finish_runs()
    assert person.client.put(f"{API}/workflows/{workflow_id}", json={"description": "new"}).status_code == 200

    done = db["workflow_runs"].find_one({"_id": run.id})
    assert done is not None
    assert done["status"] in ("completed", "failed")
    assert saved["nodes"][0]["data"]["newer"] == 1
    for name in changed:
        lost = [found["_id"] for found in db[name].find({"newer": {"$exists": False}})]
        fresh = [found["_id"] for found in db["workflow_versions"].find({"run_id": run.id})]
        assert set(lost) <= set(fresh), f"{name} lost a field that it doesn't know"


@pytest.mark.parametrize(
    ("collection", "field"), [(name, field) for name in LATER_FIELDS for field in LATER_FIELDS[name]]
)
def test_25_a_document_without_a_later_field_is_read_saved_and_run(
    services: Services, person: Person, workflow_id: ObjectId, collection: str, field: str
) -> None:
    def forget() -> None:
        services.db[collection].update_many({}, {"$unset": {field: ""}})

    forget()
    run = a_run(services, person.user.id, workflow_id)
    if collection == "workflow_runs":
        forget()

    work(services)
    services.workflow_upkeep.finish_runs()
    nodes = [a_node("configmap", "c", data={"a": "2"})]
    answers = [
        person.client.get(f"{API}/workflows/{workflow_id}"),
        person.client.get(f"{API}/workflows"),
        person.client.get(f"{API}/workflows/{workflow_id}/runs"),
        person.client.post(f"{API}/workflows/{workflow_id}/save", json={"nodes": nodes, "edges": []}),
        person.client.post(f"{API}/workflows/{workflow_id}/run"),
    ]

    found = services.run_store.find(run.id)
    assert found is not None
    assert (found.status, found.error) == ("completed", None)
    assert [answer.status_code for answer in answers] == [200] * 5, [answer.text[:200] for answer in answers]
    workflow = services.workflow_store.find(workflow_id)
    assert workflow is not None
    counts = (workflow["current_version"], workflow["run_count"], workflow["success_count"], workflow["graph_rev"])
    assert counts == (2, 2, 1, 1 if field == "graph_rev" else 2)


def test_25_messages_of_another_release_are_dropped_and_work_goes_on_beside_an_older_worker(
    system: System, proxy: FaultProxy, namespace: str
) -> None:
    del proxy
    workflow = system.workflow([a_node("configmap", "c", name="c", namespace=namespace, data={"a": "1"})])
    foreign = [
        message("deploys.run_v2", ["x"]),
        message("deploys.run", ["x", {"with": "more"}]),
        message("builds.of_the_future", [1]),
        b"no JSON",
        b'{"body": 1}',
        json.dumps({"headers": {"task": "os.system"}}).encode(),
    ]
    with (
        system.beside("worker", "-n", "older@kubeorch"),
        redis_client.Redis.from_url(system.uri("REDIS_URL")) as client,
    ):
        workers = system.pid("worker")
        for each in foreign * 3:
            client.lpush("deploys", each)

        runs = [system.ended(workflow, system.run(workflow), within_s=20)["status"] for _ in range(5)]

        eventually(lambda: client.llen("deploys") == 0, within_s=10)
    assert runs == ["completed"] * 5
    assert system.pid("worker") == workers, "no message ended a worker"


def message(task: str, arguments: list[Any]) -> bytes:
    """As Celery sends it."""
    import base64

    body = base64.b64encode(json.dumps([arguments, {}, {}]).encode()).decode()
    headers = {"lang": "py", "task": task, "id": "1", "root_id": "1", "parent_id": None, "group": None}
    properties = {
        "correlation_id": "1",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "deploys"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": "1",
    }
    return json.dumps(
        {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": properties,
        }
    ).encode()
