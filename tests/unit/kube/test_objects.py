"""Paths and references."""

import pytest

from app.kube.objects import KNOWN, ObjectRef, Resource

DEPLOYMENTS, PODS, NODES = KNOWN["apps/v1", "Deployment"], KNOWN["v1", "Pod"], KNOWN["v1", "Node"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (DEPLOYMENTS.path(), "/apis/apps/v1/deployments"),
        (DEPLOYMENTS.path("ns"), "/apis/apps/v1/namespaces/ns/deployments"),
        (DEPLOYMENTS.path("ns", "web"), "/apis/apps/v1/namespaces/ns/deployments/web"),
        (PODS.path("ns", "p"), "/api/v1/namespaces/ns/pods/p"),
        (NODES.path(name="n"), "/api/v1/nodes/n"),
        (NODES.path("ignored", "n"), "/api/v1/nodes/n"),
        (PODS.path("a/../b", "x?y#z%"), "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy%23z%25"),
    ],
)
def test_where_an_object_is_served(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize(("namespace", "name"), [("ns", ""), ("ns", ".."), ("..", "x"), ("", "x"), (None, "x")])
def test_no_name_leads_elsewhere(namespace: str | None, name: str) -> None:
    with pytest.raises(ValueError):
        PODS.path(namespace, name)


def test_a_reference_is_what_an_object_says_of_itself() -> None:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}}

    assert ObjectRef.of(obj) == ObjectRef("v1", "Pod", "ns", "p")
    with pytest.raises(ValueError):
        ObjectRef.of({"kind": "Pod", "metadata": {"name": "p"}})


def test_a_resource_knows_its_api_version() -> None:
    assert Resource("example.com", "v1", "Foo", "foos", True).api_version == "example.com/v1"
    assert PODS.api_version == "v1"
