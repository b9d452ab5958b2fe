"""Builders of nodes, edges and graphs: valid, name only what the test is about. `FULL` has a node of each type with
every field that the type takes."""

from typing import Any, Final

from app.manifests.graph import Edge, Graph, Node
from app.workflows.plan import NOTHING_GIVEN, Given, Plan, make_plan

_NEEDED: Final[dict[str, dict[str, Any]]] = {
    "deployment": {"image": "nginx:1.29"},
    "statefulset": {"image": "busybox:1.36", "serviceName": "pods"},
    "daemonset": {"image": "busybox:1.36"},
    "job": {"image": "busybox:1.36"},
    "cronjob": {"image": "busybox:1.36", "schedule": "0 * * * *"},
    "service": {"targetApp": "web"},
    "ingress": {"serviceName": "web"},
    "hpa": {"scaleTargetName": "web", "maxReplicas": 5},
    "persistentvolumeclaim": {"storage": "1Gi", "accessModes": ["ReadWriteOnce"]},
}


def a_node(kind: str, node_id: str | None = None, **data: Any) -> Node:
    """A valid node of a type; its id is its name unless given."""
    name = data.pop("name", kind)
    filled = {"name": name, **_NEEDED.get(kind, {}), **data}
    return {"id": node_id or name, "type": kind, "position": {"x": 0, "y": 0}, "data": filled}


def an_edge(source: str, target: str, *, at_source: str | None = None, at_target: str | None = None) -> Edge:
    return {
        "id": f"{source}-{target}-{at_source}-{at_target}",
        "source": source,
        "target": target,
        "sourceHandle": at_source,
        "targetHandle": at_target,
    }


def plan_of(*parts: Node | Edge, given: Given = NOTHING_GIVEN, namespace: str = "default") -> Plan:
    """The plan of a graph of these nodes and edges."""
    graph = graph_of(*parts)
    return make_plan(graph, workflow_id="w1", instance="test", default_namespace=namespace, given=given)


def graph_of(*parts: Any) -> Graph:
    return Graph(
        [part for part in parts if "source" not in part],
        [part for part in parts if "source" in part],
    )


def rendered(*parts: Node | Edge, of: str, given: Given = NOTHING_GIVEN, namespace: str = "default") -> Any:
    """The own object of one node of a graph."""
    return next(n for n in plan_of(*parts, given=given, namespace=namespace).nodes if n.id == of).objects[-1]


_WORKLOAD: Final[dict[str, Any]] = {
    "namespace": "default",
    "labels": {"team": "shop", "example.com/tier": "front"},
    "annotations": {"example.com/note": "a: b\n---\n{{ c }}"},
    "env": {"LOG_LEVEL": "debug", "PORT": 8080, "QUOTE": "\"'&*!!\n---\n{{ x }}"},
    "envKeys": [{"id": "k1", "name": "API_TOKEN"}],
    "envFrom": [
        {"type": "configMap", "name": "settings", "prefix": "APP_"},
        {"type": "secret", "name": "passwords"},
    ],
    "resources": {
        "requests": {"cpu": "100m", "memory": "64Mi"},
        "limits": {"cpu": "1", "memory": "128Mi", "ephemeral-storage": "1Gi"},
    },
    "volumeMounts": [
        {
            "type": "configMap",
            "name": "settings",
            "mountPath": "/etc/settings",
            "subPath": "app.conf",
            "defaultMode": "0755",
        },
        {"type": "configMap", "name": "settings", "mountPath": "/etc/all"},
        {"type": "secret", "name": "passwords", "mountPath": "/etc/passwords", "readOnly": True},
        {"type": "persistentVolumeClaim", "name": "files", "mountPath": "/data"},
        {"type": "hostPath", "name": "logs", "hostPath": "/var/log", "hostPathType": "Directory", "mountPath": "/logs"},
        {"type": "emptyDir", "mountPath": "/dev/shm", "medium": "Memory", "sizeLimit": "64Mi"},
        {"type": "emptyDir", "mountPath": "/cache"},
    ],
    "imagePullPolicy": "IfNotPresent",
    "imagePullSecrets": ["registry-key"],
    "serviceAccountName": "default",
    "command": ["sh", "-c"],
    "args": ["sleep 1"],
    "workingDir": "/srv",
    "securityContext": {
        "privileged": False,
        "runAsUser": "1000",
        "runAsGroup": 1000,
        "runAsNonRoot": True,
        "supplementalGroups": [2000],
        "fsGroup": 3000,
        "fsGroupChangePolicy": "OnRootMismatch",
        "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "seccompProfile": {"type": "RuntimeDefault"},
        "sysctls": {"kernel.shm_rmid_forced": 1},
    },
    "livenessProbe": {"path": "/healthz", "port": 8080, "initialDelaySeconds": 5, "periodSeconds": "10"},
    "readinessProbe": {
        "type": "exec",
        "command": ["cat", "/tmp/ready"],
        "timeoutSeconds": 3,
        "failureThreshold": 4,
    },
    "ports": [
        {"name": "web", "containerPort": 8080, "protocol": "TCP"},
        {"containerPort": "9090"},
        {"containerPort": 9090, "protocol": "udp"},
    ],
    "initContainers": [
        {
            "name": "prepare",
            "image": "busybox:1.36",
            "command": ["sh", "-c"],
            "args": "true",
            "env": {"A": 1},
            "volumeMounts": [{"type": "emptyDir", "mountPath": "/cache"}],
        }
    ],
    "dependsOn": [],
    "terminationGracePeriodSeconds": 20,
    "hostname": "box",
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["db.local"]}],
    "enableServiceLinks": False,
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "stdin": True,
    "tty": True,
}
_OBJECT: Final = {key: _WORKLOAD[key] for key in ("namespace", "labels", "annotations")}

FULL: Final[dict[str, dict[str, Any]]] = {
    "deployment": {
        "name": "full-deployment", "image": "ghcr.io/owner/app:1.0", "replicas": "2", "port": 8080, "version": "v2",
        **_WORKLOAD,
    },
    "statefulset": {
        "name": "full-statefulset", "serviceName": "full-pods", "image": "postgres:17", "replicas": 2, "port": 5432,
        "volumeClaimTemplates": [
            {"id": "1", "name": "disk", "storage": "1Gi", "storageClassName": "fast", "accessModes": ["ReadWriteOnce"]},
            {"id": "2", "name": "log", "storage": "500Mi", "mountPath": "/var/log/app"},
        ],
        **_WORKLOAD,
    },
    "daemonset": {
        "name": "full-daemonset", "image": "fluentd:1", "port": 8080, "updateStrategy": "RollingUpdate",
        "maxUnavailable": "25%", "hostNetwork": True, "hostPID": True,
        "tolerations": [
            {"key": "dedicated", "operator": "Equal", "value": "logs", "effect": "NoExecute", "tolerationSeconds": 60},
            {"operator": "Exists"},
        ],
        **_WORKLOAD,
    },
    "job": {
        "name": "full-job", "image": "busybox:1.36", "completions": 3, "parallelism": 2, "backoffLimit": 1,
        "activeDeadlineSeconds": 60, "ttlSecondsAfterFinished": 30, "restartPolicy": "OnFailure", **_WORKLOAD,
    },
    "cronjob": {
        "name": "full-cronjob", "schedule": "*/5 0-6 * JAN-MAR MON-FRI", "image": "busybox:1.36",
        "concurrencyPolicy": "Forbid", "suspend": "true", "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 0, "startingDeadlineSeconds": 100, "activeDeadlineSeconds": 60, "backoffLimit": 2,
        "restartPolicy": "Never", **_WORKLOAD,
    },
    "service": {
        "name": "full-service", "serviceType": "LoadBalancer", "targetApp": "full-deployment", "port": 80,
        "targetPort": "web", "protocol": "TCP", "nodePort": None, "selector": {"app": "full-deployment"},
        "ports": [
            {"name": "web", "protocol": "TCP", "port": 80, "targetPort": "web", "nodePort": 30987},
            {"port": "9090", "protocol": "UDP", "targetPort": 9090},
        ],
        "externalName": "", "sessionAffinity": "ClientIP", "sessionAffinityTimeout": 600,
        "loadBalancerIP": "192.0.2.5", "loadBalancerSourceRanges": ["10.0.0.0/8", "2001:db8::/32"],
        "externalTrafficPolicy": "Local", **_OBJECT,
    },
    "ingress": {
        "name": "full-ingress", "host": "shop.example.com",
        "paths": [
            {"id": "p1", "path": "/", "pathType": "Prefix", "serviceName": "full-service", "servicePort": "80"},
            {"id": "p2", "path": "/api", "pathType": "Exact", "serviceName": "full-service", "servicePort": "web"},
        ],
        "path": "/", "pathType": "Prefix", "serviceName": "", "servicePort": "", "ingressClassName": "nginx",
        "tlsEnabled": True, "tlsSecretName": "certificate", "tlsHosts": ["shop.example.com"], **_OBJECT,
    },
    "configmap": {
        "name": "full-configmap", "data": {"app.conf": "a: b\n---\n", "PORT": 8080, "ON": True, "EMPTY": None},
        "mountPath": "/etc/config", **_OBJECT,
    },
    "secret": {
        "name": "full-secret", "secretType": "kubernetes.io/tls",
        "keys": [{"id": "1", "name": "tls.crt"}, {"id": "2", "name": "tls.key"}],
        "mountPath": "/etc/secrets", **_OBJECT,
    },
    "persistentvolumeclaim": {
        "name": "full-claim", "storage": "1Gi", "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
        "storageClassName": "fast", "volumeMode": "Filesystem", "mountPath": "/data", **_OBJECT,
    },
    "hpa": {
        "name": "full-hpa", "scaleTargetKind": "StatefulSet", "scaleTargetName": "full-statefulset",
        "minReplicas": "2", "maxReplicas": 8, "targetCPUUtilization": 70, "targetMemoryUtilization": 75,
        "scaleDownStabilization": 120, "scaleUpStabilization": 10, **_OBJECT,
    },
    "networkpolicy": {
        "name": "full-policy", "podSelector": {"app": "full-deployment"}, "policyTypes": ["Ingress", "Egress"],
        "ingressRules": [
            {
                "id": "r1",
                "from": [
                    {"id": "1", "type": "podSelector", "podSelector": {"matchLabels": {"app": "front"}}},
                    {"id": "2", "type": "namespaceSelector", "namespaceSelector": {"team": "shop"}},
                    {"id": "3", "type": "ipBlock", "ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
                ],
                "ports": [{"id": "1", "protocol": "TCP", "port": "8080"}, {"id": "2", "protocol": "UDP", "port": 53}],
            },
            {"id": "r2"},
        ],
        "egressRules": [
            {"id": "r3", "to": [{"id": "1", "type": "podSelector", "podSelector": {"matchLabels": {}}}]},
        ],
        **_OBJECT,
    },
}  # fmt: skip
