"""`make bench`, or `python -m benchmarks [NAME…]` with names of PARTS and ALONE: all figures in one run.

Times of ours stand beside the same work by a bare client in the same run. Quiet machine, KUBECONFIG set; about seven
minutes.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from benchmarks import compose, fanout, latency, layout, practice, requests, runs, watching
from benchmarks.bare import BareCluster, kubeconfig
from tests.system import running_system

PARTS: Final = {
    "runs": runs.measure,
    "latency": latency.measure,
    "requests": requests.measure,
    "watching": watching.measure,
}

# These need no cluster and start what they need themselves.
ALONE: Final[Mapping[str, Callable[[list[str]], None]]] = {
    "fanout": fanout.main,
    "layout": layout.main,
    "compose": compose.main,
    "practice": practice.main,
}


def main(wanted: list[str]) -> None:
    """Run the parts that are named, or all."""
    if unknown := set(wanted) - {*PARTS, *ALONE}:
        raise SystemExit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join([*PARTS, *ALONE])}")
    chosen = [part for name, part in PARTS.items() if not wanted or name in wanted]
    if chosen:
        cluster = BareCluster.of(kubeconfig())
        with (
            tempfile.TemporaryDirectory() as folder,
            running_system(Path(folder), RATE_LIMIT_ENABLED="false", LOG_LEVEL="warning") as system,
        ):
            system.add_cluster(kubeconfig())
            for part in chosen:
                part(system, cluster)
    for name, measure_alone in ALONE.items():
        if not wanted or name in wanted:
            measure_alone([])


if __name__ == "__main__":
    main(sys.argv[1:])
