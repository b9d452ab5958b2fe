"""An imported project runs to healthy on the real cluster without its password being typed, and nobody can read it."""

import base64
import json
import secrets
from pathlib import Path
from typing import Any, Final

import bson
import redis

from app.workflows.merge import HEALTHY
from tests.conftest import kubectl
from tests.imports import as_the_ui_sends
from tests.system import CLUSTER, System
from tests.waiting import eventually

PROJECT: Final = """\
services:
  web:
    image: localhost:5000/web:1
    ports: ["8080"]
    depends_on: [db]
    environment:
      DATABASE_URL: postgres://shop:{password}@db:8080/shop
      COLOUR: blue
  db:
    image: localhost:5000/web:1
    expose: ["8080"]
    environment: ["DB_PASSWORD={password}"]
"""


def imported(system: System, namespace: str, password: str) -> tuple[str, list[str]]:
    """A published workflow of the project; its id, and what was answered."""
    content = base64.b64encode(PROJECT.format(password=password).encode()).decode()
    body = {"source": "file", "fileName": "compose.yaml", "fileContent": content, "namespace": namespace}
    analyzed = system.api.call("POST", "/import/analyze", body)
    wanted = {"name": "shop", "clusterId": CLUSTER, "analysis": as_the_ui_sends(analyzed["analysis"])}
    made = system.api.call("POST", "/import/create-workflow", wanted)
    workflow = str(made["workflow"]["id"])
    system.api.call("PUT", f"/workflows/{workflow}/status", {"status": "published"})
    return workflow, [json.dumps(analyzed), json.dumps(made)]


def test_an_imported_password_reaches_the_pods_and_nobody_else(
    system: System, namespace: str, kubeconfig: Path
) -> None:
    password = f"canary-import-{secrets.token_hex(8)}"
    workflow, said = imported(system, namespace, password)

    first = system.ended(workflow, system.run(workflow))
    system.all_in(workflow, *HEALTHY, within_s=120)
    before = generations(kubeconfig, namespace)
    second = system.ended(workflow, system.run(workflow))

    assert (first["status"], second["status"]) == ("completed", "completed"), (first, second)
    environment = kubectl(kubeconfig, "-n", namespace, "exec", "deploy/web", "--", "env")
    assert f"DATABASE_URL=postgres://shop:{password}@db:8080/shop" in environment.splitlines()
    assert "COLOUR=blue" in environment.splitlines()
    assert generations(kubeconfig, namespace) == before, "the values are what the cluster has: nothing restarts"
    fetch = ("exec", "deploy/web", "--", "sh", "-c", "wget -qO- http://db:8080/ || true")
    # By its Compose name; the nodes learn of a Service's new pods a moment after these are ready.
    eventually(lambda: "hello" in kubectl(kubeconfig, "-n", namespace, *fetch), within_s=30)
    said += [json.dumps([first, second]), json.dumps(system.api.call("GET", f"/workflows/{workflow}"))]
    assert not [text for text in said if password in text]
    kept = everything_kept(system)
    assert password not in kept
    assert base64.b64encode(password.encode()).decode().rstrip("=")[:-1] not in kept, "nor as a Secret has it"
    with system.database() as db:
        assert db["pending_secrets"].count_documents({}) == 0, "once applied, they are erased"


def generations(kubeconfig: Path, namespace: str) -> dict[str, int]:
    found = json.loads(kubectl(kubeconfig, "-n", namespace, "get", "deployments,statefulsets", "-o", "json"))["items"]
    return {obj["metadata"]["name"]: obj["metadata"]["generation"] for obj in found}


def everything_kept(system: System) -> str:
    """Documents, what is in Redis, and logs."""
    kept: list[Any] = []
    with system.database() as db:
        kept += [bson.encode(document) for name in db.list_collection_names() for document in db[name].find()]
    with redis.Redis.from_url(system.uri("REDIS_URL")) as client:
        kept += [client.dump(key) or b"" for key in client.scan_iter()]
    kept += [path.read_bytes() for path in system.data.glob("log/*")]
    assert len(kept) > 20
    return b"\0".join(kept).decode("latin-1")
