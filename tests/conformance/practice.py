"""A practice cluster as a process, for tests."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from launcher.processes import end, spawn
from tests.waiting import eventually

ROOT = Path(__file__).parent.parent.parent


def start_practice_cluster(folder: Path) -> subprocess.Popen[bytes]:
    """Start it on a folder and wait until it has said where its kubeconfig is."""
    log = folder.with_suffix(".log")
    log.write_bytes(b"")
    process = spawn([sys.executable, "-m", "practice_cluster", "--data", str(folder)], log=log, folder=ROOT)
    eventually(lambda: str(folder / "kubeconfig") in log.read_text(), within_s=20, every_s=0.05)
    return process


@contextlib.contextmanager
def running_practice_cluster(folder: Path) -> Iterator[Path]:
    """Its kubeconfig."""
    process = start_practice_cluster(folder)
    try:
        yield folder / "kubeconfig"
    finally:
        end(process)
        said = folder.with_suffix(".log").read_text()
        assert "Traceback" not in said, f"something failed in the practice cluster:\n{said[-4000:]}"
