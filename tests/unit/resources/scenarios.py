"""The situations whose objects are captured: what to apply, what to do then, when the situation has come.

Data for `tests/capture.py` (which writes `captured/`) and for the end-to-end tests (which make a few of them live).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Manifest = dict[str, Any]
Situation = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], bool]

WEB: Final = "localhost:5000/web:1"
WEB_2: Final = "localhost:5000/web:2"
BUSYBOX: Final = "localhost:5000/busybox:1"
CRASH: Final = "localhost:5000/crash:1"
CPU: Final = {"requests": {"cpu": "10m", "memory": "1Mi"}}


@dataclass(frozen=True)
class Scenario:
    """One situation. Its object is the first manifest; all are applied in this order."""

    kind: str
    """The folder: `deployment`, `statefulset`, ..."""
    case: str
    manifests: Sequence[Manifest]
    has_come: Situation
    """Given the object and its pods."""
    first: Situation | None = None
    """What has to be so before `then`."""
    then: Sequence[tuple[str, ...]] = ()
    """kubectl arguments after that; `{name}` is the object's name."""
    over_quota: bool = False
    """Whether it goes where a quota allows next to nothing."""
    pods_of: Mapping[str, str] = field(default_factory=dict)
    """Labels of the pods that belong to it; without any, there are none."""


def container(image: str, **more: Any) -> Manifest:
    return {"name": "app", "image": image, **more}


def sleeps(seconds: int = 3600) -> Manifest:
    return container(BUSYBOX, command=["sleep", str(seconds)])


def http_get(path: str, **more: Any) -> Manifest:
    return {"httpGet": {"path": path, "port": 8080}, "periodSeconds": 1, "failureThreshold": 1, **more}


def template(name: str, *containers: Manifest, **spec: Any) -> Manifest:
    quick = {"terminationGracePeriodSeconds": 1, "containers": list(containers), **spec}
    return {"metadata": {"labels": {"app": name}}, "spec": quick}


def workload(kind: str, name: str, *containers: Manifest, pod: Manifest | None = None, **spec: Any) -> Manifest:
    """An apps/v1 kind."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, *containers, **(pod or {})),
            **spec,
        },
    }


def a_job(name: str, one: Manifest, **spec: Any) -> Manifest:
    body = {"template": template(name, one, restartPolicy="Never"), **spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": body}


def a_cronjob(name: str, **spec: Any) -> Manifest:
    inner = {"spec": {"template": template(name, sleeps(), restartPolicy="Never")}}
    body = {"schedule": "* * * * *", "jobTemplate": inner, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": body}


def a_service(name: str, **spec: Any) -> Manifest:
    body = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    given = {key: value for key, value in body.items() if value is not None}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": given}


def a_claim(name: str, storage: str = "1Gi", **spec: Any) -> Manifest:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": body}


def a_volume_for(claim: str) -> Manifest:
    """What a provisioner would make, for a claim of the class `status-capture`."""
    body = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "status-capture",
        "persistentVolumeReclaimPolicy": "Delete",
        "hostPath": {"path": "/nonexistent"},
        "claimRef": {"namespace": "status-capture", "name": claim},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"status-{claim}"}, "spec": body}


def an_ingress(name: str) -> Manifest:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    body = {"ingressClassName": "nginx", "rules": [rule]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": body}


def an_hpa(name: str, resource: str = "cpu", percent: int = 80, **spec: Any) -> Manifest:
    metric = {"name": resource, "target": {"type": "Utilization", "averageUtilization": percent}}
    body = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "maxReplicas": 2,
        "metrics": [{"type": "Resource", "resource": metric}],
        **spec,
    }
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": body}


def count(obj: Any, key: str) -> int:
    return int(obj.get("status", {}).get(key, 0))


def has_condition(obj: Any, kind: str, *, status: str = "True", reason: str = "") -> bool:
    conditions = obj.get("status", {}).get("conditions", [])
    return any(
        each["type"] == kind and each["status"] == status and reason in each.get("reason", "") for each in conditions
    )


def waits_for(reason: str) -> Situation:
    """A container of one of the pods waits with this reason."""

    def has_come(_: Any, pods: Sequence[Mapping[str, Any]]) -> bool:
        every = [each for pod in pods for each in pod.get("status", {}).get("containerStatuses", [])]
        return any(each.get("state", {}).get("waiting", {}).get("reason") == reason for each in every)

    return has_come


def is_ready(number: int = 1) -> Situation:
    return lambda obj, _: count(obj, "readyReplicas") == number


def is_bound(obj: Any, _: Any) -> bool:
    return bool(obj["status"].get("phase") == "Bound")


def at_once(obj: Any, _: Any) -> bool:
    return bool(obj)


def one(kind: str, case: str, spec: Manifest, has_come: Situation, **more: Any) -> Scenario:
    """A workload whose pods carry `app: <its name>`."""
    return Scenario(kind, case, [spec], has_come, pods_of={"app": spec["metadata"]["name"]}, **more)


def patched(image: str, **more: Any) -> tuple[str, ...]:
    """Another image (and more) for the only container of a workload."""
    body = {"spec": {"template": {"spec": {"containers": [container(image, **more)]}}}}
    return ("patch", "{kind}", "{name}", "--type=strategic", "-p", json.dumps(body))


def status_patch(status: Manifest) -> tuple[str, ...]:
    """What a controller that isn't there would write."""
    return ("patch", "{kind}", "{name}", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))


def more_storage(storage: str) -> tuple[str, ...]:
    """Ask for a larger volume."""
    body = {"spec": {"resources": {"requests": {"storage": storage}}}}
    return ("patch", "{kind}", "{name}", "--type=merge", "-p", json.dumps(body))
