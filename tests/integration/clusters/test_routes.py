"""Clusters over HTTP: who sees what, what is stored, how errors look."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import API, a_person
from tests.clusters import CLUSTERS, add
from tests.integration.clusters.scripted import ScriptedApi


def test_the_object_has_what_the_pages_read(api: FlaskClient, cluster: dict[str, Any]) -> None:
    fetched = api.get(f"{CLUSTERS}/c").get_json()

    assert fetched == cluster
    assert {"id", "name", "displayName", "description", "server", "authType", "status", "default", "singleNode"} <= set(
        fetched
    )
    assert (fetched["namespace"], fetched["insecure"], fetched["labels"]) == ("default", False, {})
    assert fetched["metadata"]["nodeCount"] == 1
    assert (fetched["metadata"]["cpuCapacity"], fetched["metadata"]["memoryCapacity"]) == ("2", "4Gi")
    assert fetched["owner"]["name"] == "Ada"


def test_own_clusters_are_listed_newest_first(api: FlaskClient, scripted: ScriptedApi) -> None:
    for name in ("first", "second"):
        add(api, name, "token", {"token": "good"}, server=scripted.url)

    answer = api.get(CLUSTERS).get_json()

    assert [each["name"] for each in answer["clusters"]] == ["second", "first"]
    assert answer["default"] == answer["clusters"][1]["id"], "the first one added becomes the default"


def test_the_default_can_be_moved_and_falls_away(api: FlaskClient, scripted: ScriptedApi) -> None:
    assert api.get(f"{CLUSTERS}/default").get_json() == {"error": "No default cluster set"}
    for name in ("a", "b"):
        add(api, name, "token", {"token": "good"}, server=scripted.url)

    assert api.put(f"{CLUSTERS}/b/default").get_json() == {
        "message": "Default cluster set successfully",
        "cluster": "b",
    }
    assert api.get(f"{CLUSTERS}/default").get_json()["name"] == "b"

    api.delete(f"{CLUSTERS}/b")
    assert api.get(f"{CLUSTERS}/default").status_code == 404
    assert api.get(CLUSTERS).get_json()["default"] == ""


def test_somebody_elses_cluster_looks_like_none(app: Flask, services: Services, cluster: dict[str, Any]) -> None:
    stranger = a_person(app, services, role="admin").client
    routes = [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("PUT", "/default"),
        ("POST", "/test"),
        ("POST", "/refresh"),
        ("GET", "/status"),
        ("GET", "/logs"),
    ]

    for method, path in routes:
        answer = stranger.open(f"{CLUSTERS}/{cluster['name']}{path}", method=method)

        assert (answer.status_code, answer.get_json()) == (404, {"error": "Cluster not found"}), f"{method} {path}"


def test_every_route_needs_a_token(anonymous: FlaskClient) -> None:
    for method, path in [("GET", ""), ("POST", ""), ("GET", "/c"), ("PUT", "/c/credentials"), ("POST", "/c/test")]:
        assert anonymous.open(f"{CLUSTERS}{path}", method=method).status_code == 401


def test_viewers_look_and_do_not_touch(app: Flask, services: Services) -> None:
    viewer = a_person(app, services, role="viewer").client

    assert viewer.get(CLUSTERS).status_code == 200
    assert viewer.post(CLUSTERS, json={}).status_code == 403


def test_a_name_is_taken_once_whoever_comes_at_the_same_moment(
    api: FlaskClient, app: Flask, scripted: ScriptedApi
) -> None:
    headers = {"Authorization": api.environ_base["HTTP_AUTHORIZATION"]}
    body = {"name": "one", "server": scripted.url, "authType": "token", "credentials": {"token": "good"}}

    def post(_: int) -> int:
        return app.test_client().post(CLUSTERS, json=body, headers=headers).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(post, range(6)))

    assert statuses == [201, 409, 409, 409, 409, 409]
    assert len(api.get(CLUSTERS).get_json()["clusters"]) == 1
    answer = api.post(CLUSTERS, json=body)
    assert answer.get_json() == {"error": 'A cluster named "one" already exists'}


def test_the_same_name_means_another_cluster_for_another_user(
    app: Flask, services: Services, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    other = a_person(app, services, name="Bob").client

    answer = add(other, "c", "token", {"token": "good"}, server=scripted.url)

    assert answer.status_code == 201
    assert answer.get_json()["cluster"]["id"] != cluster["id"]


def test_there_is_a_limit_of_clusters(
    services: Services, api: FlaskClient, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    owner = services.clusters.by_id(ObjectId(cluster["id"]))
    assert owner is not None
    entries = services.db["cluster_access"]
    for number in range(services.settings.cluster_max_per_user - 1):
        entries.insert_one(
            {"user_id": owner.user_id, "cluster_name": f"n{number}", "role": "owner", "cluster_id": number}
        )

    answer = add(api, "one-more", "token", {"token": "good"}, server=scripted.url)

    assert (answer.status_code, "limit" in answer.get_json()["error"]) == (403, True)


def test_a_bad_request_names_the_field(api: FlaskClient) -> None:
    token = {"name": "c1", "authType": "token", "server": "https://x.example", "credentials": {"token": "t"}}
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "name"),
        (token | {"name": "Upper"}, "name"),
        (token | {"authType": ""}, "authType"),
        (token | {"authType": "magic"}, "authType"),
        (token | {"credentials": None}, "credentials.token"),
        (token | {"server": ""}, "server"),
        (token | {"server": "ftp://x"}, "server"),
        (token | {"credentials": {"token": "t", "namespace": "No_No"}}, "credentials.namespace"),
        (token | {"credentials": {"token": 5}}, "credentials.token"),
        (token | {"labels": {"a": 1}}, "labels.a"),
    ]

    for body, field in cases:
        answer = api.post(CLUSTERS, json=body)

        assert answer.status_code == 400, answer.text
        assert field in answer.get_json()["details"], answer.text


def test_a_cluster_that_does_not_take_us_is_not_kept(api: FlaskClient, scripted: ScriptedApi) -> None:
    scripts: list[tuple[dict[str, Any], str]] = [
        ({"failing_with": 503}, "server_error"),
        ({"failing_with": 401}, "unauthorized"),
        ({"failing_with": 0, "body": {"hello": "world"}}, "not_kubernetes"),
        ({"body": None, "users": {"good": "system:anonymous"}}, "anonymous"),
    ]

    for script, reason in scripts:
        vars(scripted).update(script)
        answer = add(api, "nope", "token", {"token": "good"}, server=scripted.url)

        assert (answer.status_code, answer.get_json()["reason"]) == (400, reason)

    assert api.get(CLUSTERS).get_json()["clusters"] == []


def test_a_cluster_too_old_to_say_who_we_are_is_asked_for_our_rules(api: FlaskClient, scripted: ScriptedApi) -> None:
    scripted.is_old = True

    assert add(api, "old", "token", {"token": "good"}, server=scripted.url).status_code == 201
    assert add(api, "not", "token", {"token": "bad"}, server=scripted.url).get_json()["reason"] == "unauthorized"


def test_an_edit_that_does_not_connect_changes_nothing(
    api: FlaskClient, services: Services, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    edit = {"displayName": "New", "authType": "token", "credentials": {"token": "bad", "namespace": "default"}}

    answer = api.put(f"{CLUSTERS}/c", json=edit)

    assert (answer.status_code, answer.get_json()["reason"]) == (400, "unauthorized")
    assert api.get(f"{CLUSTERS}/c").get_json() == cluster
    assert api.put(f"{CLUSTERS}/c", json=edit | {"force": True}).get_json()["cluster"]["status"] == "error"


def test_an_edit_without_another_way_to_connect_asks_the_cluster_nothing(
    api: FlaskClient, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    asked = scripted.version_calls
    edit = {"displayName": "New", "server": cluster["server"], "authType": "token", "credentials": {"namespace": "x"}}

    answer = api.put(f"{CLUSTERS}/c", json=edit)

    changed = answer.get_json()["cluster"]
    assert (changed["displayName"], changed["namespace"], changed["status"]) == ("New", "x", "connected")
    assert changed["updatedAt"] >= cluster["updatedAt"]
    assert scripted.version_calls == asked


def test_a_failed_test_is_503_and_sets_the_status(
    api: FlaskClient, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    scripted.users = {}

    answer = api.post(f"{CLUSTERS}/c/test")

    assert answer.status_code == 503
    assert {key: answer.get_json()[key] for key in ("cluster", "status", "reason")} == {
        "cluster": "c",
        "status": "failed",
        "reason": "unauthorized",
    }
    assert api.get(f"{CLUSTERS}/c").get_json()["status"] == "error"
    assert api.post(f"{CLUSTERS}/c/refresh").status_code == 503

    scripted.users = {"good": "ada"}
    answer = api.post(f"{CLUSTERS}/c/test")
    assert answer.get_json() == {"message": "Connection test successful", "cluster": "c", "status": "connected"}
    logs = api.get(f"{CLUSTERS}/c/logs?limit=2").get_json()["logs"]
    assert [(entry["action"], entry["success"], entry["level"]) for entry in logs] == [
        ("connection_test", True, "info"),
        ("health_check", True, "info"),
    ]


def test_credentials_that_no_key_opens_break_nothing_else(
    api: FlaskClient, services: Services, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    add(api, "fine", "token", {"token": "good"}, server=scripted.url)
    services.db["clusters"].update_one(
        {"name": "c"}, {"$set": {"credentials": b"\x01broken"}, "$inc": {"credentials_version": 1}}
    )
    services.clusters.connections.look_again(ObjectId(cluster["id"]))

    answer = api.post(f"{CLUSTERS}/c/test")

    assert (answer.status_code, answer.get_json()["reason"]) == (503, "key")
    listed = {each["name"]: each for each in api.get(CLUSTERS).get_json()["clusters"]}
    assert (listed["c"]["status"], listed["c"]["statusReason"]) == ("error", "key")
    assert listed["fine"]["status"] == "connected"
    assert api.put(f"{CLUSTERS}/c", json={"displayName": "still editable"}).status_code == 200
    assert api.put(f"{CLUSTERS}/c/credentials", json={"credentials": {"token": "good"}}).status_code == 200
    assert api.post(f"{CLUSTERS}/c/test").status_code == 200


def test_a_removal_that_died_half_way_is_finished(
    api: FlaskClient, services: Services, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    cluster_id = ObjectId(cluster["id"])
    services.clusters.store.erase(cluster_id)  # and then the process was killed

    assert services.db["clusters"].count_documents({"credentials": {"$exists": True}}) == 0
    assert api.get(f"{CLUSTERS}/c").status_code == 404
    services.db["clusters"].update_one(
        {"_id": cluster_id}, {"$set": {"removed_at": services.clock.now().replace(year=2020)}}
    )
    removed: list[ObjectId] = []
    services.clusters.on_removed.append(lambda gone, _owner: removed.append(gone))
    services.cluster_removals.sweep()

    assert removed == [cluster_id]
    assert services.db["clusters"].count_documents({}) == services.db["cluster_access"].count_documents({}) == 0
    assert add(api, "c", "token", {"token": "good"}, server=scripted.url).status_code == 201


def test_a_name_reserved_by_a_process_that_died_is_free_again(
    api: FlaskClient, services: Services, cluster: dict[str, Any], scripted: ScriptedApi
) -> None:
    services.db["clusters"].delete_one({"_id": ObjectId(cluster["id"])})
    assert add(api, "c", "token", {"token": "good"}, server=scripted.url).status_code == 409, "it may be on its way"
    long_ago = services.clock.now().replace(year=2020)
    services.db["cluster_access"].update_one({"cluster_name": "c"}, {"$set": {"granted_at": long_ago}})

    assert add(api, "c", "token", {"token": "good"}, server=scripted.url).status_code == 201


def test_an_unknown_route_below_clusters_is_not_a_cluster(api: FlaskClient) -> None:
    assert api.get(f"{API}/clusters/c/nothing").status_code == 404
