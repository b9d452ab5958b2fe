"""The real API server takes what our templates make: each type with every field it has, by a dry run."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.kube.client import KubeClient
from app.kube.quantities import is_quantity, parse_quantity
from app.manifests.catalogue import catalogue
from app.manifests.pod_template import with_pod_annotations
from app.workflows.plan import Given
from tests.e2e.kube_access import a_client, admin_access
from tests.nodes import FULL, a_node, an_edge, plan_of

CERTIFICATE = Given(
    secrets={"full-secret": {"tls.crt": "-----BEGIN CERTIFICATE-----", "tls.key": "-----BEGIN PRIVATE KEY-----"}}
)


@pytest.fixture(scope="module")
def client(kubeconfig: Any) -> Iterator[KubeClient]:
    made = a_client(admin_access(kubeconfig))
    yield made
    made.connection.close()


def lost(sent: Any, kept: Any, path: str = "") -> list[str]:
    """Which of the values that we sent the server didn't keep. It leaves out what is empty."""
    if sent in ("", [], {}) and kept is None:
        return []
    match sent:
        case Mapping():
            if not isinstance(kept, Mapping):
                return [path]
            return [gone for key, value in sent.items() for gone in lost(value, kept.get(key), f"{path}.{key}")]
        case list():
            if not isinstance(kept, list) or len(sent) != len(kept):
                return [path]
            return [gone for i, value in enumerate(sent) for gone in lost(value, kept[i], f"{path}[{i}]")]
        case str() if isinstance(kept, str) and is_quantity(sent) and is_quantity(kept):
            return [] if parse_quantity(sent) == parse_quantity(kept) else [path]
        case _:
            return [] if sent == kept else [path]


@pytest.mark.parametrize("kind", sorted(FULL))
def test_a_node_with_every_field_is_taken_as_it_is(kind: str, client: KubeClient) -> None:
    plan = plan_of(a_node(kind, **FULL[kind]), given=CERTIFICATE)

    for obj in plan.nodes[0].objects:
        answer = client.apply(obj, dry_run=True)

        assert lost(obj, answer) == []


@pytest.mark.parametrize("kind", sorted(FULL))
def test_a_node_with_only_what_is_required_is_taken(kind: str, client: KubeClient) -> None:
    plan = plan_of(a_node(kind, name=f"least-{kind}"))

    for obj in plan.nodes[0].objects:
        answer = client.apply(obj, dry_run=True)

        assert lost(obj, answer) == []


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "Headless", "ExternalName"])
def test_every_other_type_of_service_is_taken(kind: str, client: KubeClient) -> None:
    (node,) = plan_of(
        a_node("service", **FULL["service"] | {"serviceType": kind, "externalName": "db.example.com"})
    ).nodes

    answer = client.apply(node.objects[-1], dry_run=True)

    assert lost(node.objects[-1], answer) == []


@pytest.mark.parametrize("probe", [{"type": "tcpSocket"}, {"type": "grpc"}, {"path": "/"}, {"command": "exit 0"}])
def test_every_kind_of_probe_is_taken(probe: dict[str, Any], client: KubeClient) -> None:
    (node,) = plan_of(a_node("deployment", livenessProbe=probe, readinessProbe=probe)).nodes

    answer = client.apply(node.objects[0], dry_run=True)

    assert lost(node.objects[0], answer) == []


def test_a_wired_graph_is_taken(client: KubeClient) -> None:
    plan = plan_of(
        a_node("deployment", name="web", dependsOn=[{"nodeId": "db", "name": "db", "condition": "healthy"}]),
        a_node("deployment", name="shop"),
        a_node("statefulset", name="db", serviceName="db", image="postgres:17",
               volumeClaimTemplates=[{"name": "data", "storage": "1Gi"}]),
        a_node("configmap", name="settings"),
        a_node("secret", name="passwords", keys=[{"name": "a"}]),
        a_node("persistentvolumeclaim", name="files"),
        a_node("service", name="web-service"),
        a_node("ingress", name="way-in", paths=[{"id": "p", "path": "/"}]),
        a_node("hpa", name="scaler"),
        a_node("networkpolicy", name="fence", ingressRules=[{"id": "r"}]),
        an_edge("db", "web"), an_edge("settings", "web"), an_edge("web", "passwords"), an_edge("files", "web"),
        an_edge("web-service", "web"), an_edge("way-in", "web-service", at_source="p"), an_edge("scaler", "web"),
        an_edge("fence", "web", at_source="output"), an_edge("fence", "shop", at_source="output"),
        an_edge("db", "fence", at_target="r"),
    )  # fmt: skip

    for node in plan.nodes:
        for obj in node.objects:
            sent = with_pod_annotations(obj, {"kubeorch.io/config": "abc"})
            answer = client.apply(sent, dry_run=True)
            assert lost(sent, answer) == [], node.id


SCHEDULES = ["* * * * *", "@hourly", "@every 1h30m", "0 0 1,15 * SUN", "*/5 0-6 ? jan-mar MON-FRI", "5/10 * * * 0-6"]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_that_we_take_the_cluster_takes(schedule: str, client: KubeClient) -> None:
    (node,) = plan_of(a_node("cronjob", schedule=schedule)).nodes

    answer = client.apply(node.objects[0], dry_run=True)

    assert answer["spec"]["schedule"] == schedule


def test_full_nodes_have_every_field_of_their_type() -> None:
    for node_type in catalogue().types:
        assert set(FULL[node_type.name]) == {parameter.name for parameter in node_type.parameters}, node_type.name
