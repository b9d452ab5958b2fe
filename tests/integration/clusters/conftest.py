"""Clusters over a scripted API, with a clock that tests turn."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.clusters import add
from tests.integration.clusters.scripted import ScriptedApi, scripted, services

__all__ = ["scripted", "services"]  # fixtures


@pytest.fixture
def cluster(api: FlaskClient, scripted: ScriptedApi) -> dict[str, Any]:
    """A connected cluster named `c` of the signed-in person."""
    answer = add(api, "c", "token", {"token": "good"}, server=scripted.url)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.get_json()["cluster"]
    return added
