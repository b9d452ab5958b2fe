"""The person's kubeconfig becomes one text that names no file and no command."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.kubeconfig import LocalCluster, NoClusterError, cluster_name, local_cluster


def config(user: dict[str, Any], cluster: dict[str, Any] | None = None, *, context: str = "mine") -> dict[str, Any]:
    return {
        "current-context": context,
        "contexts": [
            {"name": "other", "context": {"cluster": "other", "user": "other"}},
            {"name": "mine", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
    }


def used(folder: Path, content: dict[str, Any]) -> LocalCluster:
    file = folder / "config"
    file.write_text(yaml.safe_dump(content))
    return local_cluster({"KUBECONFIG": str(file)})


def test_files_are_put_in_their_place(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(b"the CA")
    (tmp_path / "token").write_text("t0ken\n")

    cluster = used(tmp_path, config({"tokenFile": "token"}, {"certificate-authority": "ca.crt"}))

    flat = yaml.safe_load(cluster.kubeconfig)
    assert flat["users"][0]["user"] == {"token": "t0ken"}
    assert base64.b64decode(flat["clusters"][0]["cluster"]["certificate-authority-data"]) == b"the CA"
    assert "certificate-authority" not in flat["clusters"][0]["cluster"]


def test_only_the_current_context_is_sent(tmp_path: Path) -> None:
    content = config({"token": "t"})
    content["users"].append({"name": "other", "user": {"token": "somebody else's"}})

    cluster = used(tmp_path, content)

    flat = yaml.safe_load(cluster.kubeconfig)
    assert [entry["name"] for entry in flat["contexts"]] == ["mine"]
    assert flat["contexts"][0]["context"]["namespace"] == "shop"
    assert "somebody else's" not in cluster.kubeconfig
    assert cluster.server == "https://127.0.0.1:6443"


def test_of_several_files_the_first_that_has_a_name_wins(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(yaml.safe_dump(config({"token": "first"})))
    (tmp_path / "two").write_text(yaml.safe_dump(config({"token": "second"}, context="other")))

    cluster = local_cluster({"KUBECONFIG": f"{tmp_path / 'one'}:{tmp_path / 'two'}"})

    assert cluster.name == "mine"
    assert "first" in cluster.kubeconfig


@pytest.mark.parametrize("command", ["exec", "auth-provider"])
def test_a_user_who_signs_in_by_a_command_is_told_the_way_out(tmp_path: Path, command: str) -> None:
    with pytest.raises(NoClusterError, match=rf"{command}.*kubectl create token"):
        used(tmp_path, config({command: {"command": "aws"}}))


def test_without_a_cluster_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NoClusterError, match=r"there is no .*nowhere.*kind create cluster"):
        local_cluster({"KUBECONFIG": str(tmp_path / "nowhere")})


@pytest.mark.parametrize("content", [config({"token": "t"}, context="gone"), {"current-context": "x"}, {}])
def test_a_config_that_names_nothing_says_so(tmp_path: Path, content: dict[str, Any]) -> None:
    with pytest.raises(NoClusterError, match="The kubeconfig has no context"):
        used(tmp_path, content)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoClusterError, match=r"client\.key, which can't be read: No such file"):
        used(tmp_path, config({"client-key": "client.key"}))


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("kind-dev", "kind-dev"),
        ("kubernetes-admin@Prod_EU", "kubernetes-admin-prod_eu"),
        ("arn:aws:eks:eu-1:12:cluster/x", "arn-aws-eks-eu-1-12-cluster-x"),
        ("default", "cluster-default"),
        ("@@@", "cluster"),
        ("a" * 80, "a" * 63),
    ],
)
def test_a_context_gives_a_name_that_the_api_takes(context: str, name: str) -> None:
    assert cluster_name(context) == name
