"""Fault 3 in the running product: kill -9 of all workers while runs are queued. All finish, none twice."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from bson import ObjectId

from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.system import System
from tests.waiting import eventually


@pytest.mark.timeout(400)
@pytest.mark.parametrize("count", [20, pytest.param(100, marks=pytest.mark.soak)])
def test_03_queued_runs_outlive_all_workers_and_none_is_done_twice(
    system: System, proxy: FaultProxy, namespace: str, count: int
) -> None:
    def one(number: int) -> str:
        data = {"name": f"q{number}", "namespace": namespace, "data": {"n": str(number)}}
        return system.workflow([a_node("configmap", "c", **data)])

    with ThreadPoolExecutor(8) as pool:
        workflows = list(pool.map(one, range(count)))
        proxy.write_delay_s = 0.5
        ids = [ObjectId(run) for run in pool.map(system.run, workflows)]
    with system.database() as db:
        runs = db["workflow_runs"]

        def done() -> int:
            return runs.count_documents({"_id": {"$in": ids}, "status": "completed"})

        eventually(lambda: done() >= 3, within_s=30)

        system.signal("worker")
        killed_at = time.monotonic()
        left = count - done()
        proxy.write_delay_s = 0
        eventually(lambda: done() == count, within_s=60 + count, every_s=0.1)

        took_s = time.monotonic() - killed_at
        print(f"{left} of {count} runs left when all workers were killed: all done after {took_s:.1f} s")
        found = list(runs.find({"_id": {"$in": ids}}))
        applied = [sum("applied" in line for line in run["logs"]) for run in found]
        assert left > 0
        assert applied == [1] * count, "each node was reported once"
        eventually(
            lambda: (
                db["workflows"].count_documents(
                    {"_id": {"$in": [ObjectId(each) for each in workflows]}, "run_count": 1, "success_count": 1}
                )
                == count
            ),
            within_s=15,
        )
