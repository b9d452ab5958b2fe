"""One process group: start it so that it can't outlive us, end it with all that it started.

Every process carries `KUBEORCH_LAUNCH=<launch>/<part>` in its environment: on Linux that finds also those that left
their group. Called by the supervisor, the guardian and the tests' servers.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

MARK: Final = "KUBEORCH_LAUNCH"
PROC: Final = Path("/proc")


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own; the kernel kills it when this thread's process dies.

    Must be called on a thread that lives as long as the child should: the kernel counts the thread, not the process.
    """
    wrapper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py")), str(os.getpid())]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*wrapper, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(os.environ if environment is None else environment),
            cwd=folder,
            start_new_session=True,
        )


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Without reaping it: as long as it isn't reaped, nobody else can get its pid, and so its group's id."""
    if process.returncode is not None:
        return True
    seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return seen is not None


def end(process: subprocess.Popen[bytes], *, within_s: float = 10.0) -> None:
    """SIGTERM to the process, then SIGKILL to what is left of its group."""
    if not has_ended(process):
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + within_s
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.02)
    reap(process)


def reap(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group, its leader included, and take the exit status."""
    if process.returncode is None:
        kill_group(process.pid)
        process.wait()


def kill_group(group: int) -> None:
    # PermissionError: macOS says so of a group that holds only zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def marked(mark: str) -> Iterator[int]:
    """Our living processes whose mark is this one or starts with it and a slash. None where there is no /proc."""
    wanted = (f"{MARK}={mark}".encode(), f"{MARK}={mark}/".encode())
    for folder in PROC.glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # it has gone, or is somebody else's
            continue
        if any(variable == wanted[0] or variable.startswith(wanted[1]) for variable in variables):
            yield int(folder.name)


def kill_marked(mark: str) -> None:
    """Also what started others while we looked: until nothing is found."""
    for _ in range(10):
        pids = [pid for pid in marked(mark) if pid != os.getpid()]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
