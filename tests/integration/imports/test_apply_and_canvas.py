"""Apply, and the canvas's own import dialog, which adds the nodes itself under new ids and saves."""

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId

from app.bootstrap import Services
from app.imports.models import ApplyImport
from tests.api import API, Person, a_person
from tests.imports import CANARY, upload
from tests.nodes import a_node, an_edge
from tests.workflows import a_cluster, a_workflow

Client = Any
pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def workflow(services: Services, person: Person) -> str:
    """It has a deployment called web and its Service already."""
    nodes = [
        a_node("deployment", "w", name="web", image="old:1"),
        a_node("service", "s", name="web", targetApp="web", _linkedDeployment="w"),
    ]
    return str(a_workflow(services, person.user.id, nodes, [an_edge("s", "w")], published=False))


def apply(client: Client, workflow: str, analysis: dict[str, Any], **fields: Any) -> Any:
    body = {
        "workflowId": workflow,
        "nodes": analysis["suggestedNodes"],
        "edges": analysis["suggestedEdges"],
        "positions": analysis["layoutPositions"],
        **fields,
    }
    return client.post(f"{API}/import/apply", json=body)


def named(workflow: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(node["type"], node["data"]["name"]): node for node in workflow["nodes"]}


def pending(services: Services, workflow: str) -> dict[str, dict[str, str]]:
    found = services.imported_secrets.pending(ObjectId(workflow))
    return {entry.node_id: dict(entry.values) for entry in found}


def test_new_nodes_come_beside_the_old_ones(api: Client, services: Services, workflow: str) -> None:
    before = api.get(f"{API}/workflows/{workflow}").json["nodes"]
    analysis = upload(api).json["analysis"]

    answer = apply(api, workflow, analysis)

    assert answer.status_code == 200, answer.text
    assert answer.json["message"] == "Import applied successfully"
    after = answer.json["workflow"]
    assert after["nodes"][: len(before)] == before, "old nodes stay where and as they are"
    assert {("deployment", "web-2"), ("service", "web-2"), ("statefulset", "db")} <= named(after).keys()
    assert named(after)["service", "web-2"]["data"]["targetApp"] == "web-2"
    assert {(one["from"], one["to"]) for one in answer.json["renamed"]} == {("web", "web-2")}
    assert answer.json["skipped"] == []
    assert len(pending(services, workflow)) == 2
    assert services.db["notifications"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("on_conflict", "image"), [("skip", "old:1"), ("replace", "localhost:5000/web:1"), ("rename", "old:1")]
)
def test_what_happens_to_a_name_that_is_taken(api: Client, workflow: str, on_conflict: str, image: str) -> None:
    answer = apply(api, workflow, upload(api).json["analysis"], onConflict=on_conflict)

    assert answer.status_code == 200, answer.text
    after = named(answer.json["workflow"])
    assert after["deployment", "web"]["data"]["image"] == image
    assert (("deployment", "web-2") in after) == (on_conflict == "rename")
    assert bool(answer.json["skipped"]) == (on_conflict == "skip")


def test_a_clash_can_be_refused_and_then_nothing_has_changed(api: Client, services: Services, workflow: str) -> None:
    before = api.get(f"{API}/workflows/{workflow}").json

    answer = apply(api, workflow, upload(api).json["analysis"], onConflict="fail")

    assert answer.status_code == 409, answer.text
    assert api.get(f"{API}/workflows/{workflow}").json == before
    assert pending(services, workflow) == {}


def test_ids_that_are_there_already_are_renumbered(api: Client, workflow: str) -> None:
    node = a_node("configmap", "w", name="settings", data={"a": "1"})

    after = apply(api, workflow, {"suggestedNodes": [node], "suggestedEdges": [], "layoutPositions": {}})

    ids = [one["id"] for one in after.json["workflow"]["nodes"]]
    assert len(ids) == len(set(ids)) == 3
    assert named(after.json["workflow"])["deployment", "web"]["id"] == "w"


def test_an_import_and_many_saves_at_once_lose_nothing(
    api: Client, services: Services, person: Person, workflow: str
) -> None:
    analysis = upload(api).json["analysis"]
    body = ApplyImport.model_validate(
        {"workflowId": workflow, "nodes": analysis["suggestedNodes"], "edges": analysis["suggestedEdges"]}
    )
    placements = services.placements

    with ThreadPoolExecutor(4) as threads:
        each = [threads.submit(placements.apply, person.user.id, body) for _ in range(4)]
        renamed = [applied.result().renamed for applied in each]

    after = api.get(f"{API}/workflows/{workflow}").json
    names = [(node["type"], node["data"]["name"]) for node in after["nodes"]]
    assert len(names) == len(set(names)) == 2 + 4 * len(analysis["suggestedNodes"])
    assert all(renamed)


def test_an_archived_workflow_takes_nothing(api: Client, workflow: str) -> None:
    api.put(f"{API}/workflows/{workflow}/status", json={"status": "archived"})

    assert apply(api, workflow, upload(api).json["analysis"]).status_code == 409


def test_only_ones_own_workflow_takes_something(app: Any, api: Client, services: Services, workflow: str) -> None:
    other = a_person(app, services)
    analysis = upload(api).json["analysis"]

    assert apply(other.client, workflow, analysis).status_code == 404
    assert apply(api, str(ObjectId()), analysis).status_code == 404
    assert apply(api, "x", analysis).status_code == 400
    assert apply(api, workflow, analysis | {"suggestedNodes": []}).status_code == 400


# --- the canvas -------------------------------------------------------------------------------------------------


def on_the_canvas(analysis: dict[str, Any], after: int) -> tuple[list[Any], list[Any]]:
    """As the dialog does: new ids in `id`, `data.id` and edges; nothing else follows."""
    ids = {node["id"]: f"node-{n}" for n, node in enumerate(analysis["suggestedNodes"], after)}
    nodes = copy.deepcopy(analysis["suggestedNodes"])
    for node in nodes:
        node["id"] = node["data"]["id"] = ids[node["id"]]
        node["position"]["x"] += 1000
    edges = [
        {**edge, "source": ids[edge["source"]], "target": ids[edge["target"]]} for edge in analysis["suggestedEdges"]
    ]
    return nodes, edges


def test_a_save_heals_the_ids_and_takes_the_values(api: Client, services: Services, person: Person) -> None:
    workflow = str(a_workflow(services, person.user.id, published=False))
    nodes, edges = on_the_canvas(upload(api).json["analysis"], 1)

    answer = api.post(f"{API}/workflows/{workflow}/save", json={"nodes": nodes, "edges": edges})

    assert answer.status_code == 200, answer.text
    saved = named(answer.json["workflow"])
    ids = {node["id"] for node in saved.values()}
    for node in saved.values():
        for entry in [*node["data"].get("volumeMounts", []), *node["data"].get("envFrom", [])]:
            assert entry["nodeId"] in ids, node
        assert "_import" not in node["data"]
    waiting = pending(services, workflow)
    assert waiting[saved["secret", "db-secrets"]["id"]] == {"POSTGRES_PASSWORD": CANARY}
    published = api.put(f"{API}/workflows/{workflow}/status", json={"status": "published"})
    assert published.status_code == 200, published.text


def test_a_mark_of_somebody_elses_session_moves_nothing(app: Any, api: Client, services: Services) -> None:
    thief = a_person(app, services)
    a_cluster(services, thief.user.id)
    workflow = str(a_workflow(services, thief.user.id, published=False))
    nodes, edges = on_the_canvas(upload(api).json["analysis"], 1)

    answer = thief.client.post(f"{API}/workflows/{workflow}/save", json={"nodes": nodes, "edges": edges})

    assert answer.status_code == 200, answer.text
    assert pending(services, workflow) == {}
    assert CANARY not in answer.text


def test_values_are_forgotten_with_the_workflow(api: Client, services: Services, workflow: str) -> None:
    apply(api, workflow, upload(api).json["analysis"])
    assert pending(services, workflow)

    api.delete(f"{API}/workflows/{workflow}")

    assert services.db["pending_secrets"].count_documents({}) == 0


def test_an_image_that_isnt_built_yet_holds_up_the_run_and_not_the_publishing(
    api: Client, services: Services, person: Person
) -> None:
    content = "services: {web: {build: .}, cache: {image: 'cache:1'}}"
    workflow = str(a_workflow(services, person.user.id, published=False))
    applied = apply(api, workflow, upload(api, content).json["analysis"])
    assert applied.status_code == 200, applied.text

    published = api.put(f"{API}/workflows/{workflow}/status", json={"status": "published"})
    run = api.post(f"{API}/workflows/{workflow}/run", json={})

    assert published.status_code == 200, published.text
    assert run.status_code == 400
    assert run.json["error"] == "web: its image hasn't been built yet: start a build for it"
