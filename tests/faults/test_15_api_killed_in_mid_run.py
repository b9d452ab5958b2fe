"""Fault 15 in the running product: kill -9 of the API in mid-run, with people looking. They miss nothing."""

import time
from contextlib import ExitStack
from typing import Final

import pytest

from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

BACK_WITHIN_S: Final = 10
NODES: Final = 40


@pytest.mark.parametrize("viewers", [20, pytest.param(300, marks=pytest.mark.soak)])
def test_15_a_run_and_its_viewers_outlive_the_api(
    system: System, proxy: FaultProxy, namespace: str, viewers: int
) -> None:
    proxy.write_delay_s = 0.6
    nodes = [a_node("configmap", f"c{n}", name=f"c{n}", namespace=namespace, data={"a": "1"}) for n in range(NODES)]
    workflow = system.workflow(nodes)
    with ExitStack() as stack:
        recorders = [stack.enter_context(Recorder(system, workflow)) for _ in range(viewers)]
        eventually(lambda: all(recorder.frames for recorder in recorders), within_s=20, every_s=0.1)
        run = system.run(workflow)
        eventually(lambda: system.the_run(workflow, run)["progress"]["done"] >= 4, within_s=20, every_s=0.01)

        before = system.signal("api")
        killed_at = time.monotonic()
        eventually(lambda: all(len(recorder.history) > 1 for recorder in recorders), within_s=30, every_s=0.02)
        back_s = time.monotonic() - killed_at
        proxy.write_delay_s = 0

        assert system.pid("api") != before
        ended = system.ended(workflow, run, within_s=30)
        system.all_in(workflow, "created", within_s=10)
        final = system.states(workflow)
        eventually(lambda: all(recorder.shown() == final for recorder in recorders), within_s=10, every_s=0.1)
    for recorder in recorders:
        recorder.judged()

    print(f"API killed in mid-run: {viewers} viewers back after {back_s:.1f} s")
    assert ended["status"] == "completed"
    assert back_s <= BACK_WITHIN_S
