"""2,000 watched objects: the watcher's memory, and how many connections it holds to the cluster."""

import time
from pathlib import Path
from typing import Final

from benchmarks.bare import BareCluster, namespace, remove_namespace
from benchmarks.report import Figure, section
from tests.nodes import a_node
from tests.system import System

OBJECTS: Final = 2000
A_WORKFLOW: Final = 200


def measure(system: System, cluster: BareCluster) -> None:
    """Print the figures."""
    space = f"bench-watch-{int(time.time())}"
    namespace(cluster, space)
    pid, port = system.pid("watcher"), cluster.pool.port
    before = resident_mb(pid)
    workflows = []
    for start in range(0, OBJECTS, A_WORKFLOW):
        nodes = [
            a_node("configmap", f"c{n}", name=f"c{n}", namespace=space, data={"n": str(n)})
            for n in range(start, start + A_WORKFLOW)
        ]
        workflow = system.workflow(nodes)
        system.ended(workflow, system.run(workflow))
        workflows.append(workflow)
    for workflow in workflows:
        system.all_in(workflow, "created")
    section(
        f"{OBJECTS} watched objects in one cluster",
        [
            Figure("the watcher before", before, "MB"),
            Figure("the watcher with them", resident_mb(pid), "MB"),
            Figure(
                "connections to the cluster",
                connections(pid, int(port or 443)),
                "",
                note="one a kind, never one a node",
            ),
        ],
    )
    for workflow in workflows:
        system.api.call("DELETE", f"/workflows/{workflow}")
    remove_namespace(cluster, space)


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def connections(pid: int, port: int) -> int:
    """Established ones of this process to that port."""
    sockets = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    inodes = {name[8:-1] for name in sockets if name.startswith("socket:[")}
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return sum(row[9] in inodes and row[3] == "01" and int(row[2].split(":")[1], 16) == port for row in rows)
