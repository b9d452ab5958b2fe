"""16. No answer of any route holds a credential: what its owner planted is in none of them, errors included."""

import pytest
from flask import Flask

from app.bootstrap import Services
from tests.api import PASSWORD, PASSWORD_HASH, Person, a_person
from tests.nodes import a_node
from tests.security.test_14_other_peoples_things import ENTRIES, Ids, call
from tests.workflows import a_cluster, a_run, a_workflow

SECRET, VARIABLE = "canary-secret-77ab", "canary-variable-77ab"
READS = [route for route in ENTRIES if route[0] == "GET" and not route[1].endswith("/stream")]
REFUSED = [route for route, entry in ENTRIES.items() if route[0] in ("POST", "PUT") and entry.kind != "admin"]


@pytest.fixture
def owner(app: Flask, services: Services) -> Person:
    return a_person(app, services, role="admin")


@pytest.fixture
def ids(services: Services, owner: Person) -> Ids:
    """A run with values of its own, on a cluster with sealed credentials."""
    a_cluster(services, owner.user.id, "theirs")
    key = [{"id": "1", "name": "value"}]
    nodes = [
        a_node("secret", "s", name="s", keys=key),
        a_node("deployment", "d", name="d", envKeys=[{"id": "1", "name": "TOKEN"}]),
    ]
    workflow = a_workflow(services, owner.user.id, nodes, cluster="theirs")
    values = {"secrets": {"s": {"value": SECRET}}, "envVars": {"d": {"TOKEN": VARIABLE}}}
    run = a_run(services, owner.user.id, workflow, **values)
    return {"workflow_id": str(workflow), "run_id": str(run.id), "name": "theirs"}


def planted(owner: Person) -> list[str]:
    return [SECRET, VARIABLE, PASSWORD, PASSWORD_HASH, owner.token, owner.token.rpartition(".")[2]]


@pytest.mark.parametrize("route", READS, ids=" ".join)
def test_16_no_answer_to_a_reader_has_one(owner: Person, ids: Ids, route: tuple[str, str]) -> None:
    answer = call(owner.client, route, ids)

    assert answer.status_code in (200, 404), answer.text  # 404: no default cluster was chosen
    assert [canary for canary in planted(owner) if canary in answer.text] == []


@pytest.mark.parametrize("route", REFUSED, ids=" ".join)
def test_16_no_refusal_repeats_what_was_sent(owner: Person, ids: Ids, route: tuple[str, str]) -> None:
    method, path = route
    for name, value in ids.items():
        path = path.replace(f"<{name}>", value)
    body = {key: [SECRET] for key in ("name", "nodes", "status", "credentials", "currentPassword", "trigger_data")}

    answer = owner.client.open(f"/v1/api{path}", method=method, json=body)

    if answer.status_code >= 400:
        assert SECRET not in answer.text
