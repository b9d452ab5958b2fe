"""Faults 11 and 12 in the running product: Redis is killed, or emptied, while runs are on their way.

No run is lost, no lease doubles, and every viewer's history has no hole: it resumes, or is told the whole state.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import pytest
import redis as redis_client

from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

NODES: Final = 30
TAKEN_WITHIN_S: Final = 10


def configmaps(namespace: str, count: int, prefix: str = "c") -> list[Any]:
    return [
        a_node("configmap", f"{prefix}{n}", name=f"{prefix}{n}", namespace=namespace, data={"a": "1"})
        for n in range(count)
    ]


def kill_redis(system: System) -> None:
    before = system.signal("redis")
    system.back("redis", before)


def flush_redis(system: System) -> None:
    with redis_client.Redis.from_url(system.uri("REDIS_URL")) as client:
        client.flushall()


@pytest.mark.parametrize("fault", [kill_redis, flush_redis])
def test_11_a_run_in_its_middle_survives_and_the_stream_has_no_hole(
    system: System, proxy: FaultProxy, namespace: str, fault: Callable[[System], None]
) -> None:
    proxy.write_delay_s = 0.3
    workflow = system.workflow(configmaps(namespace, NODES))
    with Recorder(system, workflow) as recorder:
        run = system.run(workflow)
        eventually(lambda: system.the_run(workflow, run)["progress"]["done"] >= 5, within_s=20, every_s=0.01)
        assert system.the_run(workflow, run)["status"] == "running"

        fault(system)

        at = time.monotonic()
        ended = system.ended(workflow, run, within_s=30)
        system.all_in(workflow, "created", within_s=10)
        shown_s = time_until(lambda: recorder.shown() == system.states(workflow), within_s=20) + time.monotonic() - at
        # Told, or shown by the state that it reloaded.
        eventually(lambda: recorder.ends() == ["completed"] or recorder.was_told_all(), within_s=5)
    recorder.judged()

    print(f"{fault.__name__}: run ended and viewer up to date after {shown_s:.1f} s")
    assert (ended["status"], ended["progress"]) == ("completed", {"done": NODES, "total": NODES})
    with system.database() as db:
        fences = [lease["fence"] for lease in db["leases"].find({"_id": f"workflow:{workflow}"})]
    assert fences == [1], "its owner went on, nobody else took it"


def test_11_work_is_taken_within_10_s_after_redis_is_back(system: System, proxy: FaultProxy, namespace: str) -> None:
    del proxy
    workflow = system.workflow(configmaps(namespace, 1))
    kill_redis(system)
    at = time.monotonic()

    run = system.run(workflow)
    asked_s = time.monotonic() - at
    ended = system.ended(workflow, run, within_s=20)

    took_s = time.monotonic() - at
    print(f"a run asked for while Redis was killed: answered in {asked_s:.2f} s, ended after {took_s:.1f} s")
    assert ended["status"] == "completed"
    assert asked_s < 2
    assert took_s <= TAKEN_WITHIN_S


def time_until(check: Callable[[], bool], within_s: float) -> float:
    began = time.monotonic()
    eventually(check, within_s=within_s)
    return time.monotonic() - began
