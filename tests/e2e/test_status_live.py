"""States of living objects, as the watcher would judge them: listed, read about, judged. About half a minute."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from app.clock import SystemClock
from app.kube.connection import Connection
from app.kube.objects import KNOWN
from app.resources.evidence import needs_evidence, object_evidence, object_needs_evidence, pod_evidence
from app.resources.status.endpoints import SERVICE_LABEL, count_ready, endpoint_facts
from app.resources.status.model import Status
from app.resources.status.pods import pod_facts
from app.resources.status.registry import status_of
from app.resources.status.related import Related
from tests.conftest import kubectl
from tests.e2e.kube_access import a_client, admin_access
from tests.unit.resources.scenarios import Scenario
from tests.unit.resources.situations import ALL
from tests.waiting import eventually

CLOCK: Final = SystemClock()
LIVE: Final = {
    # case: state, and what a person must find in the message
    "deployment/rolled-out": ("healthy", ["2 of 2 ready"]),
    "deployment/image-not-found": ("error", ["can't pull nginx:nope: not found", "ImagePullBackOff"]),
    "deployment/crash": ("error", ["exited with code 1", "Last line of its log: failing on purpose"]),
    "deployment/unschedulable": ("error", ["can't be scheduled", "Insufficient cpu"]),
    "deployment/missing-configmap-mount": ("error", ["can't mount volume settings", 'configmap "absent" not found']),
    "deployment/missing-secret-env": ("error", ['secret "absent" not found']),
    "deployment/readiness-probe-fails": ("partial", ["readiness probe fails: HTTP 404"]),
    "deployment/liveness-probe-fails": ("error", ["liveness probe fails: HTTP 404"]),
    "job/complete": ("completed", ["2 of 2 completed"]),
    "service/without-endpoints": ("partial", ["app=lonely"]),
    "persistentvolumeclaim/bound": ("Bound", ["1Gi"]),
}
SCENARIOS: Final = [each for each in ALL if f"{each.kind}/{each.case}" in LIVE]


@pytest.fixture
def connection(kubeconfig: Path) -> Iterator[Connection]:
    made = a_client(admin_access(kubeconfig)).connection
    yield made
    made.close()


def listed(connection: Connection, api_version: str, kind: str, namespace: str, selector: str = "") -> list[Any]:
    query = {"labelSelector": selector} if selector else {}
    return list(connection.request("GET", KNOWN[api_version, kind].path(namespace), query=query)["items"])


def judged(connection: Connection, scenario: Scenario, namespace: str, now: datetime) -> Status:
    """What the watcher would say about this scenario's object now."""
    wanted = scenario.manifests[0]
    name, kind = wanted["metadata"]["name"], KNOWN[wanted["apiVersion"], wanted["kind"]]
    obj = connection.request("GET", kind.path(namespace, name))
    selector = ",".join(f"{key}={value}" for key, value in scenario.pods_of.items())
    pods = [pod_facts(pod) for pod in listed(connection, "v1", "Pod", namespace, selector)] if selector else []
    evidence = {pod.uid: pod_evidence(connection, pod) for pod in pods if needs_evidence(pod, now)}
    if object_needs_evidence(obj, now):
        uid = obj["metadata"]["uid"]
        evidence[uid] = object_evidence(connection, namespace, uid)
    slices = listed(connection, "discovery.k8s.io/v1", "EndpointSlice", namespace, f"{SERVICE_LABEL}={name}")
    ready = count_ready(endpoint_facts(each) for each in slices) if wanted["kind"] == "Service" else None
    return status_of(obj, Related(pods, ready, evidence), now)


def test_living_objects_come_to_the_states_that_were_captured(
    kubeconfig: Path, namespace: str, connection: Connection, tmp_path: Path
) -> None:
    manifests = [manifest for scenario in SCENARIOS for manifest in scenario.manifests]
    file = tmp_path / "scenarios.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
    kubectl(kubeconfig, "apply", "-n", namespace, "-f", str(file))

    missing = {f"{scenario.kind}/{scenario.case}": scenario for scenario in SCENARIOS}
    last_seen: dict[str, Status] = {}

    def all_have_come() -> bool:
        for case, scenario in list(missing.items()):
            status = last_seen[case] = judged(connection, scenario, namespace, CLOCK.now())
            state, words = LIVE[case]
            if status.state == state and all(word in status.message for word in words):
                del missing[case]
        return not missing

    try:
        eventually(all_have_come, within_s=90, every_s=1)
    except AssertionError:
        seen = {case: (last_seen[case].state, last_seen[case].message) for case in missing}
        pytest.fail(f"These didn't come to {[LIVE[case] for case in missing]}: {seen}")
