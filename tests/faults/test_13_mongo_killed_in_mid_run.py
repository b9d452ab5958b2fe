"""Fault 13 in the running product: MongoDB is killed in mid-run, and while people save.

Every acknowledged write is there afterwards, the run ends, versions have no hole, and the stream has none either.
"""

import threading
import time
from typing import Any, Final

from bson import ObjectId

from launcher.api import ApiError
from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

NODES: Final = 30


def configmaps(namespace: str, count: int, value: str = "1") -> list[Any]:
    return [a_node("configmap", f"c{n}", name=f"c{n}", namespace=namespace, data={"a": value}) for n in range(count)]


def kill_mongo(system: System) -> None:
    system.back("mongo", system.signal("mongo"))


def test_13_a_run_in_its_middle_survives(system: System, proxy: FaultProxy, namespace: str) -> None:
    proxy.write_delay_s = 0.3
    workflow = system.workflow(configmaps(namespace, NODES))
    with Recorder(system, workflow) as recorder:
        run = system.run(workflow)
        eventually(lambda: system.the_run(workflow, run)["progress"]["done"] >= 5, within_s=20, every_s=0.01)

        kill_mongo(system)
        proxy.write_delay_s = 0

        at = time.monotonic()
        ended = system.ended(workflow, run, within_s=30)
        ended_s = time.monotonic() - at
        eventually(lambda: {each["state"] for each in system.states(workflow).values()} == {"created"}, within_s=15)
        eventually(lambda: recorder.shown() == system.states(workflow), within_s=20)
    recorder.judged()

    print(f"MongoDB killed in mid-run: the run ended {ended_s:.1f} s after it was back")
    assert (ended["status"], ended["progress"]) == ("completed", {"done": NODES, "total": NODES})


def test_13_every_acknowledged_write_is_there(system: System, proxy: FaultProxy, namespace: str) -> None:
    del proxy
    kept: dict[str, str] = {}
    workflows = [system.workflow(configmaps(namespace, 1)) for _ in range(3)]
    stop = threading.Event()

    def save_on(workflow: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                system.save(workflow, configmaps(namespace, 1, str(number)))
            except ApiError as error:
                assert error.status in (0, 503), error
            else:
                kept[workflow] = str(number)

    savers = [threading.Thread(target=save_on, args=[workflow], daemon=True) for workflow in workflows]
    for saver in savers:
        saver.start()
    eventually(lambda: len(kept) == len(workflows), within_s=20)
    kill_mongo(system)
    before = dict(kept)
    eventually(lambda: all(int(kept[each]) > int(before[each]) + 3 for each in workflows), within_s=30)
    stop.set()
    for saver in savers:
        saver.join(timeout=40)

    for workflow in workflows:
        node = system.api.call("GET", f"/workflows/{workflow}")["nodes"][0]
        # The last one may have been stored without its answer arriving; never an older one.
        assert int(node["data"]["data"]["a"]) >= int(kept[workflow])
    print(f"saves acknowledged around a kill: {kept.values()}")


def test_13_versions_stay_without_a_hole_over_kills(system: System, proxy: FaultProxy, namespace: str) -> None:
    del proxy
    workflow = system.workflow(configmaps(namespace, 1))
    killer = threading.Thread(target=kill_mongo, args=[system])
    killer.start()
    while killer.is_alive():
        try:
            system.run(workflow)
        except ApiError as error:
            assert error.status in (0, 409, 503), error
    killer.join()

    def rounded() -> bool:
        runs = system.api.call("GET", f"/workflows/{workflow}/runs?limit=100")["runs"]
        return all(run["status"] not in ("queued", "running") for run in runs)

    eventually(rounded, within_s=40)
    with system.database() as db:
        runs = {run["_id"]: run["version"] for run in db["workflow_runs"].find({"workflow_id": ObjectId(workflow)})}
        versions = {
            v["run_id"]: v["version"] for v in db["workflow_versions"].find({"workflow_id": ObjectId(workflow)})
        }
    assert runs == versions
    assert sorted(versions.values()) == list(range(1, len(versions) + 1))
