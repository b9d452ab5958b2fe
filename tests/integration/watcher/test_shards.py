"""How watchers share clusters by leases, and what they do when something changes."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.clock import SystemClock
from app.jobs.leases import Lease, Leases
from tests.fake_clock import FakeClock
from tests.waiting import eventually
from workers.watcher.shards import PREFIX, Held, Shards


class Remembering:
    """A shard that only remembers."""

    def __init__(self, version: int, held: Held) -> None:
        self.version, self.held = version, held
        self.closed = False

    def reconnect(self, version: int) -> None:
        self.version = version

    def close(self) -> None:
        self.closed = True


class Watcher:
    """One watching process, in a thread."""

    def __init__(self, db: Database[dict[str, Any]], name: str, clusters: dict[ObjectId, int]) -> None:
        self.opened: dict[ObjectId, Remembering] = {}
        self.stop = threading.Event()
        self.leases = Leases(db)
        shards = Shards(self.leases, name, lambda: dict(clusters), self._open, SystemClock(), hold_s=10)
        self.thread = threading.Thread(target=shards.run, args=(self.stop,))
        self.thread.start()

    def _open(self, cluster_id: ObjectId, version: int, held: Held) -> Remembering:
        shard = self.opened[cluster_id] = Remembering(version, held)
        return shard

    def watched(self) -> set[ObjectId]:
        return {cluster_id for cluster_id, shard in self.opened.items() if not shard.closed}

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=10)


@pytest.fixture
def clusters() -> dict[ObjectId, int]:
    return {ObjectId(): 1 for _ in range(4)}


@pytest.fixture
def first(db: Database[dict[str, Any]], clusters: dict[ObjectId, int]) -> Iterator[Watcher]:
    watcher = Watcher(db, "first", clusters)
    eventually(lambda: watcher.watched() == set(clusters))
    yield watcher
    watcher.end()


def test_a_second_watcher_gets_a_share_and_all_when_the_first_stops(
    db: Database[dict[str, Any]], clusters: dict[ObjectId, int], first: Watcher
) -> None:
    second = Watcher(db, "second", clusters)
    try:
        eventually(lambda: len(second.watched()) == 1 and len(first.watched()) == 3, within_s=10)
        assert not first.watched() & second.watched()

        first.end()

        eventually(lambda: second.watched() == set(clusters), within_s=10)
        assert first.watched() == set()
    finally:
        second.end()


def test_changed_credentials_reach_the_shard(clusters: dict[ObjectId, int], first: Watcher) -> None:
    changed = next(iter(clusters))

    clusters[changed] = 2

    eventually(lambda: first.opened[changed].version == 2)


def test_a_removed_cluster_is_watched_no_more_and_its_lease_goes(clusters: dict[ObjectId, int], first: Watcher) -> None:
    removed = next(iter(clusters))

    del clusters[removed]

    eventually(lambda: first.opened[removed].closed)
    eventually(lambda: f"{PREFIX}{removed}" not in {held.id for held in first.leases.held()})


def test_a_shard_whose_lease_was_taken_is_closed(db: Database[dict[str, Any]], first: Watcher) -> None:
    lost, shard = next(iter(first.opened.items()))
    lease = shard.held.lease

    # An observer that saw no beat frees it, and somebody else has it at once.
    db["leases"].update_one({"_id": lease.id}, {"$set": {"owner": "heir"}, "$inc": {"fence": 1}})

    eventually(lambda: first.opened[lost].closed, within_s=10)


def test_whoever_has_not_renewed_for_the_leases_time_writes_nothing() -> None:
    clock = FakeClock()
    held = Held(Lease("shard:x", "me", 1), clock, hold_s=10)

    fresh = held.may_write()
    clock.sleep(10)

    assert (fresh, held.may_write()) == (True, False)
