"""14. Every route × (anonymous, other, viewer, owner, admin): another's id answers like an unknown id (API1, API5).

Walks along `route_map.py`: a route without an entry there fails the first test.
"""

from typing import Any, Final, Literal

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.bootstrap import Services
from app.http.streams import streams_of
from tests.api import Person, a_person
from tests.integration.clusters.scripted import ScriptedApi, scripted, services
from tests.security.bodies import fields_of
from tests.security.route_map import (
    ENTRIES,
    REFERENCES,
    REPAIR,
    UNKNOWN,
    Ids,
    Key,
    api_routes,
    belongings,
    call,
    of_kind,
    parameters,
    path_of,
)
from tests.workflows import a_cluster, a_workflow

__all__ = ["scripted", "services"]  # fixtures

THEIRS: Final = of_kind("theirs")
REFERRING: Final = ("_id", "Id", "_ids", "Ids", "cluster", "clusterName", "registry")
"""Ends of names of fields that name something which somebody owns."""
OF_NOBODY: Final = {"sessions"}  # whoever asks leaves a trace of it in the own session


@pytest.fixture
def owner(app: Flask, services: Services) -> Person:
    return a_person(app, services)


@pytest.fixture
def ids(services: Services, owner: Person, scripted: ScriptedApi) -> Ids:
    """What the owner has."""
    return belongings(services, owner, scripted.url)


def shape(answer: TestResponse, ids: Ids) -> tuple[int, str, set[str]]:
    """Without the id that was asked for, which an answer may repeat."""
    text = answer.text
    for value in ids.values():
        text = text.replace(value, "ID")
    return answer.status_code, text, set(answer.headers.keys())


def stored(services: Services) -> dict[str, Any]:
    """All that there is."""
    names = sorted(set(services.db.list_collection_names()) - OF_NOBODY)
    return {name: list(services.db[name].find().sort("_id")) for name in names}


def test_14_each_route_has_an_entry(app: Flask) -> None:
    routes = {key for key, _ in api_routes(app)}

    assert not (missing := sorted(routes - ENTRIES.keys())), f"no Entry for {missing}{REPAIR}"
    assert not (left := sorted(ENTRIES.keys() - routes)), f"no such route any more: {left}"
    assert not (unknown := {name for _, path in routes for name in parameters(path)} - UNKNOWN.keys()), (
        f"ids in paths that nothing is known of: {unknown}{REPAIR}"
    )


def test_14_what_has_an_id_in_its_path_has_an_owner(ids: Ids) -> None:
    for key, entry in ENTRIES.items():
        assert entry.kind != "collection" or not parameters(key[1]), f"{key} names one thing: its kind is theirs"
        if entry.kind == "theirs":
            assert set(parameters(key[1])) <= ids.keys(), f"`belongings` makes nothing for {key}{REPAIR}"


@pytest.mark.parametrize("role", ["user", "viewer", "admin"])
def test_14_anothers_id_answers_like_an_unknown_one(
    app: Flask, services: Services, ids: Ids, role: Literal["user", "viewer", "admin"]
) -> None:
    client = a_person(app, services, role=role).client
    before = stored(services)

    for key in THEIRS:
        theirs, unknown = call(client, key, ids), call(client, key, UNKNOWN)

        assert shape(theirs, ids) == shape(unknown, UNKNOWN), key
        assert theirs.status_code == (403 if role == "viewer" and key[0] != "GET" else 404), (key, theirs.text)

    assert stored(services) == before
    for key in of_kind("collection"):
        if key[0] == "GET":
            assert not [value for value in ids.values() if value in call(client, key, ids).text], key


def test_14_a_run_is_found_below_its_own_workflow_only(app: Flask, services: Services, ids: Ids) -> None:
    other = a_person(app, services)
    a_cluster(services, other.user.id, "mine")
    mine = {"workflow_id": str(a_workflow(services, other.user.id, cluster="mine"))}

    for key in [key for key in THEIRS if "run_id" in parameters(key[1])]:
        theirs, unknown = call(other.client, key, mine | {"run_id": ids["run_id"]}), call(other.client, key, mine)

        assert (theirs.status_code, theirs.text) == (unknown.status_code, unknown.text)
        assert theirs.status_code == 404


def test_14_another_persons_things_cant_be_named_in_bodies(
    app: Flask, services: Services, owner: Person, ids: Ids
) -> None:
    client = a_person(app, services).client
    naming = [(key, name) for key, route in api_routes(app) for name in fields_of(route.documentation)]
    naming = [(key, name) for key, name in naming if name.endswith(REFERRING)]
    assert not (new := [each for each in naming if each[1] not in REFERENCES]), f"what do these name: {new}{REPAIR}"
    before = stored(services)

    for key, name in naming:
        theirs, unknown = (named_in_body(client, key, name, each) for each in (ids, UNKNOWN))

        assert shape(theirs, ids) == shape(unknown, UNKNOWN), (key, name)
        assert theirs.status_code in (400, 404), (key, theirs.text)

    assert stored(services) == before
    for key, name in naming:
        own = named_in_body(owner.client, key, name, ids)
        assert own.status_code < 300, f"refused for another reason: give {key} a body that it takes: {own.text}"


def named_in_body(client: FlaskClient, key: Key, field: str, ids: Ids) -> TestResponse:
    body = {**(ENTRIES[key].body or {}), field: ids[REFERENCES[field]]}
    return client.open(path_of(key[1], ids), method=key[0], json=body)


def test_14_nobody_reaches_anything_without_a_token(anonymous: FlaskClient, ids: Ids) -> None:
    assert {call(anonymous, key, ids).status_code for key in ENTRIES} == {401}


def test_14_a_viewer_reads_only(app: Flask, services: Services) -> None:
    client = a_person(app, services, role="viewer").client

    for key, entry in ENTRIES.items():
        if entry.kind == "admin" or (entry.kind != "own" and key[0] != "GET"):
            assert call(client, key, UNKNOWN).status_code == 403, key


def test_14_the_owner_reads_all_of_it(app: Flask, owner: Person, ids: Ids) -> None:
    for key in [key for key in THEIRS if key[0] == "GET"]:
        answer = call(owner.client, key, ids)
        answer.close()  # a stream goes on
        assert answer.status_code == 200, key

    streams_of(app).close()


def test_14_the_owner_changes_all_of_it(services: Services, owner: Person, scripted: ScriptedApi) -> None:
    """What others were refused is refused because it is theirs, not because it never works."""
    for number, key in enumerate(key for key in THEIRS if key[0] != "GET"):
        running = not ENTRIES[key].after_runs
        ids = belongings(services, owner, scripted.url, name=f"theirs-{number}", running=running)
        before = stored(services)

        answer = call(owner.client, key, ids)

        assert answer.status_code < 300, (key, answer.text)
        assert stored(services) != before, f"{key} has changed nothing"


def test_14_ids_of_the_wrong_form_are_answered_too(owner: Person) -> None:
    for key in THEIRS:
        for value in ("x", "0" * 23, str(ObjectId()) + "0", "%24ne", "..%2f..", "%00"):
            answer = call(owner.client, key, dict.fromkeys(parameters(key[1]), value))
            assert answer.status_code in (400, 404, 405), (key, value, answer.text)
