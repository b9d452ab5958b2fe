"""`cluster`: one of the two, with a namespace of its own."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.kube.client import KubeClient
from app.kube.objects import KubeObject, ObjectRef
from tests.conformance.differences import DIFFERENCES
from tests.conformance.practice import running_practice_cluster
from tests.conftest import HOW_TO_GET_A_CLUSTER, kubectl
from tests.e2e.kube_access import a_client, admin_access
from tests.waiting import eventually

BOTH = ("practice", "real")


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster and the namespace to use in it."""

    kubeconfig: Path
    client: KubeClient
    namespace: str
    is_real: bool

    def kubectl(self, *arguments: str) -> str:
        return kubectl(self.kubeconfig, "-n", self.namespace, *arguments)

    def kubectl_fails(self, *arguments: str) -> tuple[int, str]:
        """Exit status and complaint."""
        command = ["kubectl", f"--kubeconfig={self.kubeconfig}", "-n", self.namespace, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stderr

    def apply(self, obj: KubeObject, **options: Any) -> KubeObject:
        return self.client.apply(self.named(obj), **options)

    def named(self, obj: KubeObject) -> KubeObject:
        """In this namespace."""
        return {**obj, "metadata": {"namespace": self.namespace, **obj["metadata"]}}

    def ref(self, api_version: str, kind: str, name: str) -> ObjectRef:
        return ObjectRef(api_version, kind, self.namespace, name)

    def get(self, kind: str, name: str) -> Any:
        return json.loads(self.kubectl("get", kind, name, "-o", "json"))

    def listed(self, kind: str, *arguments: str) -> list[Any]:
        return list(json.loads(self.kubectl("get", kind, "-o", "json", *arguments))["items"])

    def pods(self, app: str) -> list[Any]:
        return self.listed("pods", "-l", f"app={app}")

    def eventually_pod(self, app: str, wanted: Any, within_s: float = 60) -> Any:
        """The first pod of an app, once it is as wanted."""
        return eventually(lambda: next((p for p in self.pods(app) if wanted(p)), None), within_s=within_s, every_s=0.3)


@pytest.fixture(scope="session")
def practice_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a practice cluster that runs as long as the tests do."""
    with running_practice_cluster(tmp_path_factory.mktemp("conformance") / "practice") as kubeconfig:
        yield kubeconfig


@pytest.fixture(params=BOTH)
def cluster(request: pytest.FixtureRequest, practice_kubeconfig: Path) -> Iterator[Target]:
    """First the practice cluster, then the real one."""
    if request.param == "practice":
        kubeconfig = practice_kubeconfig
        if reason := DIFFERENCES.get(request.function.__name__):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    else:
        kubeconfig = Path(os.environ.get("KUBECONFIG", "") or "/nonexistent")
        if not kubeconfig.is_file():
            skip_or_fail = pytest.fail if os.environ.get("CI") else pytest.skip
            skip_or_fail(HOW_TO_GET_A_CLUSTER)
    namespace = f"conform-{secrets.token_hex(4)}"
    kubectl(kubeconfig, "create", "namespace", namespace)
    target = Target(kubeconfig, a_client(admin_access(kubeconfig)), namespace, request.param == "real")
    yield target
    target.client.connection.close()
    kubectl(kubeconfig, "delete", "namespace", namespace, "--wait=false")
