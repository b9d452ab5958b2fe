"""Fault 5: a watcher is stopped past its lease and wakes: another one has the cluster, the first writes nothing."""

import signal
import time
from typing import Final

from bson import ObjectId

from tests.changer import Changer, all_true, changer, workflow
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

__all__ = ["changer", "workflow"]  # fixtures

TAKEN_OVER_WITHIN_S: Final = 15


def test_05_a_watcher_stopped_past_its_lease_is_replaced_and_its_late_writes_count_for_nothing(
    system: System, workflow: str, changer: Changer
) -> None:
    with system.beside("watcher") as second, Recorder(system, workflow) as recorder:
        eventually(lambda: holder(system, f"^watcher:.*/{second.pid}/") == second.pid, within_s=30)
        first = holder(system, "^shard:")
        assert first == system.pid("watcher")
        with changer.changing(every_s=0.05):
            system.signal("watcher", signal.SIGSTOP)
            stopped_at = time.monotonic()
            try:
                eventually(lambda: holder(system, "^shard:") == second.pid, within_s=TAKEN_OVER_WITHIN_S)
                took_s = time.monotonic() - stopped_at
                eventually(lambda: watch_fence(system, workflow) == shard_fence(system), within_s=5)
            finally:
                system.signal("watcher", signal.SIGCONT)
            woken_at = time.monotonic()
            eventually(lambda: "shard_lost" in own_log(system), within_s=10)
            lost_s = time.monotonic() - woken_at
        eventually(all_true(system, workflow, changer), within_s=10)

        print(f"the second watcher has the cluster after {took_s:.1f} s; woken, the first let go in {lost_s:.1f} s")
        assert watch_fence(system, workflow) == shard_fence(system), "nothing was written under the old fence"
        eventually(lambda: recorder.shown() == system.states(workflow), within_s=5)
    recorder.judged()

    changer.change()  # the second one was told to stop: the first takes the cluster back at once
    eventually(all_true(system, workflow, changer), within_s=5)


def own_log(system: System) -> str:
    return (system.data / "log" / "watcher.log").read_text()


def holder(system: System, lease: str) -> int:
    """The id of the process that holds this lease; 0 for none."""
    with system.database() as db:
        found = db["leases"].find_one({"_id": {"$regex": lease}, "owner": {"$gt": ""}})
    return int(found["owner"].split("/")[2]) if found else 0


def shard_fence(system: System) -> int:
    with system.database() as db:
        (lease,) = db["leases"].find({"_id": {"$regex": "^shard:"}})
    return int(lease["fence"])


def watch_fence(system: System, workflow: str) -> int:
    with system.database() as db:
        states = db["workflow_states"].find_one({"_id": ObjectId(workflow)})
    assert states is not None
    return int(max(states["watch_fences"].values()))
