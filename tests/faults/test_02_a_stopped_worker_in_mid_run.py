"""Fault 2 in the running product: the worker is stopped in mid-run for longer than its lease, then it wakes.

Another worker has finished by then; what the first still does changes nothing, in the store or the cluster.
"""

import json
import signal
import time
from pathlib import Path
from typing import Any, Final

from bson import ObjectId

from tests.conftest import kubectl
from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

NODES: Final = 40
PARALLEL: Final = 8
"""APPLY_PARALLELISM: so many calls may be under way, checked before the stop."""


def test_02_the_run_goes_on_elsewhere_and_the_woken_worker_changes_nothing(
    system: System, proxy: FaultProxy, kubeconfig: Path, namespace: str
) -> None:
    proxy.write_delay_s = 0.4
    nodes = [a_node("configmap", f"c{n}", name=f"c{n}", namespace=namespace, data={"a": "1"}) for n in range(NODES)]
    workflow = system.workflow(nodes)

    def versions() -> dict[str, str]:
        found = json.loads(kubectl(kubeconfig, "-n", namespace, "get", "cm", "-l", "kubeorch.io/node", "-o", "json"))
        return {obj["metadata"]["name"]: obj["metadata"]["resourceVersion"] for obj in found["items"]}

    with Recorder(system, workflow) as recorder:
        run = system.run(workflow)
        eventually(lambda: system.the_run(workflow, run)["progress"]["done"] >= 5, within_s=20, every_s=0.01)
        system.signal("worker", signal.SIGSTOP)
        stopped_at = time.monotonic()
        try:
            with system.beside("worker", "-n", "second@kubeorch"):
                proxy.write_delay_s = 0
                ended = system.ended(workflow, run, within_s=30)
            took_s = time.monotonic() - stopped_at
            eventually(lambda: recorder.ends() == ["completed"], within_s=5)
            system.all_in(workflow, "created", within_s=10)
            stored, applied = documents(system, workflow), versions()
        finally:
            system.signal("worker", signal.SIGCONT)
        woken_at = time.monotonic()
        eventually(lambda: "job_lost" in (system.data / "log" / "worker.log").read_text(), within_s=10)
        again = system.workflow([a_node("configmap", "z", name="z", namespace=namespace, data={"a": "1"})])
        assert system.ended(again, system.run(again), within_s=20)["status"] == "completed"
    recorder.judged()

    late = [asked for asked in proxy.since(woken_at) if asked.is_write and not asked.path.endswith("/z")]
    print(f"SIGSTOP of the worker: finished elsewhere after {took_s:.1f} s; {len(late)} late calls")
    assert ended["progress"] == {"done": NODES, "total": NODES}
    assert len(late) <= PARALLEL
    assert documents(system, workflow) == stored, "0 writes with the old fence"
    assert {name: version for name, version in versions().items() if name != "z"} == applied


def documents(system: System, workflow: str) -> list[Any]:
    """Everything that is stored about it."""
    with system.database() as db:
        mine = {"$or": [{"_id": ObjectId(workflow)}, {"workflow_id": ObjectId(workflow)}]}
        collections = ("workflows", "workflow_states", "workflow_runs", "workflow_versions", "workflow_inventories")
        return [list(db[name].find(mine)) for name in collections]
