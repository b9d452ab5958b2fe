"""`python -m launcher run|demo`."""

import sys

from launcher.run import announce
from launcher.start import start


def main() -> int:
    match sys.argv[1:]:
        case ["run"]:
            return start(announce)
        case ["demo"]:
            from launcher.demo import demo

            return start(demo, shows_example=True)
        case _:
            print("usage: python -m launcher run|demo", file=sys.stderr)
            return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before the supervisor listens to signals: whatever runs by then ends with us
        sys.exit(130)
