"""Fault 11, streams: Redis is killed and comes back, with its data or empty. Viewers stay, and miss nothing."""

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from app.events.bus import EventBus
from tests.api_process import api_process
from tests.mortal_redis import mortal_redis
from tests.sse_client import Viewers
from tests.sse_validator import judge
from tests.stream_app import STATES, Counter, environment_for
from tests.waiting import eventually

BACK_WITHIN_S = 10


@pytest.mark.parametrize("empty", [False, True], ids=["with its data", "empty"])
def test_viewers_stay_and_get_the_newest_state(
    db: Database[dict[str, Any]], mongo_uri: str, tmp_path: Path, empty: bool
) -> None:
    with mortal_redis(tmp_path) as redis, redis.client() as client, Viewers() as readers:
        counter = Counter(db, EventBus(client))
        counter.bump(times=3)
        environment = environment_for(mongo_uri, redis.uri, db)
        path = f"/v1/api/counters/{counter.name}/stream"
        with api_process(tmp_path, "tests.stream_app:app", environment) as api:
            before = [readers.open(api.port, path) for _ in range(20)]
            eventually(lambda: all(viewer.frames for viewer in before))

            redis.kill()
            missed = counter.bump(times=4)  # written, never published
            meanwhile = readers.open(api.port, path)
            eventually(lambda: meanwhile.position() == str(missed))
            status, seen = api.call("GET", "/readyz")
            assert (status, seen["status"], seen["parts"]["redis"]["state"]) == (200, "degraded", "down")
            redis.start(empty=empty)

            viewers = [*before, meanwhile]
            eventually(lambda: all(viewer.position() == str(missed) for viewer in viewers), within_s=BACK_WITHIN_S)
            last = counter.bump()
            eventually(lambda: all(viewer.position() == str(last) for viewer in viewers), within_s=BACK_WITHIN_S)

            for viewer in viewers:
                assert viewer.ended_at is None
                judge([viewer.recorded()], states=STATES)
