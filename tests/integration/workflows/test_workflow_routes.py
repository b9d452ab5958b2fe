"""Create, list, read, change, save, publish, delete and clone, as the UI does it."""

from typing import Any

import pytest
from bson import ObjectId

from app.bootstrap import Services
from tests.api import API, Person, a_person
from tests.nodes import a_node, an_edge
from tests.workflows import a_cluster, a_workflow

Client = Any  # Flask's, whose `json` may be None to the checker in every line
pytestmark = pytest.mark.usefixtures("cluster")
WORKFLOWS = f"{API}/workflows"


@pytest.fixture
def cluster(services: Services, person: Person) -> None:
    a_cluster(services, person.user.id)


def create(api: Client, name: str = "shop") -> dict[str, Any]:
    answer = api.post(WORKFLOWS, json={"name": name, "cluster_id": "prod"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def test_a_new_workflow_is_an_empty_draft_and_comes_twice(api: Client, person: Person) -> None:
    made = create(api)

    workflow = made.pop("workflow")
    assert made.pop("message") == "Workflow created successfully"
    assert made == workflow
    assert (workflow["status"], workflow["nodes"], workflow["edges"], workflow["tags"]) == ("draft", [], [], [])
    assert workflow["owner_id"] == str(person.user.id)
    assert (workflow["current_version"], workflow["run_count"], workflow["team_id"]) == (0, 0, "")
    assert "graph_rev" not in workflow
    assert "deleted_at" not in workflow


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"cluster_id": "prod"}, "name"),
        ({"name": "  ", "cluster_id": "prod"}, "name"),
        ({"name": "x" * 201, "cluster_id": "prod"}, "name"),
        ({"name": "shop"}, "cluster_id"),
        ({"name": "shop", "cluster_id": "nowhere"}, "cluster_id"),
    ],
)
def test_a_workflow_needs_a_name_and_a_cluster_of_ones_own(api: Client, body: Any, field: str) -> None:
    answer = api.post(WORKFLOWS, json=body)

    assert answer.status_code == 400
    assert field in answer.json["details"]


def test_what_a_client_may_not_set_is_ignored(api: Client, person: Person) -> None:
    body = {"name": "shop", "cluster_id": "prod", "owner_id": str(ObjectId()), "status": "published"}
    sent = api.post(WORKFLOWS, json=body | {"current_version": 7, "run_count": 9}).json["workflow"]

    assert (sent["status"], sent["current_version"], sent["run_count"]) == ("draft", 0, 0)
    assert sent["owner_id"] == str(person.user.id)


def test_the_list_is_newest_first_and_leaves_out_the_nodes_data(api: Client) -> None:
    first, second = create(api, "first")["id"], create(api, "second")["id"]
    node = a_node("configmap", "c", data={"a": "1"})
    api.post(f"{WORKFLOWS}/{first}/save", json={"nodes": [node], "edges": []})

    found = api.get(WORKFLOWS).json

    assert [workflow["id"] for workflow in found["workflows"]] == [first, second]
    assert [(node["id"], node["type"], node["data"]) for node in found["workflows"][0]["nodes"]] == [
        ("c", "configmap", {})
    ]
    assert "total" not in found


def test_the_list_can_be_paged_and_searched_literally(api: Client) -> None:
    for name in ("a.b", "axb", "other"):
        create(api, name)

    paged = api.get(f"{WORKFLOWS}?page=2&limit=2").json
    searched = api.get(f"{WORKFLOWS}?q=A.B").json

    assert (len(paged["workflows"]), paged["total"]) == (1, 3)
    assert [workflow["name"] for workflow in searched["workflows"]] == ["a.b"]


def test_a_save_keeps_what_the_canvas_needs_and_nothing_else(api: Client) -> None:
    workflow = create(api)["id"]
    node = a_node("secret", "s", name=" db ", keys=[{"id": "1", "name": "password", "value": "hunter2"}])
    node["data"]["_status"] = {"state": "healthy"}
    sent = {**node, "selected": True, "width": 200}

    saved = api.post(f"{WORKFLOWS}/{workflow}/save", json={"nodes": [sent], "edges": []})

    assert saved.json["message"] == "Workflow saved successfully"
    [kept] = saved.json["workflow"]["nodes"]
    assert kept["data"]["name"] == "db"
    assert kept["data"]["keys"] == [{"id": "1", "name": "password"}]
    assert kept["width"] == 200
    assert not {"selected", "_status"} & (kept.keys() | kept["data"].keys())
    assert api.get(f"{WORKFLOWS}/{workflow}").json["current_version"] == 0


def test_a_graph_that_is_none_is_refused_with_the_place(api: Client) -> None:
    workflow = create(api)["id"]

    answer = api.post(f"{WORKFLOWS}/{workflow}/save", json={"nodes": [{"type": "service"}], "edges": []})

    assert answer.status_code == 400
    assert "nodes[0].id" in answer.json["details"]


def test_publishing_names_each_node_and_field_that_is_wrong(api: Client) -> None:
    workflow = create(api)["id"]
    nodes = [a_node("deployment", "d", name="Bad Name", image=""), a_node("persistentvolumeclaim", "p", storage="much")]
    api.post(f"{WORKFLOWS}/{workflow}/save", json={"nodes": nodes, "edges": []})

    answer = api.put(f"{WORKFLOWS}/{workflow}/status", json={"status": "published"})

    assert answer.status_code == 400
    assert {"d.name", "d.image", "p.storage"} <= answer.json["details"].keys()
    assert api.get(f"{WORKFLOWS}/{workflow}").json["status"] == "draft"


@pytest.mark.parametrize("status", ["nonsense", ""])
def test_an_unknown_status_is_refused(api: Client, status: str) -> None:
    workflow = create(api)["id"]

    for answer in (
        api.put(f"{WORKFLOWS}/{workflow}/status", json={"status": status}),
        api.put(f"{WORKFLOWS}/{workflow}", json={"status": status}),
    ):
        assert (answer.status_code, answer.json["error"]) == (400, "Invalid status")


def test_a_change_without_anything_to_change_is_refused(api: Client) -> None:
    workflow = create(api)["id"]

    answer = api.put(f"{WORKFLOWS}/{workflow}", json={"owner_id": str(ObjectId())})

    assert (answer.status_code, answer.json["error"]) == (400, "No valid fields to update")


def test_a_change_takes_what_is_given(api: Client) -> None:
    workflow = create(api)["id"]

    changed = api.put(f"{WORKFLOWS}/{workflow}", json={"name": " new ", "description": "", "tags": ["a"]})

    assert changed.status_code == 200
    assert (changed.json["name"], changed.json["tags"]) == ("new", ["a"])


def test_moving_to_another_cluster_warns_once_it_has_run(api: Client, services: Services, person: Person) -> None:
    a_cluster(services, person.user.id, "other")
    workflow_id = a_workflow(services, person.user.id)
    services.db["workflows"].update_one({"_id": workflow_id}, {"$set": {"run_count": 1}})

    moved = api.put(f"{WORKFLOWS}/{workflow_id}", json={"cluster_id": "other"})

    assert moved.json["cluster_id"] == "other"
    assert "earlier cluster" in moved.json["warning"]


def test_a_deleted_workflow_is_gone_everywhere(api: Client) -> None:
    workflow = create(api)["id"]

    assert api.delete(f"{WORKFLOWS}/{workflow}").json == {"message": "Workflow deleted successfully"}

    assert api.get(f"{WORKFLOWS}/{workflow}").status_code == 404
    assert api.get(WORKFLOWS).json["workflows"] == []
    assert api.delete(f"{WORKFLOWS}/{workflow}").status_code == 404


def test_a_clone_is_a_draft_whose_objects_have_names_of_their_own(api: Client) -> None:
    workflow = create(api)["id"]
    nodes = [a_node("deployment", "d", name="web"), a_node("service", "s", name="front", targetApp="web")]
    api.post(f"{WORKFLOWS}/{workflow}/save", json={"nodes": nodes, "edges": [an_edge("s", "d")]})

    answer = api.post(f"{WORKFLOWS}/{workflow}/clone", json={"name": "copy"})

    assert answer.status_code == 201
    clone = answer.json["workflow"]
    assert answer.json["id"] == clone["id"] != workflow
    assert (clone["name"], clone["status"], clone["description"]) == ("copy", "draft", "(Cloned)")
    by_id = {node["id"]: node["data"] for node in clone["nodes"]}
    assert by_id["d"]["name"] not in ("web", "")
    assert by_id["s"]["targetApp"] == by_id["d"]["name"]


def test_somebody_elses_workflow_looks_like_one_that_does_not_exist(
    app: Any, services: Services, person: Person
) -> None:
    workflow_id = a_workflow(services, person.user.id)
    other = a_person(app, services, role="admin").client
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("POST", "/save", {"nodes": [], "edges": []}),
        ("PUT", "/status", {"status": "draft"}),
        ("DELETE", "", None),
        ("POST", "/clone", {"name": "x"}),
        ("POST", "/run", None),
        ("GET", "/runs", None),
        ("GET", f"/runs/{ObjectId()}", None),
        ("POST", f"/runs/{ObjectId()}/cancel", None),
        ("GET", "/status/stream", None),
    ]

    for method, path, body in calls:
        foreign = other.open(f"{WORKFLOWS}/{workflow_id}{path}", method=method, json=body)
        unknown = other.open(f"{WORKFLOWS}/{ObjectId()}{path}", method=method, json=body)
        malformed = other.open(f"{WORKFLOWS}/nonsense{path}", method=method, json=body)

        assert (foreign.status_code, foreign.json) == (404, {"error": "Workflow not found"}), (method, path)
        assert (unknown.status_code, unknown.json) == (foreign.status_code, foreign.json)
        assert (malformed.status_code, malformed.json) == (400, {"error": "Invalid workflow ID"})
