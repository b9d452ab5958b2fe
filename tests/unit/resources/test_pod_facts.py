"""What is kept of a pod."""

import gc
import tracemalloc
from typing import Any

import orjson

from app.resources.status.pods import PodFacts, pod_facts
from tests.unit.resources.building import NOW, a_container, a_pod, ago, running, waiting
from tests.unit.resources.captured_cases import load_captured


def test_the_facts_of_a_ready_pod() -> None:
    pod = a_pod(
        a_container(running(), restartCount=2), a_container(running(), name="proxy", restartCount=1), ready=True
    )

    facts = pod_facts(pod)

    assert facts == PodFacts(
        uid="pod-1",
        name="web-7d4b-x",
        namespace="shop",
        owner_kind="ReplicaSet",
        owner_name="web-7d4b",
        owner_uid="rs-1",
        node="node0",
        labels=(("app", "web"), ("pod-template-hash", "7d4b")),
        phase="Running",
        ready=True,
        terminating=False,
        restarts=3,
        created_at=facts.created_at,
        unready_since=None,
        trouble=facts.trouble,
    )
    assert facts.has_settled(NOW), "its restarts are over"
    assert facts.created_at
    assert (NOW - facts.created_at).total_seconds() == 60
    assert facts.label("app") == "web"
    assert facts.label("absent") == ""


def test_only_the_controller_is_the_owner() -> None:
    pod = a_pod()
    pod["metadata"]["ownerReferences"].insert(0, {"kind": "Backup", "name": "b", "uid": "b-1"})

    assert pod_facts(pod).owner_uid == "rs-1"


def test_a_pod_without_conditions_is_unready_since_it_was_made() -> None:
    pod = a_pod(a_container(waiting("ContainerCreating")), phase="Pending", conditions=[])
    pod["metadata"]["creationTimestamp"] = ago(7)

    since = pod_facts(pod).unready_since

    assert since
    assert (NOW - since).total_seconds() == 7


def test_50_000_pods_fit_into_40_mb() -> None:
    one_in_25 = orjson.dumps(load_captured("deployment/crash").pods[0])
    others = orjson.dumps(load_captured("deployment/rolled-out").pods[0])
    a_fiftieth = 1000

    def a_pod_of_a_large_cluster(number: int) -> PodFacts:
        pod: dict[str, Any] = orjson.loads(one_in_25 if number % 25 == 0 else others)
        owner = f"web-{number // 10:010d}"
        meta = pod["metadata"]
        meta |= {"name": f"{owner}-{number:05d}", "uid": f"00000000-0000-4000-8000-{number:012d}"}
        meta["ownerReferences"] = [{"kind": "ReplicaSet", "name": owner, "uid": f"uid-of-{owner}", "controller": True}]
        meta["labels"] = {"app": owner, "kubeorch.io/workflow": f"{number // 100:024x}", "kubeorch.io/node": "web"}
        return pod_facts(pod)

    tracemalloc.start()
    try:
        facts = [a_pod_of_a_large_cluster(number) for number in range(a_fiftieth)]
        gc.collect()
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(facts) == a_fiftieth
    assert kept_bytes < 40_000_000 / 50
