"""Fault 1: kill -9 of the worker before and after each single call that a run makes, to the store or the cluster.

Whoever takes the run over finishes it: each object with one final content, each node with its result, a Job run once.
"""

import base64
import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest
from bson import ObjectId

from app.bootstrap import Services
from app.jobs.observer import LeaseObserver
from app.workflows.models import Run
from tests.api import Person
from tests.clusters import RealCluster, add_by_kubeconfig
from tests.conftest import kubectl
from tests.fake_clock import FakeClock
from tests.mortal import When, mortal, work_run
from tests.nodes import a_node, an_edge
from tests.workflows import a_run, a_workflow

KINDS: Final = "deployment,service,configmap,secret,job"
SAMPLE: Final = 8
"""Of about 40 steps, twice; the long form takes all."""


class Bench(NamedTuple):
    """What each of these tests needs."""

    services: Services
    owner: ObjectId
    namespace: str
    cluster: RealCluster

    def start(self) -> Run:
        """A queued run of a workflow whose objects don't exist yet."""
        place = {"namespace": self.namespace}
        suffix = str(ObjectId())
        web = {"image": "localhost:5000/web:1", "replicas": 0, "envKeys": [{"id": "1", "name": "TOKEN"}]}
        nodes = [
            a_node("configmap", "c", name=f"c-{suffix}", **place, data={"a": "1"}),
            a_node("secret", "s", name=f"s-{suffix}", **place, keys=[{"id": "1", "name": "pw"}]),
            a_node("deployment", "d", name=f"d-{suffix}", **place, **web),
            a_node("service", "v", name=f"v-{suffix}", **place, targetApp=""),
            a_node("job", "j", name=f"j-{suffix}", **place, image="localhost:5000/busybox:1", command=["true"]),
            *(a_node("configmap", f"c{n}", name=f"c{n}-{suffix}", **place, data={"n": str(n)}) for n in range(3)),
        ]
        edges = [an_edge("c", "d"), an_edge("d", "s"), an_edge("v", "d")]
        workflow_id = a_workflow(self.services, self.owner, nodes, edges, cluster="real")
        values: dict[str, Any] = {"secrets": {"s": {"pw": "x"}}, "envVars": {"d": {"TOKEN": "y"}}}
        return a_run(self.services, self.owner, workflow_id, **values)

    def work(self, run: Run, *, die_at: int = 0, when: When = "before") -> list[str] | None:
        return mortal(self.services.settings.model_dump(), work_run, run.id, die_at=die_at, when=when)

    def objects(self, run: Run) -> list[Any]:
        import json

        label = f"kubeorch.io/workflow={run.workflow_id}"
        found = kubectl(self.cluster.kubeconfig, "-n", self.namespace, "get", KINDS, "-l", label, "-o", "json")
        return list(json.loads(found)["items"])

    def job_uids(self, run: Run) -> set[str]:
        return {obj["metadata"]["uid"] for obj in self.objects(run) if obj["kind"] == "Job"}

    def free_dead_leases(self) -> None:
        """As a scheduler does, after ten seconds of its clock."""
        clock = FakeClock()
        observer = LeaseObserver(self.services.leases, clock)
        while not observer.observe():
            clock.advance(2.5)
            assert clock.monotonic() < 20, "the dead owner's lease must be freed"


@pytest.fixture
def bench(services: Services, person: Person, real_cluster: RealCluster, namespace: str) -> Bench:
    add_by_kubeconfig(person.client, real_cluster)
    return Bench(services, person.user.id, namespace, real_cluster)


def sampled(steps: int) -> list[int]:
    return sorted(random.Random(steps).sample(range(1, steps + 1), min(SAMPLE, steps)))


CHOICES: Final[dict[str, Callable[[int], list[int]]]] = {"some": sampled, "all": lambda n: list(range(1, n + 1))}


@pytest.mark.parametrize("choice", ["some", pytest.param("all", marks=pytest.mark.soak)])
def test_01_a_run_killed_at_any_step_is_finished_by_the_next_owner(bench: Bench, choice: str) -> None:
    whole = bench.work(bench.start())
    assert whole is not None
    killed = 0

    for step in CHOICES[choice](len(whole)):
        for when in ("before", "after"):
            run = bench.start()
            at = f"killed {when} step {step}, {whole[step - 1]}"
            # The order within a level varies, and so do renewals: the last steps may not come.
            if bench.work(run, die_at=step, when=when) is None:
                killed += 1
                finished_by_the_next(bench, run, at)

    assert killed >= min(SAMPLE, len(whole)), f"of {len(whole)} steps"


def finished_by_the_next(bench: Bench, run: Run, at: str) -> None:
    jobs_before = bench.job_uids(run)
    dead = bench.services.run_store.find(run.id)
    assert dead is not None
    if not dead.ended:
        if any(lease.id == f"workflow:{run.workflow_id}" for lease in bench.services.leases.held()):
            bench.free_dead_leases()
        assert bench.work(run), at
    bench.services.workflow_upkeep.finish_runs()

    done = bench.services.run_store.find(run.id)
    states = bench.services.state_store.find(run.workflow_id)
    workflow = bench.services.workflow_store.find(run.workflow_id)
    assert done and states and workflow, at
    assert (done.status, done.error, done.progress) == ("completed", None, {"done": 8, "total": 8}), at
    assert {node["apply"]["state"] for node in states["nodes"].values()} == {"applied"}, at
    assert (states["run"]["status"], set(done.node_states)) == ("completed", set(states["nodes"])), at
    assert (done.trigger_data, workflow["success_count"], workflow["run_count"]) == (None, 1, 1), at
    assert bench.services.run_store.unannounced() == [], at
    objects = bench.objects(run)
    assert sorted(obj["kind"] for obj in objects) == [*["ConfigMap"] * 4, "Deployment", "Job", "Secret", "Service"], at
    assert {content(obj) for obj in objects} >= {"1", "x", "y"}, at
    assert jobs_before <= bench.job_uids(run), f"{at}: the Job was made anew"
    noted = bench.services.inventory.read(run.workflow_id).values()
    assert {entry.uid for entry in noted} == {obj["metadata"]["uid"] for obj in objects}, at


def content(obj: Any) -> str:
    """What identifies the final content of each kind."""
    match obj["kind"]:
        case "ConfigMap":
            return str(obj["data"].get("a", ""))
        case "Secret":
            return base64.b64decode(obj["data"]["pw"]).decode()
        case "Deployment":
            env = obj["spec"]["template"]["spec"]["containers"][0]["env"]
            assert [entry["name"] for entry in env] == ["TOKEN"], "applied twice, listed once"
            return str(env[0]["value"])
    return ""
