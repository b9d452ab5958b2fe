"""14. Every route × (anonymous, other, viewer, owner, admin): another's id answers like an unknown id (API1, API5).

Each route of the application has an entry here: a new one without an entry fails the first test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.bootstrap import Services
from tests.api import API, Person, a_person
from tests.security.every_route import every_route, is_public
from tests.workflows import a_cluster, a_run, a_workflow

Kind = Literal["theirs", "collection", "own", "admin"]
Ids = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a route is about, and a body that it takes."""

    kind: Kind
    body: Any = None


WORKFLOW: Final = "/workflows/<workflow_id>"
CLUSTER: Final = "/clusters/<name>"
CREDENTIALS: Final = {"credentials": {"token": "another"}}
ENTRIES: Final[dict[tuple[str, str], Entry]] = {
    ("POST", "/workflows"): Entry("collection", {"name": "w", "cluster_id": "theirs"}),
    ("GET", "/workflows"): Entry("collection"),
    ("GET", WORKFLOW): Entry("theirs"),
    ("PUT", WORKFLOW): Entry("theirs", {"name": "stolen"}),
    ("POST", f"{WORKFLOW}/save"): Entry("theirs", {"nodes": [], "edges": []}),
    ("PUT", f"{WORKFLOW}/status"): Entry("theirs", {"status": "draft"}),
    ("DELETE", WORKFLOW): Entry("theirs"),
    ("POST", f"{WORKFLOW}/clone"): Entry("theirs", {"name": "copy"}),
    ("POST", f"{WORKFLOW}/run"): Entry("theirs", {}),
    ("GET", f"{WORKFLOW}/runs"): Entry("theirs"),
    ("GET", f"{WORKFLOW}/runs/<run_id>"): Entry("theirs"),
    ("POST", f"{WORKFLOW}/runs/<run_id>/cancel"): Entry("theirs"),
    ("GET", f"{WORKFLOW}/status/stream"): Entry("theirs"),
    ("POST", "/clusters"): Entry("collection", {}),
    ("GET", "/clusters"): Entry("collection"),
    ("GET", "/clusters/default"): Entry("collection"),
    ("GET", CLUSTER): Entry("theirs"),
    ("PUT", CLUSTER): Entry("theirs", {"displayName": "stolen"}),
    ("PUT", f"{CLUSTER}/credentials"): Entry("theirs", CREDENTIALS),
    ("DELETE", CLUSTER): Entry("theirs"),
    ("PUT", f"{CLUSTER}/default"): Entry("theirs"),
    ("POST", f"{CLUSTER}/test"): Entry("theirs"),
    ("POST", f"{CLUSTER}/refresh"): Entry("theirs"),
    ("GET", f"{CLUSTER}/status"): Entry("theirs"),
    ("GET", f"{CLUSTER}/logs"): Entry("theirs"),
    ("GET", "/templates"): Entry("collection"),
    ("GET", "/profile"): Entry("own"),
    ("PUT", "/profile"): Entry("own"),
    ("PUT", "/profile/password"): Entry("own"),
    ("GET", "/profile/sessions"): Entry("own"),
    ("DELETE", "/profile/sessions"): Entry("own"),
    ("DELETE", "/profile/sessions/current"): Entry("own"),
    ("DELETE", "/profile/sessions/<session_id>"): Entry("own"),
    ("GET", "/settings/invite-code"): Entry("admin"),
    ("POST", "/settings/generate-invite-code"): Entry("admin"),
    ("GET", "/settings/regenerate-setting"): Entry("admin"),
    ("PUT", "/settings/regenerate-setting"): Entry("admin"),
    ("GET", "/settings/invites"): Entry("admin"),
    ("POST", "/settings/invites"): Entry("admin"),
    ("DELETE", "/settings/invites/<invite_id>"): Entry("admin"),
}
THEIRS: Final = [route for route, entry in ENTRIES.items() if entry.kind == "theirs"]
UNKNOWN: Final = {"workflow_id": str(ObjectId()), "run_id": str(ObjectId()), "name": "nobodys"}


@pytest.fixture
def owner(app: Flask, services: Services) -> Person:
    return a_person(app, services)


@pytest.fixture
def ids(services: Services, owner: Person) -> Ids:
    """What the owner has."""
    a_cluster(services, owner.user.id, "theirs")
    workflow = a_workflow(services, owner.user.id, cluster="theirs")
    run = a_run(services, owner.user.id, workflow)
    return {"workflow_id": str(workflow), "run_id": str(run.id), "name": "theirs"}


def call(client: FlaskClient, route: tuple[str, str], ids: Ids) -> TestResponse:
    method, path = route
    for name, value in (UNKNOWN | {"session_id": "A" * 22, "invite_id": "0" * 24} | dict(ids)).items():
        path = path.replace(f"<{name}>", value)
    return client.open(API + path, method=method, json=ENTRIES[route].body)


def shape(answer: TestResponse, ids: Ids) -> tuple[int, str, set[str]]:
    """Without the id that was asked for, which an answer may repeat."""
    text = answer.text
    for value in ids.values():
        text = text.replace(value, "ID")
    return answer.status_code, text, set(answer.headers.keys())


def stored(services: Services) -> dict[str, Any]:
    names = ("workflows", "workflow_runs", "workflow_versions", "clusters")
    return {name: list(services.db[name].find().sort("_id")) for name in names}


def test_14_each_route_has_an_entry(app: Flask) -> None:
    routes = {(route.method, route.rule.removeprefix(API)) for route in every_route(app) if not is_public(route)}

    assert routes == set(ENTRIES)


@pytest.mark.parametrize("role", ["user", "viewer", "admin"])
def test_14_anothers_id_answers_like_an_unknown_one(
    app: Flask, services: Services, ids: Ids, role: Literal["user", "viewer", "admin"]
) -> None:
    client = a_person(app, services, role=role).client
    before = stored(services)

    for route in THEIRS:
        theirs, unknown = call(client, route, ids), call(client, route, UNKNOWN)

        assert shape(theirs, ids) == shape(unknown, UNKNOWN), route
        assert theirs.status_code == (403 if role == "viewer" and route[0] != "GET" else 404), (route, theirs.text)

    assert stored(services) == before
    for path in ("/workflows", "/clusters"):
        assert not [value for value in ids.values() if value in client.get(API + path).text]


def test_14_a_run_is_found_below_its_own_workflow_only(app: Flask, services: Services, ids: Ids) -> None:
    other = a_person(app, services)
    a_cluster(services, other.user.id, "mine")
    mine = str(a_workflow(services, other.user.id, cluster="mine"))

    for route in [route for route in THEIRS if "<run_id>" in route[1]]:
        theirs = call(other.client, route, {"workflow_id": mine, "run_id": ids["run_id"]})
        unknown = call(other.client, route, {"workflow_id": mine})
        assert (theirs.status_code, theirs.text) == (unknown.status_code, unknown.text)
        assert theirs.status_code == 404


def test_14_anothers_cluster_cant_be_deployed_to(app: Flask, services: Services, ids: Ids) -> None:
    client = a_person(app, services).client

    answers = [client.post(f"{API}/workflows", json={"name": "w", "cluster_id": ids["name"]}) for _ in range(1)]
    answers += [client.post(f"{API}/workflows", json={"name": "w", "cluster_id": "nobodys"})]

    assert len({(answer.status_code, answer.text.replace("theirs", "nobodys")) for answer in answers}) == 1
    assert answers[0].status_code in (400, 404)


def test_14_nobody_reaches_anything_without_a_token(anonymous: FlaskClient, ids: Ids) -> None:
    assert {call(anonymous, route, ids).status_code for route in ENTRIES} == {401}


def test_14_a_viewer_reads_only(app: Flask, services: Services) -> None:
    client = a_person(app, services, role="viewer").client

    for route, entry in ENTRIES.items():
        if entry.kind == "admin" or (entry.kind != "own" and route[0] != "GET"):
            assert call(client, route, UNKNOWN).status_code == 403, route


def test_14_the_owner_reads_all_of_it(owner: Person, ids: Ids) -> None:
    for route in [route for route in THEIRS if route[0] == "GET" and not route[1].endswith("/stream")]:
        assert call(owner.client, route, ids).status_code == 200, route
