"""Controllers under a clock that the test turns."""

from collections.abc import Callable
from typing import Any

import pytest

from practice_cluster.cluster import Cluster, Writing
from practice_cluster.controllers.loop import Loop
from practice_cluster.errors import ApiError
from practice_cluster.kinds import KIND
from practice_cluster.store import HISTORY, Store
from tests.conformance.builders import a_config_map, a_deployment

ME = Writing("test")


class World:
    """A cluster without a server, and its time."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.cluster = Cluster(Store(1_000), lambda: self.now)
        self._loop = Loop(self.cluster)

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / 0.2)):
            self.now += 0.2
            self._loop.tick()

    def apply(self, obj: dict[str, Any], kind: str = "Deployment") -> Any:
        return self.cluster.apply(KIND[kind], "default", obj["metadata"]["name"], obj, ME, force=True)

    def pods(self) -> list[Any]:
        return [entry.load() for entry in self.cluster.store.entries("pods")]


@pytest.fixture
def world() -> World:
    return World()


def test_a_crash_waits_longer_each_time(world: World) -> None:
    world.apply(a_deployment("crash", image="crash:1"))
    counts = []

    for seconds in (5, 15, 25, 45):
        world.passes(seconds)
        counts.append(world.pods()[0]["status"]["containerStatuses"][0]["restartCount"])

    assert counts == [1, 2, 3, 4]


def test_a_rollout_that_makes_no_progress_misses_its_deadline(world: World) -> None:
    obj = a_deployment("bad", image="nope:1")
    obj["spec"]["progressDeadlineSeconds"] = 30
    world.apply(obj)

    world.passes(35)

    found = world.cluster.get(KIND["Deployment"], "default", "bad")
    reasons = {each["type"]: each["reason"] for each in found["status"]["conditions"]}
    assert reasons == {"Available": "MinimumReplicasUnavailable", "Progressing": "ProgressDeadlineExceeded"}


def test_an_autoscaler_follows_the_load(world: World) -> None:
    obj = a_deployment("web", image="nginx", resources={"requests": {"cpu": "100m"}})
    obj["spec"]["template"]["metadata"]["annotations"] = {"practice.kubeorch.io/cpu-percent": "100"}
    del obj["spec"]["replicas"]
    world.apply(obj)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    spec = {"scaleTargetRef": target, "maxReplicas": 3, "metrics": [{"type": "Resource", "resource": metric}]}
    world.passes(3)

    world.apply({"metadata": {"name": "h"}, "spec": spec}, "HorizontalPodAutoscaler")
    world.passes(40)

    assert len(world.pods()) == 3
    status = world.cluster.get(KIND["HorizontalPodAutoscaler"], "default", "h")["status"]
    assert (status["currentReplicas"], status["desiredReplicas"]) == (3, 3)


def test_a_cronjob_makes_a_job_each_time_and_keeps_the_last_three(world: World) -> None:
    container = {"name": "c", "image": "busybox", "command": ["true"]}
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    world.apply(
        {"metadata": {"name": "tick"}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job}}}, "CronJob"
    )

    world.passes(330)

    jobs = world.cluster.store.entries("jobs.batch")
    assert len(jobs) == 3
    assert world.cluster.get(KIND["CronJob"], "default", "tick")["status"]["lastSuccessfulTime"]


def test_the_history_is_bounded_and_what_is_older_is_expired(world: World) -> None:
    began = world.cluster.store.version
    world.apply(a_config_map(), "ConfigMap")
    obj = world.cluster.get(KIND["ConfigMap"], "default", "c")

    for number in range(HISTORY):
        world.cluster.store.put("configmaps", obj | {"data": {"n": str(number)}})

    with pytest.raises(ApiError) as refused:
        world.cluster.store.watch("configmaps", began)
    assert refused.value.code == 410


def test_nonsense_is_a_bad_request_and_never_a_failure(world: World) -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: world.apply({"metadata": {"name": "x"}, "spec": "nonsense"}),
        lambda: world.apply({"metadata": {"name": "x"}, "spec": {"template": {"spec": {"containers": [1]}}}}),
        lambda: world.apply({"metadata": {"name": "x"}}),
        lambda: world.apply(a_deployment("x", resources={"requests": {"cpu": "lots"}})),
    ]

    for attempt in attempts:
        with pytest.raises(ApiError) as refused:
            attempt()
        assert refused.value.code in (400, 422)
