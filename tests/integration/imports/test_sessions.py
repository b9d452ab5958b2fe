"""Sessions: looking at them, other options, joining, limits, cancelling, deleting. No worker runs here."""

import base64
from datetime import timedelta
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from app import create_app
from app.bootstrap import Services
from tests.api import API, Person, a_person, close_services, make_services
from tests.imports import CANARY, SHOP, an_import, create, upload
from tests.workflows import a_cluster

Client = Any
PUBLIC = "https://github.com/ada/shop"


def analyze(client: Client, **fields: Any) -> Any:
    return client.post(f"{API}/import/analyze", json={"source": "github", "url": PUBLIC, "branch": "main", **fields})


def session_of(client: Client, session_id: str) -> dict[str, Any]:
    answer = client.get(f"{API}/import/{session_id}")
    assert answer.status_code == 200, answer.text
    session: dict[str, Any] = answer.json["session"]
    return session


# --- files in the request ---------------------------------------------------------------------------------------


def test_a_file_in_the_request_is_analysed_at_once(api: Client) -> None:
    content = base64.b64encode(SHOP.encode()).decode()

    answer = analyze(api, source="file", url="", fileName="compose.yaml", fileContent=content)

    assert answer.status_code == 200, answer.text
    assert answer.json["async"] is False
    assert len(answer.json["analysis"]["services"]) == 2
    assert session_of(api, answer.json["sessionId"])["analysis"] == answer.json["analysis"]


def test_names_of_the_workflow_that_it_is_for_are_avoided(api: Client, services: Services, person: Person) -> None:
    a_cluster(services, person.user.id)
    workflow = create(api, upload(api).json["analysis"]).json["workflow"]["id"]
    file = {"fileName": "c.yaml", "fileContent": base64.b64encode(SHOP.encode()).decode()}

    answer = analyze(api, source="file", url="", workflowId=workflow, **file)

    analysis = answer.json["analysis"]
    names = {node["data"]["name"] for node in analysis["suggestedNodes"]}
    assert {"web-2", "db-2"} <= names
    assert not {"web", "db"} & names
    assert [finding for finding in analysis["findings"] if finding["code"] == "RENAMED"]
    assert CANARY not in answer.text
    changed = api.put(f"{API}/import/{answer.json['sessionId']}/options", json={"options": {"expose": "none"}})
    again = {node["data"]["name"] for node in changed.json["analysis"]["suggestedNodes"]}
    assert "web-2" in again, "with other options too"
    assert "web" not in again


# --- what can't be asked for ------------------------------------------------------------------------------------

REFUSED: Any = [
    ({"source": "ftp"}, 400, "unsupported import source: ftp"),
    ({"source": "\x1b[2J"}, 400, "unsupported import source"),
    ({"source": "file", "url": ""}, 400, "No file uploaded"),
    ({"source": "file", "url": "", "fileName": "c.yaml", "fileContent": "%"}, 400, "can't be read"),
    ({"url": ""}, 400, "url is required"),
    ({"url": "-oProxyCommand=x"}, 400, "INVALID_URL"),
    ({"url": "file:///etc/passwd"}, 400, "INVALID_URL"),
    ({"url": "ext::sh -c id"}, 400, "INVALID_URL"),
    ({"url": "http://github.com/ada/shop"}, 400, "INVALID_URL"),
    ({"url": "https://github.com/" + "a" * 2100}, 400, "url"),
    ({"branch": "--upload-pack=x"}, 400, "INVALID_URL"),
    ({"branch": "a..b"}, 400, "INVALID_URL"),
    ({"path": "../../etc"}, 400, "path"),
    ({"options": {"expse": "none"}}, 400, "expse"),
    ({"namespace": "No Namespace"}, 400, "namespace"),
    ({"workflowId": "x"}, 400, "Invalid workflow ID"),
    ({"workflowId": str(ObjectId())}, 404, "Workflow not found"),
    ({"wait": 60}, 400, "wait"),
]


def test_what_cant_be_asked_for_is_refused_and_makes_no_session(api: Client, services: Services) -> None:
    for fields, status, text in REFUSED:
        answer = analyze(api, **{"wait": 0, **fields})
        assert answer.status_code == status, (fields, answer.text)
        assert text in answer.text, fields

    assert services.db["import_sessions"].count_documents({}) == 0


# --- in the background ------------------------------------------------------------------------------------------


def test_who_doesnt_wait_gets_a_session_to_follow(api: Client) -> None:
    answer = analyze(api, wait=0)

    assert answer.status_code == 200, answer.text
    assert answer.json.keys() == {"async", "sessionId", "message"}
    assert (answer.json["async"], answer.json["message"]) == (True, "Cloning repository...")
    session = session_of(api, answer.json["sessionId"])
    assert (session["status"], session["currentStage"], session["progress"]) == ("pending", "Queued", 0)
    assert (session["source"], session["url"]) == ("github", PUBLIC)


def test_the_same_request_joins_the_one_that_is_going_on(app: Any, api: Client, services: Services) -> None:
    first = analyze(api, wait=0).json["sessionId"]
    other = a_person(app, services).client

    assert analyze(api, wait=0).json["sessionId"] == first
    assert analyze(api, wait=0.2).json["sessionId"] == first
    assert analyze(api, wait=0, branch="dev").json["sessionId"] != first
    assert analyze(api, wait=0, token="another").json["sessionId"] != first
    assert analyze(other, wait=0).json["sessionId"] != first


def test_one_more_than_a_user_may_have_at_once_is_told_to_wait(api: Client) -> None:
    for n in range(3):
        assert analyze(api, wait=0, branch=f"b{n}").status_code == 200

    answer = analyze(api, wait=0, branch="b4")

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert analyze(api, wait=0, branch="b0").status_code == 200, "joining costs nothing"


def test_a_token_is_in_no_answer_and_in_no_document(api: Client, services: Services) -> None:
    canary = "ghp_canary0123456789canary0123456789"

    answers = [
        analyze(api, wait=0, token=canary, username="ada"),
        analyze(api, wait=0, url=f"https://ada:{canary}@github.com/ada/shop"),
        analyze(api, wait=0, options={"env": {"API_TOKEN": canary}}),
    ]

    shown = [api.get(f"{API}/import/{answer.json['sessionId']}").text for answer in answers]
    assert not [text for text in (*shown, api.get(f"{API}/import").text) if canary in text]
    assert canary not in repr(list(services.db["import_sessions"].find()))


def test_a_cancelled_import_ends_and_says_so(api: Client) -> None:
    session_id = analyze(api, wait=0).json["sessionId"]

    answer = api.post(f"{API}/import/{session_id}/cancel")

    assert answer.status_code == 202
    session = session_of(api, session_id)
    assert (session["status"], session["errorStage"], session["errorCode"]) == ("failed", "cancelled", "CANCELLED")
    assert api.post(f"{API}/import/{session_id}/cancel").status_code == 202, "again: it stays as it is"
    assert analyze(api, wait=0).json["sessionId"] != session_id, "it doesn't stand in the way of another"


def test_who_waits_for_one_that_is_cancelled_is_told(api: Client, services: Services, person: Person) -> None:
    session_id = an_import(services, person.user.id, running=True)
    session = services.import_store.get(session_id, user_id=person.user.id)
    services.asking.cancel(person.user.id, session_id)

    answer = analyze(api, url=session["url"], branch="", wait=0)

    assert answer.json["async"] is True, "that is another one"
    ended = services.asking.wait(session, 5)
    assert ended["status"] == "cancelled"


# --- looking at them --------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_without_analyses(api: Client) -> None:
    ids = [upload(api).json["sessionId"] for _ in range(3)]

    found = api.get(f"{API}/import?limit=2&offset=0").json

    assert [session["id"] for session in found["sessions"]] == [ids[2], ids[1]]
    assert (found["total"], found["limit"], found["offset"]) == (3, 2, 0)
    assert not [session for session in found["sessions"] if "analysis" in session]
    assert [one["id"] for one in api.get(f"{API}/import?offset=2").json["sessions"]] == [ids[0]]
    assert api.get(f"{API}/import?limit=x&offset=-3").json["limit"] == 20


def test_ids_are_answered_in_the_contracts_words(api: Client) -> None:
    for path in ("", "/stream"):
        bad, unknown = api.get(f"{API}/import/x{path}"), api.get(f"{API}/import/{ObjectId()}{path}")
        assert (bad.status_code, bad.json["error"]) == (400, "Invalid session ID")
        assert (unknown.status_code, unknown.json["error"]) == (404, "Import session not found")


def test_a_session_past_its_time_is_gone(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> None:
    services = make_services(db, mongo_uri, redis_url, import_session_ttl_hours=1e-9)

    person = a_person(create_app(services), services)
    client: Client = person.client
    session_id = upload(client).json["sessionId"]

    assert client.get(f"{API}/import/{session_id}").status_code == 404
    assert client.get(f"{API}/import").json["total"] == 0
    assert services.session_values(person.user.id, ObjectId(session_id)) is None
    close_services(services)


# --- other options ----------------------------------------------------------------------------------------------


def test_other_options_are_tried_on_the_kept_files(api: Client, services: Services, person: Person) -> None:
    first = upload(api).json
    options = {"services": {"web": {"include": False}, "db": {"kind": "deployment"}}, "expose": "none"}

    answer = api.put(f"{API}/import/{first['sessionId']}/options", json={"options": options})

    assert answer.status_code == 200, answer.text
    kinds = {node["type"] for node in answer.json["analysis"]["suggestedNodes"]}
    assert "deployment" in kinds
    assert not {"statefulset", "service"} & kinds
    session = session_of(api, first["sessionId"])
    assert session["analysis"] == answer.json["analysis"]
    assert session["options"]["services"]["web"] == {"include": False}
    values = services.session_values(person.user.id, ObjectId(first["sessionId"])) or {}
    secrets = [
        node["id"]
        for analysis in (first["analysis"], answer.json["analysis"])
        for node in analysis["suggestedNodes"]
        if node["type"] == "secret"
    ]
    assert values.keys() == set(secrets), "those that are on a canvas already keep their values"


def test_options_that_cant_be_taken_change_nothing(api: Client) -> None:
    first = upload(api).json

    answer = api.put(f"{API}/import/{first['sessionId']}/options", json={"options": {"expose": "everywhere"}})

    assert answer.status_code == 400
    assert "options.expose" in answer.json["details"]
    assert session_of(api, first["sessionId"])["analysis"] == first["analysis"]


def test_options_of_one_that_isnt_done_conflict(api: Client) -> None:
    session_id = analyze(api, wait=0).json["sessionId"]

    assert api.put(f"{API}/import/{session_id}/options", json={"options": {}}).status_code == 409


def test_a_deleted_session_leaves_nothing(api: Client, services: Services) -> None:
    session_id = upload(api).json["sessionId"]
    assert services.db["import_files"].count_documents({}) == 1

    assert api.delete(f"{API}/import/{session_id}").status_code == 204

    assert api.get(f"{API}/import/{session_id}").status_code == 404
    assert api.delete(f"{API}/import/{session_id}").status_code == 404
    assert services.db["import_files"].count_documents({}) == 0
    assert services.db["import_sessions"].count_documents({}) == 0


def test_values_arent_kept_where_the_operator_says_so(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str
) -> None:
    services = make_services(db, mongo_uri, redis_url, import_keep_secret_values=False)

    person = a_person(create_app(services), services)
    session_id = upload(person.client).json["sessionId"]

    assert services.session_values(person.user.id, ObjectId(session_id)) == {}
    close_services(services)


def test_only_so_many_of_one_user_are_kept(api: Client, services: Services, person: Person) -> None:
    first = upload(api).json["sessionId"]
    session = services.db["import_sessions"].find_one({"_id": ObjectId(first)})
    assert session is not None
    newer = [{**session, "_id": ObjectId(), "created_at": session["created_at"] + timedelta(days=1)} for _ in range(99)]
    services.db["import_sessions"].insert_many(newer)

    upload(api)
    upload(api)

    assert api.get(f"{API}/import").json["total"] == 100
    assert api.get(f"{API}/import/{first}").status_code == 404
