"""Writes of states that begin from what the writer knows: nothing that others did meanwhile is lost or overlooked.

`states` is the process that writes and remembers, `others` any other one.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app.workflows.state_store import Changes, StateStore, Written

WORKFLOW, CLUSTER, RUN = ObjectId(), ObjectId(), ObjectId()
SHARD = str(CLUSTER)
HEALTHY, PARTIAL = {"state": "healthy", "message": "1 of 1 ready"}, {"state": "partial", "message": "0 of 1 ready"}


class Reads(CommandListener):
    """How often this process has read."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.count += event.command_name == "find"

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


@pytest.fixture
def reads() -> Reads:
    return Reads()


@pytest.fixture
def states(db: Database[dict[str, Any]], mongo_uri: str, reads: Reads) -> Iterator[StateStore]:
    with MongoClient[dict[str, Any]](mongo_uri, event_listeners=[reads], tz_aware=True) as client:
        yield StateStore(client[db.name])


@pytest.fixture
def others(db: Database[dict[str, Any]]) -> StateStore:
    return StateStore(db)


def begin(states: StateStore, *, fence: int = 1, cluster: ObjectId = CLUSTER, run: ObjectId = RUN) -> Written | None:
    shown = {"id": run, "version": fence, "status": "running"}
    return states.begin_run(WORKFLOW, cluster_id=cluster, fence=fence, run=shown, types={"web": "deployment"})


def applied(states: StateStore, *, fence: int = 1) -> Written | None:
    return states.write_run(WORKFLOW, fence=fence, changes=Changes(apply={"web": {"state": "applied"}}))


def live(states: StateStore, state: Mapping[str, Any], *, fence: int = 1) -> Written | None:
    def changes_of(document: Mapping[str, Any]) -> Changes:
        node = document["nodes"].get("web")
        return Changes(live={"web": state} if node and node.get("live") != state else {})

    return states.write_live(WORKFLOW, cluster_id=CLUSTER, shard=SHARD, fence=fence, changes_of=changes_of)


def stored(states: StateStore) -> Mapping[str, Any]:
    found = states.find(WORKFLOW)
    assert found is not None
    return found


def test_a_writer_that_is_alone_reads_once(states: StateStore, reads: Reads) -> None:
    begin(states)
    assert reads.count == 1

    written = [applied(states), live(states, PARTIAL), live(states, HEALTHY)]

    assert [each and each.rev for each in written] == [2, 3, 4]
    assert reads.count == 1
    assert stored(states)["nodes"]["web"] == {"type": "deployment", "apply": {"state": "applied"}, "live": HEALTHY}


def test_what_another_wrote_in_between_is_kept(states: StateStore, others: StateStore) -> None:
    begin(states)
    live(others, HEALTHY)

    written = applied(states)

    assert written and written.rev == 3
    assert stored(states)["nodes"]["web"]["live"] == HEALTHY
    assert written.changed == frozenset(), "the watcher has told it"


def test_a_writer_beside_another_reads_first_the_next_time(
    states: StateStore, others: StateStore, reads: Reads
) -> None:
    begin(states)
    live(others, PARTIAL)
    applied(states)  # lost its race once
    live(others, HEALTHY)
    before = reads.count

    written = states.write_run(WORKFLOW, fence=1, changes=Changes(run={"done": 1}))

    assert written and written.rev == 5
    assert reads.count == before + 1


def test_a_state_that_was_known_is_written_again_after_others_took_it_away(
    states: StateStore, others: StateStore
) -> None:
    begin(states)
    live(states, HEALTHY)
    others.clear(WORKFLOW, fence=2, run={"status": "archived"})
    begin(others, fence=3, run=ObjectId())
    assert "live" not in stored(others)["nodes"]["web"]

    written = live(states, HEALTHY)

    assert written and written.changed == {"web"}
    assert stored(others)["nodes"]["web"]["live"] == HEALTHY


def test_a_stale_owner_of_the_run_writes_nothing_from_memory(states: StateStore, others: StateStore) -> None:
    begin(states, fence=1)
    applied(states, fence=1)
    begin(others, fence=2)

    assert applied(states, fence=1) is None
    assert begin(states, fence=1) is None
    assert (stored(others)["rev"], stored(others)["run_fence"]) == (3, 2)


def test_a_stale_owner_of_the_shard_writes_nothing_from_memory(states: StateStore, others: StateStore) -> None:
    begin(states)
    live(states, PARTIAL, fence=3)
    others.fence_off(CLUSTER, shard=SHARD, fence=4)  # raises no rev

    assert live(states, HEALTHY, fence=3) is None
    assert stored(others)["rev"] == 2
    assert live(others, HEALTHY, fence=4)


def test_no_write_lowers_the_fence_of_a_shard(states: StateStore, others: StateStore) -> None:
    begin(states)
    live(states, PARTIAL, fence=3)
    others.fence_off(CLUSTER, shard=SHARD, fence=4)

    applied(states)  # the worker's, from what it knew before
    states.note_end(WORKFLOW, {"id": RUN, "version": 1, "status": "completed"})
    begin(states, fence=2, run=ObjectId())

    assert stored(others)["watch_fences"] == {SHARD: 4}
    assert live(others, HEALTHY, fence=3) is None


def test_a_fence_raised_in_the_middle_of_a_write_stays(states: StateStore, others: StateStore) -> None:
    begin(states)

    def changes_of(_: Mapping[str, Any]) -> Changes:
        others.fence_off(CLUSTER, shard=SHARD, fence=4)
        return Changes(live={"web": HEALTHY})

    late = states.write_live(WORKFLOW, cluster_id=CLUSTER, shard=SHARD, fence=3, changes_of=changes_of)

    assert late is None
    assert stored(others)["watch_fences"] == {SHARD: 4}


def test_an_earlier_owner_in_the_same_process_knows_no_more_than_the_new_one(states: StateStore) -> None:
    begin(states)
    live(states, PARTIAL, fence=4)

    assert live(states, HEALTHY, fence=3) is None
    assert live(states, HEALTHY, fence=4)


def test_a_watcher_writes_nothing_while_the_workflow_runs_elsewhere(states: StateStore, others: StateStore) -> None:
    begin(states)
    live(states, PARTIAL)
    begin(others, fence=2, run=ObjectId(), cluster=ObjectId())

    away = live(states, HEALTHY)
    begin(others, fence=3, run=ObjectId())
    back = live(states, HEALTHY)

    assert away is None
    assert back and back.rev == 5


def test_a_document_that_was_deleted_and_made_again_is_another_one(states: StateStore, others: StateStore) -> None:
    begin(states)
    others.delete(WORKFLOW)
    others.note_end(WORKFLOW, {"id": ObjectId(), "version": 2, "status": "cancelled"})
    assert stored(others)["rev"] == 1, "the same rev as the one that was known"

    assert applied(states) is None
    assert "nodes" not in stored(others)


def test_a_deleted_document_stays_deleted(states: StateStore, others: StateStore) -> None:
    begin(states)
    others.delete(WORKFLOW)

    assert applied(states) is None
    assert live(states, HEALTHY) is None
    assert others.find(WORKFLOW) is None


def test_two_processes_lose_nothing(states: StateStore, others: StateStore) -> None:
    begin(states)

    def worker(number: int) -> None:
        states.write_run(WORKFLOW, fence=1, changes=Changes(run={f"done_{number}": True}))

    def watcher(number: int) -> None:
        live(others, {"state": "partial", "message": str(number)})

    with ThreadPoolExecutor(8) as pool:
        both = [pool.submit(write, number) for number in range(30) for write in (worker, watcher)]
        revs = [each.result() for each in both]

    assert len(revs) == 60
    assert stored(others)["rev"] == 61
    assert sum(key.startswith("done_") for key in stored(others)["run"]) == 30
