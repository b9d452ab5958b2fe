"""Clusters over a scripted API, with a clock that tests turn."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from app.bootstrap import Services
from tests.api import close_services, make_services
from tests.clusters import add
from tests.integration.clusters.scripted import ScriptedApi, a_scripted_api


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Services]:
    """Clusters may be on this machine and speak plain HTTP."""
    made = make_services(db, mongo_uri, redis_url, cluster_allow_loopback=True, cluster_allow_http=True)
    yield made
    close_services(made)


@pytest.fixture
def scripted() -> Iterator[ScriptedApi]:
    with a_scripted_api() as api:
        yield api


@pytest.fixture
def cluster(api: FlaskClient, scripted: ScriptedApi) -> dict[str, Any]:
    """A connected cluster named `c` of the signed-in person."""
    answer = add(api, "c", "token", {"token": "good"}, server=scripted.url)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.get_json()["cluster"]
    return added
