"""Folders that don't outlive their worker."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import UnavailableError
from app.sources.workspaces import Workspaces
from tests.waiting import eventually

WORKER = """
import subprocess, sys
from pathlib import Path
from app.sources.workspaces import Workspaces
with Workspaces(Path(sys.argv[1])).folder("clone") as folder:
    (folder / "file").write_text("x")
    child = subprocess.Popen(["sleep", "600"], cwd=folder, start_new_session=True)
    print(folder, child.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def workspaces(tmp_path: Path) -> Workspaces:
    return Workspaces(tmp_path / "work")


def test_a_folder_is_private_and_gone_after_its_block(workspaces: Workspaces) -> None:
    with workspaces.folder("clone") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")
        assert (folder.stat().st_mode & 0o777, workspaces.root.stat().st_mode & 0o777) == (0o700, 0o700)

    assert list(workspaces.root.iterdir()) == []


def test_a_folder_is_gone_after_a_failure_too(workspaces: Workspaces) -> None:
    with pytest.raises(RuntimeError), workspaces.folder("clone") as folder:
        raise RuntimeError

    assert not folder.exists()


def test_a_sweep_leaves_those_whose_worker_lives(workspaces: Workspaces) -> None:
    with workspaces.folder("one") as one, workspaces.folder("two") as two:
        assert workspaces.sweep() == 0
        assert one.is_dir() and two.is_dir()


def test_what_a_killed_worker_left_is_swept_with_its_processes(workspaces: Workspaces) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(workspaces.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None and worker.stdin is not None
    folder, child = worker.stdout.readline().split()
    assert workspaces.sweep() == 0, "it lives"

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    for stream in (worker.stdin, worker.stdout):
        stream.close()
    assert workspaces.sweep() == 1

    assert list(workspaces.root.iterdir()) == []
    assert not Path(folder).exists()
    eventually(lambda: not is_running(int(child)))


def test_a_lock_without_a_folder_is_swept(workspaces: Workspaces) -> None:
    with workspaces.folder("clone"):
        pass
    (workspaces.root / "clone-0123.lock").touch()

    workspaces.sweep()

    assert list(workspaces.root.iterdir()) == []


def test_nothing_to_sweep_is_no_error(workspaces: Workspaces) -> None:
    assert workspaces.sweep() == 0


def test_a_root_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir(mode=0o755)
    root.chmod(0o755)

    with pytest.raises(UnavailableError, match="WORK_DIR"), Workspaces(root).folder("clone"):
        pass


def test_a_root_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "work").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnavailableError, match="WORK_DIR"), Workspaces(tmp_path / "work").folder("clone"):
        pass


def test_a_root_that_leads_elsewhere_is_not_swept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "app").mkdir(parents=True, mode=0o700)
    (tmp_path / "elsewhere" / "app.lock").touch()
    (tmp_path / "work").symlink_to(tmp_path / "elsewhere")

    assert Workspaces(tmp_path / "work").sweep() == 0
    assert (tmp_path / "elsewhere" / "app").is_dir()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
