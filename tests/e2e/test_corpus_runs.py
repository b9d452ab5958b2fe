"""A dozen projects of the corpus, imported by the product and run on the real cluster: all of them become healthy, and
each service is reached by its Compose name from another pod.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import urllib3

from app.workflows.merge import HEALTHY
from tests.conftest import kubectl
from tests.corpus.compose.cases import Case, all_cases
from tests.stand_ins import StandIns
from tests.system import CLUSTER, System

# Small ones that differ: waits for health and for a job's end, aliases, renamed hosts, secrets in URLs.
PROJECTS: Final = (
    "analytics", "blog-ghost", "blog-wordpress", "git-forge", "jitsi", "migrations-flyway", "names-strange",
    "old-v1-web", "passwords-in-commands", "photos", "redis-replicas", "wiki",
)  # fmt: skip
RUNS_PODS: Final = ("deployment", "statefulset", "daemonset", "job", "cronjob")
AT_ONCE: Final = 4


@dataclass(frozen=True)
class Running:
    """One imported project."""

    case: Case
    workflow: str
    run: str
    namespace: str
    nodes: list[Any]


@pytest.fixture
def namespaces(kubeconfig: Path) -> Iterator[Mapping[str, str]]:
    """One a project, made and deleted with one call each."""
    names = {project: f"corpus-{secrets.token_hex(4)}" for project in PROJECTS}
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names.values()]
    file = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl(kubeconfig, "apply", "-f", "-", stdin=file)
    yield names
    kubectl(kubeconfig, "delete", "namespace", *names.values(), "--wait=false")


def analysis_of(system: System, case: Case, namespace: str) -> Any:
    """As the UI uploads it."""
    main, *others = [*case.names, *(name for name in case.files if name not in case.names)]
    fields = [("file", (main, case.files[main])), *(("files", (name, case.files[name])) for name in others)]
    options = {"files": list(case.names)} | ({"env": dict(case.env)} if case.env else {})
    answer = urllib3.request(
        "POST", f"{system.api.root}/import/upload", headers={"Authorization": f"Bearer {system.api.token}"},
        fields=[*fields, ("namespace", namespace), ("options", json.dumps(options))], timeout=30,
    )  # fmt: skip
    assert answer.status == 200, answer.data
    return answer.json()["analysis"]


def with_stand_ins(nodes: list[Any], stand_ins: StandIns) -> list[Any]:
    """Each workload with an image that listens where the project says."""
    found = []
    for node in nodes:
        data = node["data"]
        if node["type"] in RUNS_PODS:
            ports = {port["containerPort"] for port in data["ports"] if port["protocol"] == "TCP"}
            data = {key: part for key, part in data.items() if key != "_build"}
            data["image"] = stand_ins.image(ports, ends=node["type"] == "job")
        found.append({**node, "data": data})
    return found


def started(system: System, case: Case, namespace: str, stand_ins: StandIns) -> Running:
    """Upload, create, publish, run: without typing one of its passwords."""
    analysis = analysis_of(system, case, namespace)
    analysis["suggestedNodes"] = with_stand_ins(analysis["suggestedNodes"], stand_ins)
    body = {"name": case.name, "clusterId": CLUSTER, "analysis": analysis}
    made = system.api.call("POST", "/import/create-workflow", body)["workflow"]
    system.api.call("PUT", f"/workflows/{made['id']}/status", {"status": "published"})
    return Running(case, made["id"], system.run(made["id"]), namespace, made["nodes"])


def unreached_of(kubeconfig: Path, project: Running) -> str:
    """Every Service of the project is asked for by name, from a pod of another workload; those that don't answer."""
    services = [node["data"] for node in project.nodes if node["type"] == "service"]
    wanted = [(data["name"], port, data["targetApp"]) for data in services for port in tcp_ports(data)]
    pods = {
        node["data"]["name"]: node["type"] for node in project.nodes if node["type"] in ("deployment", "statefulset")
    }
    source = next((name for name in pods if any(target != name for _, _, target in wanted)), next(iter(pods)))
    asked = "for i in 1 2 3 4 5; do nc -w 5 {0} {1} -e /bin/true && break; sleep 1; false; done || echo {0}:{1}"
    script = "; ".join(asked.format(name, port) for name, port, _ in wanted)
    assert wanted
    place = f"{pods[source]}/{source}"
    return kubectl(kubeconfig, "-n", project.namespace, "exec", place, "--", "sh", "-c", script).strip()


def tcp_ports(service: Mapping[str, Any]) -> list[int]:
    listed = service.get("ports") or [{"port": service.get("port"), "protocol": service.get("protocol", "TCP")}]
    return [entry["port"] for entry in listed if entry.get("protocol") == "TCP" and entry["port"]]


@pytest.mark.timeout(240)
def test_a_dozen_projects_run_to_healthy_and_reach_each_other(
    system: System, kubeconfig: Path, namespaces: Mapping[str, str]
) -> None:
    stand_ins = StandIns()
    stand_ins.wait_image()
    cases = [case for case in all_cases() if case.name in PROJECTS]

    projects = [started(system, case, namespaces[case.name], stand_ins) for case in cases]

    for project in projects:
        run = system.ended(project.workflow, project.run, within_s=100)
        assert run["status"] == "completed", (project.case.name, run["error"])
    for project in projects:
        system.all_in(project.workflow, *HEALTHY, within_s=100)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        unreached = pool.map(lambda project: unreached_of(kubeconfig, project), projects)
        assert [(one.case.name, lost) for one, lost in zip(projects, unreached, strict=True) if lost] == []
    assert len(projects) == len(PROJECTS)
