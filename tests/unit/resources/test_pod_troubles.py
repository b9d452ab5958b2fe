"""Everything else that can stand in a pod's way, in the words that a person reads."""

from datetime import timedelta
from typing import Any

import pytest

from app.resources.status.pods import pod_facts
from app.resources.status.reasons import Finding, explain
from app.resources.status.registry import status_of
from app.resources.status.related import NOTHING_RELATED, EventFact, Evidence, Related
from tests.unit.resources.building import NOW, a_container, a_pod, ago, running, waiting


def said(pod: dict[str, Any], evidence: Evidence | None = None, after_s: float = 0) -> Finding:
    return explain(pod_facts(pod), evidence, NOW + timedelta(seconds=after_s))


PULLS = [
    ('failed to resolve reference "docker.io/shop/web:1": docker.io/shop/web:1: not found', ": not found"),
    ("pull access denied, repository does not exist", ": the registry refuses it: is an imagePullSecret missing?"),
    ("unexpected status: 401 Unauthorized", ": the registry refuses it: is an imagePullSecret missing?"),
    ("dial tcp: lookup registry.example: no such host", ": the registry can't be reached"),
    ("no match for platform in manifest: not found", ": it isn't built for this node's processor"),
    ("something new", ""),
]


@pytest.mark.parametrize(("message", "cause"), PULLS)
def test_why_an_image_cant_be_pulled(message: str, cause: str) -> None:
    found = said(a_pod(a_container(waiting("ImagePullBackOff", message)), phase="Pending"))

    assert (found.text, found.fatal) == (f"can't pull shop/web:1{cause} (ImagePullBackOff)", True)


def test_the_name_of_an_image_is_no_cause() -> None:
    image = "tls:not-found-401"
    container = a_container(waiting("ErrImagePull", f'failed to pull "{image}"'), image=image)

    assert said(a_pod(container)).text == f"can't pull {image} (ErrImagePull)"


def a_pod_without_a_node(since_s: float, reason: str = "Unschedulable") -> dict[str, Any]:
    message = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available."
    scheduled = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    return a_pod(phase="Pending", conditions=[{**scheduled, "lastTransitionTime": ago(since_s)}])


def test_a_pod_may_be_unschedulable_for_half_a_minute() -> None:
    pod = a_pod_without_a_node(since_s=10)

    early = said(pod, Evidence())

    assert early.text == "can't be scheduled: 0/3 nodes are available: 3 Insufficient memory (Unschedulable)"
    assert not early.fatal
    assert early.recheck_at == NOW + timedelta(seconds=20)
    assert said(pod, after_s=20).fatal


def test_a_scheduling_gate_is_waited_for() -> None:
    assert not said(a_pod_without_a_node(since_s=3600, reason="SchedulingGated"), Evidence()).fatal


def test_a_mount_that_worked_in_the_end_is_forgotten() -> None:
    failed = EventFact("FailedMount", 'MountVolume.SetUp failed for volume "a" : configmap "b" not found', 2)
    pulling = EventFact("Pulling", "Pulling image", 1)
    pod = a_pod(a_container(waiting("ContainerCreating")), phase="Pending")

    assert said(pod, Evidence((failed,))).fatal
    assert said(pod, Evidence((pulling, failed))).text == ""


def test_the_mount_event_that_names_the_cause_is_preferred() -> None:
    vague = EventFact("FailedMount", "Unable to attach or mount volumes: timed out waiting for the condition", 1)
    exact = EventFact("FailedMount", 'MountVolume.SetUp failed for volume "a" : secret "b" not found', 2)

    found = said(a_pod(phase="Pending"), Evidence((vague, exact)))

    assert found.text == 'can\'t mount volume a: secret "b" not found (FailedMount)'


def test_a_pod_that_gets_no_network_says_so() -> None:
    event = EventFact("FailedCreatePodSandBox", "Failed to create pod sandbox: no IP addresses left", 4)

    found = said(a_pod(phase="Pending"), Evidence((event,)))

    assert found.fatal
    assert "no IP addresses left" in found.text


def test_a_failing_probe_may_still_pass() -> None:
    event = EventFact("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 9)

    found = said(a_pod(a_container(running())), Evidence((event,)))

    assert (found.text, found.fatal) == ("readiness probe fails: HTTP 503 (Unhealthy)", False)


def test_an_old_probe_failure_of_a_ready_pod_is_nothing() -> None:
    event = EventFact("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 1)

    assert said(a_pod(a_container(running()), ready=True), Evidence((event,))).text == ""


def test_an_evicted_pod_is_an_error_of_its_own_but_not_of_its_deployment() -> None:
    evicted = a_pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    deployment = {
        "kind": "Deployment",
        "metadata": {"generation": 1},
        "spec": {"replicas": 1},
        "status": {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
        },
    }

    alone = status_of(evicted, NOTHING_RELATED, NOW)
    owner = status_of(deployment, Related(pods=(pod_facts(evicted),)), NOW)

    assert (alone.state, alone.message) == ("error", "Was evicted: The node was low on resource: memory. (Evicted)")
    assert owner.state == "healthy", "another pod has taken its place"
    assert owner.details["pods"][0]["reason"] == "Evicted"


def test_a_pod_whose_node_is_lost_says_so() -> None:
    taint = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}

    found = said(a_pod(a_container(running()), conditions=[taint]))

    assert (found.text, found.fatal) == ("node0 doesn't answer any more (NodeLost)", True)


def test_a_pod_that_should_have_ended_is_in_trouble_after_a_minute() -> None:
    pod = a_pod(a_container(running()))
    pod["metadata"]["deletionTimestamp"] = ago(30)

    assert not said(pod).fatal
    assert said(pod).recheck_at == NOW + timedelta(seconds=30)
    assert said(pod, after_s=30).fatal


def test_evidence_is_asked_for_once_a_pod_has_been_unready_for_10_seconds() -> None:
    pod = a_pod(a_container(waiting("ContainerCreating")), phase="Pending", conditions=[])
    pod["metadata"]["creationTimestamp"] = ago(4)

    assert said(pod, evidence=None).recheck_at == NOW + timedelta(seconds=6)
    assert said(pod, evidence=Evidence()).recheck_at is None, "it has been read"
