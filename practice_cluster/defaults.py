"""What the API server fills in: defaults of specs, and the first status. Changes the object it is given."""

import base64
import zlib
from collections.abc import Callable
from typing import Any, Final

from practice_cluster.objects import Obj, stamp

_PROBE: Final = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_PULL_ALWAYS: Final = (":latest",)
_FILE_MODE: Final = 420
_PROBES: Final = ("readinessProbe", "livenessProbe", "startupProbe")
_TOLERATIONS: Final = [
    {"effect": "NoExecute", "key": f"node.kubernetes.io/{key}", "operator": "Exists", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
]


def _fill(target: Obj, /, **values: Any) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def _container(container: Obj) -> None:
    image = container.get("image") or ""
    untagged = ":" not in image.rpartition("/")[2] and "@" not in image
    _fill(container, imagePullPolicy="Always" if untagged or image.endswith(_PULL_ALWAYS) else "IfNotPresent")
    _fill(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File", resources={})
    for port in container.get("ports") or []:
        _fill(port, protocol="TCP")
    for name in _PROBES:
        if probe := container.get(name):
            _fill(probe, **_PROBE)
            if http := probe.get("httpGet"):
                _fill(http, path="/", scheme="HTTP")
    resources = container["resources"]
    for key, value in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(key, value)


def pod_spec(spec: Obj) -> None:
    """Of a pod and of a template alike."""
    _fill(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler")
    _fill(spec, terminationGracePeriodSeconds=30, securityContext={})
    for container in (*(spec.get("initContainers") or []), *(spec.get("containers") or [])):
        _container(container)
    for volume in spec.get("volumes") or []:
        for source in ("configMap", "secret", "projected", "downwardAPI"):
            if isinstance(volume.get(source), dict):
                _fill(volume[source], defaultMode=_FILE_MODE)
    if account := spec.get("serviceAccountName"):
        _fill(spec, serviceAccount=account)


def _pod(obj: Obj) -> None:
    spec = obj["spec"]
    pod_spec(spec)
    _fill(spec, enableServiceLinks=True, serviceAccountName="default", serviceAccount="default", priority=0)
    _fill(spec, preemptionPolicy="PreemptLowerPriority", tolerations=_TOLERATIONS)


def _workload(obj: Obj) -> None:
    spec = obj["spec"]
    pod_spec(spec["template"]["spec"])
    _fill(spec, replicas=1)


def _deployment(obj: Obj) -> None:
    _workload(obj)
    spec = obj["spec"]
    _fill(spec, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    _fill(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _fill(spec["strategy"], rollingUpdate={})
        _fill(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")


def _statefulset(obj: Obj) -> None:
    _workload(obj)
    spec = obj["spec"]
    _fill(spec, podManagementPolicy="OrderedReady", revisionHistoryLimit=10, updateStrategy={}, serviceName="")
    _fill(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _fill(spec["updateStrategy"], rollingUpdate={})
        _fill(spec["updateStrategy"]["rollingUpdate"], partition=0)
    _fill(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    for claim in spec.get("volumeClaimTemplates") or []:
        claim.update({"apiVersion": "v1", "kind": "PersistentVolumeClaim"})
        _fill(claim["spec"], volumeMode="Filesystem")
        _fill(claim, status={"phase": "Pending"})


def _daemonset(obj: Obj) -> None:
    spec = obj["spec"]
    pod_spec(spec["template"]["spec"])
    _fill(spec, revisionHistoryLimit=10, updateStrategy={})
    _fill(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _fill(spec["updateStrategy"], rollingUpdate={})
        _fill(spec["updateStrategy"]["rollingUpdate"], maxSurge=0, maxUnavailable=1)


def job_spec(spec: Obj) -> None:
    """Of a Job and of a CronJob's template alike."""
    pod_spec(spec["template"]["spec"])
    _fill(spec, backoffLimit=6, completionMode="NonIndexed", manualSelector=False, suspend=False)
    _fill(spec, podReplacementPolicy="TerminatingOrFailed", parallelism=1)
    if spec["parallelism"] == 1:
        _fill(spec, completions=1)


def _job(obj: Obj) -> None:
    spec, uid = obj["spec"], obj["metadata"]["uid"]
    job_spec(spec)
    names = {"controller-uid": uid, "job-name": obj["metadata"]["name"]}
    labels = {f"{prefix}{key}": value for prefix in ("batch.kubernetes.io/", "") for key, value in names.items()}
    metadata = spec["template"].setdefault("metadata", {})
    metadata["labels"] = (metadata.get("labels") or {}) | labels
    _fill(spec, selector={"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})


def _cronjob(obj: Obj) -> None:
    spec = obj["spec"]
    _fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    pod_spec(spec["jobTemplate"]["spec"]["template"]["spec"])


def _service(obj: Obj) -> None:
    spec = obj["spec"]
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        _fill(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
        seed = zlib.crc32(obj["metadata"]["uid"].encode())
        _fill(spec, clusterIP=f"10.96.{1 + seed % 250}.{1 + seed // 250 % 250}")
        _fill(spec, clusterIPs=[spec["clusterIP"]])
    for port in spec.get("ports") or []:
        _fill(port, protocol="TCP", targetPort=port["port"])
        if spec["type"] in ("NodePort", "LoadBalancer"):
            # From what stays the same, so that an update without it doesn't move it.
            _fill(port, nodePort=30_000 + zlib.crc32(f"{obj['metadata']['uid']}/{port['port']}".encode()) % 2768)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _fill(spec, allocateLoadBalancerNodePorts=True)


def _claim(obj: Obj) -> None:
    _fill(obj["spec"], volumeMode="Filesystem", storageClassName="standard")


def _autoscaler(obj: Obj) -> None:
    spec = obj["spec"]
    target = {"type": "Utilization", "averageUtilization": 80}
    _fill(spec, minReplicas=1, metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": target}}])


def _secret(obj: Obj) -> None:
    _fill(obj, type="Opaque")
    for key, value in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _namespace(obj: Obj) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    _fill(obj, spec={})
    _fill(obj["spec"], finalizers=["kubernetes"])


def _policy(obj: Obj) -> None:
    spec = obj["spec"]
    _fill(spec, podSelector={}, policyTypes=["Ingress"] + (["Egress"] if spec.get("egress") is not None else []))


def _definition(obj: Obj) -> None:
    names = obj["spec"]["names"]
    _fill(names, listKind=f"{names['kind']}List", singular=names["kind"].lower())
    _fill(obj["spec"], conversion={"strategy": "None"})


FILL: Final[dict[str, Callable[[Obj], None]]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _workload,
    "StatefulSet": _statefulset,
    "DaemonSet": _daemonset,
    "Job": _job,
    "CronJob": _cronjob,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler": _autoscaler,
    "Secret": _secret,
    "Namespace": _namespace,
    "NetworkPolicy": _policy,
    "CustomResourceDefinition": _definition,
}


def first_status(kind: str, obj: Obj, now: float) -> Obj | None:
    """What a new object of this kind says before any controller has looked at it."""
    match kind:
        case "Namespace":
            return {"phase": "Active"}
        case "Pod":
            return {"phase": "Pending", "qosClass": _quality(obj["spec"])}
        case "PersistentVolumeClaim" | "PersistentVolume":
            return {"phase": "Pending"}
        case "Service" | "Ingress":
            return {"loadBalancer": {}}
        case "ReplicaSet" | "StatefulSet":
            return {"replicas": 0}
        case "HorizontalPodAutoscaler":
            return {"currentMetrics": None, "desiredReplicas": 0}
        case "DaemonSet":
            counts = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
            return dict.fromkeys(counts, 0)
        case "CustomResourceDefinition":
            spec = obj["spec"]
            stored = [each["name"] for each in spec["versions"] if each.get("storage")]
            about = [("NamesAccepted", "NoConflicts", "no conflicts found")]
            about.append(("Established", "InitialNamesAccepted", "the initial names have been accepted"))
            conditions = [
                {"type": kind, "reason": reason, "message": text, "status": "True", "lastTransitionTime": stamp(now)}
                for kind, reason, text in about
            ]
            return {"acceptedNames": spec["names"], "storedVersions": stored, "conditions": conditions}
    return {} if kind in ("Deployment", "Job", "CronJob") else None


def _quality(spec: Obj) -> str:
    resources = [each.get("resources") or {} for each in spec.get("containers") or []]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    names = {"cpu", "memory"}
    full = all(names <= (each.get("limits") or {}).keys() and each["limits"] == each["requests"] for each in resources)
    return "Guaranteed" if full else "Burstable"
