"""Fault 15: kill -9 of the API with open streams. All are back ≤ 10 s later, and nobody's history has a hole."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from app.events.bus import EventBus
from tests.api_process import api_process
from tests.mortal_redis import mortal_redis
from tests.sse_client import Viewer, Viewers
from tests.sse_validator import judge
from tests.stream_app import STATES, Counter, environment_for
from tests.waiting import eventually

BACK_WITHIN_S = 10


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.soak)])
def test_all_viewers_come_back_without_a_hole(
    db: Database[dict[str, Any]], mongo_uri: str, tmp_path: Path, count: int
) -> None:
    with mortal_redis(tmp_path) as redis, redis.client() as client, Viewers() as readers:
        environment = environment_for(mongo_uri, redis.uri, db)
        counter = Counter(db, EventBus(client))
        counter.bump()  # who comes before the document is there gets a 404
        with api_process(tmp_path, "tests.stream_app:app", environment) as api, bumping(counter):
            path = f"/v1/api/counters/{counter.name}/stream"
            first = [readers.open(api.port, path) for _ in range(count)]
            eventually(lambda: all(viewer.position() for viewer in first), within_s=60)

            api.kill()
            eventually(lambda: all(viewer.ended_at for viewer in first))
            api.start()
            began = time.monotonic()
            second = [readers.open(api.port, path, {"Last-Event-ID": viewer.position() or ""}) for viewer in first]
            eventually(lambda: all(viewer.position() for viewer in second), within_s=30)
            took = time.monotonic() - began
            print(f"{count} viewers were back after {took:.1f} s")
            assert took < BACK_WITHIN_S

            last = counter.bump()
            eventually(lambda: all(int(viewer.position() or 0) >= last for viewer in second), within_s=20)

        for before, after in zip(first, second, strict=True):
            judge([before.recorded(), after.recorded()], states=STATES)
        # Who comes between a write and its publish gets the state, all others exactly what they have missed.
        assert sum(is_state(viewer) for viewer in second) < count / 2


def is_state(viewer: Viewer) -> bool:
    return viewer.frames[0].name in STATES


class bumping:  # noqa: N801  a context manager, used like a function
    """Raise the counter all the time."""

    def __init__(self, counter: Counter, every_s: float = 0.25) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._bump, args=[counter, every_s], daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _bump(self, counter: Counter, every_s: float) -> None:
        while not self._stop.wait(every_s):
            counter.bump()
