"""Between fork and exec: asks the kernel to end this process with its parent, then becomes the program.

Run as a file by `processes.spawn` (`python -I -S child.py <parent's pid> <program> <arguments...>`), so that it costs
10 ms and the program keeps the pid that was started. On other systems than Linux it only executes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """SIGKILL when the parent's gone, also when it went before we could ask."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def main() -> None:
    parent, program, *arguments = sys.argv[1:]
    die_with(int(parent))
    try:
        os.execvp(program, [program, *arguments])  # noqa: S606  no shell: that is the point
    except OSError as error:
        print(f"Can't start {program}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main()
