"""What the objects look like: the parts of each type that others rely on."""

from typing import Any

import pytest

from app.errors import InvalidError
from app.manifests.labels import node_label, ownership_labels
from app.manifests.volumes import volume_name
from app.workflows.plan import Given
from tests.nodes import FULL, a_node, plan_of, rendered
from tests.unit.manifests.rendering import the_container, the_node, the_object, the_pod

OURS = {
    "managed-by": "kubeorch",
    "app.kubernetes.io/managed-by": "kubeorch",
    "kubeorch.io/workflow": "w1",
    "kubeorch.io/instance": "test",
}


# --- labels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(FULL))
def test_every_object_says_whose_it_is(kind: str) -> None:
    for obj in the_node(kind, labels={"team": "shop", "app": "other", "managed-by": "me"}).objects:
        labels = obj["metadata"]["labels"]
        assert labels == {"team": "shop", "app": kind, "kubeorch.io/node": kind, **OURS}
        assert obj["metadata"]["namespace"] == "default"


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset", "job", "cronjob"])
def test_pods_say_it_too_selectors_do_not(kind: str) -> None:
    obj = the_object(kind, labels={"team": "shop"})

    assert the_pod(kind, labels={"team": "shop"})["metadata"]["labels"].items() >= OURS.items()
    if "selector" in obj["spec"]:
        assert obj["spec"]["selector"] == {"matchLabels": {"app": kind}}


def test_disks_have_no_label_that_a_cleanup_goes_by() -> None:
    obj = the_object("statefulset", volumeClaimTemplates=[{"name": "d", "storage": "1Gi"}])

    assert obj["spec"]["volumeClaimTemplates"][0]["metadata"] == {"name": "d"}


def test_jobs_of_a_cronjob_are_the_clusters() -> None:
    assert "metadata" not in the_object("cronjob")["spec"]["jobTemplate"]


@pytest.mark.parametrize("node_id", ["a", "node-1", "A.b_c-9", "x" * 63])
def test_a_node_id_that_can_be_a_label_is_one(node_id: str) -> None:
    assert node_label(node_id) == node_id


@pytest.mark.parametrize("node_id", ["a b", "-a", "a-", "x" * 64, "ü", "a/b", "", "a\n", "\ud800"])
def test_another_node_id_is_hashed(node_id: str) -> None:
    label = ownership_labels("w", node_id, "i")["kubeorch.io/node"]

    assert label.startswith("sha256-") and len(label) <= 63
    assert label != node_label(node_id + "x")


# --- workloads ---------------------------------------------------------------------------------------------------


def test_a_deployment_has_replicas_a_port_called_http_and_a_version() -> None:
    obj = the_object("deployment", name="web", image="nginx", port="3000", replicas="0", version="v7")

    assert obj["spec"]["replicas"] == 0
    assert obj["spec"]["template"]["metadata"]["labels"]["version"] == "v7"
    container = obj["spec"]["template"]["spec"]["containers"][0]
    assert container == {
        "name": "web",
        "image": "nginx",
        "ports": [{"name": "http", "containerPort": 3000, "protocol": "TCP"}],
    }


def test_listed_ports_are_all_and_none_is_none() -> None:
    listed = [{"containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]

    assert the_container(ports=listed)["ports"] == [
        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
    ]
    assert "ports" not in the_container(ports=[], port=8080)
    assert "ports" not in the_container("daemonset")


def test_mounts_share_the_volume_of_their_source() -> None:
    mounts = [
        {"type": "configMap", "name": "files", "mountPath": "/a", "subPath": "a.conf"},
        {"type": "configMap", "name": "files", "mountPath": "/b"},
        {"type": "emptyDir", "mountPath": "/tmp"},
    ]

    spec = the_pod(volumeMounts=mounts)["spec"]

    names = [mount["name"] for mount in spec["containers"][0]["volumeMounts"]]
    assert names[0] == names[1] == "config-files"
    assert [volume["name"] for volume in spec["volumes"]] == ["config-files", names[2]]
    assert spec["volumes"][1]["emptyDir"] == {}


def test_two_mounts_at_one_place_are_refused() -> None:
    mounts = [
        {"type": "configMap", "name": "a", "mountPath": "/etc/x"},
        {"type": "secret", "name": "b", "mountPath": "/etc/x/"},
    ]

    with pytest.raises(InvalidError) as refused:
        the_object("deployment", volumeMounts=mounts)

    assert refused.value.details == {
        "deployment.volumeMounts[1].mountPath": "a and b are both mounted at /etc/x: give one another path"
    }


@pytest.mark.parametrize(
    ("source", "name"),
    [("app", "config-app"), ("A_b", "config-a-b-"), ("x" * 80, "config-xxx"), ("a.b", "config-a-b-")],
)
def test_a_volume_is_named_after_its_source(source: str, name: str) -> None:
    made = volume_name("config", source)

    assert made == name or (made.startswith(name) and len(made) <= 63)


def test_different_sources_never_share_a_volume() -> None:
    assert len({volume_name("config", source) for source in ("a-b", "a.b", "a_b", "A-b", "x" * 70, "x" * 71)}) == 6


@pytest.mark.parametrize(
    ("probe", "rendered_probe"),
    [
        ({"path": "/ok"}, {"httpGet": {"path": "/ok", "port": 8080}}),
        ({"path": "/ok", "port": "web"}, {"httpGet": {"path": "/ok", "port": "web"}}),
        ({"periodSeconds": "5"}, {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5}),
        ({"type": "tcpSocket"}, {"tcpSocket": {"port": 8080}}),
        ({"type": "grpc", "port": 50051}, {"grpc": {"port": 50051}}),
        ({"command": "test -f /ok"}, {"exec": {"command": ["sh", "-c", "test -f /ok"]}}),
        (
            {"type": "exec", "command": ["true"], "timeoutSeconds": 2},
            {"exec": {"command": ["true"]}, "timeoutSeconds": 2},
        ),
    ],
)
def test_a_probe_asks_the_container_s_port(probe: dict[str, Any], rendered_probe: dict[str, Any]) -> None:
    assert the_container(readinessProbe=probe)["readinessProbe"] == rendered_probe


def test_a_probe_without_any_port_says_so() -> None:
    with pytest.raises(InvalidError, match="port is required"):
        the_object("daemonset", livenessProbe={"path": "/"})


def test_security_is_split_between_pod_and_container() -> None:
    context = {"privileged": True, "runAsUser": 5, "fsGroup": 6, "capabilities": {"drop": ["ALL"]}}

    spec = the_pod(securityContext=context)["spec"]

    assert spec["securityContext"] == {"runAsUser": 5, "fsGroup": 6}
    assert spec["containers"][0]["securityContext"] == {"privileged": True, "capabilities": {"drop": ["ALL"]}}


def test_given_environment_is_put_in_and_the_rest_is_kept() -> None:
    keys = [{"name": "TOKEN"}, {"name": "OTHER"}, {"name": "A"}]
    node = the_node(
        "deployment", Given(env={"deployment": {"TOKEN": "t", "STRANGE": "x"}}), envKeys=keys, env={"A": "1"}
    )

    env = node.objects[0]["spec"]["template"]["spec"]["containers"][0]["env"]

    assert env == [{"name": "A", "value": "1"}, {"name": "TOKEN", "value": "t"}]
    assert node.env_kept == {"OTHER"}


def test_host_network_keeps_cluster_dns() -> None:
    spec = the_pod("daemonset", hostNetwork=True)["spec"]

    assert (spec["hostNetwork"], spec["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    assert "dnsPolicy" not in the_pod("daemonset")["spec"]


def test_a_daemonset_rolls_only_when_it_may() -> None:
    assert the_object("daemonset")["spec"]["updateStrategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 1},
    }
    assert the_object("daemonset", updateStrategy="OnDelete")["spec"]["updateStrategy"] == {"type": "OnDelete"}


@pytest.mark.parametrize(
    ("image", "path", "sub_path"),
    [
        ("postgres:17", "/var/lib/postgresql/data", "data"),
        ("docker.io/library/postgres:18.1", "/var/lib/postgresql", None),
        ("postgres", "/var/lib/postgresql", None),
        ("localhost:5000/mysql:8@sha256:" + "0" * 64, "/var/lib/mysql", "data"),
        ("mongo:7", "/data/db", None),
        ("mongo-express", "/data/d", None),
        ("redis:7", "/data", None),
        ("busybox", "/data/d", None),
    ],
)
def test_a_disk_goes_where_the_image_keeps_its_data(image: str, path: str, sub_path: str | None) -> None:
    claims = [{"name": "d", "storage": "1Gi"}, {"name": "e", "storage": "1Gi", "mountPath": "/e"}]

    first, second = the_container("statefulset", image=image, volumeClaimTemplates=claims)["volumeMounts"]

    assert (first["mountPath"], first.get("subPath")) == (path, sub_path)
    assert second == {"name": "e", "mountPath": "/e"}


def test_a_statefulset_brings_its_headless_service_along() -> None:
    service, own = the_node("statefulset", name="db", serviceName="peers", port=5432).objects

    assert own["spec"]["serviceName"] == service["metadata"]["name"] == "peers"
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"app": "db"}


# --- services, ingresses, policies, autoscalers ------------------------------------------------------------------


def test_several_ports_get_the_names_they_need() -> None:
    ports = [{"port": 80}, {"port": "53", "protocol": "udp", "name": "dns"}, {"port": 81, "targetPort": "x"}]

    assert the_object("service", ports=ports)["spec"]["ports"] == [
        {"name": "tcp-80", "protocol": "TCP", "port": 80, "targetPort": 80},
        {"name": "dns", "protocol": "UDP", "port": 53, "targetPort": 53},
        {"name": "tcp-81", "protocol": "TCP", "port": 81, "targetPort": "x"},
    ]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("ClusterIP", {"type": "ClusterIP"}),
        ("NodePort", {"type": "NodePort", "externalTrafficPolicy": "Local"}),
        ("LoadBalancer", {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "loadBalancerIP": "192.0.2.1"}),
        ("Headless", {"type": "ClusterIP", "clusterIP": "None"}),
    ],
)
def test_a_service_has_what_its_type_takes(kind: str, wanted: dict[str, Any]) -> None:
    spec = the_object("service", serviceType=kind, externalTrafficPolicy="Local", loadBalancerIP="192.0.2.1")["spec"]

    assert {key: value for key, value in spec.items() if key not in ("ports", "selector", "sessionAffinity")} == wanted


def test_an_external_name_is_a_name_and_nothing_else() -> None:
    spec = the_object("service", serviceType="ExternalName", externalName="db.example.com", targetApp="")["spec"]

    assert spec == {"type": "ExternalName", "externalName": "db.example.com"}


def test_a_headless_service_needs_no_port_others_do() -> None:
    assert "ports" not in the_object("service", serviceType="Headless", ports=[])["spec"]
    with pytest.raises(InvalidError, match="at least one port"):
        the_object("service", ports=[])


def test_paths_without_a_service_are_left_out_and_said() -> None:
    paths = [{"id": "1", "path": "/a", "serviceName": "a", "servicePort": "http"}, {"id": "2", "path": "/b"}]
    plan = plan_of(a_node("ingress", name="in", serviceName="", paths=paths))

    (rule,) = plan.nodes[0].objects[0]["spec"]["rules"]

    assert rule["http"]["paths"] == [
        {"path": "/a", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"name": "http"}}}}
    ]
    assert plan.warnings == ("in: path /b is left out: no service is connected to it",)


def test_an_ingress_without_any_service_is_refused() -> None:
    with pytest.raises(InvalidError, match="connect the ingress to a service"):
        the_object("ingress", serviceName="", paths=[{"id": "1", "path": "/"}])


def test_tls_hosts_are_the_host_unless_named() -> None:
    spec = the_object("ingress", host="a.example.com", tlsEnabled=True, tlsSecretName="cert")["spec"]

    assert spec["tls"] == [{"secretName": "cert", "hosts": ["a.example.com"]}]
    assert spec["rules"][0]["host"] == "a.example.com"


def test_a_rule_without_peers_is_for_everybody_and_no_rule_for_nobody() -> None:
    rules = [{"id": "1", "from": [], "ports": [{"port": "80"}]}, {"id": "2"}]

    spec = the_object("networkpolicy", policyTypes=["Ingress", "Egress"], ingressRules=rules)["spec"]

    assert spec["ingress"] == [{"ports": [{"protocol": "TCP", "port": 80}]}, {}]
    assert spec["egress"] == []
    assert spec["podSelector"] == {}


def test_an_autoscaler_has_metrics_and_behaviour() -> None:
    spec = the_object("hpa", minReplicas=2, maxReplicas=4, targetMemoryUtilization=70)["spec"]

    assert [metric["resource"]["name"] for metric in spec["metrics"]] == ["cpu", "memory"]
    assert spec["behavior"]["scaleDown"] == {"stabilizationWindowSeconds": 300}
    with pytest.raises(InvalidError, match="5 is above maxReplicas"):
        the_object("hpa", minReplicas=5, maxReplicas=4)


# --- configmaps and secrets --------------------------------------------------------------------------------------


def test_a_secret_holds_what_was_given_and_lists_what_it_must_hold() -> None:
    node = the_node("secret", Given(secrets={"secret": {"a": "ä", "x": "y"}}), keys=[{"name": "a"}, {"name": "b"}])

    assert node.objects[0]["data"] == {"a": "w6Q="}
    assert node.secret_keys == ("a", "b")
    assert "ä" not in repr(node) and "w6Q=" not in repr(node)


def test_a_secret_without_values_has_no_data() -> None:
    assert "data" not in the_object("secret", keys=[{"name": "a"}])


@pytest.mark.parametrize(
    ("kind", "keys"),
    [("kubernetes.io/tls", ("tls.crt", "tls.key")), ("kubernetes.io/dockerconfigjson", (".dockerconfigjson",))],
)
def test_a_typed_secret_has_the_keys_of_its_type(kind: str, keys: tuple[str, ...]) -> None:
    assert the_node("secret", secretType=kind).secret_keys == keys
    with pytest.raises(InvalidError, match=f"needs the key {keys[-1]}"):
        the_object("secret", secretType=kind, keys=[{"name": "tls.crt"}])


def test_given_values_are_not_in_a_plan_s_repr() -> None:
    given_values = Given(secrets={"s": {"k": "hunter2"}}, env={"d": {"k": "hunter2"}})

    assert "hunter2" not in repr(given_values)
    assert "hunter2" not in repr(plan_of(a_node("secret", "s", keys=[{"name": "k"}]), given=given_values))


def test_a_mounted_name_outside_the_graph_stays() -> None:
    mounts = [{"type": "secret", "name": "made-elsewhere", "mountPath": "/x"}]

    obj = rendered(a_node("deployment", volumeMounts=mounts), of="deployment")

    assert obj["spec"]["template"]["spec"]["volumes"][0]["secret"] == {"secretName": "made-elsewhere"}
