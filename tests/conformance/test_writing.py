"""Creating, changing, applying, deleting: what comes out, and what is refused in which words."""

from typing import Any

import pytest

from app.kube.client import JSON_PATCH
from app.kube.errors import ApiStatusError
from app.kube.objects import ObjectRef
from app.kube.payload import APPLY
from tests.conformance.builders import a_config_map, a_deployment, a_job, a_workload
from tests.conformance.conftest import Target
from tests.waiting import eventually


def refused(call: Any) -> ApiStatusError:
    with pytest.raises(ApiStatusError) as caught:
        call()
    return caught.value


def test_an_apply_creates_and_says_who_owns_what(cluster: Target) -> None:
    made = cluster.apply(a_deployment())

    assert made["metadata"]["generation"] == 1
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    entry = next(each for each in made["metadata"]["managedFields"] if each["manager"] == "kubeorch")
    assert (entry["operation"], entry["apiVersion"], entry["fieldsType"]) == ("Apply", "apps/v1", "FieldsV1")
    containers = entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert containers == {'k:{"name":"app"}': {".": {}, "f:image": {}, "f:name": {}}}
    assert entry["fieldsV1"]["f:spec"]["f:selector"] == {}


def test_an_apply_of_the_same_changes_nothing(cluster: Target) -> None:
    first = cluster.apply(a_config_map())

    again = cluster.apply(a_config_map())

    assert again == first


def test_an_apply_takes_away_what_it_named_before(cluster: Target) -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    ports = [{"containerPort": 80}, {"containerPort": 81, "name": "second"}]
    cluster.apply(a_deployment(env=env, ports=ports) | {"metadata": {"name": "web", "labels": {"x": "1", "y": "2"}}})

    after = cluster.apply(
        a_deployment(env=env[:1], ports=ports[:1]) | {"metadata": {"name": "web", "labels": {"x": "1"}}}
    )

    container = after["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == env[:1]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert after["metadata"]["labels"] == {"x": "1"}
    assert after["metadata"]["generation"] == 2


def test_an_apply_leaves_what_others_named(cluster: Target) -> None:
    cluster.apply(a_config_map(data={"mine": "1"}))
    cluster.kubectl("patch", "configmap", "c", "--type=merge", "-p", '{"data":{"theirs":"2"}}')

    after = cluster.apply(a_config_map(data={}))

    assert after["data"] == {"theirs": "2"}


def test_a_field_of_another_manager_is_a_conflict_unless_it_is_forced(cluster: Target) -> None:
    cluster.apply(a_deployment(replicas=1))
    cluster.kubectl("scale", "deployment", "web", "--replicas=2")

    error = refused(lambda: cluster.apply(a_deployment(replicas=1), force=False))
    taken = cluster.apply(a_deployment(replicas=1), force=True)

    assert (error.status, error.reason) == (409, "Conflict")
    assert [(cause.manager, cause.field) for cause in error.causes] == [("kubectl", ".spec.replicas")]
    assert taken["spec"]["replicas"] == 1


def test_two_managers_may_say_the_same(cluster: Target) -> None:
    cluster.apply(a_config_map())
    cluster.kubectl("apply", "--server-side", "-f", _file(cluster, a_config_map()))

    assert cluster.apply(a_config_map(data={}))["data"] == {"a": "1"}


def test_a_stale_version_is_refused(cluster: Target) -> None:
    old = cluster.apply(a_config_map())["metadata"]["resourceVersion"]
    cluster.apply(a_config_map(data={"a": "2"}))

    error = refused(lambda: cluster.apply(a_config_map(data={"a": "3"}), resource_version=old))

    assert (error.status, error.reason) == (409, "Conflict")
    assert "the object has been modified" in error.message


def test_an_apply_with_a_version_makes_anew_what_has_gone_and_one_with_a_uid_does_not(cluster: Target) -> None:
    made = cluster.apply(a_config_map(), resource_version="1")
    query = {"fieldManager": "kubeorch"}
    body = cluster.named(a_config_map("d", uid=made["metadata"]["uid"]))
    path = f"/api/v1/namespaces/{cluster.namespace}/configmaps/d"

    error = refused(
        lambda: cluster.client.connection.request("PATCH", path, query=query, body=body, content_type=APPLY)
    )

    assert made["data"] == {"a": "1"}
    assert error.status == 409


def test_a_dry_run_leaves_nothing(cluster: Target) -> None:
    shown = cluster.apply(a_deployment(), dry_run=True)

    assert shown["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
    assert cluster.client.find(cluster.ref("apps/v1", "Deployment", "web")) is None


def test_what_exists_is_not_created_and_what_does_not_is_not_found(cluster: Target) -> None:
    created = cluster.client.create(cluster.named(a_config_map()))
    again = refused(lambda: cluster.client.create(cluster.named(a_config_map())))
    missing = refused(lambda: cluster.client.get(cluster.ref("apps/v1", "Deployment", "nope")))
    nowhere = refused(lambda: cluster.client.create(a_config_map(namespace="no-such-namespace")))

    assert "generation" not in created["metadata"]
    assert (again.status, again.message) == (409, 'configmaps "c" already exists')
    assert (missing.status, missing.message) == (404, 'deployments.apps "nope" not found')
    assert (nowhere.status, nowhere.message) == (404, 'namespaces "no-such-namespace" not found')


def test_names_can_be_generated(cluster: Target) -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}

    name = cluster.client.create(cluster.named(obj))["metadata"]["name"]

    assert name.startswith("x-")
    assert len(name) == 7


BAD = [
    ("name", a_config_map("A_b"), "metadata.name", "a lowercase RFC 1123 subdomain"),
    ("image", a_deployment(image=""), "spec.template.spec.containers[0].image", "Required value"),
    ("mount", a_deployment(volumeMounts=[{"name": "v", "mountPath": "/v"}]), "volumeMounts[0].name", 'Not found: "v"'),
    (
        "labels",
        a_deployment() | {"metadata": {"name": "w", "labels": {"a": "b c"}}},
        "metadata.labels",
        "a valid label must",
    ),
    ("key", a_config_map(data={"a/b": "1"}), "data[a/b]", "a valid config key must consist of"),
    (
        "restart",
        a_job("j", ["true"]) | {"spec": {"template": a_deployment()["spec"]["template"]}},
        "restartPolicy",
        "Never",
    ),
]


@pytest.mark.parametrize(("obj", "field", "text"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_mistake_is_refused_with_the_field_and_the_reason(
    cluster: Target, obj: dict[str, Any], field: str, text: str
) -> None:
    error = refused(lambda: cluster.client.create(cluster.named(obj)))

    assert (error.status, error.reason) == (422, "Invalid")
    assert any(field in cause.field for cause in error.causes)
    assert text in error.message


IMMUTABLE = [
    ("selector", a_deployment(), {"spec": {"selector": {"matchLabels": {"app": "other"}}}}),
    ("job", a_job("j", ["true"]), {"spec": {"template": {"metadata": {"labels": {"x": "y"}}}}}),
    ("statefulset", a_workload("StatefulSet", "s", spec={"serviceName": "s"}), {"spec": {"serviceName": "other"}}),
]


@pytest.mark.parametrize(("obj", "change"), [case[1:] for case in IMMUTABLE], ids=[case[0] for case in IMMUTABLE])
def test_what_is_immutable_stays(cluster: Target, obj: dict[str, Any], change: dict[str, Any]) -> None:
    made = cluster.apply(obj)

    error = refused(lambda: cluster.client.patch(ObjectRef.of(made), change))

    assert (error.status, error.reason) == (422, "Invalid")


def test_patches_of_both_kinds(cluster: Target) -> None:
    ref = cluster.ref("v1", "ConfigMap", "c")
    cluster.apply(a_config_map(data={"a": "1", "b": "2"}))

    merged = cluster.client.patch(ref, {"data": {"a": None, "c": "3"}})
    operations = [{"op": "replace", "path": "/data/b", "value": "x"}, {"op": "add", "path": "/data/d", "value": "4"}]
    patched = cluster.client.patch(ref, operations, content_type=JSON_PATCH)
    wrong = refused(lambda: cluster.client.patch(ref, [{"op": "remove", "path": "/data/z"}], content_type=JSON_PATCH))

    assert merged["data"] == {"b": "2", "c": "3"}
    assert patched["data"] == {"b": "x", "c": "3", "d": "4"}
    assert wrong.status == 422


def test_a_status_is_written_by_its_own_path_only(cluster: Target) -> None:
    made = cluster.apply(a_deployment(replicas=0))
    cluster.client.patch(ObjectRef.of(made), {"status": {"replicas": 7}})

    assert cluster.client.get(ObjectRef.of(made)).get("status", {}).get("replicas", 0) == 0


def test_only_the_object_that_was_meant_is_deleted(cluster: Target) -> None:
    made = cluster.apply(a_config_map())

    error = refused(lambda: cluster.client.delete(ObjectRef.of(made), uid="00000000-0000-0000-0000-000000000000"))
    cluster.client.delete(ObjectRef.of(made), uid=made["metadata"]["uid"])

    assert (error.status, error.reason) == (409, "Conflict")
    assert cluster.client.find(ObjectRef.of(made)) is None


def test_a_finalizer_holds_an_object(cluster: Target) -> None:
    made = cluster.apply(a_config_map(finalizers=["example.com/hold"]))
    cluster.client.delete(ObjectRef.of(made), uid=made["metadata"]["uid"])
    held = cluster.client.get(ObjectRef.of(made))

    cluster.client.patch(ObjectRef.of(made), {"metadata": {"finalizers": None}})

    assert "deletionTimestamp" in held["metadata"]
    assert cluster.client.find(ObjectRef.of(made)) is None


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_what_an_object_owns_goes_with_it(cluster: Target, propagation: Any) -> None:
    made = cluster.apply(a_deployment())
    eventually(lambda: cluster.pods("web"), within_s=20)

    cluster.client.delete(ObjectRef.of(made), uid=made["metadata"]["uid"], propagation=propagation)

    eventually(lambda: not cluster.pods("web") and not cluster.listed("replicasets"), within_s=40, every_s=0.3)
    assert cluster.client.find(ObjectRef.of(made)) is None


def test_a_job_that_is_deleted_as_it_is_leaves_its_pods(cluster: Target) -> None:
    made = cluster.apply(a_job("j", ["sleep", "600"]))
    eventually(lambda: cluster.pods("j"), within_s=20)

    cluster.client.connection.request("DELETE", f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs/j")

    eventually(lambda: cluster.client.find(ObjectRef.of(made)) is None, within_s=20)
    assert "ownerReferences" not in eventually(lambda: cluster.pods("j"), within_s=5)[0]["metadata"]


def test_a_deleted_namespace_takes_everything_with_it(cluster: Target) -> None:
    cluster.apply(a_config_map())
    cluster.kubectl("create", "namespace", f"{cluster.namespace}-2")
    cluster.client.create(a_config_map(namespace=f"{cluster.namespace}-2"))

    cluster.kubectl("delete", "namespace", f"{cluster.namespace}-2")

    assert cluster.client.find(ObjectRef("v1", "ConfigMap", f"{cluster.namespace}-2", "c")) is None
    assert cluster.client.find(cluster.ref("v1", "ConfigMap", "c")) is not None


def _file(cluster: Target, obj: dict[str, Any]) -> str:
    import json
    import tempfile
    from pathlib import Path

    path = Path(tempfile.mkdtemp()) / "object.json"
    path.write_text(json.dumps(cluster.named(obj)))
    return str(path)
