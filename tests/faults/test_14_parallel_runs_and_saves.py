"""Fault 14: 50 people run and save one workflow at the same moment. Versions 1..n without hole or double, one run at a
time, no save lost.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Final

from bson import ObjectId

from launcher.api import ApiError
from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

PEOPLE: Final = 50


def configmap(namespace: str, value: str) -> list[Any]:
    return [a_node("configmap", "c", name="c", namespace=namespace, data={"a": value})]


def test_14_fifty_runs_and_saves_at_once(system: System, proxy: FaultProxy, namespace: str) -> None:
    del proxy
    workflow = system.workflow(configmap(namespace, "0"))

    def run(_: int) -> int:
        try:
            system.run(workflow)
        except ApiError as error:
            return error.status
        return 200

    def save(number: int) -> int:
        try:
            system.save(workflow, configmap(namespace, str(number)))
        except ApiError as error:
            return error.status
        return 200

    with Recorder(system, workflow) as recorder:
        with ThreadPoolExecutor(2 * PEOPLE) as pool:
            ran, saved = pool.map(run, range(PEOPLE)), pool.map(save, range(1, PEOPLE + 1))
            started, refused, stored = *count(ran, 200, 409), sum(status == 200 for status in saved)
        listed = eventually(lambda: all_ended(system, workflow), within_s=30)
        eventually(lambda: len(recorder.ends()) == started or recorder.was_told_all(), within_s=10)
    recorder.judged()

    with system.database() as db:
        mine = {"workflow_id": ObjectId(workflow)}
        versions = sorted(version["version"] for version in db["workflow_versions"].find(mine))
        runs = list(db["workflow_runs"].find(mine).sort("version", 1))
    document = system.api.call("GET", f"/workflows/{workflow}")
    assert started >= 1
    assert (started + refused, stored) == (PEOPLE, PEOPLE)
    assert versions == [run["version"] for run in runs] == list(range(1, started + 1))
    assert {run["status"] for run in listed} == {"completed"}
    assert all(a["completed_at"] <= b["queued_at"] for a, b in pairwise(runs)), "one at a time"
    assert (document["current_version"], document["run_count"], document["success_count"]) == (started,) * 3
    assert document["nodes"][0]["data"]["data"]["a"] in {str(number) for number in range(1, PEOPLE + 1)}
    print(f"{PEOPLE} runs and saves at once: {started} runs started, {refused} refused with 409")


def count(statuses: Any, *wanted: int) -> tuple[int, ...]:
    found = list(statuses)
    return tuple(found.count(status) for status in wanted)


def all_ended(system: System, workflow: str) -> Any:
    runs = system.api.call("GET", f"/workflows/{workflow}/runs?limit=100")["runs"]
    return all(run["status"] not in ("queued", "running") for run in runs) and runs
