"""Fault 1 in the running product: kill -9 of the worker while runs of 60 nodes are on their way."""

import json
import time
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import kubectl
from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

NODES: Final = 60
WAITING: Final = 1
"""Further runs at the same time: one is in its middle too, on the worker's other process."""
FINISHED_WITHIN_S: Final = 15
SLOW_S: Final = 0.3
"""A write; so that a run of 60 nodes is in its middle for about two seconds."""


def sixty(namespace: str, prefix: str) -> list[Any]:
    return [
        a_node("configmap", f"n{n}", name=f"{prefix}-{n}", namespace=namespace, data={"n": str(n)})
        for n in range(NODES)
    ]


def kill_at(system: System, workflow: str, done: int) -> str:
    """Kill the worker once so many nodes are done; the run's id."""
    run = system.run(workflow)
    eventually(lambda: system.the_run(workflow, run)["progress"]["done"] >= done, within_s=20, every_s=0.01)
    assert system.the_run(workflow, run)["status"] == "running", "it must be in its middle"
    system.signal("worker")
    return run


def finished(system: System, kubeconfig: Path, namespace: str, workflow: str, run: str) -> None:
    ended = system.ended(workflow, run, within_s=60)
    assert (ended["status"], ended["progress"]) == ("completed", {"done": NODES, "total": NODES})
    states = system.all_in(workflow, "created", within_s=10)
    assert len(states) == NODES
    label = f"kubeorch.io/workflow={workflow}"
    how = ("-l", label, "-o", "json", "--show-managed-fields")
    found = json.loads(kubectl(kubeconfig, "-n", namespace, "get", "configmaps", *how))["items"]
    assert {obj["metadata"]["name"].rpartition("-")[2] for obj in found} == {obj["data"]["n"] for obj in found}
    assert len(found) == NODES
    assert {field["manager"] for obj in found for field in obj["metadata"]["managedFields"]} == {"kubeorch"}


@pytest.mark.parametrize("moments", [(20,), pytest.param((1, 10, 30, 50, 59), marks=pytest.mark.soak)])
def test_01_a_run_of_60_nodes_outlives_its_worker(
    system: System, proxy: FaultProxy, kubeconfig: Path, namespace: str, moments: tuple[int, ...]
) -> None:
    waited = []
    for moment in moments:
        proxy.write_delay_s = SLOW_S
        workflow = system.workflow(sixty(namespace, f"m{moment}"))
        waiting = [system.workflow(sixty(namespace, f"w{moment}-{n}")) for n in range(WAITING)]
        with Recorder(system, workflow) as recorder:
            queued = [(each, system.run(each)) for each in waiting]
            run = kill_at(system, workflow, moment)
            killed_at = time.monotonic()
            proxy.write_delay_s = 0
            system.ended(workflow, run, within_s=30)
            waited.append(round(time.monotonic() - killed_at, 1))

            finished(system, kubeconfig, namespace, workflow, run)
            for each, its_run in queued:
                finished(system, kubeconfig, namespace, each, its_run)
            eventually(lambda: recorder.shown() == system.states(workflow), within_s=5)  # noqa: B023  called at once
            eventually(lambda: recorder.ends() == ["completed"], within_s=5)
        recorder.judged()

    print(f"worker killed at {moments} of {NODES}: finished after {waited} s")
    assert max(waited) <= FINISHED_WITHIN_S
