"""Ways to connect to the real cluster, and the API that is allowed to connect to such."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from flask.testing import FlaskClient
from pymongo.database import Database

from app.bootstrap import Services
from tests.api import API, close_services, make_services
from tests.conftest import kubectl

CLUSTERS: Final = f"{API}/clusters"


@dataclass(frozen=True)
class RealCluster:
    """The real cluster, and who may do what there."""

    kubeconfig: Path
    server: str
    ca: str
    client_cert: str
    client_key: str

    @classmethod
    def of(cls, kubeconfig: Path) -> "RealCluster":
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        return cls(
            kubeconfig,
            cluster["server"],
            _pem(cluster["certificate-authority-data"]),
            _pem(user["client-certificate-data"]),
            _pem(user["client-key-data"]),
        )

    def admin_token(self) -> str:
        return kubectl(self.kubeconfig, "-n", "kube-system", "create", "token", "kubeorch").strip()

    def viewer_token(self) -> str:
        """May only read, in the namespace `restricted`."""
        return kubectl(self.kubeconfig, "-n", "restricted", "create", "token", "viewer").strip()


def encoded(text: str) -> str:
    """As the UI sends what was typed into a certificate field."""
    return base64.b64encode(text.encode()).decode()


def add(client: FlaskClient, name: str, auth_type: str, credentials: dict[str, Any], **fields: Any) -> Any:
    """POST /clusters as the UI's form does."""
    form = {
        "name": name,
        "displayName": "",
        "description": "",
        "server": "",
        "singleNode": False,
        "labels": {},
        "authType": auth_type,
        "credentials": {"namespace": "default"} | credentials,
    }
    return client.post(CLUSTERS, json=form | fields)


def add_by_kubeconfig(client: FlaskClient, cluster: RealCluster, name: str = "real") -> dict[str, Any]:
    """The real cluster, connected; its object."""
    answer = add(client, name, "kubeconfig", {"kubeconfig": cluster.kubeconfig.read_text()})
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json["cluster"]
    return added


@pytest.fixture
def real_cluster(kubeconfig: Path) -> RealCluster:
    return RealCluster.of(kubeconfig)


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Services]:
    """All services; clusters on this machine are allowed."""
    made = make_services(db, mongo_uri, redis_url, cluster_allow_loopback=True)
    yield made
    close_services(made)


def _pem(data: str) -> str:
    return base64.b64decode(data).decode()
