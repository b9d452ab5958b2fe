"""`workflow_states`: two writers, fences, revs without a gap."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.workflows.merge import statuses
from app.workflows.state_store import Changes, StateStore, Written

WORKFLOW, CLUSTER, RUN = ObjectId(), ObjectId(), ObjectId()
SHARD = str(CLUSTER)
NODES = {"web": "deployment", "a.b$c%": "configmap"}


@pytest.fixture
def states(db: Database[dict[str, Any]]) -> StateStore:
    return StateStore(db)


def begin(states: StateStore, *, fence: int = 1, cluster: ObjectId = CLUSTER, run: ObjectId = RUN) -> Written | None:
    shown = {"id": run, "version": fence, "status": "running"}
    return states.begin_run(WORKFLOW, cluster_id=cluster, fence=fence, run=shown, types=NODES)


def live(states: StateStore, node: str, state: Mapping[str, Any], *, fence: int = 1) -> Written | None:
    return states.write_live(
        WORKFLOW, cluster_id=CLUSTER, shard=SHARD, fence=fence, changes_of=lambda _: Changes(live={node: state})
    )


def shown(states: StateStore) -> dict[str, Any]:
    return {node_id: status for node_id, _, status in statuses(states.find(WORKFLOW))}


def test_both_halves_are_merged_and_each_write_raises_the_rev_by_one(states: StateStore) -> None:
    begun = begin(states)
    applied = states.write_run(WORKFLOW, fence=1, changes=Changes(apply={"web": {"state": "applied"}}))
    healthy = live(states, "web", {"state": "healthy", "message": "2 of 2 ready"})

    assert begun and applied and healthy
    assert (begun.rev, applied.rev, healthy.rev) == (1, 2, 3)
    assert healthy.changed == {"web"}
    assert shown(states)["web"] == {"state": "healthy", "message": "2 of 2 ready"}
    assert shown(states)["a.b$c%"]["message"] == "Waiting to be applied"


def test_what_a_node_failed_with_hides_what_the_cluster_says(states: StateStore) -> None:
    begin(states)
    live(states, "web", {"state": "healthy", "message": ""})

    states.write_run(WORKFLOW, fence=1, changes=Changes(apply={"web": {"state": "failed", "message": "quota"}}))

    assert shown(states)["web"] == {"state": "error", "message": "quota", "reason": "apply_failed"}


def test_a_stale_owner_of_the_run_writes_nothing(states: StateStore) -> None:
    begin(states, fence=1)
    begin(states, fence=2)

    late = states.write_run(WORKFLOW, fence=1, changes=Changes(apply={"web": {"state": "applied"}}))

    assert late is None
    assert begin(states, fence=1) is None


def test_a_stale_owner_of_the_shard_writes_nothing(states: StateStore) -> None:
    begin(states)
    live(states, "web", {"state": "partial"}, fence=3)
    rev = (states.find(WORKFLOW) or {})["rev"]

    states.fence_off(CLUSTER, shard=SHARD, fence=4)

    assert live(states, "web", {"state": "healthy"}, fence=3) is None
    assert (states.find(WORKFLOW) or {})["rev"] == rev, "there was nothing to see"
    assert live(states, "web", {"state": "healthy"}, fence=4) is not None


def test_a_shard_of_another_cluster_writes_nothing(states: StateStore) -> None:
    begin(states, cluster=ObjectId())

    assert live(states, "web", {"state": "healthy"}) is None


def test_live_states_outlast_the_next_run_but_not_a_move(states: StateStore) -> None:
    begin(states)
    live(states, "web", {"state": "healthy", "message": ""})

    begin(states, fence=2, run=ObjectId())
    kept = shown(states)["web"]
    begin(states, fence=3, run=ObjectId(), cluster=ObjectId())

    assert kept["state"] == "healthy"
    assert shown(states)["web"]["state"] == "partial"


def test_an_heir_of_the_same_run_keeps_what_was_applied(states: StateStore) -> None:
    begin(states, fence=1)
    states.write_run(WORKFLOW, fence=1, changes=Changes(apply={"web": {"state": "applied"}}))

    begin(states, fence=2)

    node = (states.find(WORKFLOW) or {})["nodes"]["web"]
    assert node["apply"] == {"state": "applied"}


def test_nothing_new_is_no_write(states: StateStore) -> None:
    begin(states)
    first = live(states, "web", {"state": "healthy"})
    second = live(states, "web", {"state": "healthy"})

    assert first and second
    assert (second.rev, second.changed) == (first.rev, frozenset())


def test_parallel_writers_lose_nothing(states: StateStore) -> None:
    begin(states)

    def worker(number: int) -> None:
        states.write_run(WORKFLOW, fence=1, changes=Changes(run={f"done_{number}": True}))

    def watcher(number: int) -> None:
        live(states, "web", {"state": "partial", "message": str(number)})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(worker, range(30)))
        list(pool.map(watcher, range(30)))

    document = states.find(WORKFLOW) or {}
    assert document["rev"] == 61
    assert sum(key.startswith("done_") for key in document["run"]) == 30


def test_an_unknown_field_of_a_newer_version_survives(states: StateStore, db: Database[dict[str, Any]]) -> None:
    begin(states)
    newer = {"$set": {"from_the_future": 1, "nodes.web.new": 2}, "$inc": {"rev": 1}}  # as every write does
    db["workflow_states"].update_one({"_id": WORKFLOW}, newer)

    live(states, "web", {"state": "healthy"})

    document = db["workflow_states"].find_one({"_id": WORKFLOW}) or {}
    assert (document["from_the_future"], document["nodes"]["web"]["new"]) == (1, 2)


def test_the_end_of_a_run_is_noted_once_with_the_rev_that_tells_it(states: StateStore) -> None:
    begin(states)
    states.write_run(WORKFLOW, fence=1, changes=Changes(apply={"web": {"state": "applied"}}))
    end = {"id": RUN, "version": 1, "status": "cancelled"}

    first, again = states.note_end(WORKFLOW, end), states.note_end(WORKFLOW, end)
    begin(states, fence=2, run=ObjectId())

    assert first and again
    assert (first.states["run"]["end_rev"], again.rev) == (first.rev, first.rev)
    assert shown(states)["a.b$c%"]["message"] == "Waiting to be applied", "the next run waits again"
    assert states.note_end(WORKFLOW, end) is None, "a newer run is shown"
    assert "end_rev" not in (states.find(WORKFLOW) or {})["run"]
