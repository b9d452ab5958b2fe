"""Fault 7: an event never comes, dropped by a proxy. States are true at the next event of that object, and with no
event at all at the next full list (WATCH_RESYNC_SECONDS, at most ten minutes).
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from bson import ObjectId
from flask.testing import FlaskClient

from app.bootstrap import Services
from app.kube.pace import Pace
from app.workflows.live import LiveStates
from app.workflows.merge import HEALTHY, statuses
from tests.api import Person
from tests.clusters import RealCluster, add
from tests.conftest import kubectl
from tests.integration.clusters.scripted import services
from tests.nodes import a_node, an_edge
from tests.proxy import FaultProxy, fault_proxy
from tests.waiting import eventually
from tests.workflows import a_run, a_workflow
from workers.watcher.kinds import WATCHED
from workers.watcher.shard import Shard

__all__ = ["services"]  # a fixture: its cluster speaks plain HTTP

RESYNC_S: Final = 10.0
BUSY: Final = {"image": "localhost:5000/busybox:1", "command": ["sleep", "600"]}
NOWHERE: Final = {"nodeSelector": {"no": "where"}}
LABELS: Final = "kubeorch.io/workflow"
DELETED: Final = "job,cronjob,service,ingress,configmap,secret,pvc,hpa,networkpolicy,statefulset,daemonset"


class Watched(NamedTuple):
    """A cluster behind a proxy, watched in this process."""

    services: Services
    owner: ObjectId
    proxy: FaultProxy
    shard: Shard

    def states(self, workflow_id: ObjectId) -> dict[str, Any]:
        return {node: status for node, _, status in statuses(self.services.state_store.find(workflow_id))}


@pytest.fixture
def watched(services: Services, person: Person, real_cluster: RealCluster, tmp_path: Path) -> Iterator[Watched]:
    with fault_proxy(real_cluster, tmp_path) as proxy:
        cluster_id = added(person.client, proxy)
        live = LiveStates(
            cluster_id=cluster_id,
            shard=str(cluster_id),
            fence=1,
            states=services.state_store,
            events=services.workflow_events,
            ends=services.run_ends,
            clock=services.clock,
            may_write=lambda: True,
            flush_s=0.05,
        )
        pace = Pace(resync_s=(RESYNC_S, RESYNC_S + 1))
        shard = Shard(cluster_id, 1, clusters=services.clusters, live=live, clock=services.clock, pace=pace)
        shard.start()
        yield Watched(services, person.user.id, proxy, shard)
        shard.close()


def added(client: FlaskClient, proxy: FaultProxy) -> ObjectId:
    answer = add(client, "real", "token", {"token": "any"}, server=proxy.url)
    assert answer.status_code == 201, answer.text
    return ObjectId(answer.json["cluster"]["id"])


def one_of_each(namespace: str) -> tuple[list[Any], list[Any]]:
    place = {"namespace": namespace}
    nodes = [
        a_node("deployment", "d", name="d", **place, image="localhost:5000/web:1", port=8080),
        a_node("service", "v", name="v", **place, targetApp=""),
        a_node("statefulset", "s", name="s", **place, **BUSY, replicas=0),
        a_node("daemonset", "a", name="a", **place, **BUSY, **NOWHERE),
        a_node("job", "j", name="j", **place, image="localhost:5000/busybox:1", command=["true"]),
        a_node("cronjob", "k", name="k", **place, **BUSY, schedule="0 0 30 2 *"),
        a_node("configmap", "c", name="c", **place, data={"a": "1"}),
        a_node("secret", "w", name="w", **place, keys=[]),
        a_node("persistentvolumeclaim", "p", name="p", **place, storage="1Mi"),
        a_node("ingress", "i", name="i", **place, serviceName="v", host="x.example.com"),
        a_node("hpa", "h", name="h", **place, scaleTargetName="d", maxReplicas=2, targetCPUUtilization=80),
        a_node("networkpolicy", "n", name="n", **place),
    ]
    return nodes, [an_edge("v", "d")]


def applied(watched: Watched, nodes: list[Any], edges: list[Any]) -> ObjectId:
    services = watched.services
    workflow_id = a_workflow(services, watched.owner, nodes, edges, cluster="real")
    run = a_run(services, watched.owner, workflow_id)
    services.jobs.work_off(services.deploys, str(run.id))
    done = services.run_store.find(run.id)
    assert done is not None
    assert (done.status, done.error) == ("completed", None)
    return workflow_id


def test_07_with_no_event_at_all_states_are_true_after_the_next_list(
    watched: Watched, kubeconfig: Path, namespace: str
) -> None:
    workflow_id = applied(watched, *one_of_each(namespace))
    eventually(lambda: watched.states(workflow_id)["d"]["state"] == "healthy", within_s=60)
    eventually(lambda: watched.states(workflow_id)["j"]["state"] == "completed", within_s=30)
    wanted = {kind.resource.kind for kind in WATCHED if not kind.metadata_only} | {"PartialObjectMetadata"}

    watched.proxy.drop = lambda type_, obj: is_of(obj, namespace, type_)
    kubectl(kubeconfig, "-n", namespace, "scale", "deployment", "d", "--replicas=0")
    kubectl(kubeconfig, "-n", namespace, "delete", DELETED, "-l", LABELS, "--wait=false")
    eventually(lambda: dropped(watched) == wanted, within_s=30)
    before = watched.states(workflow_id)
    last_at = time.monotonic()

    def true() -> bool:
        states = watched.states(workflow_id)
        gone = {node for node, status in states.items() if status.get("reason") == "Deleted"}
        return gone == states.keys() - {"d"} and states["d"]["message"] == "Scaled to 0"

    eventually(true, within_s=2 * RESYNC_S + 5)
    took_s = time.monotonic() - last_at
    print(
        f"{len(watched.proxy.dropped)} events of {len(wanted)} kinds dropped, a list each {RESYNC_S} s: {took_s:.1f} s"
    )
    assert before["c"]["state"] == "created", "nobody could know"


def test_07_the_next_event_of_an_object_makes_its_state_true(
    watched: Watched, kubeconfig: Path, namespace: str
) -> None:
    nodes = [a_node("cronjob", "k", name="k", namespace=namespace, **BUSY, schedule="0 0 30 2 *")]
    workflow_id = applied(watched, nodes, [])
    eventually(lambda: watched.states(workflow_id)["k"]["state"] in HEALTHY, within_s=10)

    watched.proxy.drop = lambda type_, obj: is_of(obj, namespace, type_)
    kubectl(kubeconfig, "-n", namespace, "patch", "cronjob", "k", "-p", '{"spec":{"suspend":true}}')
    eventually(lambda: watched.proxy.dropped, within_s=5)
    assert watched.states(workflow_id)["k"]["state"] == "active"
    watched.proxy.drop = lambda _type, _obj: False
    kubectl(kubeconfig, "-n", namespace, "label", "cronjob", "k", "any=event")

    eventually(lambda: watched.states(workflow_id)["k"]["state"] == "suspended", within_s=1)


def dropped(watched: Watched) -> set[str]:
    """The kinds whose events didn't come."""
    return {kind for _, kind in watched.proxy.dropped}


def is_of(obj: Mapping[str, Any], namespace: str, type_: str) -> bool:
    return type_ != "BOOKMARK" and obj["metadata"].get("namespace") == namespace
