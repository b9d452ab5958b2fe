"""Fault 17: a Last-Event-ID that can't be resumed from. The newest whole state comes, never silence or a 500."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from pymongo.database import Database

from app.events.bus import EventBus
from app.events.message import Event
from tests.api_process import ApiProcess, api_process
from tests.sse_client import Viewers
from tests.sse_validator import judge
from tests.stream_app import STATES, Counter, environment_for
from tests.waiting import eventually

REV = 900  # more than a stream keeps


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory, mongo_client: Any, redis_url: str) -> Iterator[Counter]:
    db = mongo_client["test_fault_17"]
    with redis_client.Redis.from_url(redis_url) as redis:
        found, bus = Counter(db, EventBus(redis)), EventBus(redis)
        db["counters"].insert_one({"_id": found.name, "rev": REV})
        for rev in range(1, REV + 1):
            bus.publish(f"workflow:{found.name}", [Event("count", {"rev": rev})], rev)
        yield found
    mongo_client.drop_database("test_fault_17")


@pytest.fixture(scope="module")
def api(
    tmp_path_factory: pytest.TempPathFactory, mongo_client: Any, mongo_uri: str, redis_url: str
) -> Iterator[ApiProcess]:
    environment = environment_for(mongo_uri, redis_url, mongo_client["test_fault_17"])
    with api_process(tmp_path_factory.mktemp("api"), "tests.stream_app:app", environment) as process:
        yield process


@pytest.mark.parametrize(
    "last_event_id",
    [
        pytest.param("1", id="older than what is kept"),
        pytest.param("0", id="from before the first"),
        pytest.param(str(REV + 1), id="from the future"),
        pytest.param("9" * 40, id="no number that fits"),
        pytest.param("1764003600000-0", id="of another channel"),
        pytest.param("-1", id="negative"),
        pytest.param("+", id="a command of Redis"),
        pytest.param("900 901", id="two"),
        pytest.param("%00'\"<", id="garbage"),
        pytest.param("é" * 300, id="long garbage"),
    ],
)
def test_the_newest_state_comes(api: ApiProcess, counter: Counter, last_event_id: str) -> None:
    with Viewers() as readers:
        viewer = readers.open(api.port, f"/v1/api/counters/{counter.name}/stream", {"Last-Event-ID": last_event_id})
        eventually(lambda: viewer.frames)

        assert viewer.status == 200
        assert viewer.frames[0].name == "state"
        assert viewer.frames[0].id == str(REV)


def test_events_that_are_behind_the_document_are_not_resumed_from(
    api: ApiProcess, mongo_client: Any, redis_url: str
) -> None:
    with redis_client.Redis.from_url(redis_url) as redis, Viewers() as readers:
        counter = Counter(mongo_client["test_fault_17"], EventBus(redis))
        counter.bump(times=5)
        counter.bump(publish=False)  # somebody died between write and publish

        viewer = readers.open(api.port, f"/v1/api/counters/{counter.name}/stream", {"Last-Event-ID": "3"})

        eventually(lambda: viewer.frames)
        assert (viewer.frames[0].name, viewer.frames[0].id) == ("state", "6")
        judge([viewer.recorded()], states=STATES)


def test_a_database_is_given_by_name(db: Database[dict[str, Any]], tmp_path: Path) -> None:
    own = environment_for("mongodb://u:p@127.0.0.1:1/kubeorch?authSource=admin", "redis://r", db)

    assert own["MONGO_URI"] == f"mongodb://u:p@127.0.0.1:1/{db.name}?authSource=admin"
