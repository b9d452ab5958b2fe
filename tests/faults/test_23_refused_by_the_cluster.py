"""Fault 23: the cluster refuses some nodes of a run: the node says so in the server's own words, its neighbours finish.

Namespace deleted, quota full, a policy or a webhook denying, the kind not there.
"""

import base64
import datetime
import itertools
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from launcher.ports import free_port
from tests.conftest import kubectl
from tests.nodes import a_node, an_edge
from tests.proxy import FaultProxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

REFUSAL: Final = "no change of configmaps on Fridays"


@pytest.fixture
def apply(kubeconfig: Path) -> Iterator[Callable[[Any], None]]:
    """kubectl apply; what was applied is deleted afterwards."""
    applied = []

    def run(obj: Any) -> None:
        feed(kubeconfig, "apply", obj)
        applied.append(obj)

    yield run
    for obj in reversed(applied):
        feed(kubeconfig, "delete", obj, "--ignore-not-found", "--wait=false")


def feed(kubeconfig: Path, verb: str, obj: Any, *options: str) -> None:
    command = ["kubectl", f"--kubeconfig={kubeconfig}", verb, "-f", "-", *options]
    done = subprocess.run(command, input=json.dumps(obj), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def numbered() -> Iterator[int]:
    """1, 2, 3, ..."""
    return itertools.count(1)


def configmap(node: str, namespace: str) -> Any:
    return a_node("configmap", node, name=node, namespace=namespace, data={"a": "1"})


def run_of(system: System, nodes: list[Any], edges: list[Any] | None = None) -> tuple[Any, dict[str, Any]]:
    """A run of these, ended, its stream judged; the run and the states."""
    workflow = system.workflow(nodes, edges or [])
    with Recorder(system, workflow) as recorder:
        run = system.ended(workflow, system.run(workflow), within_s=90)
        states = system.states(workflow)
        eventually(lambda: recorder.ends() == [run["status"]], within_s=5)
    recorder.judged()
    return run, states


def test_23_a_full_quota_is_named_and_the_neighbours_finish(
    system: System, proxy: FaultProxy, namespace: str, apply: Callable[[Any], None], kubeconfig: Path
) -> None:
    del proxy
    quota = {"count/secrets": "0"}
    apply(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "full", "namespace": namespace},
            "spec": {"hard": quota},
        }
    )
    where = ("-n", namespace, "get", "resourcequota", "full", "-o", "json")
    eventually(lambda: json.loads(kubectl(kubeconfig, *where)).get("status", {}).get("hard") == quota, within_s=20)
    web = a_node("deployment", "web", name="web", namespace=namespace, image="localhost:5000/web:1", replicas=0)
    secret = a_node("secret", "pw", name="pw", namespace=namespace, keys=[])

    run, states = run_of(system, [secret, web, configmap("good", namespace)], [an_edge("web", "pw")])

    assert run["status"] == "failed"
    assert "exceeded quota: full" in states["pw"]["message"]
    assert "count/secrets=0" in states["pw"]["message"]
    assert states["web"]["message"] == "Not applied: it needs pw, which failed"
    assert run["progress"] == {"done": 3, "total": 3}
    kubectl(kubeconfig, "-n", namespace, "get", "configmap", "good")


def test_23_a_namespace_deleted_in_mid_run_fails_its_nodes_only(
    system: System, proxy: FaultProxy, namespace: str, kubeconfig: Path
) -> None:
    doomed = f"{namespace}-doomed"
    kubectl(kubeconfig, "create", "namespace", doomed)
    nodes = [configmap(f"n{n}", doomed if n % 2 else namespace) for n in range(40)]
    proxy.write_delay_s = 0.4
    workflow = system.workflow(nodes)
    with Recorder(system, workflow) as recorder:
        run = system.run(workflow)
        eventually(lambda: system.the_run(workflow, run)["progress"]["done"] >= 4, within_s=20, every_s=0.01)

        kubectl(kubeconfig, "delete", "namespace", doomed, "--wait=false")

        ended = system.ended(workflow, run, within_s=60)
        eventually(lambda: recorder.ends() == ["failed"], within_s=5)
    recorder.judged()
    states = system.states(workflow)
    neighbours = [states[f"n{n}"] for n in range(40) if n % 2 == 0]
    failed = [states[f"n{n}"] for n in range(40) if n % 2 and states[f"n{n}"].get("reason") == "apply_failed"]
    assert ended["progress"] == {"done": 40, "total": 40}
    assert {state["state"] for state in neighbours} <= {"created", "pending"}
    assert failed
    assert all(doomed in state["message"] for state in failed)
    assert any("being terminated" in state["message"] or "not found" in state["message"] for state in failed)
    assert int(kubectl(kubeconfig, "-n", namespace, "get", "cm", "-o", "name").count("configmap/n")) == 20


def test_23_a_denying_policy_says_why(
    system: System, proxy: FaultProxy, namespace: str, apply: Callable[[Any], None]
) -> None:
    del proxy
    api, name = "admissionregistration.k8s.io/v1", f"deny-{namespace}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    only_here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    refusing = [{"expression": "!object.metadata.name.startsWith('bad')", "message": REFUSAL}]
    policy = {"matchConstraints": {"resourceRules": [rule]}, "validations": refusing, "failurePolicy": "Fail"}
    apply({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": policy})
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": only_here},
    }
    apply({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": binding})

    names = numbered()

    def refused() -> Any:
        # The API server takes a new policy up within some seconds; until then each try makes objects of its own.
        bad, good = f"bad-{next(names)}", f"good-{next(names)}"
        run, states = run_of(system, [configmap(bad, namespace), configmap(good, namespace)])
        return run["status"] == "failed" and (states[bad], states[good])

    bad, good = eventually(refused, within_s=20, every_s=1)

    assert REFUSAL in bad["message"]
    assert good["state"] in ("created", "pending")


def test_23_a_denying_webhook_says_why(
    system: System, proxy: FaultProxy, namespace: str, apply: Callable[[Any], None], tmp_path: Path
) -> None:
    del proxy
    with denying_webhook(tmp_path) as (url, authority):
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        hook = {
            "name": "deny.kubeorch.example.com",
            "clientConfig": {"url": url, "caBundle": base64.b64encode(authority).decode()},
            "rules": [rule],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 5,
        }
        apply(
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingWebhookConfiguration",
                "metadata": {"name": f"deny-{namespace}"},
                "webhooks": [hook],
            }
        )

        names = numbered()

        def refused() -> Any:
            bad, good = f"bad-{next(names)}", f"good-{next(names)}"
            policy = a_node("networkpolicy", good, name=good, namespace=namespace)
            run, states = run_of(system, [configmap(bad, namespace), policy])
            return run["status"] == "failed" and (states[bad], states[good])

        bad, good = eventually(refused, within_s=20, every_s=1)

    assert f'admission webhook "deny.kubeorch.example.com" denied the request: {REFUSAL}' in bad["message"]
    assert good["state"] != "error"


class denying_webhook:  # noqa: N801  a context manager, used like a function
    """An admission webhook on this machine that refuses everything; gives its address and certificate."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._url = f"https://127.0.0.1:{port}/"
        certificate, key = self_signed()
        (folder / "hook.pem").write_bytes(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "hook.pem")
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Denying)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._certificate = certificate

    def __enter__(self) -> tuple[str, bytes]:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self._url, self._certificate

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Denying(BaseHTTPRequestHandler):
    """Answers each AdmissionReview with no."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": review["request"]["uid"], "allowed": False, "status": {"message": REFUSAL}}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it so
        """Quiet."""


def self_signed() -> tuple[bytes, bytes]:
    """Certificate and key of 127.0.0.1, in PEM."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "webhook")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
