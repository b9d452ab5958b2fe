"""A launch with tiny parts: `python -m tests.integration.launcher.fake_launch <data folder> [stubborn]`.

Parts: a store; a part with a child in its group and one that has left it; one that keeps dying.
"""

import secrets
import sys
from pathlib import Path

from launcher.data import DataFolder, DataFolderError
from launcher.runfile import RunFile
from launcher.supervisor import Part, Supervisor

WAIT = "import time; time.sleep(600)"
PARENT = f"""
import subprocess, sys, time
for left_group in (False, True):
    subprocess.Popen([sys.executable, "-c", {WAIT!r}], start_new_session=left_group)
time.sleep(600)
"""


STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"


def fake_parts() -> list[Part]:
    return [
        Part("store", [sys.executable, "-S", "-c", WAIT], 1234, ready=lambda: True, store=True),
        Part("pool", [sys.executable, "-S", "-c", PARENT]),
        Part("dying", [sys.executable, "-S", "-c", "raise SystemExit(3)"]),
    ]


def main() -> None:
    data = DataFolder(Path(sys.argv[1]))
    data.make()
    with data.locked():
        parts = fake_parts()
        if "stubborn" in sys.argv:
            parts.append(Part("stubborn", [sys.executable, "-S", "-c", STUBBORN]))
        run_file = RunFile(data.run_file, secrets.token_hex(8))
        Supervisor(
            parts,
            environment={"PATH": "/usr/bin:/bin"},
            run_file=run_file,
            logs=data.logs,
            say=lambda text: print(text, flush=True),
        ).run()


if __name__ == "__main__":
    try:
        main()
    except DataFolderError as error:
        sys.exit(str(error))
