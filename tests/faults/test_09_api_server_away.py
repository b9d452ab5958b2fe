"""Fault 9: the cluster's API server is away, says 429 or 503, or takes its time: states are true again at most 15 s
after it is back, calls time out, and nobody storms it.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from app.workflows.merge import HEALTHY
from tests.conftest import kubectl
from tests.nodes import a_node
from tests.proxy import Asked, Canned, FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

GREEN_WITHIN_S: Final = 15
KINDS: Final = 15
DOWN: Final = [10, pytest.param(60, marks=pytest.mark.soak), pytest.param(600, marks=pytest.mark.soak)]
UP: Final = Path(__file__).parents[3] / "shared" / "cluster" / "up"
"""How this machine's cluster is brought back, where there is one."""


def configmaps(namespace: str, count: int = 2) -> list[Any]:
    return [a_node("configmap", f"c{n}", name=f"c{n}", namespace=namespace, data={"a": "1"}) for n in range(count)]


def applied(system: System, nodes: list[Any]) -> str:
    workflow = system.workflow(nodes)
    system.ended(workflow, system.run(workflow))
    system.all_in(workflow, *HEALTHY)
    return workflow


def watched(proxy: FaultProxy, since: float) -> set[str]:
    """The kinds that are watched again."""
    return {asked.path for asked in proxy.since(since) if asked.is_watch}


def is_deleted(system: System, workflow: str, node: str) -> bool:
    return bool(system.states(workflow)[node].get("reason") == "Deleted")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("down_s", DOWN)
def test_09_states_are_true_15_s_after_the_api_server_is_back(
    system: System, proxy: FaultProxy, kubeconfig: Path, namespace: str, down_s: float
) -> None:
    workflow = applied(system, configmaps(namespace))
    with Recorder(system, workflow) as recorder:
        proxy.stop()
        kubectl(kubeconfig, "-n", namespace, "delete", "configmap", "c0")
        time.sleep(down_s)
        assert not is_deleted(system, workflow, "c0"), "nobody can know it yet"
        proxy.start()
        back_at = time.monotonic()
        eventually(lambda: is_deleted(system, workflow, "c0"), within_s=GREEN_WITHIN_S)
        true_s = time.monotonic() - back_at
        eventually(lambda: len(watched(proxy, back_at)) == KINDS, within_s=GREEN_WITHIN_S)
        watched_s = time.monotonic() - back_at
        eventually(lambda: recorder.shown() == system.states(workflow), within_s=5)
    recorder.judged()

    print(f"{down_s} s down: state true after {true_s:.1f} s, all kinds watched after {watched_s:.1f} s")
    asked = proxy.since(back_at)
    per_kind = Counter(each.path for each in asked if "/apis" in each.path or "/api/" in each.path)
    assert max(per_kind.values()) <= 8, f"no storm: {per_kind}"


def test_09_a_run_waits_for_an_api_server_that_comes_back(system: System, proxy: FaultProxy, namespace: str) -> None:
    proxy.write_delay_s = 0.3
    workflow = system.workflow(configmaps(namespace, 30))
    with Recorder(system, workflow) as recorder:
        run = system.run(workflow)
        eventually(lambda: system.the_run(workflow, run)["progress"]["done"] >= 3, within_s=20, every_s=0.01)
        proxy.stop()
        time.sleep(5)
        proxy.write_delay_s = 0
        proxy.start()
        back_at = time.monotonic()

        ended = system.ended(workflow, run, within_s=30)
        ended_s = time.monotonic() - back_at
        system.all_in(workflow, *HEALTHY, within_s=GREEN_WITHIN_S)
        eventually(lambda: recorder.ends() == ["completed"], within_s=5)
    recorder.judged()

    print(f"a run whose cluster was away for 5 s ended {ended_s:.1f} s after it was back")
    assert (ended["status"], ended["progress"]) == ("completed", {"done": 30, "total": 30})


def test_09_a_run_asked_for_while_the_api_server_is_away_waits_for_it(
    system: System, proxy: FaultProxy, namespace: str
) -> None:
    workflow = system.workflow(configmaps(namespace))
    proxy.stop()
    run = system.run(workflow)
    eventually(lambda: system.the_run(workflow, run)["status"] == "running", within_s=10)
    time.sleep(2)
    proxy.start()

    assert system.ended(workflow, run, within_s=10)["status"] == "completed"


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {"Retry-After": "3"}), (503, {})], ids=["429 with Retry-After", "503"]
)
def test_09_a_server_that_is_overloaded_is_not_stormed(
    system: System, proxy: FaultProxy, namespace: str, status: int, headers: dict[str, str]
) -> None:
    def busy(asked: Asked) -> Canned | None:
        return Canned(status, headers) if namespace in asked.path or asked.is_watch or asked.query else None

    workflow = applied(system, configmaps(namespace))
    proxy.canned = busy
    proxy.cut()
    began = time.monotonic()
    run = system.run(workflow)
    time.sleep(4)
    asked = proxy.since(began)
    proxy.canned = lambda _: None
    back_at = time.monotonic()

    ended = system.ended(workflow, run, within_s=GREEN_WITHIN_S)
    system.all_in(workflow, *HEALTHY, within_s=GREEN_WITHIN_S)
    print(f"{status}: {len(asked)} requests in 4 s; the run ended {time.monotonic() - back_at:.1f} s after it was over")
    rates = Counter((each.method, each.path) for each in asked)
    assert max(rates.values()) <= 4 + 1, f"at most one a second: {rates.most_common(3)}"
    assert ended["status"] == "completed"


def test_09_slow_answers_are_waited_for(system: System, proxy: FaultProxy, namespace: str) -> None:
    proxy.write_delay_s = 5
    workflow = system.workflow(configmaps(namespace, 1))

    ended = system.ended(workflow, system.run(workflow), within_s=30)

    assert ended["status"] == "completed"
    assert system.all_in(workflow, *HEALTHY)


@pytest.fixture
def api_server(kubeconfig: Path) -> Path:
    """The file with the real API server's process id; it may be killed and brought back here."""
    pid_file = kubeconfig.parent / "run" / "kube-apiserver.pid"
    if not (UP.is_file() and pid_file.is_file()):
        reason = f"needs a cluster of this machine that may be killed: no {UP} or no {pid_file}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return pid_file


def test_09_the_real_api_server_killed(
    system: System, kubeconfig: Path, api_server: Path, proxy: FaultProxy, namespace: str
) -> None:
    del proxy
    name = system.add_cluster(kubeconfig, name=f"direct-{namespace}")
    workflow = system.workflow(configmaps(namespace), cluster=name)
    system.ended(workflow, system.run(workflow))
    system.all_in(workflow, *HEALTHY)
    with Recorder(system, workflow) as recorder:
        os.kill(int(api_server.read_text()), signal.SIGKILL)
        killed_at = time.monotonic()
        try:
            time.sleep(4)
            run = system.run(workflow)
        finally:
            bringing_back = subprocess.Popen([UP], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: kubectl(kubeconfig, "get", "--raw", "/readyz") == "ok", within_s=60, every_s=0.1)
        back_at = time.monotonic()
        kubectl(kubeconfig, "-n", namespace, "delete", "configmap", "c0")
        eventually(lambda: is_deleted(system, workflow, "c0"), within_s=GREEN_WITHIN_S)
        true_s = time.monotonic() - back_at
        system.ended(workflow, run, within_s=30)
        system.ended(workflow, system.run(workflow), within_s=30)
        system.all_in(workflow, *HEALTHY, within_s=GREEN_WITHIN_S)
        eventually(lambda: recorder.shown() == system.states(workflow), within_s=5)
    recorder.judged()
    system.api.call("DELETE", f"/clusters/{name}")
    assert bringing_back.wait(timeout=100) == 0

    print(f"API server away for {back_at - killed_at:.1f} s: a change after its return seen {true_s:.1f} s later")
