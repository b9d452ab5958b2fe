"""Fields as people type them: what is taken, and what a refusal says."""

from typing import Any

import pytest

from app.manifests.catalogue import catalogue
from app.manifests.fields import read_fields
from app.manifests.problems import Problems
from tests.nodes import FULL, a_node


def read(kind: str, **data: Any) -> tuple[dict[str, Any], dict[str, str]]:
    problems = Problems()
    filled = a_node(kind, **data)["data"]
    return read_fields(catalogue().of_node(kind), filled, problems), problems.by_field


TAKEN: list[tuple[str, str, Any, Any]] = [
    ("deployment", "replicas", "2", 2),
    ("deployment", "replicas", 0, 0),
    ("deployment", "replicas", 3.0, 3),
    ("deployment", "replicas", " 4 ", 4),
    ("deployment", "replicas", "", 1),
    ("deployment", "replicas", None, 1),
    ("deployment", "port", "3000", 3000),
    ("deployment", "name", "  web ", "web"),
    ("deployment", "image", "localhost:5000/a/b:1@sha256:" + "0" * 64, "localhost:5000/a/b:1@sha256:" + "0" * 64),
    ("deployment", "image", "UPPER.example.com/app", "UPPER.example.com/app"),
    ("deployment", "env", {"A": 1, "B": True, "C": None, "D": 1.5}, {"A": "1", "B": "true", "C": "", "D": "1.5"}),
    ("deployment", "env", [{"name": "A", "value": "x"}], {"A": "x"}),
    ("deployment", "envKeys", [{"id": "1", "name": "A"}, {"id": "2", "name": ""}, "B"], ["A", "B"]),
    ("deployment", "command", "sh -c 'echo a b'", ["sh", "-c", "echo a b"]),
    ("deployment", "command", ["sh", 1, ""], ["sh", "1", ""]),
    ("deployment", "args", [], None),
    ("deployment", "resources", {"limits": {"cpu": 2, "memory": ""}}, {"limits": {"cpu": "2"}}),
    ("deployment", "resources", {}, None),
    ("deployment", "imagePullSecrets", [{"name": "a"}, "b", "a", ""], ["a", "b"]),
    ("deployment", "imagePullPolicy", "always", "Always"),
    ("deployment", "enableServiceLinks", "false", False),
    ("deployment", "labels", {"a": 1, "example.com/b": ""}, {"a": "1", "example.com/b": ""}),
    ("deployment", "livenessProbe", {}, None),
    ("deployment", "livenessProbe", {"path": "", "port": ""}, None),
    ("deployment", "securityContext", {"capabilities": ["cap_net_admin"]}, {"capabilities": {"add": ["NET_ADMIN"]}}),
    ("deployment", "securityContext", {"privileged": "", "runAsUser": "0"}, {"runAsUser": 0}),
    ("deployment", "ports", [], []),
    ("daemonset", "maxUnavailable", "10%", "10%"),
    ("daemonset", "maxUnavailable", "3", 3),
    ("cronjob", "schedule", "@daily", "@daily"),
    ("cronjob", "schedule", " 0 0 * * MON ", "0 0 * * MON"),
    ("cronjob", "suspend", "true", True),
    ("service", "serviceType", "nodeport", "NodePort"),
    ("service", "targetPort", "http", "http"),
    ("service", "targetPort", "8080", 8080),
    ("service", "loadBalancerSourceRanges", ["10.1.2.3/8"], ["10.0.0.0/8"]),
    ("ingress", "host", "*.example.com", "*.example.com"),
    ("configmap", "data", {"a": 1, "b": None, "c": [1], ".d": True}, {"a": "1", "b": "", "c": "[1]", ".d": "true"}),
    ("configmap", "data", None, {}),
    ("secret", "keys", [{"id": "1", "name": " a "}], ["a"]),
    ("persistentvolumeclaim", "storage", "1.5Gi", "1.5Gi"),
    ("persistentvolumeclaim", "accessModes", "ReadWriteMany", ["ReadWriteMany"]),
    ("persistentvolumeclaim", "storageClassName", "", None),
    ("hpa", "maxReplicas", "", 10),
    ("networkpolicy", "podSelector", {"app": "web"}, {"matchLabels": {"app": "web"}}),
    ("networkpolicy", "podSelector", {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "field", "typed", "wanted"), TAKEN)
def test_a_value_is_taken_as_people_type_it(kind: str, field: str, typed: Any, wanted: Any) -> None:
    fields, problems = read(kind, **{field: typed})

    assert problems == {}
    assert fields[field] == wanted


REFUSED: list[tuple[str, str, Any, str, str]] = [
    ("deployment", "name", "", "name", "name is required"),
    ("deployment", "name", "My App", "name", "e.g. my-app"),
    ("deployment", "name", "a" * 64, "name", "at most 63 characters, not 64"),
    ("deployment", "name", "-a", "name", "e.g. a"),
    ("deployment", "name", "ü", "name", "e.g. my-app"),
    ("deployment", "name", ["a"], "name", "must be text, not a list"),
    ("statefulset", "name", "a" * 53, "name", "at most 52 characters"),
    ("statefulset", "name", "a.b", "name", "e.g. a-b"),
    ("statefulset", "serviceName", "", "serviceName", "serviceName is required"),
    ("cronjob", "name", "a" * 53, "name", "at most 52 characters"),
    ("service", "name", "1web", "name", "beginning with a letter"),
    ("deployment", "namespace", "a.b", "namespace", "not a valid name"),
    ("deployment", "image", "", "image", "image is required"),
    ("deployment", "image", "Nginx", "image", "in lower case"),
    ("deployment", "image", "a b", "image", "e.g. nginx:1.29"),
    ("deployment", "image", "nginx:", "image", "is not an image"),
    ("deployment", "replicas", 101, "replicas", "use 0 to 100"),
    ("deployment", "replicas", "-1", "replicas", "use 0 to 100"),
    ("deployment", "replicas", "two", "replicas", "'two' is not a whole number"),
    ("deployment", "replicas", 1.5, "replicas", "not a whole number"),
    ("deployment", "replicas", True, "replicas", "not a whole number"),
    ("deployment", "replicas", "9" * 30, "replicas", "not a whole number"),
    ("deployment", "port", 0, "port", "use 1 to 65535"),
    ("deployment", "port", 65536, "port", "use 1 to 65535"),
    ("deployment", "version", "a/b", "version", "not a label value"),
    ("deployment", "labels", {"a b": "c"}, "labels", "'a b' is not a valid key"),
    ("deployment", "labels", {"a": "b c"}, "labels.a", "not a label value"),
    ("deployment", "labels", "x", "labels", "must be a mapping"),
    ("deployment", "annotations", {"UP/x": "b"}, "annotations", "a domain such as example.com"),
    ("deployment", "annotations", {"a": "x" * 300_000}, "annotations", "larger than 256 KiB"),
    ("deployment", "env", {"A=B": "x"}, "env", "not a name for an environment variable"),
    ("deployment", "env", {"A": {"b": 1}}, "env.A", "must be text, not a mapping"),
    ("deployment", "envKeys", [{"name": "A"}, {"name": "A"}], "envKeys[1]", "listed twice"),
    ("deployment", "envFrom", [{"type": "volume", "name": "x"}], "envFrom[0].type", "use one of configMap, secret"),
    ("deployment", "resources", {"limits": {"cpu": "1 Gi"}}, "resources.limits.cpu", "not a quantity"),
    ("deployment", "resources", {"limits": {"cpu": "-1"}}, "resources.limits.cpu", "not a quantity"),
    ("deployment", "resources", {"requests": {"cpu": "2"}, "limits": {"cpu": "1500m"}}, "resources.requests.cpu",
     "above the limit of 1500m"),
    ("deployment", "volumeMounts", [{"type": "configMap", "name": "a", "mountPath": "etc"}],
     "volumeMounts[0].mountPath", "begins with '/'"),
    ("deployment", "volumeMounts", [{"type": "configMap", "mountPath": "/a"}], "volumeMounts[0].name", "is required"),
    ("deployment", "volumeMounts", [{"type": "hostPath", "mountPath": "/a"}], "volumeMounts[0].hostPath",
     "is required"),
    ("deployment", "volumeMounts", [{"type": "hostPath", "mountPath": "/a", "hostPath": "/a/../b"}],
     "volumeMounts[0].hostPath", "no '..'"),
    ("deployment", "volumeMounts", [{"type": "secret", "name": "a", "mountPath": "/a", "defaultMode": "0800"}],
     "volumeMounts[0].defaultMode", "octal digits"),
    ("deployment", "volumeMounts", [{"type": "emptyDir", "mountPath": "/a", "sizeLimit": "big"}],
     "volumeMounts[0].sizeLimit", "not a quantity"),
    ("deployment", "volumeMounts", ["a"], "volumeMounts[0]", "must be a mapping"),
    ("deployment", "volumeMounts", [{"type": "secret", "name": "a", "mountPath": "/a", "subPath": "../x"}],
     "volumeMounts[0].subPath", "no '..'"),
    ("deployment", "command", "sh 'a", "command", "close the quotes"),
    ("deployment", "imagePullPolicy", "Sometimes", "imagePullPolicy", "use one of Always, IfNotPresent, Never"),
    ("deployment", "livenessProbe", {"type": "exec"}, "livenessProbe.command", "command is required"),
    ("deployment", "livenessProbe", {"path": "/", "periodSeconds": 0}, "livenessProbe.periodSeconds", "use 1 to"),
    ("deployment", "ports", [{"containerPort": 1}, {"containerPort": "1"}], "ports[1].containerPort", "listed twice"),
    ("deployment", "ports", [{"name": "Web", "containerPort": 1}], "ports[0].name", "nor a port's name"),
    ("deployment", "securityContext", {"runAsUser": "root"}, "securityContext.runAsUser", "not a whole number"),
    ("deployment", "securityContext", {"runAsUser": 0, "runAsNonRoot": True}, "securityContext.runAsUser", "is root"),
    ("deployment", "hostAliases", [{"ip": "x", "hostnames": ["a"]}], "hostAliases[0].ip", "not an IP address"),
    ("deployment", "terminationGracePeriodSeconds", -1, "terminationGracePeriodSeconds", "use 0 to"),
    ("deployment", "tty", "maybe", "tty", "neither true nor false"),
    ("daemonset", "maxUnavailable", "200%", "maxUnavailable", "a percentage such as 25%"),
    ("daemonset", "tolerations", [{"value": "x"}], "tolerations[0].key", "key is required"),
    ("daemonset", "tolerations", [{"key": "a", "operator": "Exists", "value": "x"}], "tolerations[0].value", "empty"),
    ("daemonset", "tolerations", [{"key": "a", "tolerationSeconds": 5}], "tolerations[0].tolerationSeconds",
     "NoExecute only"),
    ("job", "completions", 0, "completions", "use 1 to"),
    ("job", "restartPolicy", "Always", "restartPolicy", "use one of Never, OnFailure"),
    ("cronjob", "schedule", "0 * * *", "schedule", "five fields"),
    ("cronjob", "schedule", "61 * * * *", "schedule", "is not a schedule"),
    ("cronjob", "schedule", "0 0 * * 7", "schedule", "0 (Sunday) to 6"),
    ("cronjob", "schedule", "0 0 L * *", "schedule", "is not a schedule"),
    ("cronjob", "schedule", "H * * * *", "schedule", "is not a schedule"),
    ("cronjob", "schedule", "0 0 * * * *", "schedule", "five fields"),
    ("service", "serviceType", "External", "serviceType", "use one of ClusterIP"),
    ("service", "targetApp", "", "targetApp", "targetApp is required"),
    ("service", "ports", [{"name": "a"}], "ports[0].port", "port is required"),
    ("service", "ports", [{"port": 1}, {"port": 1}], "ports[1].port", "listed twice"),
    ("service", "ports", [{"name": "a", "port": 1}, {"name": "a", "port": 2}], "ports[1].name", "listed twice"),
    ("service", "targetPort", 70000, "targetPort", "use 1 to 65535"),
    ("service", "loadBalancerSourceRanges", ["10.0.0.1"], "loadBalancerSourceRanges[0]", "a prefix length"),
    ("service", "loadBalancerIP", "x", "loadBalancerIP", "not an IP address"),
    ("ingress", "host", "1.2.3.4", "host", "is an address"),
    ("ingress", "host", "http://a", "host", "not a host name"),
    ("ingress", "paths", [{"path": "api"}], "paths[0].path", "must begin with '/'"),
    ("configmap", "data", {"a/b": "x"}, "data", "'a/b' is not a valid key"),
    ("configmap", "data", {"a": "x" * 1_100_000}, "data", "at most 1024 KiB"),
    ("configmap", "mountPath", "relative", "mountPath", "not a mount path"),
    ("secret", "keys", [{"name": "a b"}], "keys[0]", "not a valid key"),
    ("secret", "secretType", "other", "secretType", "use one of Opaque"),
    ("persistentvolumeclaim", "storage", "10 Gi", "storage", "not a quantity"),
    ("persistentvolumeclaim", "storage", "0", "storage", "must be above 0"),
    ("persistentvolumeclaim", "accessModes", [], "accessModes", "at least one access mode"),
    ("persistentvolumeclaim", "accessModes", ["Mine"], "accessModes[0]", "use one of ReadWriteOnce"),
    ("hpa", "scaleTargetKind", "DaemonSet", "scaleTargetKind", "use one of Deployment, StatefulSet"),
    ("hpa", "maxReplicas", 0, "maxReplicas", "use 1 to"),
    ("hpa", "targetCPUUtilization", 0, "targetCPUUtilization", "use 1 to"),
    ("networkpolicy", "policyTypes", [], "policyTypes", "choose Ingress, Egress or both"),
    ("networkpolicy", "ingressRules", [{"from": [{}]}], "ingressRules[0].from[0]", "is empty"),
    ("networkpolicy", "ingressRules", [{"from": [{"type": "podSelector", "podSelector": {}}]}],
     "ingressRules[0].from[0]", "is empty"),
    ("networkpolicy", "egressRules", [{"to": [{"ipBlock": {"cidr": "10.0.0.0/40"}}]}],
     "egressRules[0].to[0].ipBlock.cidr", "not a network"),
    ("networkpolicy", "egressRules", [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]}],
     "egressRules[0].to[0].ipBlock.except[0]", "inside 10.0.0.0/8"),
    ("networkpolicy", "ingressRules", [{"ports": [{"port": 0}]}], "ingressRules[0].ports[0].port", "use 1 to"),
    ("networkpolicy", "podSelector", {"matchExpressions": [{"key": "a", "operator": "In"}]},
     "podSelector.matchExpressions[0].values", "In needs values"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "field", "typed", "place", "said"), REFUSED)
def test_a_refusal_says_where_and_what_to_do(kind: str, field: str, typed: Any, place: str, said: str) -> None:
    _, problems = read(kind, **{field: typed})

    assert list(problems) == [place]
    assert said in problems[place]


def test_every_problem_is_said_at_once() -> None:
    _, problems = read("deployment", name="A", image="", replicas=200, env={"=": 1}, volumeMounts=[{}, {}])

    assert set(problems) == {
        "name", "image", "replicas", "env", "volumeMounts[0].type", "volumeMounts[0].mountPath",
        "volumeMounts[1].type", "volumeMounts[1].mountPath",
    }  # fmt: skip


@pytest.mark.parametrize(
    "junk", ["x", 1, 1.5, True, [], {}, [1], ["x"], [[]], [None], {"a": 1}, {"a": None}, [{"a": []}]]
)
@pytest.mark.parametrize("kind", sorted(FULL))
def test_no_shape_of_value_breaks_a_reader(kind: str, junk: Any) -> None:
    for field in FULL[kind]:
        read(kind, **{field: junk})  # may refuse, may not raise


def test_a_selector_or_an_external_name_needs_no_target() -> None:
    assert read("service", targetApp="", selector={"app": "x"})[1] == {}
    assert read("service", targetApp="", serviceType="ExternalName", externalName="db.example.com")[1] == {}


def test_type_is_another_name_for_the_type_of_a_service() -> None:
    assert read("service", type="NodePort")[0]["serviceType"] == "NodePort"
    assert read("service", type="NodePort", serviceType="ClusterIP")[0]["serviceType"] == "ClusterIP"


def test_unknown_fields_are_ignored() -> None:
    fields, problems = read("deployment", somethingNew={"a": 1}, _linkedConfigMaps=["x"])

    assert problems == {}
    assert "somethingNew" not in fields
