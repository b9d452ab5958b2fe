"""The practice cluster as a process: started by the demo, kept over restarts and kills, closed to others, bounded."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from launcher.ports import free_port
from launcher.processes import end
from tests.conformance.practice import ROOT, running_practice_cluster, start_practice_cluster
from tests.conftest import kubectl
from tests.waiting import eventually


def demo(data: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """`DEMO_EXIT=1 make demo` on a machine without a kubeconfig."""
    environment = {
        key: value for key, value in os.environ.items() if key not in ("KUBECONFIG", "MONGO_URI", "REDIS_URL")
    }
    environment |= {"HOME": str(home), "KUBEORCH_DATA": str(data), "PORT": str(free_port()), "DEMO_EXIT": "1"}
    return subprocess.run(
        [sys.executable, "-m", "launcher", "demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.timeout(240)  # two demos
def test_the_demo_needs_no_kubernetes_and_finds_its_example_again(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()

    first = demo(tmp_path / "data", tmp_path / "home")
    kubeconfig = yaml.safe_load((tmp_path / "data" / "practice" / "kubeconfig").read_text())
    second = demo(tmp_path / "data", tmp_path / "home")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "on cluster practice (simulated):" in first.stdout
    assert "All healthy." in first.stdout
    assert second.returncode == 0, second.stdout + second.stderr
    again = yaml.safe_load((tmp_path / "data" / "practice" / "kubeconfig").read_text())
    assert again["clusters"] == kubeconfig["clusters"], "the same port, the same authority"
    assert again["users"] == kubeconfig["users"]
    names = [set(re.findall(r"demo-web-\w{4}", said.stdout)) for said in (first, second)]
    assert names[0] == names[1], "the same example"


def test_a_killed_cluster_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "practice"
    process = start_practice_cluster(folder)
    kubeconfig = folder / "kubeconfig"
    kubectl(kubeconfig, "create", "deployment", "web", "--image=nginx", "--replicas=2")
    kubectl(kubeconfig, "rollout", "status", "deployment/web", "--timeout=20s")
    before = kubectl(kubeconfig, "get", "deploy,rs,pods", "-o", "jsonpath={.items[*].metadata.uid}")
    version = int(kubectl(kubeconfig, "get", "deploy", "web", "-o", "jsonpath={.metadata.resourceVersion}"))
    kubectl(kubeconfig, "annotate", "deploy", "web", "last=yes")

    def saved() -> bool:
        with contextlib.closing(sqlite3.connect(folder / "objects.sqlite")) as db:
            bodies = db.execute("SELECT body FROM objects WHERE resource = 'deployments.apps'").fetchall()
        return any(b'"last":"yes"' in body for (body,) in bodies)

    eventually(saved, within_s=1.0, every_s=0.05)

    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    with running_practice_cluster(folder) as again:
        after = kubectl(again, "get", "deploy,rs,pods", "-o", "jsonpath={.items[*].metadata.uid}")
        assert after == before
        assert kubectl(again, "get", "deploy", "web", "-o", "jsonpath={.metadata.annotations.last}") == "yes"
        kubectl(again, "label", "deploy", "web", "new=yes")
        newer = int(kubectl(again, "get", "deploy", "web", "-o", "jsonpath={.metadata.resourceVersion}"))
        assert newer > version, "a version is never given twice"


def test_it_is_closed_to_strangers_and_to_the_network(tmp_path: Path) -> None:
    with running_practice_cluster(tmp_path / "practice") as kubeconfig:
        server = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        context = ssl.create_default_context(cafile=str(tmp_path / "practice" / "ca.pem"))
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{server}/api/v1/namespaces", context=context, timeout=5)
        refused.value.close()

        assert refused.value.code == 401
        port = int(server.rpartition(":")[2])
        elsewhere = socket.gethostbyname(socket.gethostname())
        if not elsewhere.startswith("127."):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((elsewhere, port), timeout=2)
        assert {file.name for file in (tmp_path / "practice").iterdir() if file.stat().st_mode & 0o077} == set()


def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with running_practice_cluster(tmp_path / "practice"):
        done = subprocess.run(
            [sys.executable, "-m", "practice_cluster", "--data", str(tmp_path / "practice")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert done.returncode == 1
    assert "another one is running there already" in done.stderr


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    process = start_practice_cluster(tmp_path / "practice")

    end(process)

    assert process.returncode == 0
