"""2,000 deployments with 4,000 pods on the practice cluster, watched: how long, how much memory, and what is too much.

python -m benchmarks.practice          about three minutes; needs no Kubernetes
"""

import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from app.clock import SystemClock
from app.kube.client import KubeClient
from app.kube.events import ChangeType
from app.kube.listing import Scope
from app.kube.objects import KNOWN, KubeObject, ObjectRef
from app.kube.watch import WatchLoop, WatchState
from benchmarks.report import Figure, section
from benchmarks.watching import resident_mb
from launcher.processes import end
from tests.conformance.builders import a_deployment
from tests.conformance.practice import start_practice_cluster
from tests.e2e.kube_access import a_client, admin_access
from tests.waiting import eventually

DEPLOYMENTS: Final = 2000
REPLICAS: Final = 2
MEMORY_AIM_MB: Final = 250
WRITERS: Final = 4


class Seen:
    """What a watch has told."""

    def __init__(self) -> None:
        self.ready: set[str] = set()
        self.events = 0

    def replaced(self, objects: Sequence[KubeObject]) -> None:
        self.ready = {obj["metadata"]["uid"] for obj in objects if is_ready(obj)}

    def changed(self, event_type: ChangeType, obj: KubeObject) -> None:
        self.events += 1
        is_there = event_type != "DELETED" and is_ready(obj)
        (self.ready.add if is_there else self.ready.discard)(obj["metadata"]["uid"])

    def state(self, state: WatchState, message: str) -> None:
        """Nothing: a lost watch comes again."""


def is_ready(obj: KubeObject) -> bool:
    if obj["kind"] == "Pod":
        conditions = (obj.get("status") or {}).get("conditions") or []
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return bool((obj.get("status") or {}).get("availableReplicas") == obj["spec"]["replicas"])


def watched(client: KubeClient, kind: tuple[str, str], stop: threading.Event) -> Seen:
    """Follow all objects of a kind with the product's own loop, on a thread."""
    seen = Seen()
    loop = WatchLoop(
        lambda: client.connection, KNOWN[kind], sink=seen, clock=SystemClock(), stop=stop, wake=threading.Event()
    )
    threading.Thread(target=loop.run, daemon=True).start()
    return seen


def named(name: str, replicas: int) -> dict[str, Any]:
    return a_deployment(name, image="nginx", replicas=replicas) | {"metadata": {"name": name, "namespace": "default"}}


def fill(client: KubeClient) -> float:
    """Apply every deployment; how long that took."""

    def apply(number: int) -> Any:
        return client.apply(named(f"d{number}", replicas=REPLICAS))

    began = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(apply, range(DEPLOYMENTS)))
    return time.monotonic() - began


def refused(client: KubeClient) -> str:
    """What it says to more than it holds."""
    client.apply(named("toomany", replicas=1100))

    def said() -> Any:
        obj = client.get(ObjectRef("apps/v1", "Deployment", "default", "toomany"))
        failures = [c for c in obj["status"].get("conditions") or [] if c["type"] == "ReplicaFailure"]
        return failures and failures[0]["message"]

    return str(eventually(said, within_s=60, every_s=0.5))


def main(_: list[str]) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        process = start_practice_cluster(Path(folder) / "practice")
        stop = threading.Event()
        try:
            client = a_client(admin_access(Path(folder) / "practice" / "kubeconfig"))
            empty = resident_mb(process.pid)
            pods = watched(client, ("v1", "Pod"), stop)
            deployments = watched(client, ("apps/v1", "Deployment"), stop)
            began = time.monotonic()
            applied_s = fill(client)
            wanted = DEPLOYMENTS * REPLICAS
            eventually(lambda: len(pods.ready) >= wanted and len(deployments.ready) >= DEPLOYMENTS, 600, 0.2)
            ready_s, full = time.monotonic() - began, resident_mb(process.pid)
            began = time.monotonic()
            count = len(client.list_all(Scope(KNOWN["v1", "Pod"])))
            listed_s = time.monotonic() - began
            assert count == wanted
            rolled = time.monotonic()
            client.apply(named("d0", replicas=0))
            eventually(lambda: len(pods.ready) <= wanted - REPLICAS, 60, 0.01)
            seen_s = time.monotonic() - rolled
            section(
                f"{DEPLOYMENTS} deployments with {wanted} pods on the practice cluster, watched",
                [
                    Figure("the server, empty", empty, "MB"),
                    Figure("all applied", applied_s, "s", note=f"{DEPLOYMENTS / applied_s:.0f} a second"),
                    Figure("all ready, as the watches tell", ready_s, "s"),
                    Figure("changes told", pods.events + deployments.events, ""),
                    Figure("the server with them", full, "MB", aim=MEMORY_AIM_MB),
                    Figure(f"a list of {wanted} pods in pages of 500", listed_s * 1000, "ms"),
                    Figure("one scaled to 0: its pods are gone", seen_s, "s"),
                ],
            )
            print(f"  asked for 1,100 pods more: {refused(client)}")
            print(f"  the server then: {resident_mb(process.pid):.0f} MB")
        finally:
            stop.set()
            end(process)


if __name__ == "__main__":
    main([])
