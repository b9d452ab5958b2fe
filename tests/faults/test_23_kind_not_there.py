"""Fault 23, without the whole product: the CRD of a node's kind is missing, or goes while we know it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from app.bootstrap import Services
from app.workflows.existing import Existing
from app.workflows.inventory import ObjectKey
from app.workflows.node_apply import Applied, NodeApplier, NodeFailedError
from app.workflows.plan import PlannedNode
from tests.api import Person
from tests.clusters import RealCluster, add_by_kubeconfig
from tests.conftest import kubectl
from tests.faults.test_23_refused_by_the_cluster import feed
from tests.nodes import a_node, plan_of
from tests.waiting import eventually
from tests.workflows import a_run, a_workflow

GROUP: Final = "faults.kubeorch.example.com"


def crd(plural: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": plural[:-1], "kind": plural[:-1].title()}
    spec = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": spec,
    }


@pytest.fixture
def apply(services: Services, person: Person, real_cluster: RealCluster) -> Any:
    """Apply a node that makes one object of a kind of its own, as a run does."""
    add_by_kubeconfig(person.client, real_cluster)
    workflow_id = a_workflow(services, person.user.id, cluster="real")
    run = a_run(services, person.user.id, workflow_id)
    with services.jobs.claimed(services.deploys, run.id) as job:
        assert job is not None
        applier = NodeApplier(
            job=job,
            workflow_id=str(workflow_id),
            client=lambda: services.clusters.client(run.cluster_id),
            existing=Existing(),
            noted={},
            key_of=lambda obj: ObjectKey.of(run.cluster_id, obj),
            clock=services.clock,
            jobs={},
            mac=lambda _: "mac",
            on_refused=lambda: None,
        )
        yield applier.apply


def node_of(kind: str, namespace: str, name: str = "one") -> PlannedNode:
    obj = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": {}}
    (node,) = plan_of(a_node("configmap", "n", data={"a": "1"})).nodes
    return replace(node, objects=(obj,))


def test_23_a_kind_whose_crd_is_missing_is_named(apply: Callable[[PlannedNode], Applied], namespace: str) -> None:
    with pytest.raises(NodeFailedError, match=f'the cluster has no kind "Nothing" in "{GROUP}/v1"'):
        apply(node_of("Nothing", namespace))


def test_23_a_crd_that_goes_in_mid_run_fails_the_node_with_the_server_s_words(
    apply: Callable[[PlannedNode], Applied], namespace: str, kubeconfig: Path
) -> None:
    plural = f"w{namespace.removeprefix('test-')}s"
    kind = plural[:-1].title()
    feed(kubeconfig, "apply", crd(plural))
    try:
        # We look for a kind that was missing again after 10 s at the earliest.
        eventually(lambda: apply(node_of(kind, namespace)), within_s=30, every_s=1)
    finally:
        kubectl(kubeconfig, "delete", "crd", f"{plural}.{GROUP}", "--timeout=30s")

    def refused() -> str:
        try:
            apply(node_of(kind, namespace, "two"))
        except NodeFailedError as error:
            return str(error)
        return ""

    reason = eventually(refused, within_s=20)
    words = ("could not find", "not found", "has no kind", "custom resource definition is terminating")
    assert any(each in reason for each in words), reason
