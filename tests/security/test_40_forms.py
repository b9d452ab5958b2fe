"""40. Form-encoded writes answer 415 (ASVS 3.5.2); hostile names are only data.

Unknown and non-JSON task messages: `tests/unit/jobs/test_messages.py` and `tests/integration/jobs/test_worker.py`.
"""

from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import API, Person, a_person
from tests.security.bodies import a_body
from tests.security.every_route import Route, every_route
from tests.security.route_map import ENTRIES
from tests.workflows import a_cluster

HOSTILE = "javascript:alert(1)\x1b[2J\x1b]0;owned\x07<script>"
URL_ENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"


def test_40_forms_are_refused_by_every_route_that_writes_and_do_nothing(app: Flask, services: Services) -> None:
    client = a_person(app, services, role="admin").client
    writing = [route for route in every_route(app) if route.method != "GET"]
    before = everything(services)

    for route in writing:
        uploads = route.documentation is not None and route.documentation.multipart
        for form_type in (URL_ENCODED,) if uploads else (URL_ENCODED, MULTIPART):
            answer = client.open(route.path, method=route.method, data=form(route), content_type=form_type)
            assert answer.status_code == 415, f"{route.method} {route.rule} took a form: {answer.text}"
            empty = client.open(route.path, method=route.method, data=b"", content_type=form_type)
            assert empty.status_code == 415, f"{route.method} {route.rule} took an empty form"

    assert len(writing) > 10
    assert everything(services) == before


def form(route: Route) -> dict[str, str]:
    """The fields that the route takes, as a page elsewhere could send them."""
    entry = ENTRIES.get((route.method, route.rule.removeprefix(API)))
    body = (entry.body if entry else None) or a_body(route.documentation)
    return {name: str(value) for name, value in body.items()} if isinstance(body, dict) else {}


def everything(services: Services) -> dict[str, Any]:
    return {name: list(services.db[name].find().sort("_id")) for name in services.db.list_collection_names()}


def test_40_a_hostile_name_comes_out_as_json_and_escaped(api: FlaskClient, services: Services, person: Person) -> None:
    a_cluster(services, person.user.id)

    answer = api.post(f"{API}/workflows", json={"name": HOSTILE, "cluster_id": "prod"})

    for said in (answer, api.get(f"{API}/workflows"), api.get(f"{API}/workflows/{HOSTILE}")):
        assert said.mimetype == "application/json"
        assert said.headers["X-Content-Type-Options"] == "nosniff"
        assert "\x1b" not in said.text
        assert "\x07" not in said.text
