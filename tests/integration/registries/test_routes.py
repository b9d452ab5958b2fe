"""GET /registries/image-facts over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from app.bootstrap import Services
from tests.api import API, anonymous, api, app, close_services, make_services, person
from tests.registry_server import RegistryServer

__all__ = ["anonymous", "api", "app", "person"]  # fixtures

ROUTE = f"{API}/registries/image-facts"


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        yield server


@pytest.fixture
def services(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, registry: RegistryServer
) -> Iterator[Services]:
    """As an operator sets it up who names this one registry."""
    made = make_services(db, mongo_uri, redis_url, registry_insecure_hosts=(registry.host,))
    yield made
    close_services(made)


def test_facts_are_given_to_who_is_signed_in(
    api: FlaskClient, anonymous: FlaskClient, registry: RegistryServer
) -> None:
    digest = registry.image("acme/api", "1", ExposedPorts={"8080/tcp": {}}, User="1000", Env=["TOKEN=s3cret-canary"])
    query = {"image": f"{registry.host}/acme/api:1", "platform": "linux/amd64"}

    answer = api.get(ROUTE, query_string=query)

    assert answer.status_code == 200
    found = answer.get_json()
    assert found.keys() == {
        "image", "digest", "size", "created", "platforms", "exposedPorts", "user", "entrypoint", "cmd", "workingDir",
        "volumes", "envNames",
    }  # fmt: skip
    assert (found["digest"], found["exposedPorts"], found["user"]) == (digest, ["8080/tcp"], "1000")
    assert (found["envNames"], found["entrypoint"]) == (["TOKEN"], [])
    assert "s3cret-canary" not in answer.text
    assert anonymous.get(ROUTE, query_string=query).status_code == 401


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 400, "image"),
        ({"image": " "}, 400, "image"),
        ({"image": "No/Such:image:x"}, 400, "image"),
        ({"image": "{host}/acme/api:1", "platform": "amd64"}, 400, "platform"),
        ({"image": "{host}/acme/api:2"}, 404, ""),
        ({"image": "127.0.0.1:1/acme/api:2"}, 403, ""),
    ],
)
def test_what_can_not_be_answered_is_said(
    api: FlaskClient, registry: RegistryServer, query: dict[str, str], status: int, field: str
) -> None:
    registry.image("acme/api", "1")

    answer = api.get(ROUTE, query_string={name: value.format(host=registry.host) for name, value in query.items()})

    assert answer.status_code == status, answer.text
    assert answer.get_json()["error"]
    assert not field or field in answer.get_json()["details"]


@pytest.mark.parametrize(("given", "status"), [(401, 400), (403, 400), (500, 502)])
def test_a_registrys_refusal_never_signs_anybody_out(
    api: FlaskClient, registry: RegistryServer, given: int, status: int
) -> None:
    registry.answer = lambda handler: handler.send(given)

    assert api.get(ROUTE, query_string={"image": f"{registry.host}/acme/api"}).status_code == status
