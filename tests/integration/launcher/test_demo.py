"""`make demo` with DEMO_EXIT=1, as a script would use it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.ports import free_port
from launcher.supervisor import ROOT
from tests.conftest import kubectl


def demo(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if name not in ("MONGO_URI", "REDIS_URL")}
    own = {"KUBEORCH_DATA": str(data), "PORT": str(free_port()), "DEMO_EXIT": "1"}
    return subprocess.run(
        [sys.executable, "-m", "launcher", "demo"],
        cwd=ROOT,
        env=given | own | environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture
def data(tmp_path: Path, kubeconfig: Path) -> Iterator[Path]:
    folder = tmp_path / "kubeorch"
    yield folder
    remembered = folder / "demo.json"
    if remembered.exists() and (workflow := json.loads(remembered.read_text()).get("workflow")):
        kinds = "deployments,services,configmaps,secrets,persistentvolumeclaims"
        label = f"kubeorch.io/workflow={workflow}"
        kubectl(kubeconfig, "--namespace=default", "delete", kinds, "--wait=false", "--selector", label)


@pytest.mark.timeout(330)  # two starts, each of which may take its 120 s
def test_the_example_becomes_healthy_and_a_second_start_uses_it_again(data: Path, kubeconfig: Path) -> None:
    first = demo(data, KUBECONFIG=str(kubeconfig))
    remembered = json.loads((data / "demo.json").read_text())

    assert first.returncode == 0, first.stdout + first.stderr
    assert "(deployment): healthy  2 of 2 ready" in first.stdout
    assert first.stdout.splitlines()[-3:] == ["All healthy.", "Stopping ...", "Stopped."]
    assert not (data / "run.json").exists()

    second = demo(data, KUBECONFIG=str(kubeconfig))

    assert second.returncode == 0, second.stdout + second.stderr
    assert json.loads((data / "demo.json").read_text()) == remembered


@pytest.mark.timeout(160)
def test_without_a_cluster_it_says_what_is_missing(tmp_path: Path) -> None:
    done = demo(tmp_path / "kubeorch", KUBECONFIG=str(tmp_path / "nowhere"))

    assert done.returncode == 1
    assert "No Kubernetes cluster is at hand" in done.stdout
    assert "kind create cluster" in done.stdout


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path, redis_url: str) -> None:
    taken = redis_url.rpartition(":")[2].partition("/")[0]

    done = demo(tmp_path / "kubeorch", PORT=taken)

    assert done.returncode == 1
    assert done.stderr == f"Port {taken} is taken by another program: stop that, or choose another by PORT=…\n"


def test_a_bad_setting_is_said_in_one_line(tmp_path: Path) -> None:
    done = demo(tmp_path / "kubeorch", LEASE_SECONDS="soon")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "LEASE_SECONDS" in done.stderr
