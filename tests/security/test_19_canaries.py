"""19, and 40 for servers: what was typed stays where it belongs, and no server lets strangers in.

Canaries go in by every door: a password, a cluster's token, a secret's value, a variable, a secret that the cluster
refuses, a Git host's token, a password in a URL, an imported secret. Afterwards no log, key, message, document or
command line of a running installation has any of them.
"""

import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import bson
import pymongo
import pytest
import redis
from pymongo.errors import OperationFailure
from redis.exceptions import AuthenticationError

from launcher.kubeconfig import local_cluster
from tests.conftest import kubectl
from tests.git_server import GitServer
from tests.nodes import a_node, an_edge
from tests.system import ADMIN, System, running_system


@dataclass(frozen=True)
class Planted:
    """A system that has had to do with all of these."""

    system: System
    canaries: dict[str, str]

    def found_in(self, content: bytes) -> set[str]:
        return {name for name, canary in self.canaries.items() if canary.encode() in content}


@pytest.fixture(scope="module")
def planted(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    space = f"canaries-{secrets.token_hex(4)}"
    token = kubectl(kubeconfig, "-n", "kube-system", "create", "token", "kubeorch").strip()
    canaries = {
        "password": ADMIN["password"],
        "cluster token": token,
        "secret": f"canary-secret-{secrets.token_hex(8)}",
        "variable": f"canary-variable-{secrets.token_hex(8)}",
        "failing secret": f"canary-failing-{secrets.token_hex(8)}",
        "git token": f"canary-git-{secrets.token_hex(8)}",
        "password in a URL": f"canary-url-{secrets.token_hex(8)}",
        "imported secret": f"canary-imported-{secrets.token_hex(8)}",
    }
    folder = tmp_path_factory.mktemp("canaries")
    kubectl(kubeconfig, "create", "namespace", space)
    try:
        settings = {"LOG_LEVEL": "debug", "GIT_ALLOW_HTTP": "true", "OUTBOUND_ALLOWLIST": "127.0.0.1"}
        with running_system(folder, **settings) as system, GitServer(folder / "git") as host:
            system.add_cluster(kubeconfig)
            add_by_token(system, kubeconfig, token)
            run_with_values(system, space, canaries)
            import_from(system, host, canaries)
            yield Planted(system, canaries)
    finally:
        kubectl(kubeconfig, "delete", "namespace", space, "--wait=false")


def add_by_token(system: System, kubeconfig: Path, token: str) -> None:
    server = local_cluster({"KUBECONFIG": str(kubeconfig)}).server
    credentials = {"token": token, "namespace": "default", "insecure": True}
    body = {"name": "by-token", "server": server, "authType": "token", "credentials": credentials}
    system.api.call("POST", "/clusters", body)


def run_with_values(system: System, space: str, canaries: dict[str, str]) -> None:
    """One run in which all goes well but for a secret that the cluster refuses."""
    key, no_json = [{"id": "1", "name": "value"}], [{"id": "1", "name": ".dockerconfigjson"}]
    nodes = [
        a_node("secret", "good", name="good", namespace=space, keys=key),
        a_node("secret", "bad", name="bad", namespace=space, keys=no_json, secretType="kubernetes.io/dockerconfigjson"),
        a_node(
            "deployment",
            "web",
            name="web",
            namespace=space,
            image="localhost:5000/web:1",
            envKeys=[{"id": "1", "name": "TOKEN"}],
        ),
    ]
    workflow = system.workflow(nodes, [an_edge("good", "web")], cluster="by-token")
    values = {
        "secrets": {"good": {"value": canaries["secret"]}, "bad": {".dockerconfigjson": canaries["failing secret"]}},
        "envVars": {"web": {"TOKEN": canaries["variable"]}},
    }
    ended = system.ended(workflow, system.run(workflow, values))
    assert ended["status"] == "failed"
    assert "bad" in ended["error"]


def import_from(system: System, host: GitServer, canaries: dict[str, str]) -> None:
    """A private repository: once with a stored token, once with a password in the URL, which is asked for refs too."""
    compose = f"services:\n  web:\n    image: web\n    environment:\n      PASSWORD: {canaries['imported secret']}\n"
    host.repository().commit({"compose.yaml": compose})
    host.passwords = {"ada": canaries["git token"], "eve": canaries["password in a URL"]}
    with_password = f"http://eve:{canaries['password in a URL']}@{host.host}/team/app"
    stored = {"host": host.host, "username": "ada", "token": canaries["git token"]}
    system.api.call("POST", "/git/credentials", stored)

    for url in (f"{host.url}/team/app", with_password):
        answer = system.api.call("POST", "/import/analyze", {"source": "git_url", "url": url})
        assert answer["analysis"]["detectedType"] == "docker-compose", answer
    system.api.call("GET", f"/git/refs?{urlencode({'url': with_password})}")


def test_19_no_log_and_no_file_of_the_launcher_has_one(planted: Planted) -> None:
    files = [*planted.system.data.glob("log/*"), planted.system.data / "run.json"]

    assert len(files) > 5
    assert {file.name: found for file in files if (found := planted.found_in(file.read_bytes()))} == {}


def test_19_no_document_has_one_in_clear(planted: Planted) -> None:
    with planted.system.database() as db:
        documents = {name: [bson.encode(found) for found in db[name].find()] for name in db.list_collection_names()}

    assert {"workflow_runs", "clusters", "users", "workflow_states"} <= documents.keys()
    assert {name: found for name, all_of in documents.items() if (found := planted.found_in(b"".join(all_of)))} == {}


def test_19_no_key_of_redis_has_one(planted: Planted) -> None:
    with redis.Redis.from_url(planted.system.uri("REDIS_URL")) as client:
        keys = list(client.scan_iter())
        dumps = {key: client.dump(key) or b"" for key in keys}

    assert any(key.endswith(b"}") or b"workflow" in key for key in keys)
    assert {key: found for key, dump in dumps.items() if (found := planted.found_in(key + dump))} == {}


def test_19_no_command_line_has_one(planted: Planted) -> None:
    parts = planted.system.parts()
    lines = {name: Path(f"/proc/{part['pid']}/cmdline").read_bytes() for name, part in parts.items()}

    assert {"api", "worker", "mongo", "redis"} <= lines.keys()
    assert {name: found for name, line in lines.items() if (found := planted.found_in(line))} == {}


def test_40_flower_refuses_without_a_login(planted: Planted) -> None:
    port = planted.system.parts()["flower"]["port"]

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/tasks", timeout=10)

    assert refused.value.code == 401


def test_40_redis_refuses_without_a_login(planted: Planted) -> None:
    with redis.Redis(port=planted.system.parts()["redis"]["port"]) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_40_mongodb_refuses_without_a_login(planted: Planted) -> None:
    port = planted.system.parts()["mongo"]["port"]
    address = f"mongodb://127.0.0.1:{port}/?directConnection=true"

    client = pymongo.MongoClient[dict[str, object]](address, serverSelectionTimeoutMS=5000)
    with client as stranger, pytest.raises(OperationFailure):
        stranger["kubeorch"]["users"].find_one()
