"""One event to thousands of viewers of one API process: its memory, and how long after the first the last one has it.

    python -m benchmarks.fanout            1,000 and 5,000 viewers; aims at 5,000: <= 250 MB, last <= 300 ms after first

The application is the tests' counter: real gunicorn, Redis and MongoDB, no domain. Reading for all viewers takes time
on the same cores: `reading` is what this program itself needs for one event to all, measured with sockets of its own.
"""

import argparse
import contextlib
import resource
import selectors
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import redis as redis_client
from pymongo import MongoClient

from app.events.bus import EventBus
from tests.api_process import ApiProcess, api_process
from tests.servers import running_mongo, running_redis
from tests.stream_app import Counter, environment_for

EVENTS: Final = 10
TEXT: Final = "x" * 250  # about the size of a node's update
MEGA: Final = 1_000_000
AT_ONCE: Final = 100  # connections that wait for their first bytes


class Result(NamedTuple):
    """Times in milliseconds."""

    viewers: int
    opened_s: float
    idle_mb: float
    with_viewers_mb: float
    first_ms: float
    spread_p50_ms: float
    spread_max_ms: float
    cpu_ms: float
    reading_ms: float
    probe_ms: float


class Crowd:
    """Many viewers on one selector."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.sockets: list[socket.socket] = []

    def add(self, viewer: socket.socket) -> None:
        self.sockets.append(viewer)
        self._selector.register(viewer, selectors.EVENT_READ)

    def wait_each(self, ending: bytes, count: int, within_s: float = 60) -> list[float]:
        """When each of `count` viewers had received something with `ending` in it."""
        times: dict[int, float] = {}
        deadline = time.monotonic() + within_s
        while len(times) < count and time.monotonic() < deadline:
            for key, _ in self._selector.select(timeout=0.5):
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]  # they are all sockets
                if ending in data:
                    times.setdefault(key.fd, time.monotonic())
        assert len(times) == count, f"{count - len(times)} of {count} viewers got nothing within {within_s} s"
        return sorted(times.values())

    def close(self) -> None:
        self._selector.close()
        for viewer in self.sockets:
            viewer.close()


def measure(api: ApiProcess, counter: Counter, viewers: int) -> Result:
    """One crowd, `EVENTS` events, one a half second."""
    idle = api.resident_bytes()
    crowd = Crowd()
    began = time.monotonic()
    request = f"GET /v1/api/counters/{counter.name}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for start in range(0, viewers, AT_ONCE):
        opening = min(AT_ONCE, viewers - start)
        for _ in range(opening):
            viewer = socket.create_connection(("127.0.0.1", api.port), timeout=30)
            viewer.sendall(request)
            crowd.add(viewer)
        crowd.wait_each(b"event: state", opening)
    opened = time.monotonic() - began
    time.sleep(1)
    first, spread, probes, used_cpu = [], [], [], []
    for _ in range(EVENTS):
        cpu, sent = api.cpu_s(), time.monotonic()
        rev = counter.bump(text=TEXT)
        times = crowd.wait_each(b"id: %d\n" % rev, viewers)
        first.append((times[0] - sent) * 1000)
        spread.append((times[-1] - times[0]) * 1000)
        used_cpu.append((api.cpu_s() - cpu) * 1000)
        asked = time.monotonic()
        api.call("GET", "/healthz")
        probes.append((time.monotonic() - asked) * 1000)
        time.sleep(0.5)
    used = api.resident_bytes()
    crowd.close()
    return Result(
        viewers,
        opened,
        idle / MEGA,
        used / MEGA,
        statistics.median(first),
        statistics.median(spread),
        max(spread),
        statistics.median(used_cpu),
        reading(viewers),
        statistics.median(probes),
    )


def reading(viewers: int) -> float:
    """How long this program takes to read one event from each of so many sockets that all have it already."""
    crowd, ends = Crowd(), []
    for _ in range(viewers):
        here, there = socket.socketpair()
        crowd.add(here)
        ends.append(there)
    for end in ends:
        end.sendall(b"x" * 400)
    began = time.monotonic()
    crowd.wait_each(b"x", viewers)
    took = time.monotonic() - began
    crowd.close()
    for end in ends:
        end.close()
    return took * 1000


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[ApiProcess, Counter]]:
    with running_mongo(folder) as mongo, running_redis(folder) as redis:
        client = MongoClient(mongo.uri, tz_aware=True)  # type: ignore[var-annotated]  # a database of dicts
        with client, redis_client.Redis.from_url(redis.uri) as events:
            db = client["bench_fanout"]
            counter = Counter(db, EventBus(events))
            counter.bump()
            environment = environment_for(mongo.uri, redis.uri, db, LOG_LEVEL="warning")
            with api_process(folder, "tests.stream_app:app", environment) as api:
                yield api, counter


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("viewers", nargs="*", type=int, default=[1000, 5000])
    counts: list[int] = parser.parse_args(arguments).viewers
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(
        "viewers  opened   memory idle -> with   first    last after first p50 / max   API's CPU  (reading)  plain GET"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (api, counter):
            print_result(measure(api, counter, count))


def print_result(result: Result) -> None:
    print(
        f"{result.viewers:>7}  {result.opened_s:>5.1f} s  {result.idle_mb:>6.0f} -> {result.with_viewers_mb:.0f} MB"
        f"  {result.first_ms:>8.1f} ms  {result.spread_p50_ms:>8.0f} / {result.spread_max_ms:.0f} ms"
        f"  {result.cpu_ms:>9.0f} ms  {result.reading_ms:>6.0f} ms  {result.probe_ms:>8.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
