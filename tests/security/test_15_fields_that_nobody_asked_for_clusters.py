"""Fields that aren't a client's to set change nothing (faults-and-checks 15): clusters."""

from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database

from app.bootstrap import Services
from tests.api import api, app, close_services, make_services, person
from tests.clusters import CLUSTERS, add
from tests.integration.clusters.scripted import a_scripted_api

__all__ = ["api", "app", "person"]  # fixtures


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Services]:
    made = make_services(db, mongo_uri, redis_url, cluster_allow_loopback=True, cluster_allow_http=True)
    yield made
    close_services(made)


def test_owner_status_versions_and_metadata_are_ours(api: FlaskClient, services: Services) -> None:
    stranger = str(ObjectId())
    intruding: dict[str, Any] = {
        "id": stranger,
        "_id": stranger,
        "userId": stranger,
        "user_id": stranger,
        "owner": {"id": stranger},
        "role": "read",
        "status": "unknown",
        "statusReason": "key",
        "default": False,
        "metadata": {"version": "v9", "capabilities": []},
        "credentialsVersion": 99,
        "credentials_version": 99,
        "credentialFields": [],
        "createdAt": "2001-01-01T00:00:00Z",
        "takenTaints": [{"node": "n", "key": "k"}],
    }

    with a_scripted_api() as scripted:
        added = add(api, "c", "token", {"token": "good"}, server=scripted.url, **intruding).get_json()["cluster"]
        stored = services.db["clusters"].find_one({}, {"credentials": 0})
        changed = api.put(f"{CLUSTERS}/c", json=intruding | {"name": "other"}).get_json()["cluster"]

    assert added["id"] != stranger
    assert (added["status"], added["role"], added["default"]) == ("connected", "owner", True)
    assert added["metadata"]["version"] == "v1.34.0"
    assert changed == added | {"updatedAt": changed["updatedAt"]}
    assert stored is not None
    assert (stored["credentials_version"], stored["taken_taints"]) == (1, [])
    assert stored["user_id"] == ObjectId(added["owner"]["id"]) != ObjectId(stranger)
