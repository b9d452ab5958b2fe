"""A process that is told to stop does so, whatever its main thread was just doing."""

import signal
import subprocess
import sys
from contextlib import ExitStack

# The main thread holds the event's lock most of the time, as it does for a moment whenever it begins to wait.
WAITS_AGAIN_AND_AGAIN = """
from workers.process import stop_on_signals
stop = stop_on_signals()
print("ready", flush=True)
while not stop.wait(0):
    pass
"""
PROCESSES = 3


def test_a_signal_may_come_while_the_event_is_locked() -> None:
    command = [sys.executable, "-c", WAITS_AGAIN_AND_AGAIN]
    with ExitStack() as stack:
        processes = [stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE)) for _ in range(PROCESSES)]
        for process in processes:
            stack.callback(process.kill)
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"

            process.send_signal(signal.SIGTERM)

        assert [process.wait(timeout=20) for process in processes] == [0] * PROCESSES
