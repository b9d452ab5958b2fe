"""From a bare watch seeing a Deployment's new state to an SSE client seeing it.

A Deployment in a namespace that allows no pods is scaled between 0 and 1: its state depends on nothing else then. The
bare watch says when the cluster told the new state (by our own status function: both sides mean the same), the stream
when a viewer has it.
"""

import http.client
import json
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from app.resources.status.registry import status_of
from app.resources.status.related import NOTHING_RELATED
from benchmarks.bare import BareCluster, in_thread, namespace, remove_namespace
from benchmarks.report import Figure, percentile, section
from tests.nodes import a_node
from tests.system import System
from tests.waiting import eventually

CHANGES: Final = 60
MERGE: Final = "application/merge-patch+json"
ZERO: Final = "Scaled to 0"


def measure(system: System, cluster: BareCluster) -> None:
    """Print the figures."""
    space = f"bench-latency-{int(time.time())}"
    namespace(cluster, space)
    no_pods = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "no"}, "spec": {"hard": {"pods": "0"}}}
    cluster.call("POST", f"/api/v1/namespaces/{space}/resourcequotas", no_pods)
    data = {"name": "d", "namespace": space, "image": "localhost:5000/web:1"}
    workflow = system.workflow([a_node("deployment", "d", **data, replicas=0)])
    run = system.run(workflow)
    system.ended(workflow, run)
    eventually(lambda: system.states(workflow)["d"]["message"] == ZERO, within_s=30)
    cluster_saw: list[float] = []
    viewer_saw: list[float] = []
    following = [threading.Event(), threading.Event()]
    in_thread(follow_cluster, cluster, space, cluster_saw, following[0])
    in_thread(follow_stream, system, workflow, viewer_saw, following[1])
    assert all(each.wait(10) for each in following), "neither began to follow"
    path = f"/apis/apps/v1/namespaces/{space}/deployments/d"
    for _ in range(CHANGES):
        seen = len(viewer_saw)
        cluster.call("PATCH", path, {"spec": {"replicas": 1}}, MERGE)
        eventually(lambda: system.states(workflow)["d"]["message"] != ZERO, within_s=20, every_s=0.05)
        cluster.call("PATCH", path, {"spec": {"replicas": 0}}, MERGE)
        eventually(partial(_both_saw, cluster_saw, viewer_saw, seen + 1), within_s=20)
        time.sleep(0.1)
    late = [(there - here) * 1000 for here, there in zip(cluster_saw, viewer_saw, strict=False)]
    section(
        f"A Deployment's new state, bare watch to SSE viewer ({len(late)} changes)",
        [
            Figure("p50", percentile(late, 0.5), "ms", aim=5),
            Figure("p99", percentile(late, 0.99), "ms", aim=25),
            Figure("worst", max(late), "ms"),
        ],
    )
    system.api.call("DELETE", f"/workflows/{workflow}")
    remove_namespace(cluster, space)


def _both_saw(here: list[float], there: list[float], number: int) -> bool:
    return len(here) >= number and len(there) >= number


def follow_cluster(cluster: BareCluster, space: str, saw: list[float], begun: threading.Event) -> None:
    """When the watch first told of each scaling to 0; `begun` with the first event, of what is there."""
    was_zero = True
    for came, event in cluster.watch(f"/apis/apps/v1/namespaces/{space}/deployments"):
        begun.set()
        status = status_of(event["object"], NOTHING_RELATED, datetime.now(UTC), kind="Deployment")
        is_zero = status.message == ZERO
        if is_zero and not was_zero:
            saw.append(came)
        was_zero = is_zero


def follow_stream(system: System, workflow: str, saw: list[float], begun: threading.Event) -> None:
    """When a viewer had each; `begun` with the first event, of the workflow as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
    headers = {"Authorization": f"Bearer {system.api.token}", "Accept": "text/event-stream"}
    connection.request("GET", f"/v1/api/workflows/{workflow}/status/stream", headers=headers)
    answer = connection.getresponse()
    was_zero = True
    while line := answer.readline():
        came = time.monotonic()
        if not line.startswith(b"data:"):
            continue
        begun.set()
        event: Any = json.loads(line[5:])
        if event.get("event_type") in ("node_update", "workflow_sync"):
            is_zero = _status_in(event)["message"] == ZERO
            if is_zero and not was_zero:
                saw.append(came)
            was_zero = is_zero


def _status_in(event: Any) -> Any:
    """Of the only node. Who is told between a write and its publish gets the whole state instead of the change."""
    data = event["data"]
    return data["status"] if event["event_type"] == "node_update" else data["nodes"][0]["data"]["_status"]
