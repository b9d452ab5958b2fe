"""Ends what is left when the launcher was killed: `python -S -m launcher.guardian <run.json> <launch>`.

Its standard input is a pipe from the launcher, which ends with it, however it ends. The kernel has killed the
launcher's own children by then; this kills what these had started: pool processes, gunicorn workers.
"""

import signal
import sys
from pathlib import Path

from launcher.processes import kill_group, kill_marked
from launcher.runfile import read_run


def clean_up(run_file: Path, launch: str) -> None:
    """Kill every process of this launch and drop its run.json; another launch's is left alone."""
    run = read_run(run_file)
    ours = run.get("launch") == launch
    if ours:
        for process in run.get("processes", {}).values():
            kill_group(process["pid"])
    kill_marked(launch)
    if ours:
        run_file.unlink(missing_ok=True)


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean_up(Path(sys.argv[1]), sys.argv[2])


if __name__ == "__main__":
    main()
