"""A kubeconfig that names programs or files is refused before any loader sees it (faults-and-checks 21)."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from tests.api import api, app, person, services
from tests.clusters import CLUSTERS, add
from tests.unit.clusters.test_kubeconfig import a_kubeconfig

__all__ = ["api", "app", "person", "services"]  # fixtures


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that only somebody who obeys the kubeconfig would make."""
    return tmp_path / "marker"


def commands(marker: Path) -> list[dict[str, Any]]:
    """Users whose credentials come from running a program."""
    run = {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [str(marker)]}
    return [
        {"exec": run},
        {"token": "t", "exec": run},
        {"auth-provider": {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": str(marker)}}},
    ]


def test_nothing_is_run(api: FlaskClient, marker: Path) -> None:
    for user in commands(marker):
        for config in (a_kubeconfig(user=user), with_a_second_user(user)):
            answer = add(api, "c", "kubeconfig", {"kubeconfig": yaml.safe_dump(config)}, force=True)

            assert answer.status_code == 400, answer.text
            assert "is not allowed here" in answer.get_json()["error"]
            assert not marker.exists()
    assert api.get(CLUSTERS).get_json()["clusters"] == []


def test_no_file_is_read(api: FlaskClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("content-of-a-file-of-the-server")
    path = str(secret)
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"tokenFile": path}, {}),
        ({"token": "t", "tokenFile": path}, {}),
        ({"client-certificate": path, "client-key": path}, {}),
        ({"token": "t", "client-key": path}, {}),
        ({"token": "t"}, {"certificate-authority": path}),
        ({"token": "t"}, {"proxy-url": "http://127.0.0.1:1"}),
    ]

    for user, cluster in cases:
        config = yaml.safe_dump(a_kubeconfig(user=user, cluster=cluster))
        answer = add(api, "c", "kubeconfig", {"kubeconfig": config}, force=True)

        assert answer.status_code == 400, answer.text
        assert "--flatten --minify" in answer.get_json()["error"]
        assert "content-of-a-file" not in answer.text


def test_yaml_that_builds_objects_or_grows_is_refused(api: FlaskClient, marker: Path) -> None:
    for text in (
        f"!!python/object/apply:os.system ['touch {marker}']",
        f"users: !!python/object/apply:subprocess.check_output [[touch, '{marker}']]",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        yaml.safe_dump(a_kubeconfig()) + "\n---\n" + yaml.safe_dump(a_kubeconfig()),
    ):
        assert add(api, "c", "kubeconfig", {"kubeconfig": text}, force=True).status_code == 400
        assert not marker.exists()


def with_a_second_user(user: dict[str, Any]) -> dict[str, Any]:
    config = a_kubeconfig()
    config["users"].append({"name": "other", "user": user})
    return config
