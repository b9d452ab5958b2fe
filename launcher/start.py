"""One start: check, lock, start, tell how to reach it, keep it running, stop."""

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.settings import SettingsError, load_settings, read_values
from launcher.checks import UnfitMachineError, check_machine
from launcher.data import DataFolder, DataFolderError
from launcher.embedded import NotStartableError
from launcher.parts import Plan, PortTakenError, data_folder, make_plan
from launcher.practice import practice_parts
from launcher.processes import PROC, kill_marked
from launcher.runfile import RunFile, read_run
from launcher.supervisor import Supervisor

# Runs on a thread of its own beside the supervisor; its answer is the exit status, None to go on serving.
Companion = Callable[[Plan, DataFolder, Mapping[str, str]], int | None]

GUARDIAN_WITHIN_S: Final = 5.0
EXPECTED: Final = (SettingsError, UnfitMachineError, DataFolderError, NotStartableError, PortTakenError)


def start(companion: Companion, *, shows_example: bool = False) -> int:
    """Run until a signal or the companion asks for the end; the exit status.

    Args:
        companion: what to do beside the running parts.
        shows_example: it needs a cluster, if only the practice cluster.
    """
    os.umask(0o077)  # logs and data are the owner's alone
    try:
        given = read_values(os.environ)
        data = data_folder(given)
        data.make()
        with data.locked():
            return serve(given, data, companion, shows_example=shows_example)
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1


def serve(given: Mapping[str, Any], data: DataFolder, companion: Companion, *, shows_example: bool) -> int:
    end_leftovers(data)
    for warning in check_machine(data.path, embedded_mongo="mongo_uri" not in given):
        print(f"Warning: {warning}", file=sys.stderr)
    kept = data.secrets()
    plan = make_plan(given, data, kept)
    practice = practice_parts(data, os.environ, shows_example=shows_example)
    environment = {**os.environ, **plan.settings}
    load_settings(environment)  # a bad value is said here, in one line, not by each part in its log
    print(f"Starting (data and logs in {data.path}) ...", flush=True)
    launch = secrets.token_hex(8)
    supervisor = Supervisor(
        [*practice, *plan.parts],
        environment=environment,
        run_file=RunFile(data.run_file, launch),
        logs=data.logs,
        say=lambda text: print(text, flush=True),
    )
    status: list[int] = []

    def accompany() -> None:
        answer = companion(plan, data, kept)
        if answer is not None:
            status.append(answer)
            supervisor.request_stop()

    threading.Thread(target=accompany, daemon=True, name="companion").start()
    supervisor.run()
    print("Stopped.", flush=True)
    return status[0] if status else 0


def end_leftovers(data: DataFolder) -> None:
    """Of a launch whose launcher was killed. We hold the lock, so nobody else needs them."""
    if not (run := read_run(data.run_file)):
        return
    launch, guardian = str(run.get("launch")), run.get("guardian", {}).get("pid", 0)
    # Its guardian is at it; it must be done with run.json before we write ours.
    deadline = time.monotonic() + GUARDIAN_WITHIN_S
    while guards(guardian, launch) and time.monotonic() < deadline:
        time.sleep(0.02)
    kill_marked(launch)
    data.run_file.unlink(missing_ok=True)


def guards(pid: int, launch: str) -> bool:
    """Is this process that launch's guardian, and not a later one with its pid?"""
    try:
        return launch.encode() in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
