"""Parts are kept running, and nothing of them outlives the launcher."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.data import DataFolder
from launcher.processes import marked
from launcher.start import end_leftovers
from tests.integration.launcher.launched import Launched, launched
from tests.waiting import eventually


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launched]:
    with launched(["tests.integration.launcher.fake_launch", str(tmp_path)], tmp_path) as running:
        running.wait_for("store", "pool")
        eventually(lambda: len(running.living()) >= 4)  # store, pool and its two children
        yield running


def test_run_json_names_every_process(launch: Launched) -> None:
    entry = launch.run()["processes"]["store"]

    assert entry["port"] == 1234
    assert "time.sleep" in entry["command"]
    assert list(marked(f"{launch.run()['launch']}/store")) == [entry["pid"]], "the part's own pid, not a wrapper's"
    assert (launch.data / "run.json").stat().st_mode & 0o777 == 0o600


def test_a_killed_part_is_back_within_two_seconds_and_its_children_are_not(launch: Launched) -> None:
    part = f"{launch.run()['launch']}/pool"
    before = launch.pid_of("pool")
    old_family = set(marked(part))
    assert before
    assert len(old_family) == 3

    killed_at = time.monotonic()
    os.kill(before, signal.SIGKILL)
    eventually(lambda: launch.pid_of("pool") not in (None, before), within_s=2)

    assert time.monotonic() - killed_at < 2
    eventually(lambda: len(set(marked(part)) - old_family) == 3, within_s=2)
    assert not set(marked(part)) & old_family


def test_what_keeps_dying_waits_longer_each_time(launch: Launched) -> None:
    said = (line for line in launch.process.stdout or () if line.startswith("dying "))
    lines = [next(said) for _ in range(3)]

    assert all("ended with status 3" in line for line in lines)
    assert [line.split(" again in ")[1].split(" s ")[0] for line in lines] == ["0.1", "1", "2"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything(launch: Launched, number: signal.Signals) -> None:
    launch_id = launch.run()["launch"]

    launch.process.send_signal(number)

    assert launch.process.wait(timeout=10) == 0
    assert list(marked(launch_id)) == []
    assert not (launch.data / "run.json").exists()


def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    with launched(["tests.integration.launcher.fake_launch", str(tmp_path), "stubborn"], tmp_path) as launch:
        launch.wait_for("stubborn")
        launch_id, stubborn = launch.run()["launch"], launch.pid_of("stubborn")
        eventually(lambda: ignores_sigterm(stubborn))

        launch.process.send_signal(signal.SIGINT)
        eventually(lambda: set(launch.run()["processes"]) == {"store", "stubborn"})
        assert launch.process.poll() is None
        launch.process.send_signal(signal.SIGINT)

        assert launch.process.wait(timeout=5) == 0
        assert list(marked(launch_id)) == []


def ignores_sigterm(pid: int | None) -> bool:
    ignored = Path(f"/proc/{pid}/status").read_text().split("SigIgn:\t")[1].split("\n")[0]
    return bool(int(ignored, 16) >> (signal.SIGTERM - 1) & 1)


def test_kill_9_of_the_launcher_leaves_nothing(launch: Launched) -> None:
    launch_id, guardian = launch.run()["launch"], launch.run()["guardian"]["pid"]

    launch.process.kill()

    eventually(lambda: list(marked(launch_id)) == [] and not Path(f"/proc/{guardian}").exists(), within_s=5)
    assert not (launch.data / "run.json").exists(), "it would name processes that are gone"


def test_what_outlived_launcher_and_guardian_is_ended_by_the_next_start(launch: Launched) -> None:
    launch_id, data = launch.run()["launch"], DataFolder(launch.data)
    launch.process.send_signal(signal.SIGSTOP)  # so that it can't replace its guardian
    os.kill(launch.run()["guardian"]["pid"], signal.SIGKILL)
    launch.process.kill()
    launch.process.wait()
    assert list(marked(launch_id)), "the grandchildren: the kernel kills only children"

    end_leftovers(data)

    assert list(marked(launch_id)) == []
    assert not data.run_file.exists()


def test_a_killed_guardian_is_replaced(launch: Launched) -> None:
    before = launch.run()["guardian"]["pid"]

    os.kill(before, signal.SIGKILL)

    eventually(lambda: launch.run()["guardian"]["pid"] != before, within_s=2)


def test_a_second_launcher_is_refused_and_told_why(launch: Launched) -> None:
    with launched(["tests.integration.launcher.fake_launch", str(launch.data)], launch.data) as second:
        output, _ = second.process.communicate(timeout=10)

    assert second.process.returncode == 1
    assert f"Another launcher (process {launch.process.pid}) is using {launch.data}" in output
    assert launch.pid_of("store"), "the first goes on"
