"""The further keys of `_status`: those of the contract, whatever the situation, and the pods."""

from typing import Final

import pytest

from app.resources.status.endpoints import EndpointFacts, count_ready, endpoint_facts
from app.resources.status.model import Status, outlook
from app.resources.status.pods import pod_facts
from app.resources.status.registry import related_kinds, status_of
from app.resources.status.related import NOTHING_RELATED, Related
from tests.unit.resources.building import NOW, a_container, a_pod, running, waiting
from tests.unit.resources.captured_cases import ALL_CASES, load_captured

ALLOWED: Final = {"reason", "pods", "observedGeneration"}
CONTRACT: Final = {
    "deployment": ({"healthy", "partial", "error"}, {"replicas", "readyReplicas"}),
    "statefulset": ({"healthy", "partial", "error"}, {"replicas", "readyReplicas", "currentReplicas"}),
    "daemonset": ({"healthy", "partial", "error"}, {"desiredNumberScheduled", "numberReady", "numberAvailable"}),
    "job": ({"pending", "running", "completed", "failed"}, {"active", "succeeded", "failed", "completions"}),
    "cronjob": ({"active", "suspended"}, {"lastScheduleTime", "lastSuccessfulTime", "activeJobs"}),
    "service": ({"healthy", "partial", "error"}, {"clusterIP", "externalIP", "nodePort"}),
    "ingress": ({"healthy", "pending", "error"}, {"loadBalancerIP", "loadBalancerHostname", "rulesCount"}),
    "persistentvolumeclaim": ({"Bound", "Pending", "Lost", "error"}, {"capacity", "volumeName"}),
    "hpa": (
        {"scaling", "stable", "limited", "error"},
        {"currentReplicas", "desiredReplicas", "currentCPU", "currentMemory"},
    ),
    "networkpolicy": ({"active", "pending"}, {"affectedPods"}),
    "configmap": ({"created", "pending", "error"}, set[str]()),
    "secret": ({"created", "pending", "error"}, set[str]()),
    "pod": ({"healthy", "partial", "error"}, {"phase"}),
    "generic": ({"healthy", "partial", "error", "unknown"}, set[str]()),
}


@pytest.mark.parametrize("case", ALL_CASES)
def test_every_state_has_the_keys_of_the_contract(case: str) -> None:
    obj, related, at, _ = load_captured(case)
    states, keys = CONTRACT[case.split("/", maxsplit=1)[0]]

    # As it is, with nothing known around it, while it is being deleted, and with nothing but its kind.
    leaving = {**obj, "metadata": {**obj["metadata"], "deletionTimestamp": "2026-01-02T03:04:05Z"}}
    bare = {"kind": obj["kind"]}
    for shown in (
        status_of(each, around, at) for each in (obj, leaving, bare) for around in (related, NOTHING_RELATED)
    ):
        assert shown.state in states
        assert keys <= set(shown.as_json()) <= keys | ALLOWED | {"state", "message"}


def test_what_is_being_deleted_says_so() -> None:
    obj, related, at, _ = load_captured("deployment/rolled-out")
    leaving = {**obj, "metadata": {**obj["metadata"], "deletionTimestamp": "2026-01-02T03:04:05Z"}}

    status = status_of(leaving, related, at)

    assert (status.state, status.message) == ("partial", "Is being deleted")


def test_the_pods_of_a_workload_are_listed_the_worst_first() -> None:
    obj, related, at, _ = load_captured("deployment/rollout-to-missing-image")

    pods = status_of(obj, related, at).details["pods"]

    assert len(pods) == 3
    assert pods[0] == {
        "name": "web-broken-update-0000000002-00002",
        "phase": "Pending",
        "ready": False,
        "restarts": 0,
        "reason": "ImagePullBackOff",
        "message": "can't pull nginx:nope: not found (ImagePullBackOff)",
    }
    assert [pod["ready"] for pod in pods[1:]] == [True, True]


def test_no_more_than_20_pods_are_listed() -> None:
    pods = [pod_facts(a_pod(a_container(running()), ready=True))._replace(name=f"web-{n:02}") for n in range(50)]
    pods.append(pod_facts(a_pod(a_container(waiting("ErrImagePull")))))

    status = status_of({"kind": "DaemonSet"}, Related(pods=pods), NOW)

    assert len(status.details["pods"]) == 20
    assert status.details["pods"][0]["reason"] == "ErrImagePull"


def test_the_old_pods_of_a_broken_version_dont_spoil_the_repaired_one() -> None:
    def of_replica_set(name: str) -> dict[str, object]:
        return {"kind": "ReplicaSet", "name": name, "uid": name, "controller": True}

    broken, repaired = a_pod(a_container(waiting("ImagePullBackOff"))), a_pod(a_container(waiting("ContainerCreating")))
    broken["metadata"]["ownerReferences"] = [of_replica_set("web-old")]
    repaired["metadata"]["ownerReferences"] = [of_replica_set("web-new")]
    progressing = {"type": "Progressing", "status": "True", "message": 'ReplicaSet "web-new" is progressing.'}
    status = {"replicas": 2, "updatedReplicas": 1, "conditions": [progressing]}

    shown = status_of({"kind": "Deployment", "status": status}, Related((pod_facts(broken), pod_facts(repaired))), NOW)

    assert shown.state == "partial"


def test_a_change_that_the_controller_hasnt_seen_is_waited_for() -> None:
    obj, related, at, _ = load_captured("deployment/rolled-out")
    changed = {**obj, "metadata": {**obj["metadata"], "generation": obj["metadata"]["generation"] + 1}}

    status = status_of(changed, related, at)

    assert (status.state, status.message) == ("partial", "Waiting for the controller to see the change")


def test_a_dual_stack_service_counts_each_pod_once() -> None:
    slices = [EndpointFacts(str(n), "shop", "web", family, 2) for n, family in enumerate(["IPv4", "IPv6", "IPv4"])]

    assert count_ready(slices) == 4
    assert count_ready([]) == 0


def test_an_endpoint_that_doesnt_say_is_ready() -> None:
    addresses = [{"conditions": {"ready": True}}, {"conditions": {"ready": False}}, {}]
    labels = {"kubernetes.io/service-name": "web"}

    facts = endpoint_facts(
        {"metadata": {"namespace": "shop", "labels": labels}, "addressType": "IPv4", "endpoints": addresses}
    )

    assert facts == EndpointFacts("", "shop", "web", "IPv4", 2)


OUTLOOKS: Final = [
    ("good", ["healthy", "completed", "active", "suspended", "Bound", "stable", "limited", "created"]),
    ("waiting", ["partial", "pending", "running", "Pending", "scaling", "unknown"]),
    ("bad", ["error", "failed", "Lost"]),
]


@pytest.mark.parametrize(("expected", "states"), OUTLOOKS)
def test_every_state_has_an_outlook(expected: str, states: list[str]) -> None:
    assert {outlook(state) for state in states} == {expected}
    assert Status(states[0], "x").outlook == expected


def test_every_state_of_the_contract_is_in_that_table() -> None:
    known = {state for _, states in OUTLOOKS for state in states}

    assert known == {state for states, _ in CONTRACT.values() for state in states}


def test_what_has_to_be_watched_besides_a_kind() -> None:
    (pods,) = related_kinds("Deployment")

    assert (pods.kind, pods.link, pods.through) == ("Pod", "owner_of_owner", ("apps/v1", "ReplicaSet"))
    assert [each.link for each in related_kinds("StatefulSet")] == ["owner"]
    assert [(each.kind, each.link) for each in related_kinds("Service")] == [("EndpointSlice", "service_label")]
    assert [each.link for each in related_kinds("NetworkPolicy")] == ["selector"]
    assert related_kinds("ConfigMap") == related_kinds("Anything") == ()
