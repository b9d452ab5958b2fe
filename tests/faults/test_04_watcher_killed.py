"""Fault 4: the watcher that holds the cluster is killed while objects change.

The states end equal to the cluster, no change is lost and none goes back. The stream says all this in order.
"""

import time
from typing import Final

import pytest

from launcher.supervisor import YOUNG_S
from tests.changer import Changer, all_true, changer, workflow
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

__all__ = ["changer", "workflow"]  # fixtures

TRUE_WITHIN_S: Final = 15


@pytest.mark.parametrize("kills", [1, pytest.param(50, marks=pytest.mark.soak)])
def test_04_a_killed_watcher_loses_no_change(system: System, workflow: str, changer: Changer, kills: int) -> None:
    waited = []
    with Recorder(system, workflow) as recorder:
        for _ in range(kills):
            with changer.changing():
                made = changer.made
                eventually(lambda: changer.made > made + 30, within_s=20)  # noqa: B023  called at once
                # The launcher waits ever longer with what dies young; that isn't what is looked at here.
                eventually(lambda: system.lived_s("watcher") > YOUNG_S, within_s=2 * YOUNG_S)
                killed = system.signal("watcher")
                killed_at = time.monotonic()
                system.back("watcher", killed)
                eventually(lambda: changer.made > made + 200, within_s=60)  # noqa: B023  called at once
            eventually(all_true(system, workflow, changer), within_s=25)
            waited.append(round(time.monotonic() - killed_at, 1))
        eventually(lambda: recorder.shown() == system.states(workflow), within_s=5)
    recorder.judged()

    print(f"{kills} kills, {changer.made} changes: states true after {waited} s")
    assert max(waited) <= TRUE_WITHIN_S
