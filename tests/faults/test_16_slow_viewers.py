"""Fault 16: viewers that read a byte a second, or never. Memory is bounded, the others don't notice."""

import statistics
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

MEBI = 1024 * 1024
SMALL_BUFFER = 4096
TEXT = "x" * 20_000  # a state with many nodes


@pytest.mark.parametrize("slow_viewers", [10, pytest.param(100, marks=pytest.mark.soak)])
def test_slow_viewers_cost_little_and_end_up_with_the_newest_state(
    db: Database[dict[str, Any]], mongo_uri: str, tmp_path: Path, slow_viewers: int
) -> None:
    with mortal_redis(tmp_path) as redis, redis.client() as client, Viewers() as readers:
        counter = Counter(db, EventBus(client))
        counter.bump()
        environment = environment_for(mongo_uri, redis.uri, db)
        path = f"/v1/api/counters/{counter.name}/stream"
        with api_process(tmp_path, "tests.stream_app:app", environment) as api:
            quick = [readers.open(api.port, path) for _ in range(5)]
            slow = [Viewer(api.port, path, receive_buffer=SMALL_BUFFER) for _ in range(slow_viewers)]
            never = [Viewer(api.port, path, receive_buffer=SMALL_BUFFER) for _ in range(slow_viewers)]
            eventually(lambda: all(viewer.frames for viewer in quick))
            took = [spread(counter, quick)]
            before = api.resident_bytes()

            for _ in range(10):
                counter.bump(times=60, text=TEXT)  # 12 MB for each viewer in all
                for viewer in slow:
                    viewer.read_some(1)
                took.append(spread(counter, quick))

            grown = api.resident_bytes() - before
            print(f"grew by {grown / MEBI:.1f} MiB for {len(slow) + len(never)} slow viewers; spreads {took}")
            assert grown < MEBI * (len(slow) + len(never)), f"grew by {grown / MEBI:.0f} MiB"
            assert statistics.median(took[1:]) < took[0] + 0.1, f"others wait for the slow: {took}"
            for viewer in quick:
                judge([viewer.recorded()], states=STATES)

            # They read at last: a state, then what follows it, and nothing missing in between.
            last = counter.bump()
            for viewer in never[:2]:
                read_until(viewer, last)
                assert viewer.frames[-1].name in ("sync", "count")
                judge([viewer.recorded()], states=STATES)
            for viewer in (*slow, *never):
                viewer.close()


def spread(counter: Counter, viewers: list[Viewer]) -> float:
    """How long until all have seen one event."""
    began = time.monotonic()
    rev = counter.bump()
    eventually(lambda: all(int(viewer.position() or 0) >= rev for viewer in viewers), within_s=20, every_s=0.005)
    return time.monotonic() - began


def read_until(viewer: Viewer, rev: int) -> None:
    deadline = time.monotonic() + 20
    while int(viewer.position() or 0) < rev:
        assert time.monotonic() < deadline, f"it stands at {viewer.position()}, not at {rev}"
        viewer.read_some()
