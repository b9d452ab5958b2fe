"""Upload and create-workflow, as the wizard does them."""

import base64
import json
from typing import Any

import bson
import pytest

from app.bootstrap import Services
from tests.api import API, Person
from tests.imports import CANARY, SHOP, beside, create, upload
from tests.nodes import a_node, an_edge

Client = Any
pytestmark = pytest.mark.usefixtures("cluster")


def save(client: Client, workflow: dict[str, Any]) -> dict[str, Any]:
    graph = {"nodes": workflow["nodes"], "edges": workflow["edges"]}
    answer = client.post(f"{API}/workflows/{workflow['id']}/save", json=graph)
    assert answer.status_code == 200, answer.text
    saved: dict[str, Any] = answer.json["workflow"]
    return saved


def analysis_of(client: Client, content: str = SHOP, **fields: Any) -> dict[str, Any]:
    answer = upload(client, content, **fields)
    assert answer.status_code == 200, answer.text
    analysis: dict[str, Any] = answer.json["analysis"]
    return analysis


# --- upload -----------------------------------------------------------------------------------------------------


def test_an_upload_is_analysed_and_kept_as_a_session(api: Client) -> None:
    answer = upload(api)

    assert answer.status_code == 200, answer.text
    assert (answer.json["fileName"], answer.json["fileSize"]) == ("compose.yaml", len(SHOP))
    assert base64.b64decode(answer.json["fileContent"]).decode() == SHOP
    analysis = answer.json["analysis"]
    assert [service["name"] for service in analysis["services"]] == ["web", "db"]
    assert {node["type"] for node in analysis["suggestedNodes"]} >= {"deployment", "statefulset", "service", "secret"}
    assert analysis["needsBuild"] is False
    session = api.get(f"{API}/import/{answer.json['sessionId']}").json["session"]
    assert (session["status"], session["progress"], session["source"]) == ("completed", 100, "file")
    assert (session["fileName"], session["analysis"]) == ("compose.yaml", analysis)


def test_what_a_file_names_may_be_uploaded_with_it(api: Client) -> None:
    content = "services: {web: {image: 'web:${TAG}', env_file: conf/web.env}}"
    files = beside({".env": "TAG=7", "conf/web.env": "COLOUR=blue"})

    analysis = analysis_of(api, content, files=files)

    nodes = {node["type"]: node["data"] for node in analysis["suggestedNodes"]}
    assert nodes["deployment"]["image"] == "web:7"
    assert nodes["configmap"]["data"] == {"COLOUR": "blue"}


def test_choices_and_a_namespace_come_with_the_form(api: Client) -> None:
    options = {"services": {"db": {"include": False}, "web": {"replicas": 3}}}

    analysis = analysis_of(api, namespace="shop", options=json.dumps(options))

    data = [node["data"] for node in analysis["suggestedNodes"]]
    assert {one["namespace"] for one in data} == {"shop"}
    assert [one["replicas"] for one in data if "replicas" in one] == [3]
    assert not any(one["name"].startswith("db") for one in data)


BAD_UPLOADS: Any = [
    (SHOP, "compose.txt", {}, 400, "Invalid file type. Only .yml and .yaml files are allowed"),
    ("#" * (1024 * 1024 + 1), "compose.yaml", {}, 413, "File too large. Maximum size is 1MB"),
    (SHOP, "../compose.yaml", {}, 400, "below the upload"),
    ("services: [", "compose.yaml", {}, 400, "compose.yaml, line 2"),
    ("services: {}", "compose.yaml", {}, 400, "nothing to deploy"),
    ("just text", "compose.yaml", {}, 400, ""),
    (SHOP, "compose.yaml", {"options": "{"}, 400, "options"),
    (SHOP, "compose.yaml", {"options": '{"servces": {}}'}, 400, "services"),
    (SHOP, "compose.yaml", {"namespace": "Shop!"}, 400, "namespace"),
]


def test_an_upload_that_cant_be_taken_is_refused_and_not_kept(api: Client) -> None:
    for content, name, fields, status, text in BAD_UPLOADS:
        answer = upload(api, content, name, **fields)
        assert answer.status_code == status, (content[:40], answer.text)
        assert text in json.dumps(answer.json)

    assert api.get(f"{API}/import").json["total"] == 0


def test_an_upload_without_a_file(api: Client) -> None:
    for data in ({}, {"file": ""}, {"namespace": "x"}):
        answer = api.post(f"{API}/import/upload", data=data, content_type="multipart/form-data")
        assert (answer.status_code, answer.json["error"]) == (400, "No file uploaded")


# --- create-workflow --------------------------------------------------------------------------------------------


def test_what_an_analysis_makes_is_what_a_save_keeps(api: Client) -> None:
    made = create(api, analysis_of(api))

    assert made.status_code == 200, made.text
    assert made.json["message"] == "Workflow created successfully from import"
    workflow = made.json["workflow"]
    assert (workflow["status"], workflow["description"]) == ("draft", "Imported from docker-compose")
    assert workflow["tags"] == ["imported", "docker-compose"]
    saved = save(api, workflow)
    assert (saved["nodes"], saved["edges"]) == (workflow["nodes"], workflow["edges"])


def test_an_imported_workflow_can_be_published(api: Client) -> None:
    workflow = create(api, analysis_of(api)).json["workflow"]

    answer = api.put(f"{API}/workflows/{workflow['id']}/status", json={"status": "published"})

    assert answer.status_code == 200, answer.text


def test_several_analyses_put_together_dont_clash(api: Client) -> None:
    workflow = create(api, analysis_of(api), analysis_of(api)).json["workflow"]

    names = [(node["type"], node["data"]["name"]) for node in workflow["nodes"]]
    assert len(names) == len(set(names)) == 2 * len(analysis_of(api)["suggestedNodes"])
    assert {("deployment", "web"), ("deployment", "web-2"), ("service", "db-2")} <= set(names)
    places = [(node["position"]["x"], node["position"]["y"]) for node in workflow["nodes"]]
    assert len(places) == len(set(places))
    answer = api.put(f"{API}/workflows/{workflow['id']}/status", json={"status": "published"})
    assert answer.status_code == 200, answer.text


def test_the_places_of_the_wizard_win(api: Client) -> None:
    analysis = analysis_of(api)
    first = analysis["suggestedNodes"][0]["id"]
    analysis["layoutPositions"][first] = {"x": 1234, "y": 5678}

    workflow = create(api, analysis).json["workflow"]

    assert next(node for node in workflow["nodes"] if node["id"] == first)["position"] == {"x": 1234, "y": 5678}


def test_where_a_workflow_came_from_is_kept_with_it_and_told(api: Client, services: Services, person: Person) -> None:
    answer = upload(api, SHOP.replace("depends_on: [db]", "ulimits: {nproc: 3}\n    devices: [/dev/null:/dev/null]"))
    analysis = answer.json["analysis"]

    workflow = create(api, analysis, name="Shop").json["workflow"]

    assert workflow["import"] == {
        "sessionId": answer.json["sessionId"],
        "detectedType": "docker-compose",
        "source": "file",
        "warnings": analysis["warnings"],
    }
    [told] = services.db["notifications"].find({"user_id": person.user.id})
    assert (told["type"], told["title"]) == ("system", "Imported Shop")
    count, warnings = len(analysis["suggestedNodes"]), analysis["warnings"]
    assert told["message"] == f"{count} nodes, {len(warnings)} warnings: {'; '.join(warnings[:3])}"
    assert told["link"] == f"/dashboard/workflow/{workflow['id']}"


GOOD = a_node("configmap", "c", name="c", data={"a": "1"})


DEEP: Any = {}
for _ in range(45):
    DEEP = {"a": DEEP}
BAD_ANALYSES: Any = [
    ({}, {}, "no nodes"),
    ({"suggestedNodes": []}, {}, "no nodes"),
    ({"suggestedNodes": "x"}, {}, "must be a list"),
    ({"suggestedNodes": [GOOD, GOOD]}, {}, "ids must differ"),
    ({"suggestedNodes": [{**GOOD, "type": "spaceship"}]}, {}, "spaceship"),
    ({"suggestedNodes": [{"type": "configmap"}]}, {}, "nodes[0].id"),
    ({"suggestedNodes": [GOOD], "suggestedEdges": [an_edge("c", "nowhere")]}, {}, "nowhere"),
    ({"suggestedNodes": [GOOD], "layoutPositions": {"c": {"x": "left"}}}, {}, "nodes[0].position.x"),
    ({"suggestedNodes": [{**GOOD, "data": DEEP}]}, {}, "nested deeper"),
    ({"suggestedNodes": [GOOD]}, {"clusterId": "nobodys"}, "Cluster not found"),
    ({"suggestedNodes": [GOOD]}, {"name": ""}, "name"),
    ({"suggestedNodes": [GOOD]}, {"onConflict": "explode"}, "onConflict"),
    ({"suggestedNodes": [GOOD]}, {"sessionId": "x"}, "Invalid session ID"),
]


def test_an_analysis_that_cant_be_taken_is_refused_and_makes_nothing(api: Client) -> None:
    for analysis, fields, text in BAD_ANALYSES:
        body = {"name": "w", "clusterId": "prod", "analysis": analysis, **fields}
        answer = api.post(f"{API}/import/create-workflow", json=body)
        assert answer.status_code == 400, (text, answer.text)
        assert text in json.dumps(answer.json)

    assert api.get(f"{API}/workflows").json["workflows"] == []


def test_names_that_clash_can_be_refused(api: Client) -> None:
    answer = create(api, analysis_of(api), analysis_of(api), onConflict="fail")

    assert answer.status_code == 409, answer.text
    assert answer.json["details"]


# --- values of secrets ------------------------------------------------------------------------------------------


def test_a_password_is_in_no_answer_and_in_no_document(api: Client, services: Services) -> None:
    answer = upload(api)
    body = answer.json
    body.pop("fileContent")  # the person's own file, as it was sent
    said = [json.dumps(body)]

    made = create(api, body["analysis"])
    workflow = made.json["workflow"]
    save(api, workflow)
    api.put(f"{API}/workflows/{workflow['id']}/status", json={"status": "published"})
    run = api.post(f"{API}/workflows/{workflow['id']}/run", json={})
    assert run.status_code == 200, run.text

    said += [made.text, run.text]
    said += [api.get(f"{API}/{path}").text for path in ("workflows", "import", f"import/{body['sessionId']}")]
    said += [api.get(f"{API}/workflows/{workflow['id']}{path}").text for path in ("", "/runs")]
    assert not [text for text in said if CANARY in text]
    for name in services.db.list_collection_names():
        for document in services.db[name].find():
            assert CANARY.encode() not in bson.encode(document), name


def test_the_marks_go_and_the_values_wait_for_the_first_run(api: Client, services: Services) -> None:
    analysis = analysis_of(api)
    marked = {node["id"] for node in analysis["suggestedNodes"] if "_import" in node["data"]}
    assert len(marked) == 2

    workflow = create(api, analysis).json["workflow"]

    assert not [node for node in workflow["nodes"] if "_import" in node["data"]]
    pending = services.imported_secrets.pending(bson.ObjectId(workflow["id"]))
    values = {entry.node_id: dict(entry.values) for entry in pending}
    assert values.keys() == marked
    assert {key: text for entries in values.values() for key, text in entries.items()} == {
        "DATABASE_URL": f"postgres://shop:{CANARY}@db:5432/shop",
        "POSTGRES_PASSWORD": CANARY,
    }


def test_hosts_in_values_follow_a_new_name(api: Client, services: Services) -> None:
    workflow = create(api, analysis_of(api), analysis_of(api)).json["workflow"]

    pending = services.imported_secrets.pending(bson.ObjectId(workflow["id"]))

    urls = {text for entry in pending for text in entry.values.values() if text.startswith("postgres:")}
    assert urls == {f"postgres://shop:{CANARY}@{host}:5432/shop" for host in ("db", "db-2")}
