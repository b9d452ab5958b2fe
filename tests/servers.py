"""Real servers for tests: started once a run by the launcher's own code, ended with it, whatever ends it.

MONGO_URI and REDIS_URL, when set, are used instead; a Redis that holds something is refused, since tests empty it.
With pytest-xdist each worker has servers of its own.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.embedded import Mongo, Redis, wait_until
from launcher.ports import free_port
from launcher.processes import end, spawn


@contextlib.contextmanager
def running_mongo(folder: Path, port: int | None = None) -> Iterator[Mongo]:
    """A MongoDB-compatible server of its own."""
    server = Mongo(folder / "mongo", port or free_port(), secrets.token_urlsafe(24))
    log = folder / "mongo.log"
    server.prepare(log)
    process = spawn(server.command(), log=log)
    try:
        wait_until(server.answers, process, name="MongoDB", log=log)
        yield server
    finally:
        end(process)


@contextlib.contextmanager
def running_redis(folder: Path, port: int | None = None) -> Iterator[Redis]:
    """A Redis of its own."""
    server = Redis(folder / "redis", port or free_port(), secrets.token_urlsafe(24))
    log = folder / "redis.log"
    server.prepare()
    process = spawn(server.command(), log=log)
    try:
        wait_until(server.answers, process, name="Redis", log=log)
        yield server
    finally:
        end(process)


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MONGO_URI, or a server for this test run."""
    if given := os.environ.get("MONGO_URI"):
        yield given
        return
    with running_mongo(tmp_path_factory.mktemp("mongo")) as server:
        yield server.uri


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """REDIS_URL, or a server for this test run. Tests may empty it."""
    if given := os.environ.get("REDIS_URL"):
        refuse_unless_empty(given)
        yield given
        return
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server.uri


def refuse_unless_empty(url: str) -> None:
    import redis

    with redis.Redis.from_url(url, socket_timeout=5) as client:
        if client.dbsize():
            pytest.exit("REDIS_URL holds data, and tests would delete it: name an empty database, e.g. .../15", 2)
