"""Discovery, lists and watches: what KubeOrch's own client reads."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.kube.client import KubeClient
from app.kube.errors import ApiStatusError
from app.kube.listing import PARTIAL_LIST
from app.kube.objects import KNOWN, ObjectRef
from tests.conformance.builders import a_config_map, a_deployment
from tests.conformance.conftest import Target
from tests.waiting import eventually

CONFIG_MAPS = KNOWN["v1", "ConfigMap"]
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
OURS = [
    *(
        ("v1", kind)
        for kind in ("Pod", "Service", "ConfigMap", "Secret", "PersistentVolumeClaim", "Event", "Namespace", "Node")
    ),
    *(("apps/v1", kind) for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")),
    *(("batch/v1", kind) for kind in ("Job", "CronJob")),
    *(("networking.k8s.io/v1", kind) for kind in ("Ingress", "NetworkPolicy")),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
]


def served(client: KubeClient) -> dict[tuple[str, str], tuple[str, str, set[str]]]:
    """By apiVersion and kind: plural, scope, subresources."""
    found = {}
    for path in ("/api", "/apis"):
        for group in client.connection.request("GET", path, accept=AGGREGATED)["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                for each in version["resources"]:
                    api_version = f"{name}/{version['version']}" if name else version["version"]
                    subresources = {sub["subresource"] for sub in each.get("subresources") or []}
                    found[api_version, each["responseKind"]["kind"]] = (each["resource"], each["scope"], subresources)
    return found


def test_the_kinds_of_our_templates_are_served_where_we_know_them(cluster: Target) -> None:
    found = served(cluster.client)

    for key in OURS:
        resource = KNOWN[key]
        plural, scope, _ = found[key]
        assert (plural, scope) == (resource.plural, "Namespaced" if resource.namespaced else "Cluster")
    assert {"scale", "status"} <= found["apps/v1", "Deployment"][2]
    assert {"log", "exec"} <= found["v1", "Pod"][2]


def test_the_older_form_of_discovery_says_the_same(cluster: Target) -> None:
    request = cluster.client.connection.request
    groups = {group["name"] for group in request("GET", "/apis")["groups"]}
    listed = {each["name"]: each for each in request("GET", "/apis/apps/v1")["resources"]}

    assert {"apps", "batch", "networking.k8s.io", "autoscaling", "apiextensions.k8s.io"} <= groups
    assert listed["deployments"]["kind"] == "Deployment"
    assert listed["deployments/scale"]["kind"] == "Scale"
    assert "deploy" in listed["deployments"]["shortNames"]


def test_it_says_its_version_that_it_is_ready_and_who_we_are(cluster: Target) -> None:
    request = cluster.client.connection.request
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    may: dict[str, Any] = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    may |= {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": "default"}}}

    assert request("GET", "/version")["gitVersion"].startswith("v1.34.")
    cluster.client.connection.open("/readyz", accept="*/*").close()
    who = request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body)
    assert who["status"]["userInfo"]["username"]
    allowed = request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=may)
    assert allowed["status"]["allowed"] is True


def test_an_unknown_path_is_404_in_plain_text(cluster: Target) -> None:
    with pytest.raises(ApiStatusError) as caught:
        cluster.client.connection.request("GET", "/apis/nothing.example.com/v1/things")

    assert caught.value.status == 404


def test_lists_by_label_and_by_field(cluster: Target) -> None:
    for name, tier in (("a", "front"), ("b", "back"), ("c", "")):
        cluster.apply(a_config_map(name, labels={"tier": tier} if tier else {}))

    def names(**query: str) -> set[str]:
        page = cluster.client.connection.request("GET", CONFIG_MAPS.path(cluster.namespace), query=query)
        return {item["metadata"]["name"] for item in page["items"]} - {"kube-root-ca.crt"}

    assert names(labelSelector="tier=front") == {"a"}
    assert names(labelSelector="tier!=front") == {"b", "c"}
    assert names(labelSelector="tier in (front,back)") == {"a", "b"}
    assert names(labelSelector="tier notin (front)") == {"b", "c"}
    assert names(labelSelector="tier") == {"a", "b"}
    assert names(labelSelector="!tier,x!=y") == {"c"}
    assert names(fieldSelector="metadata.name=b") == {"b"}
    with pytest.raises(ApiStatusError, match="known field selector"):
        names(fieldSelector="spec.nonsense=1")


def test_pages_are_one_snapshot(cluster: Target) -> None:
    for number in range(5):
        cluster.apply(a_config_map(f"c{number}", labels={"page": "yes"}))
    request, path = cluster.client.connection.request, CONFIG_MAPS.path(cluster.namespace)

    first = request("GET", path, query={"limit": 2, "labelSelector": "page=yes"})
    cluster.kubectl("delete", "configmap", "c4")
    token = first["metadata"]["continue"]
    rest = request("GET", path, query={"limit": 10, "labelSelector": "page=yes", "continue": token})

    names = [item["metadata"]["name"] for item in first["items"] + rest["items"]]
    assert names == [f"c{number}" for number in range(5)]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_metadata_alone_comes_without_content(cluster: Target) -> None:
    cluster.apply(a_config_map())

    page = cluster.client.connection.request("GET", CONFIG_MAPS.path(cluster.namespace), accept=PARTIAL_LIST)

    assert page["kind"] == "PartialObjectMetadataList"
    assert all("data" not in item and item["metadata"]["name"] for item in page["items"])


@contextmanager
def watching(cluster: Target, version: str, **query: Any) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    """Events from a version on, for 5 s at most."""
    query = {"watch": True, "resourceVersion": version, "timeoutSeconds": 5, **query}
    with cluster.client.connection.open(CONFIG_MAPS.path(cluster.namespace), query=query) as stream:

        def events() -> Iterator[tuple[str, dict[str, Any]]]:
            buffer = b""
            while part := stream.read_some():
                buffer += part
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    yield event["type"], event["object"]

        yield events()


def listed_version(cluster: Target) -> str:
    page = cluster.client.connection.request("GET", CONFIG_MAPS.path(cluster.namespace))
    return str(page["metadata"]["resourceVersion"])


def test_a_watch_tells_every_step_in_order(cluster: Target) -> None:
    version = listed_version(cluster)
    made = cluster.apply(a_config_map())
    changed = cluster.apply(a_config_map(data={"a": "2"}))
    cluster.client.delete(ObjectRef.of(made), uid=made["metadata"]["uid"])

    with watching(cluster, version) as events:
        seen = [next(events) for _ in range(3)]

    assert [kind for kind, _ in seen] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(obj["metadata"]["resourceVersion"]) for _, obj in seen]
    assert versions == sorted(set(versions))
    assert versions[:2] == [int(each["metadata"]["resourceVersion"]) for each in (made, changed)]
    assert seen[2][1]["data"] == {"a": "2"}


def test_what_leaves_a_selector_is_told_as_deleted_as_it_was(cluster: Target) -> None:
    version = listed_version(cluster)
    cluster.apply(a_config_map(labels={"app": "x"}))
    cluster.apply(a_config_map(labels={"app": "y"}))
    cluster.apply(a_config_map(labels={"app": "x"}))

    with watching(cluster, version, labelSelector="app=x") as events:
        seen = [next(events) for _ in range(3)]

    assert [kind for kind, _ in seen] == ["ADDED", "DELETED", "ADDED"]
    assert seen[1][1]["metadata"]["labels"] == {"app": "x"}


def test_a_watch_without_a_version_begins_with_what_is_there(cluster: Target) -> None:
    cluster.apply(a_config_map(labels={"app": "x"}))

    with watching(cluster, "", labelSelector="app=x") as events:
        kind, obj = next(events)

    assert (kind, obj["metadata"]["name"]) == ("ADDED", "c")


def test_a_version_that_is_too_old_is_410(cluster: Target) -> None:
    with watching(cluster, "1") as events:
        kind, status = next(events)
    if cluster.is_real and kind != "ERROR":
        # A young API server still has its whole history (it forgets every five minutes), and then has to tell it.
        assert (kind, status["kind"]) == ("ADDED", "ConfigMap")
        return

    assert (kind, status["code"], status["reason"]) == ("ERROR", 410, "Expired")


def test_a_watch_ends_when_its_time_is_over(cluster: Target) -> None:
    with watching(cluster, listed_version(cluster), timeoutSeconds=1, labelSelector="app=x") as events:
        assert list(events) == []


DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {},
    "spec": {"group": "", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"}, "versions": []},
}


def test_a_definition_adds_a_kind_until_it_goes(cluster: Target) -> None:
    group = f"{cluster.namespace}.example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    spec = DEFINITION["spec"] | {"group": group, "versions": [version]}
    definition = cluster.client.apply(DEFINITION | {"metadata": {"name": f"widgets.{group}"}, "spec": spec})
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"sizes": [1, 2]}}
    eventually(lambda: (f"{group}/v1", "Widget") in served(cluster.client), within_s=20, every_s=0.2)

    path = f"/apis/{group}/v1/namespaces/{cluster.namespace}/widgets"
    made = eventually(lambda: cluster.client.connection.request("POST", path, body=widget), within_s=10)
    again = cluster.client.connection.request("GET", f"{path}/w")
    cluster.client.delete(ObjectRef.of(definition), uid=definition["metadata"]["uid"])

    assert (made["metadata"]["generation"], again["spec"]) == (1, {"sizes": [1, 2]})
    eventually(lambda: (f"{group}/v1", "Widget") not in served(cluster.client), within_s=20, every_s=0.2)


def test_an_unknown_field_is_refused_when_asked_to_be_strict(cluster: Target) -> None:
    query = {"fieldManager": "kubeorch", "fieldValidation": "Strict"}
    path = KNOWN["apps/v1", "Deployment"].path(cluster.namespace)
    wrong = a_deployment(replicas=0) | {"metadata": {"name": "w"}}
    wrong["spec"]["nonsense"] = 1

    with pytest.raises(ApiStatusError, match="unknown field"):
        cluster.client.connection.request("POST", path, query=query, body=wrong)


def test_events_are_served_in_their_newer_version(cluster: Target) -> None:
    assert ("events.k8s.io/v1", "Event") in served(cluster.client)


def test_the_older_version_of_autoscalers_is_served(cluster: Target) -> None:
    assert ("autoscaling/v1", "HorizontalPodAutoscaler") in served(cluster.client)


def test_metrics_of_nodes_are_served(cluster: Target) -> None:
    listed = cluster.client.connection.request("GET", "/apis/metrics.k8s.io/v1beta1/nodes")

    assert {"cpu", "memory"} <= set(listed["items"][0]["usage"])
