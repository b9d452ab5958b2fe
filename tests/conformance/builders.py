"""Objects that mean the same to both clusters: the images are there in both (or in neither)."""

from typing import Any

WEB = "localhost:5000/web:1"
BUSYBOX = "localhost:5000/busybox:1"


def a_config_map(name: str = "c", data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"a": "1"} if data is None else data,
    }


def a_deployment(name: str = "web", image: str = WEB, *, replicas: int = 1, **container: Any) -> dict[str, Any]:
    return a_workload("Deployment", name, image, **container) | {
        "spec": {"replicas": replicas, **_pods(name, image, container)},
    }


def a_workload(kind: str, name: str, image: str = WEB, spec: Any = None, **container: Any) -> dict[str, Any]:
    content = (spec or {}) | _pods(name, image, container)
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": content}


def a_job(name: str, command: list[str], **spec: Any) -> dict[str, Any]:
    container = {"name": "app", "image": BUSYBOX, "command": command}
    template = {"spec": {"restartPolicy": "Never", "containers": [container], "terminationGracePeriodSeconds": 1}}
    template |= {"metadata": {"labels": {"app": name}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def _pods(name: str, image: str, container: dict[str, Any]) -> dict[str, Any]:
    """Selector and template. Pods end quickly, so that tests do."""
    volumes = container.pop("volumes", None)
    spec: dict[str, Any] = {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "app", "image": image, **container}],
    }
    spec |= {"volumes": volumes} if volumes else {}
    labels = {"app": name}
    return {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}
