"""What edges mean. Each test draws its edge both ways: people do."""

from typing import Any

import pytest

from app.errors import InvalidError
from tests.nodes import a_node, an_edge, plan_of, rendered
from tests.unit.workflows.edges import BOTH_WAYS, before, drawn, the

# --- services ---------------------------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
def test_a_service_selects_the_workload_it_is_linked_with(kind: str, reverse: bool) -> None:
    plan = plan_of(
        a_node("service", "s", name="front", targetApp="an-old-name", namespace="elsewhere"),
        a_node(kind, "w", name="renamed", port=3000, namespace="shop"),
        drawn("s", "w", reverse=reverse),
    )

    service = the(plan, "s").objects[0]
    assert service["spec"]["selector"] == {"app": "renamed"}
    assert service["spec"]["ports"][0]["targetPort"] == 3000
    assert service["metadata"]["namespace"] == "shop", "a service goes where its pods are"
    assert before(plan, "w", "s") and the(plan, "s").needs == {"w"}


def test_a_target_port_that_is_given_stays() -> None:
    spec = rendered(
        a_node("service", targetPort=9), a_node("deployment"), an_edge("service", "deployment"), of="service"
    )

    assert spec["spec"]["ports"][0]["targetPort"] == 9


@pytest.mark.parametrize(
    ("workload", "service", "target"),
    [
        ({"ports": [{"containerPort": 7000}, {"containerPort": 7001}]}, {}, 7000),
        ({"ports": []}, {}, 80),
        ({}, {}, 8080),
        ({"port": "3000"}, {"ports": [{"port": 80}]}, 3000),
        ({"port": 3000}, {"ports": [{"port": 80, "targetPort": "http"}]}, "http"),
        ({"port": 3000}, {"ports": [{"port": 1}, {"port": 2}]}, 1),
    ],
)
def test_the_target_port_is_the_workload_s(
    workload: dict[str, Any], service: dict[str, Any], target: int | str
) -> None:
    nodes = a_node("service", **service), a_node("deployment", **workload)

    spec = rendered(*nodes, an_edge("service", "deployment"), of="service")["spec"]

    assert spec["ports"][0]["targetPort"] == target


def test_a_selector_of_ones_own_stays() -> None:
    nodes = a_node("service", selector={"tier": "front"}), a_node("deployment")

    assert rendered(*nodes, an_edge("service", "deployment"), of="service")["spec"]["selector"] == {"tier": "front"}


@pytest.mark.parametrize("hint", [{"_linkedDeployment": "b"}, {"targetApp": "b"}])
def test_of_two_workloads_a_service_has_the_one_the_canvas_means(hint: dict[str, str]) -> None:
    plan = plan_of(
        a_node("service", "s", **hint), a_node("deployment", "a", name="a"), a_node("deployment", "b", name="b"),
        an_edge("s", "a"), an_edge("s", "b"),
    )  # fmt: skip

    assert the(plan, "s").objects[0]["spec"]["selector"] == {"app": "b"}
    assert plan.warnings == ("service: selects b only: a service has one workload, not also a",)


def test_a_cached_link_without_its_edge_counts_for_nothing() -> None:
    nodes = a_node("service", targetApp="typed", _linkedDeployment="w"), a_node("deployment", "w", name="web")

    assert rendered(*nodes, of="service")["spec"]["selector"] == {"app": "typed"}


def test_a_target_that_was_typed_comes_first_too() -> None:
    plan = plan_of(a_node("service", targetApp="web"), a_node("deployment", name="web"))

    assert before(plan, "web", "service")


# --- ingresses --------------------------------------------------------------------------------------------------


@BOTH_WAYS
def test_a_path_leads_to_the_service_at_its_handle(reverse: bool) -> None:
    paths = [
        {"id": "p1", "path": "/", "serviceName": "old", "servicePort": 81},
        {"id": "p2", "path": "/api", "serviceName": ""},
    ]
    plan = plan_of(
        a_node("ingress", "i", paths=paths, serviceName="", namespace=""),
        a_node("service", "a", name="front", port=8000, namespace="shop"),
        a_node("service", "b", name="back", ports=[{"name": "http", "port": 9000}, {"port": 9001}], namespace="shop"),
        drawn("i", "a", at="p1", reverse=reverse),
        drawn("i", "b", at="p2", reverse=reverse),
    )

    ingress = the(plan, "i").objects[0]
    backends = [path["backend"]["service"] for path in ingress["spec"]["rules"][0]["http"]["paths"]]
    assert backends == [{"name": "front", "port": {"number": 8000}}, {"name": "back", "port": {"number": 9000}}]
    assert ingress["metadata"]["namespace"] == "shop"
    assert before(plan, "a", "i") and before(plan, "b", "i")


@pytest.mark.parametrize("port", ["9001", 9001, "metrics"])
def test_a_port_that_the_service_has_stays(port: int | str) -> None:
    ports = [{"name": "http", "port": 9000}, {"name": "metrics", "port": 9001}]
    nodes = (
        a_node("ingress", paths=[{"id": "p", "servicePort": port}], serviceName=""),
        a_node("service", ports=ports),
    )

    spec = rendered(*nodes, an_edge("ingress", "service", at_source="p"), of="ingress")["spec"]

    backend = spec["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"]
    assert backend == ({"name": port} if port == "metrics" else {"number": 9001})


@pytest.mark.parametrize("paths", [[{"id": "x"}], [{"id": "x", "_linkedService": "service"}, {"id": "y"}], None])
def test_an_edge_without_a_path_s_handle_finds_its_path(paths: list[dict[str, Any]] | None) -> None:
    nodes = a_node("ingress", paths=paths, serviceName=""), a_node("service", name="front")

    spec = rendered(*nodes, an_edge("ingress", "front", at_source="output"), of="ingress")["spec"]

    assert spec["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == "front"


# --- configmaps, secrets, claims --------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize(
    ("kind", "path", "volume"),
    [
        ("configmap", "/etc/config", {"configMap": {"name": "source"}}),
        ("secret", "/etc/secrets", {"secret": {"secretName": "source"}}),
        ("persistentvolumeclaim", "/data/source", {"persistentVolumeClaim": {"claimName": "source"}}),
    ],
)
@pytest.mark.parametrize("workload", ["deployment", "statefulset", "daemonset", "job"])
def test_what_is_linked_is_mounted(kind: str, path: str, volume: Any, workload: str, reverse: bool) -> None:
    plan = plan_of(a_node(kind, "x", name="source"), a_node(workload, "w"), drawn("x", "w", reverse=reverse))

    pod = the(plan, "w").objects[-1]["spec"]["template"]["spec"]
    assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == path
    assert {key: part for key, part in pod["volumes"][0].items() if key != "name"} == volume
    assert before(plan, "x", "w")
    assert the(plan, "w").uses == (set() if kind == "persistentvolumeclaim" else {"x"})


def test_a_mount_says_where_and_follows_a_new_name() -> None:
    mounts = [
        {"type": "configMap", "name": "old", "nodeId": "x", "mountPath": "/a", "subPath": "a.conf"},
        {"type": "configMap", "name": "old", "nodeId": "x", "mountPath": "/b", "readOnly": True},
    ]
    plan = plan_of(
        a_node("configmap", "x", name="new"), a_node("deployment", "w", volumeMounts=mounts), an_edge("x", "w")
    )

    spec = the(plan, "w").objects[0]["spec"]["template"]["spec"]

    assert [mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]] == ["/a", "/b"]
    assert spec["volumes"] == [{"name": "config-new", "configMap": {"name": "new"}}]


def test_a_node_s_own_mount_path_is_used() -> None:
    nodes = a_node("configmap", "x", mountPath="/etc/nginx/conf.d"), a_node("deployment", "w")

    pod = rendered(*nodes, an_edge("x", "w"), of="w")["spec"]["template"]["spec"]

    assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == "/etc/nginx/conf.d"


@BOTH_WAYS
@pytest.mark.parametrize(
    ("kind", "entry", "ref"), [("configmap", "configMap", "configMapRef"), ("secret", "secret", "secretRef")]
)
def test_named_in_env_from_it_is_environment(kind: str, entry: str, ref: str, reverse: bool) -> None:
    env_from = [{"type": entry, "name": "old", "nodeId": "x", "prefix": "A_"}]
    plan = plan_of(
        a_node(kind, "x", name="new"), a_node("deployment", "w", envFrom=env_from), drawn("x", "w", reverse=reverse)
    )

    spec = the(plan, "w").objects[0]["spec"]["template"]["spec"]
    assert spec["containers"][0]["envFrom"] == [{"prefix": "A_", ref: {"name": "new"}}]
    assert "volumes" not in spec
    assert the(plan, "w").uses == {"x"}


def test_an_entry_without_its_edge_is_left_out_and_said() -> None:
    plan = plan_of(
        a_node("configmap", "x", name="settings"),
        a_node(
            "deployment", "w", name="web",
            envFrom=[{"type": "configMap", "name": "settings", "nodeId": "x"}],
            volumeMounts=[{"type": "secret", "name": "gone", "nodeId": "y", "mountPath": "/x"}],
        ),
    )  # fmt: skip

    spec = the(plan, "w").objects[0]["spec"]["template"]["spec"]
    assert "envFrom" not in spec["containers"][0] and "volumes" not in spec
    assert plan.warnings == (
        "web: envFrom of settings is left out: it isn't connected any more",
        "web: volumeMounts of gone is left out: it isn't connected any more",
    )


def test_a_mount_by_name_waits_for_the_node_that_makes_it() -> None:
    mounts = [{"type": "secret", "name": "passwords", "mountPath": "/x"}]
    plan = plan_of(a_node("deployment", "w", volumeMounts=mounts), a_node("secret", "s", name="passwords"))

    assert before(plan, "s", "w")
    assert the(plan, "w").uses == {"s"}


# --- namespaces --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["configmap", "secret", "persistentvolumeclaim", "hpa", "networkpolicy"])
def test_what_names_no_namespace_goes_with_its_workload(kind: str) -> None:
    plan = plan_of(a_node(kind, "x"), a_node("deployment", "w", namespace="shop"), an_edge("x", "w"), namespace="main")

    assert the(plan, "x").namespace == "shop"


@pytest.mark.parametrize("kind", ["configmap", "secret", "persistentvolumeclaim", "hpa"])
def test_another_namespace_can_t_be_used_from_here(kind: str) -> None:
    with pytest.raises(InvalidError) as refused:
        plan_of(
            a_node(kind, "x", namespace="other"), a_node("deployment", "w", name="web", namespace="shop"),
            an_edge("x", "w"),
        )  # fmt: skip

    assert refused.value.details == {
        "x.namespace": "is in the namespace other, but web, which is connected to it, is in shop:"
        " give both the same namespace"
    }


def test_the_default_namespace_is_the_cluster_s() -> None:
    assert the(plan_of(a_node("configmap"), namespace="main"), "configmap").namespace == "main"
    assert the(plan_of(a_node("configmap"), namespace=""), "configmap").namespace == "default"


# --- autoscalers, policies ---------------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize(("kind", "target"), [("deployment", "Deployment"), ("statefulset", "StatefulSet")])
def test_an_autoscaler_takes_over_the_replicas(kind: str, target: str, reverse: bool) -> None:
    plan = plan_of(
        a_node("hpa", "h", scaleTargetName="old"),
        a_node(kind, "w", name="new", replicas=3),
        drawn("h", "w", reverse=reverse),
    )

    assert the(plan, "h").objects[0]["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": target,
        "name": "new",
    }
    assert "replicas" not in the(plan, "w").objects[-1]["spec"]
    assert the(plan, "w").scaled and not the(plan, "h").scaled
    assert before(plan, "w", "h")


def test_an_autoscaler_by_name_takes_them_over_too() -> None:
    plan = plan_of(a_node("hpa", scaleTargetName="web"), a_node("deployment", "w", name="web", replicas=3))

    assert "replicas" not in the(plan, "w").objects[0]["spec"]


@BOTH_WAYS
def test_a_policy_applies_to_what_is_at_its_output(reverse: bool) -> None:
    nodes = a_node("networkpolicy", "p"), a_node("deployment", "a", name="web"), a_node("job", "b", name="import")

    one = rendered(*nodes, drawn("p", "a", at="output", reverse=reverse), of="p")
    two = rendered(*nodes, drawn("p", "a", at="output", reverse=reverse), drawn("p", "b", reverse=reverse), of="p")

    assert one["spec"]["podSelector"] == {"matchLabels": {"app": "web"}}
    assert two["spec"]["podSelector"] == {
        "matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "import"]}]
    }


@BOTH_WAYS
@pytest.mark.parametrize(
    ("field", "key", "side"), [("ingressRules", "from", "ingress"), ("egressRules", "to", "egress")]
)
def test_a_workload_at_a_rule_is_its_peer(field: str, key: str, side: str, reverse: bool) -> None:
    old = {"id": "1", "type": "podSelector", "podSelector": {"matchLabels": {"app": "old"}}, "_linkedWorkload": "w"}
    other = {"id": "2", "type": "ipBlock", "ipBlock": {"cidr": "10.0.0.0/8"}}
    policy = a_node(
        "networkpolicy", "p", policyTypes=["Ingress", "Egress"], **{field: [{"id": "r", key: [old, other]}]}
    )

    spec = rendered(policy, a_node("deployment", "w", name="new"), drawn("p", "w", at="r", reverse=reverse), of="p")[
        "spec"
    ]

    assert spec[side] == [
        {key: [{"podSelector": {"matchLabels": {"app": "new"}}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]}
    ]
    assert spec["podSelector"] == {}


def test_a_peer_in_another_namespace_is_found_there() -> None:
    plan = plan_of(
        a_node("networkpolicy", "p", ingressRules=[{"id": "r"}], namespace="shop"),
        a_node("deployment", "w", name="web", namespace="front"),
        an_edge("p", "w", at_source="r"),
    )

    assert the(plan, "p").objects[0]["spec"]["ingress"][0]["from"] == [
        {
            "podSelector": {"matchLabels": {"app": "web"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "front"}},
        }
    ]


def test_a_peer_whose_edge_is_gone_stays_so_that_nobody_else_gets_in() -> None:
    peer = {"type": "podSelector", "podSelector": {"matchLabels": {"app": "web"}}, "_linkedWorkload": "gone"}

    spec = rendered(a_node("networkpolicy", ingressRules=[{"id": "r", "from": [peer]}]), of="networkpolicy")["spec"]

    assert spec["ingress"] == [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]
