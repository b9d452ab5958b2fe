"""Credentials left empty never mean those of the server itself (faults-and-checks 22)."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from tests.api import api, app, person
from tests.clusters import CLUSTERS, RealCluster, add, encoded, real_cluster, services
from tests.unit.clusters.test_kubeconfig import a_kubeconfig

__all__ = ["api", "app", "person", "real_cluster", "services"]  # fixtures


@pytest.fixture
def own_credentials(monkeypatch: pytest.MonkeyPatch, kubeconfig: Path, tmp_path: Path) -> None:
    """The server could reach the cluster as its admin: by KUBECONFIG, its home, or a pod's environment."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_bytes(kubeconfig.read_bytes())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    assert os.environ["HOME"] == str(tmp_path)


EMPTY: list[tuple[str, dict[str, Any]]] = [
    ("token", {}),
    ("token", {"token": ""}),
    ("token", {"token": "   "}),
    ("token", {"token": None}),
    ("token", {"token": "Bearer "}),
    ("serviceaccount", {}),
    ("serviceaccount", {"token": ""}),
    ("certificate", {}),
    ("certificate", {"clientCertData": "", "clientKeyData": ""}),
    ("kubeconfig", {}),
    ("kubeconfig", {"kubeconfig": ""}),
    ("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig(user={}))}),
    ("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig(user={"token": ""}))}),
]


@pytest.mark.usefixtures("own_credentials")
def test_empty_credentials_are_refused_even_with_force(api: FlaskClient, real_cluster: RealCluster) -> None:
    for auth_type, credentials in EMPTY:
        given = credentials | ({} if auth_type == "kubeconfig" else {"caData": encoded(real_cluster.ca)})
        answer = add(api, "c", auth_type, given, server=real_cluster.server, force=True)

        assert answer.status_code == 400, (auth_type, credentials, answer.text)
    assert api.get(CLUSTERS).get_json()["clusters"] == []


@pytest.mark.usefixtures("own_credentials")
def test_erasing_credentials_does_not_fall_back_to_ours(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": real_cluster.viewer_token(), "caData": encoded(real_cluster.ca), "namespace": "restricted"}
    assert add(api, "c", "token", credentials, server=real_cluster.server).status_code == 201

    for change in ({"token": None}, {"token": " \n"}):
        answer = api.put(f"{CLUSTERS}/c", json={"credentials": change, "force": True})
        metadata = api.post(f"{CLUSTERS}/c/refresh").get_json()["metadata"]

        assert answer.status_code in {200, 400}
        assert metadata["nodeCount"] == 0, "still the reader of one namespace, not the admin that the server could be"
