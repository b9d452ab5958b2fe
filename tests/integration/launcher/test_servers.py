"""The servers that every other test stands on."""

from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure
from redis import Redis
from redis.exceptions import AuthenticationError

from tests.conftest import kubectl


def test_each_test_has_an_empty_database(db: Database[dict[str, Any]]) -> None:
    assert db.list_collection_names() == []

    db["things"].insert_one({"_id": 1})

    assert db["things"].count_documents({}) == 1


def test_the_store_refuses_who_has_no_password(mongo_uri: str) -> None:
    anonymous = "mongodb://" + mongo_uri.split("@")[1].split("/", maxsplit=1)[0] + "/?directConnection=true"

    with MongoClient[dict[str, Any]](anonymous) as client, pytest.raises(OperationFailure):
        client["other"]["things"].insert_one({})


def test_redis_refuses_who_has_no_password(redis_url: str, redis: Redis) -> None:
    assert redis.dbsize() == 0

    with Redis.from_url("redis://" + redis_url.split("@")[1]) as anonymous, pytest.raises(AuthenticationError):
        anonymous.ping()


def test_a_namespace_is_there_for_the_test(kubeconfig: Path, namespace: str) -> None:
    assert namespace in kubectl(kubeconfig, "get", "namespace", namespace)
