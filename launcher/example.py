"""The demo's workflow: a small web site with its page, a password, a disk and an address."""

from typing import Any, Final

NAME: Final = "Example: a small web site"
DESCRIPTION: Final = "Made by `make demo`: a web server with a page, a password and a disk."
PAGE: Final = "<!doctype html><title>KubeOrch</title><h1>It works</h1><p>Served from a ConfigMap by nginx.</p>"


def example_nodes(suffix: str) -> list[dict[str, Any]]:
    """Nodes as the canvas saves them.

    Args:
        suffix: makes the objects' names this data folder's own: another demo's objects in the same cluster would
            rightly not be taken over.
    """
    web = f"demo-web-{suffix}"
    deployment = {
        "name": web,
        "namespace": "default",
        "image": "nginx:alpine",
        "replicas": 2,
        "port": 80,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "readinessProbe": {"type": "tcpSocket", "port": 80, "initialDelaySeconds": 1, "periodSeconds": 2},
    }
    page = {
        "name": f"demo-page-{suffix}",
        "namespace": "default",
        "data": {"index.html": PAGE},
        "mountPath": "/usr/share/nginx/html",
    }
    password = {
        "name": f"demo-password-{suffix}",
        "namespace": "default",
        "secretType": "Opaque",
        "keys": [{"id": "password", "name": "password"}],
        "mountPath": "/etc/secrets",
    }
    disk = {
        "name": f"demo-disk-{suffix}",
        "namespace": "default",
        "storage": "64Mi",
        "accessModes": ["ReadWriteOnce"],
    }
    service = {"name": web, "namespace": "default", "serviceType": "ClusterIP", "targetApp": web, "port": 80}
    return [
        node("page", "configmap", page, x=0, y=0),
        node("password", "secret", password, x=0, y=160),
        node("disk", "persistentvolumeclaim", disk, x=0, y=320),
        node("web", "deployment", deployment, x=340, y=160),
        node("address", "service", service, x=680, y=160),
    ]


def example_edges() -> list[dict[str, str]]:
    return [edge("page", "web"), edge("password", "web"), edge("disk", "web"), edge("address", "web")]


def node(node_id: str, kind: str, data: dict[str, Any], *, x: int, y: int) -> dict[str, Any]:
    position = {"x": x, "y": y}
    return {"id": node_id, "type": kind, "position": position, "data": {"templateId": f"core/{kind}", **data}}


def edge(source: str, target: str) -> dict[str, str]:
    return {"id": f"{source}-{target}", "source": source, "target": target}
