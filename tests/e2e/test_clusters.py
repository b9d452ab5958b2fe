"""Clusters on a real API server: every way in, every reason why not, new credentials in use at once."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from flask.testing import FlaskClient

from app.bootstrap import Services
from app.kube.connection import Connection
from launcher.ports import free_port
from tests.api import api, app, person
from tests.clusters import CLUSTERS, RealCluster, add, add_by_kubeconfig, encoded, real_cluster, services
from tests.conftest import kubectl
from tests.waiting import eventually

__all__ = ["api", "app", "person", "real_cluster", "services"]  # fixtures


def whoami(connection: Connection) -> str:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    name: str = connection.request("POST", path, body=body)["status"]["userInfo"]["username"]
    return name


def test_a_kubeconfig_brings_server_and_credentials(api: FlaskClient, real_cluster: RealCluster) -> None:
    cluster = add_by_kubeconfig(api, real_cluster)

    assert cluster["server"] == real_cluster.server
    assert (cluster["status"], cluster["default"], cluster["role"]) == ("connected", True, "owner")
    assert cluster["credentialFields"] == ["kubeconfig"]
    metadata = cluster["metadata"]
    assert metadata["version"].startswith("v1.")
    assert metadata["nodeCount"] >= 1
    assert "default" in metadata["namespaces"]
    assert set(metadata["capabilities"]) >= {"nodes", "namespaces", "deploy", "exec", "logs", "secrets"}


def test_a_token_connects_with_the_ca_as_the_form_sends_it(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": f"Bearer {real_cluster.admin_token()}\n", "caData": encoded(real_cluster.ca)}

    answer = add(api, "by-token", "token", credentials, server=real_cluster.server)

    assert answer.status_code == 201, answer.text
    assert answer.get_json()["cluster"]["credentialFields"] == ["token", "caData"]
    assert "credentialExpiresAt" in answer.get_json()["cluster"], "the token is a JWT that says when it ends"


def test_a_service_account_is_a_token_by_another_name(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": real_cluster.admin_token(), "caData": encoded(real_cluster.ca)}

    answer = add(api, "by-account", "serviceAccount", credentials, server=real_cluster.server)

    assert (answer.status_code, answer.get_json()["cluster"]["authType"]) == (201, "serviceaccount")


def test_a_client_certificate_connects(api: FlaskClient, real_cluster: RealCluster) -> None:
    twice = encoded(encoded(real_cluster.ca))  # a value of a kubeconfig, encoded once more by the form
    credentials = {
        "clientCertData": encoded(real_cluster.client_cert),
        "clientKeyData": real_cluster.client_key,
        "caData": twice,
    }

    answer = add(api, "by-certificate", "certificate", credentials, server=real_cluster.server)

    assert answer.status_code == 201, answer.text


def test_unverified_tls_connects_and_warns(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": real_cluster.admin_token(), "insecure": True}

    answer = add(api, "unverified", "token", credentials, server=real_cluster.server)

    assert answer.status_code == 201, answer.text
    assert "TLS verification is off" in answer.get_json()["warnings"][0]
    assert api.get(f"{CLUSTERS}/unverified").get_json()["insecure"] is True


def test_a_reader_of_one_namespace_connects_and_says_what_it_may(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {
        "token": real_cluster.viewer_token(),
        "caData": encoded(real_cluster.ca),
        "namespace": "restricted",
    }

    answer = add(api, "reader", "token", credentials, server=real_cluster.server)

    assert answer.status_code == 201, answer.text
    metadata = answer.get_json()["cluster"]["metadata"]
    assert (metadata["nodeCount"], metadata["namespaces"]) == (0, [])
    assert not {"nodes", "deploy", "exec"} & set(metadata["capabilities"])


def test_what_does_not_connect_says_why_and_is_not_kept(api: FlaskClient, real_cluster: RealCluster) -> None:
    token, ca, server = real_cluster.admin_token(), encoded(real_cluster.ca), real_cluster.server
    wrong_ca = encoded(another_authority())
    wrong_port = f"https://127.0.0.1:{free_port()}"
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("unauthorized", {"token": "not-a-token-of-this-cluster", "caData": ca}, server),
        ("refused", {"token": token, "caData": ca}, wrong_port),
        ("tls_untrusted", {"token": token}, server),
        ("tls_untrusted", {"token": token, "caData": wrong_ca}, server),
        ("tls_name", {"token": token, "caData": ca, "tlsServerName": "elsewhere.example"}, server),
        ("dns", {"token": token, "caData": ca}, "https://nowhere.invalid:6443"),
        ("blocked", {"token": token, "caData": ca}, "https://169.254.169.254"),
    ]

    for reason, credentials, address in cases:
        answer = add(api, "nope", "token", credentials, server=address)

        assert (answer.status_code, answer.get_json().get("reason")) == (400, reason), answer.text
        assert answer.get_json()["error"].startswith("Could not connect to the cluster: ")
        assert credentials["token"] not in answer.text

    assert api.get(CLUSTERS).json == {"clusters": [], "default": ""}


def test_force_keeps_what_does_not_connect_yet(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": real_cluster.admin_token(), "caData": encoded(real_cluster.ca)}

    answer = add(api, "later", "token", credentials, server=f"https://127.0.0.1:{free_port()}", force=True)

    assert (answer.status_code, answer.get_json()["status"]) == (201, "disconnected")
    tested = api.post(f"{CLUSTERS}/later/test")
    assert (tested.status_code, tested.get_json()["status"], tested.get_json()["reason"]) == (503, "failed", "refused")
    status = api.get(f"{CLUSTERS}/later/status").get_json()
    assert (status["status"], status["isOnline"], status["reason"]) == ("disconnected", False, "refused")


def test_new_credentials_are_used_within_a_second(
    api: FlaskClient, services: Services, real_cluster: RealCluster
) -> None:
    cluster_id = ObjectId(add_by_kubeconfig(api, real_cluster)["id"])
    # Another process: its own cache, nobody tells it.
    elsewhere = Services(services.settings, application="other")
    before = whoami(elsewhere.clusters.connection(cluster_id))
    version_before = dict(services.clusters.watchable())[cluster_id]

    credentials = {"token": real_cluster.viewer_token(), "caData": encoded(real_cluster.ca)}
    answer = api.put(f"{CLUSTERS}/real/credentials", json={"authType": "token", "credentials": credentials})

    assert answer.status_code == 200, answer.text
    now = whoami(services.clusters.connection(cluster_id))
    assert now == "system:serviceaccount:restricted:viewer" != before
    eventually(lambda: whoami(elsewhere.clusters.connection(cluster_id)) == now, within_s=1.1)
    assert dict(services.clusters.watchable())[cluster_id] > version_before
    elsewhere.db.client.close()


def test_bad_new_credentials_change_nothing(api: FlaskClient, services: Services, real_cluster: RealCluster) -> None:
    cluster_id = ObjectId(add_by_kubeconfig(api, real_cluster)["id"])
    before = whoami(services.clusters.connection(cluster_id))

    refused = {"token": "wrong", "caData": encoded(real_cluster.ca)}
    answer = api.put(f"{CLUSTERS}/real/credentials", json={"authType": "token", "credentials": refused})

    assert (answer.status_code, answer.get_json()["reason"]) == (400, "unauthorized")
    assert api.get(f"{CLUSTERS}/real").get_json()["authType"] == "kubeconfig"
    assert whoami(services.clusters.connection(cluster_id)) == before


def test_the_edit_form_keeps_what_it_does_not_send(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": real_cluster.admin_token(), "caData": encoded(real_cluster.ca), "namespace": "apps"}
    assert add(api, "edited", "token", credentials, server=real_cluster.server).status_code == 201

    form = {
        "displayName": "Edited",
        "description": "",
        "server": real_cluster.server,
        "authType": "token",
        "singleNode": False,
        "credentials": {"namespace": "apps"},
    }
    answer = api.put(f"{CLUSTERS}/edited", json=form)

    assert answer.status_code == 200, answer.text
    cluster = answer.get_json()["cluster"]
    assert (cluster["displayName"], cluster["namespace"]) == ("Edited", "apps")
    assert cluster["credentialFields"] == ["token", "caData"]
    # A new token alone keeps the authority: without it this test would be refused as untrusted.
    answer = api.put(f"{CLUSTERS}/edited", json=form | {"credentials": {"token": real_cluster.admin_token()}})
    assert answer.status_code == 200, answer.text
    assert api.post(f"{CLUSTERS}/edited/test").status_code == 200


def test_refresh_reads_the_cluster_again(api: FlaskClient, real_cluster: RealCluster, namespace: str) -> None:
    add_by_kubeconfig(api, real_cluster)

    answer = api.post(f"{CLUSTERS}/real/refresh")

    assert answer.status_code == 200, answer.text
    assert namespace in answer.get_json()["metadata"]["namespaces"]
    actions = [entry["action"] for entry in api.get(f"{CLUSTERS}/real/logs").get_json()["logs"]]
    assert actions == ["metadata_refreshed", "cluster_added"]


def another_authority() -> str:
    from tests.unit.clusters.certificates import an_authority

    return an_authority().pem


def test_a_removed_cluster_is_gone(api: FlaskClient, services: Services, real_cluster: RealCluster) -> None:
    cluster = add_by_kubeconfig(api, real_cluster)
    removed: list[ObjectId] = []
    services.clusters.on_removed.append(lambda cluster_id, _owner: removed.append(cluster_id))

    answer = api.delete(f"{CLUSTERS}/real")

    assert answer.get_json() == {"message": "Cluster removed successfully", "cluster": "real", "workflows": 0}
    assert removed == [ObjectId(cluster["id"])]
    assert [api.get(f"{CLUSTERS}/real{path}").status_code for path in ("", "/status", "/logs")] == [404] * 3
    assert services.clusters.by_id(ObjectId(cluster["id"])) is None
    add_by_kubeconfig(api, real_cluster)


@pytest.fixture
def tainted_node(kubeconfig: Path) -> Iterator[str]:
    """A node that exists on paper only, and that nothing is ever scheduled on."""
    name = f"paper-{secrets.token_hex(4)}"
    taints = [
        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        {"key": "example.org/stays", "value": "x", "effect": "NoExecute"},
    ]
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"unschedulable": True, "taints": taints},
    }
    command = ["kubectl", f"--kubeconfig={kubeconfig}", "create", "-f", "-"]
    subprocess.run(command, input=json.dumps(node), text=True, check=True, timeout=60, stdout=subprocess.DEVNULL)
    yield name
    kubectl(kubeconfig, "delete", "node", name, "--wait=false")


def taints_of(kubeconfig: Path, node: str) -> set[str]:
    return set(kubectl(kubeconfig, "get", "node", node, "-o", "jsonpath={.spec.taints[*].key}").split())


def test_single_node_mode_opens_control_plane_nodes_and_closes_them_again(
    api: FlaskClient, real_cluster: RealCluster, tainted_node: str
) -> None:
    add_by_kubeconfig(api, real_cluster)
    control_plane, stays = "node-role.kubernetes.io/control-plane", "example.org/stays"
    assert {control_plane, stays} <= taints_of(real_cluster.kubeconfig, tainted_node)

    answer = api.put(f"{CLUSTERS}/real", json={"singleNode": True})
    assert (answer.status_code, answer.get_json()["cluster"]["singleNode"]) == (200, True), answer.text
    opened = taints_of(real_cluster.kubeconfig, tainted_node)

    assert api.put(f"{CLUSTERS}/real", json={"singleNode": False}).status_code == 200
    closed = taints_of(real_cluster.kubeconfig, tainted_node)
    assert stays in opened
    assert control_plane not in opened
    assert {control_plane, stays} <= closed


def test_single_node_mode_needs_the_right_to_change_nodes(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": real_cluster.viewer_token(), "caData": encoded(real_cluster.ca), "namespace": "restricted"}

    added = add(api, "reader", "token", credentials, server=real_cluster.server, singleNode=True)
    answer = api.put(f"{CLUSTERS}/reader", json={"singleNode": True, "displayName": "not stored"})

    assert added.status_code == 201
    assert "may not change nodes" in added.get_json()["warnings"][0]
    assert (answer.status_code, "may not change nodes" in answer.get_json()["error"]) == (400, True)
    stored = api.get(f"{CLUSTERS}/reader").get_json()
    assert (stored["singleNode"], stored["displayName"]) == (False, "")
