"""Ways into the real cluster, made from its kubeconfig."""

import base64
from pathlib import Path

import yaml

from app.kube.access import Access
from app.kube.client import KubeClient
from app.kube.connection import Connection
from app.kube.discovery import Discovery
from app.net.guard import AddressGuard

GUARD = AddressGuard(allow_private=True, allow_loopback=True, allowlist=())


def admin_access(kubeconfig: Path) -> Access:
    """Its client certificate, or token, and CA."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]

    def pem(values: dict[str, str], name: str) -> str | None:
        return base64.b64decode(values[name]).decode() if name in values else None

    return Access(
        cluster["server"],
        token=user.get("token"),
        ca=pem(cluster, "certificate-authority-data"),
        client_cert=pem(user, "client-certificate-data"),
        client_key=pem(user, "client-key-data"),
    )


def a_client(access: Access) -> KubeClient:
    """A client with a connection of its own."""
    connection = Connection(access, GUARD)
    return KubeClient(connection, Discovery(connection))
