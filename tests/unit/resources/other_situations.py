"""Everything else that has a state. The words are those of `scenarios.py`."""

from typing import Final

from tests.unit.resources.scenarios import (
    BUSYBOX,
    CPU,
    CRASH,
    WEB,
    Scenario,
    a_claim,
    a_cronjob,
    a_service,
    a_volume_for,
    an_hpa,
    an_ingress,
    at_once,
    container,
    count,
    has_condition,
    is_bound,
    more_storage,
    status_patch,
    waits_for,
    workload,
)

GROWING_CLASS: Final = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "status-capture"},
    "provisioner": "status.example.com/none",  # so that nothing grows but what a patch says
    "allowVolumeExpansion": True,
}
FILE_SYSTEM_PENDING: Final = {
    "type": "FileSystemResizePending",
    "status": "True",
    "lastTransitionTime": "2026-01-02T03:04:05Z",
}

CRONJOBS: Final = [
    Scenario("cronjob", "active", [a_cronjob("nightly", schedule="0 3 * * *", timeZone="Etc/UTC")], at_once),
    Scenario("cronjob", "suspended", [a_cronjob("paused", suspend=True)], at_once),
    Scenario(
        "cronjob", "job-is-running", [a_cronjob("minutely")], lambda obj, _: bool(obj.get("status", {}).get("active"))
    ),
]

SERVICES: Final = [
    Scenario(
        "service",
        "with-endpoints",
        [a_service("backed"), workload("Deployment", "backed", container(WEB), replicas=2)],
        lambda obj, _: obj.get("_ready_endpoints") == 2,
    ),
    Scenario("service", "without-endpoints", [a_service("lonely")], lambda obj, _: obj.get("_slices", 0) > 0),
    Scenario("service", "load-balancer-pending", [a_service("public", type="LoadBalancer", selector=None)], at_once),
    Scenario(
        "service",
        "load-balancer-with-address",
        [a_service("public-ready", type="LoadBalancer", selector=None)],
        lambda obj, _: bool(obj["status"]["loadBalancer"].get("ingress")),
        first=at_once,
        then=[status_patch({"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}})],
    ),
    Scenario("service", "node-port", [a_service("ported", type="NodePort", selector=None)], at_once),
    Scenario(
        "service",
        "external-name",
        [a_service("outside", type="ExternalName", externalName="db.example.com", selector=None, ports=None)],
        at_once,
    ),
    Scenario(
        "service",
        "headless",
        [a_service("backed-headless", clusterIP="None", selector={"app": "backed"})],
        lambda obj, _: obj.get("_ready_endpoints") == 2,
    ),
]

OTHERS: Final = [
    Scenario("ingress", "without-address", [an_ingress("shop")], at_once),
    Scenario(
        "ingress",
        "with-address",
        [an_ingress("shop-ready")],
        lambda obj, _: bool(obj["status"]["loadBalancer"].get("ingress")),
        first=at_once,
        then=[status_patch({"loadBalancer": {"ingress": [{"ip": "203.0.113.8"}]}})],
    ),
    Scenario("persistentvolumeclaim", "bound", [a_claim("data")], is_bound),
    Scenario(
        "persistentvolumeclaim",
        "class-is-missing",
        [a_claim("data-nowhere", storageClassName="absent")],
        lambda obj, _: bool(obj.get("_events_with", {}).get("ProvisioningFailed")),
    ),
    Scenario(
        "persistentvolumeclaim",
        "no-volume-fits",
        [a_claim("data-static", storageClassName="")],
        lambda obj, _: bool(obj.get("_events_with", {}).get("FailedBinding")),
    ),
    Scenario(
        "persistentvolumeclaim",
        "growing",
        [a_claim("data-growing", storageClassName="status-capture"), GROWING_CLASS, a_volume_for("data-growing")],
        lambda obj, _: has_condition(obj, "FileSystemResizePending"),
        first=is_bound,
        then=[more_storage("2Gi"), status_patch({"conditions": [FILE_SYSTEM_PENDING]})],
    ),
    Scenario(
        "persistentvolumeclaim",
        "growth-not-begun",
        [a_claim("data-small", storageClassName="status-capture"), GROWING_CLASS, a_volume_for("data-small")],
        lambda obj, _: obj["spec"]["resources"]["requests"]["storage"] == "2Gi",
        first=is_bound,
        then=[more_storage("2Gi")],
    ),
    Scenario(
        "hpa",
        "without-figures",
        [an_hpa("scaled-blind"), workload("Deployment", "scaled-blind", container(WEB))],
        lambda obj, _: has_condition(obj, "ScalingActive", status="False"),
    ),
    Scenario(
        "hpa",
        "target-is-missing",
        [an_hpa("scaled-nothing")],
        lambda obj, _: has_condition(obj, "AbleToScale", status="False"),
    ),
    Scenario(
        "hpa",
        "stable",
        [an_hpa("scaled"), workload("Deployment", "scaled", container(WEB, resources=CPU))],
        lambda obj, _: has_condition(obj, "ScalingActive") and count(obj, "desiredReplicas") == 1,
    ),
    Scenario(
        "hpa",
        "at-maximum",
        [
            an_hpa("scaled-full", resource="memory", percent=1, maxReplicas=1),
            workload("Deployment", "scaled-full", container(WEB, resources=CPU)),
        ],
        lambda obj, _: has_condition(obj, "ScalingLimited", reason="TooManyReplicas"),
    ),
    Scenario(
        "networkpolicy",
        "selects-pods",
        [
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "only-web"},
                "spec": {"podSelector": {"matchLabels": {"app": "backed"}}, "policyTypes": ["Ingress", "Egress"]},
            }
        ],
        lambda _, pods: len(pods) == 2,
        pods_of={"app": "backed"},
    ),
    Scenario(
        "configmap",
        "created",
        [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}}],
        at_once,
    ),
    Scenario(
        "secret",
        "created",
        [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"key": "only-a-test"}}],
        at_once,
    ),
    Scenario(
        "pod",
        "ready",
        [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone"}, "spec": {"containers": [container(WEB)]}}],
        lambda obj, _: has_condition(obj, "Ready"),
    ),
    Scenario(
        "pod",
        "crash",
        [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "alone-crash"},
                "spec": {"containers": [container(CRASH)]},
            }
        ],
        lambda obj, _: waits_for("CrashLoopBackOff")(obj, [obj]),
    ),
    Scenario(
        "pod",
        "completed",
        [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "alone-done"},
                "spec": {"restartPolicy": "Never", "containers": [container(BUSYBOX, command=["true"])]},
            }
        ],
        lambda obj, _: obj["status"]["phase"] == "Succeeded",
    ),
    Scenario(
        "generic",
        "crd-established",
        [
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "captures.status.example.com"},
                "spec": {
                    "group": "status.example.com",
                    "scope": "Namespaced",
                    "names": {"plural": "captures", "singular": "capture", "kind": "Capture"},
                    "versions": [
                        {
                            "name": "v1",
                            "served": True,
                            "storage": True,
                            "schema": {"openAPIV3Schema": {"type": "object"}},
                        }
                    ],
                },
            }
        ],
        lambda obj, _: has_condition(obj, "Established"),
    ),
]
