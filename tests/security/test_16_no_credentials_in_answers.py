"""16. No answer of any route holds a credential: what its owner planted is in none of them, errors included.

Every route is made to refuse: by a token that isn't good, by a body that isn't JSON, by a value of a wrong type in each
place that its schema names (a place that takes anything says so there), by an id that nobody has. None of these answers
may repeat what was sent.
"""

import io
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.bootstrap import Services
from app.http.streams import streams_of
from tests.api import API, PASSWORD, PASSWORD_HASH, Person, a_person
from tests.nodes import a_node
from tests.security.bodies import a_body, wrong_bodies
from tests.security.every_route import PUBLIC_BELOW, Route, every_route, is_public
from tests.security.route_map import ENTRIES, Ids, call, parameters
from tests.workflows import a_cluster, a_run, a_workflow

SECRET, VARIABLE = "canary-secret-77ab", "canary-variable-77ab"
SENT: Final = "canary-sent-77ab"

# Routes that take nothing, so there is nothing to refuse.
NEVER_REFUSE: Final = {
    "/healthz": "says that the process serves",
    "/readyz": "says which parts can be reached",
    "/metrics": "figures only",
    "/v1": "name and version",
    "/v1/api-docs": "the document of the API, the same for all",
    "/v1/api-docs/json": "the document of the API, the same for all",
    "/v1/api/auth/methods": "ways to sign in, the same for all",
}
TAKE_TOKENS: Final = ("/v1/api/auth/refresh",)
"""Public, but a token is what they are about."""


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


def test_16_no_answer_to_a_reader_has_one(app: Flask, owner: Person, ids: Ids) -> None:
    for key in [key for key in ENTRIES if key[0] == "GET"]:
        answer = call(owner.client, key, ids)
        # 404: no default cluster was chosen; 400: the refs of no URL
        assert answer.status_code in (200, 400, 404), (key, answer.text)
        text = next(answer.iter_encoded()).decode() if answer.is_streamed else answer.text
        answer.close()
        assert [canary for canary in planted(owner) if canary in text] == [], key

    streams_of(app).close()


def test_16_every_route_refuses_and_repeats_nothing(app: Flask, owner: Person) -> None:
    for route in every_route(app):
        if route.rule in NEVER_REFUSE or route.rule.startswith(PUBLIC_BELOW):
            continue
        refused = list(refusals(app, owner, route))
        named = f"{route.method} {route.rule}"
        assert refused, f"{named} was never refused: NEVER_REFUSE has to say why"
        for why, answer in refused:
            assert 400 <= answer.status_code < 500, f"{named} took {why}: {answer.status_code} {answer.text}"
            assert SENT not in f"{answer.text} {answer.headers}", f"{named} repeats {why}"


def test_16_what_never_refuses_is_a_public_route(app: Flask) -> None:
    assert {route.rule for route in every_route(app) if is_public(route)} >= NEVER_REFUSE.keys()


def refusals(app: Flask, owner: Person, route: Route) -> Iterator[tuple[str, TestResponse]]:
    """(why, answer) of everything that this route has to refuse."""
    if not is_public(route) or route.rule in TAKE_TOKENS:
        yield "a token that isn't good", route.call(app.test_client(), f"{owner.token[:-20]}{SENT}")
    entry, documentation = ENTRIES.get((route.method, route.rule.removeprefix(API))), route.documentation
    send = partial(owner.client.open, route.path, method=route.method)
    if documentation is None or documentation.body is None:
        if route.method != "GET" and parameters(route.rule):
            yield "an id that nobody has", send(json={"token": SENT})
    elif documentation.multipart:
        for name in ("file", SENT):
            yield f"an upload as {name}", send(data={name: (io.BytesIO(SENT.encode()), f"{SENT}.bin")})
    else:
        for text in (f'{{"password": "{SENT}', f'["{SENT}"]', f'"{SENT}"', f'{{"a": NaN, "b": "{SENT}"}}'):
            yield f"the body {text}", send(data=text, content_type="application/json")
        good = (entry.body if entry else None) or a_body(documentation)
        for place, body in wrong_bodies(documentation, good, SENT):
            yield f"the body {body}, wrong at {place} by its own schema", send(json=body)
