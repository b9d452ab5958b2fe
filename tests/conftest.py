"""What every test may ask for: a fresh database, an emptied Redis, the real cluster and a namespace in it."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from pymongo import MongoClient
from pymongo.database import Database

from tests.servers import mongo_uri, redis_url

__all__ = ["mongo_uri", "redis_url"]  # fixtures: pytest finds them by being imported here

# For the processes that tests start: nobody asks a registry on the internet unless the test is about that.
os.environ.setdefault("IMPORT_IMAGE_FACTS", "false")

HOW_TO_GET_A_CLUSTER = "needs a real cluster: set KUBECONFIG (CONTRIBUTING.md says how to get one)"


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests out between the two processes of `make test`: what uses the real cluster goes to one of them, in
    order, the rest, file by file, to whichever is free.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group("cluster" if uses_cluster(item) else item.nodeid.partition("::")[0]))
    # The longest part begins first. Sorting keeps the order otherwise.
    items.sort(key=lambda item: not uses_cluster(item))


def uses_cluster(item: pytest.Item) -> bool:
    """Does it, the real one?"""
    # Conformance tests are for two clusters, each named in the test's id.
    return "kubeconfig" in getattr(item, "fixturenames", ()) or item.name.endswith("[real]")


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """One client for the whole run, as the product makes its own."""
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, serverSelectionTimeoutMS=10_000) as client:
        yield client


@pytest.fixture
def db(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """A database that nothing has been written to; dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


@pytest.fixture
def redis(redis_url: str) -> Iterator[redis_client.Redis]:
    """A client of an empty Redis; values are bytes."""
    with redis_client.Redis.from_url(redis_url, socket_timeout=5) as client:
        client.flushdb()
        yield client


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The file that names the real cluster."""
    path = Path(os.environ.get("KUBECONFIG", "") or "/nonexistent")
    if not path.is_file():
        if os.environ.get("CI"):
            pytest.fail(f"CI must have a cluster: KUBECONFIG={os.environ.get('KUBECONFIG')!r} is no file")
        pytest.skip(HOW_TO_GET_A_CLUSTER)
    return path


@pytest.fixture
def namespace(kubeconfig: Path) -> Iterator[str]:
    """A fresh namespace in the real cluster. Deleted afterwards, without waiting for its end."""
    name = f"test-{secrets.token_hex(5)}"
    kubectl(kubeconfig, "create", "namespace", name)
    yield name
    kubectl(kubeconfig, "delete", "namespace", name, "--wait=false")


def kubectl(kubeconfig: Path, *arguments: str, stdin: str | None = None) -> str:
    """What kubectl prints; its complaint as the failure."""
    command = ["kubectl", f"--kubeconfig={kubeconfig}", "--request-timeout=20s", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout
