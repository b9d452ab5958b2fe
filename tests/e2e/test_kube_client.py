"""Reading and writing objects of a real cluster."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.kube.client import KubeClient
from app.kube.errors import ApiStatusError, UnknownKindError
from app.kube.listing import Scope
from app.kube.objects import KNOWN, ObjectRef
from tests.conftest import kubectl
from tests.e2e.kube_access import a_client, admin_access
from tests.waiting import eventually

Json = dict[str, Any]


@pytest.fixture
def client(kubeconfig: Path) -> KubeClient:
    """The administrator's."""
    return a_client(admin_access(kubeconfig))


def a_config_map(namespace: str, name: str = "settings", **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def test_applying_creates_and_changes_and_drops_what_is_no_longer_named(client: KubeClient, namespace: str) -> None:
    created = client.apply(a_config_map(namespace, a="1", b="2"))
    changed = client.apply(a_config_map(namespace, a="3"))

    assert created["metadata"]["uid"] == changed["metadata"]["uid"]
    assert changed["data"] == {"a": "3"}
    assert {entry["manager"] for entry in changed["metadata"]["managedFields"]} == {"kubeorch"}


def test_what_was_read_can_be_applied_again(client: KubeClient, namespace: str) -> None:
    created = client.apply(a_config_map(namespace, a="1"))

    again = client.apply(created)

    assert again["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"], "nothing has changed"


def test_a_dry_run_changes_nothing(client: KubeClient, namespace: str) -> None:
    would_be = client.apply(a_config_map(namespace, a="1"), dry_run=True)

    assert would_be["data"] == {"a": "1"}
    assert client.find(ObjectRef.of(would_be)) is None


def test_a_conflict_names_the_manager_and_the_field(client: KubeClient, namespace: str, kubeconfig: Path) -> None:
    client.apply(a_config_map(namespace, a="1"))
    kubectl(
        kubeconfig,
        "-n",
        namespace,
        "patch",
        "configmap",
        "settings",
        "--field-manager=someone",
        '-p={"data":{"a":"9"}}',
    )

    with pytest.raises(ApiStatusError) as refused:
        client.apply(a_config_map(namespace, a="2"), force=False)

    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert [(cause.manager, cause.field) for cause in refused.value.causes] == [("someone", ".data.a")]
    assert client.apply(a_config_map(namespace, a="2"))["data"] == {"a": "2"}, "force takes it"


def test_an_apply_to_what_has_changed_since_it_was_read_is_refused(client: KubeClient, namespace: str) -> None:
    read = client.apply(a_config_map(namespace, a="1"))
    client.apply(a_config_map(namespace, a="2"))

    with pytest.raises(ApiStatusError) as refused:
        client.apply(a_config_map(namespace, a="3"), resource_version=read["metadata"]["resourceVersion"])

    assert refused.value.status == 409


def test_only_the_object_that_was_meant_is_deleted(client: KubeClient, namespace: str) -> None:
    uid = client.apply(a_config_map(namespace))["metadata"]["uid"]
    ref = ObjectRef("v1", "ConfigMap", namespace, "settings")

    with pytest.raises(ApiStatusError) as refused:
        client.delete(ref, uid="another")
    assert refused.value.status == 409
    assert client.find(ref), "it is still there"

    client.delete(ref, uid=uid)
    assert client.find(ref) is None
    with pytest.raises(ApiStatusError) as gone:
        client.delete(ref, uid=uid)
    assert gone.value.status == 404


def test_creating_what_is_there_is_refused(client: KubeClient, namespace: str) -> None:
    client.create(a_config_map(namespace))

    with pytest.raises(ApiStatusError) as refused:
        client.create(a_config_map(namespace))

    assert refused.value.reason == "AlreadyExists"


def test_a_patch_changes_only_what_it_names(client: KubeClient, namespace: str) -> None:
    client.apply(a_config_map(namespace, a="1", b="2"))

    patched = client.patch(ObjectRef("v1", "ConfigMap", namespace, "settings"), {"data": {"a": None, "c": "3"}})

    assert patched["data"] == {"b": "2", "c": "3"}


def test_a_list_says_of_what_kind_its_objects_are(client: KubeClient, namespace: str) -> None:
    for name in ("a", "b"):
        client.apply(a_config_map(namespace, name))

    scope = Scope(KNOWN["v1", "ConfigMap"], namespace, field_selector="metadata.name!=kube-root-ca.crt")
    found = client.list_all(scope)
    without_content = client.list_all(scope._replace(metadata_only=True))

    assert [(obj["kind"], obj["metadata"]["name"]) for obj in found] == [("ConfigMap", "a"), ("ConfigMap", "b")]
    assert [obj["kind"] for obj in without_content] == ["ConfigMap", "ConfigMap"]
    assert not any("data" in obj for obj in without_content)


def test_an_invalid_object_is_refused_field_by_field(client: KubeClient, namespace: str) -> None:
    port = {"port": 99999, "name": "UPPER"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": namespace}}

    with pytest.raises(ApiStatusError) as refused:
        client.apply({**service, "spec": {"ports": [port]}})

    assert refused.value.reason == "Invalid"
    assert {"spec.ports[0].port", "spec.ports[0].name"} <= {cause.field for cause in refused.value.causes}


def test_a_real_refusal_of_a_secret_repeats_no_value(client: KubeClient, namespace: str) -> None:
    # An immutable Secret's error says the field; a bad type of a value says the value.
    secret: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}}
    value = base64.b64encode(b"hunter2").decode()
    not_base64 = f"{value}!?"

    with pytest.raises(ApiStatusError) as refused:
        client.apply({**secret, "data": {"password": not_base64}})

    assert "hunter2" not in refused.value.message
    assert value not in refused.value.message


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.kubetest.example"},
    "spec": {
        "group": "kubetest.example",
        "scope": "Namespaced",
        "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


@pytest.fixture
def crd(client: KubeClient) -> Iterator[ObjectRef]:
    """A kind of somebody else's; gone afterwards."""
    ref = ObjectRef.of(CRD)
    uid = client.apply(CRD)["metadata"]["uid"]
    yield ref
    client.delete(ref, uid=uid)


def test_a_kind_of_a_crd_is_discovered(client: KubeClient, namespace: str, crd: ObjectRef, kubeconfig: Path) -> None:
    kubectl(kubeconfig, "wait", "--for=condition=Established", "--timeout=20s", f"crd/{crd.name}")

    def fresh() -> KubeClient:  # discovery of the API server itself lags behind the condition
        client = a_client(admin_access(kubeconfig))
        assert client.discovery.find("kubetest.example/v1", "Gadget")
        return client

    found = eventually(fresh, within_s=10)
    gadget = {"apiVersion": "kubetest.example/v1", "kind": "Gadget", "metadata": {"name": "g", "namespace": namespace}}

    assert found.discovery.find("kubetest.example/v1", "Gadget").plural == "gadgets"
    assert found.apply({**gadget, "spec": {"size": 3}})["spec"] == {"size": 3}


def test_a_kind_that_no_one_provides_says_so(client: KubeClient) -> None:
    with pytest.raises(UnknownKindError, match=r'no kind "Nothing" in "nowhere\.example/v1"'):
        client.discovery.find("nowhere.example/v1", "Nothing")


def test_rights_that_are_missing_are_named(client: KubeClient, kubeconfig: Path) -> None:
    token = kubectl(kubeconfig, "-n", "restricted", "create", "token", "viewer").strip()
    viewer = a_client(replace(admin_access(kubeconfig), client_cert=None, client_key=None, token=token))

    with pytest.raises(ApiStatusError) as refused:
        viewer.apply(a_config_map("restricted", a="1"))

    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
    assert 'cannot patch resource "configmaps"' in refused.value.message
