"""The main job: a workflow drawn, run, and every node seen to become healthy; and what goes wrong, with its reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.workflows.merge import HEALTHY
from launcher.api import ApiError
from tests.conftest import kubectl
from tests.nodes import a_node, an_edge
from tests.system import System
from tests.waiting import eventually

Kubectl = Callable[..., Any]


@pytest.fixture
def k(kubeconfig: Path, namespace: str) -> Kubectl:
    """kubectl in this test's namespace; JSON with `-o json`."""

    def run(*arguments: str) -> Any:
        printed = kubectl(kubeconfig, "-n", namespace, *arguments)
        return json.loads(printed) if "json" in arguments else printed

    return run


def web(namespace: str, **data: Any) -> Any:
    filled = {"name": "web", "namespace": namespace, "image": "localhost:5000/web:1", "port": 8080} | data
    return a_node("deployment", "web", **filled)


def test_a_drawn_application_becomes_healthy(system: System, namespace: str, k: Kubectl) -> None:
    nodes = [
        web(namespace, replicas=2, envKeys=[{"id": "1", "name": "TOKEN"}]),
        a_node("service", "front", name="front", namespace=namespace, targetApp=""),
        a_node("configmap", "page", name="page", namespace=namespace, data={"index.html": 'hi: "there"\n---\n{{ x }}'}),
        a_node("secret", "pw", name="pw", namespace=namespace, keys=[{"id": "1", "name": "password"}]),
        a_node("persistentvolumeclaim", "disk", name="disk", namespace=namespace, storage="10Mi"),
    ]
    edges = [an_edge("front", "web"), an_edge("page", "web"), an_edge("web", "pw"), an_edge("disk", "web")]
    workflow = system.workflow(nodes, edges)
    values = {"secrets": {"pw": {"password": "canary-e2e-1"}}, "envVars": {"web": {"TOKEN": "canary-e2e-2"}}}

    run = system.ended(workflow, system.run(workflow, values))
    states = system.all_in(workflow, *HEALTHY, within_s=120)

    assert (run["status"], run["progress"]) == ("completed", {"done": 5, "total": 5})
    assert states["web"]["readyReplicas"] == 2
    assert k("get", "configmap", "page", "-o", "json")["data"]["index.html"] == 'hi: "there"\n---\n{{ x }}'
    labels = k("get", "deployment", "web", "-o", "json")["metadata"]["labels"]
    assert (labels["kubeorch.io/workflow"], labels["kubeorch.io/node"]) == (workflow, "web")
    assert (labels["app"], labels["managed-by"]) == ("web", "kubeorch")
    fetched = k("exec", "deploy/web", "--", "wget", "-qO-", f"http://front.{namespace}:80/")
    assert "hello from localhost:5000/web:1" in fetched
    finished = eventually(
        lambda: (found := system.the_run(workflow, run["id"])).get("healthy_at") and found, within_s=10
    )
    assert finished["healthy"] is True
    text = json.dumps([finished, system.api.call("GET", f"/workflows/{workflow}")])
    assert "canary-e2e" not in text


def test_a_run_of_an_unchanged_workflow_ends_with_the_same_states_and_restarts_nothing(
    system: System, namespace: str, k: Kubectl
) -> None:
    nodes = [web(namespace), a_node("configmap", "c", name="c", namespace=namespace, data={"a": "1"})]
    workflow = system.workflow(nodes, [an_edge("c", "web")])
    system.ended(workflow, system.run(workflow))
    before = system.all_in(workflow, *HEALTHY)
    generation = k("get", "deploy", "web", "-o", "json")["metadata"]["generation"]

    second = system.ended(workflow, system.run(workflow))

    assert (second["status"], second["version"]) == ("completed", 2)
    assert system.states(workflow) == before
    assert k("get", "deploy", "web", "-o", "json")["metadata"]["generation"] == generation
    assert second["healthy"] is True


def test_a_changed_configmap_restarts_the_workloads_that_use_it(system: System, namespace: str, k: Kubectl) -> None:
    def nodes(value: str) -> list[Any]:
        return [web(namespace), a_node("configmap", "c", name="c", namespace=namespace, data={"a": value})]

    def pods() -> set[str]:
        return {item["metadata"]["uid"] for item in k("get", "pods", "-l", "app=web", "-o", "json")["items"]}

    workflow = system.workflow(nodes("1"), [an_edge("c", "web")])
    system.ended(workflow, system.run(workflow))
    system.all_in(workflow, *HEALTHY)
    before = pods()

    system.save(workflow, nodes("2"), [an_edge("c", "web")])
    system.ended(workflow, system.run(workflow))

    eventually(lambda: (now := pods()) and not now & before, within_s=60)


def test_a_secret_keeps_the_values_that_this_run_does_not_give(system: System, namespace: str, k: Kubectl) -> None:
    keys = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]
    workflow = system.workflow([a_node("secret", "s", name="s", namespace=namespace, keys=keys)])

    without = system.ended(workflow, system.run(workflow))
    system.ended(workflow, system.run(workflow, {"secrets": {"s": {"a": "1", "b": "2"}}}))
    system.ended(workflow, system.run(workflow, {"secrets": {"s": {"b": "3"}}}))
    both = k("get", "secret", "s", "-o", "json")["data"]
    system.save(workflow, [a_node("secret", "s", name="s", namespace=namespace, keys=keys[:1])])
    last = system.ended(workflow, system.run(workflow))

    assert without["status"] == "failed"
    assert "no values given for a, b" in without["error"]
    assert both == {"a": "MQ==", "b": "Mw=="}
    assert last["status"] == "completed"
    assert k("get", "secret", "s", "-o", "json")["data"] == {"a": "MQ=="}


TROUBLES = [
    ("image", {"image": "localhost:5000/nowhere:1"}, "localhost:5000/nowhere:1"),
    ("crash", {"image": "localhost:5000/crash:1"}, "failing on purpose"),
    ("big", {"resources": {"requests": {"cpu": "1000"}}}, "Insufficient cpu"),
]


@pytest.mark.parametrize(("name", "data", "reason"), TROUBLES, ids=[case[0] for case in TROUBLES])
def test_trouble_is_shown_with_the_reason_a_person_needs(
    system: System, namespace: str, name: str, data: dict[str, Any], reason: str
) -> None:
    workflow = system.workflow([web(namespace, name=name, **data)])

    run = system.ended(workflow, system.run(workflow))

    def look() -> Any:
        state = system.states(workflow)["web"]
        return state if state["state"] == "error" and reason in state["message"] else None

    state = eventually(look, within_s=90)
    assert run["status"] == "completed", "it was applied; that it can't start is its state"
    assert state["pods"][0]["name"].startswith(name)
    assert system.the_run(workflow, run["id"])["healthy"] is False


def test_a_failing_node_stops_only_what_needs_it(system: System, namespace: str, k: Kubectl) -> None:
    k("create", "configmap", "bad", "--from-literal=a=theirs")
    nodes = [
        a_node("configmap", "bad", name="bad", namespace=namespace, data={"a": "1"}),
        a_node("configmap", "good", name="good", namespace=namespace, data={"a": "1"}),
        a_node("configmap", "lost", name="lost", namespace="no-such-namespace", data={"a": "1"}),
        web(namespace, name="needs-bad"),
    ]
    workflow = system.workflow(nodes, [an_edge("bad", "web")])

    run = system.ended(workflow, system.run(workflow))

    assert run["status"] == "failed"
    states = system.states(workflow)
    assert (states["bad"]["state"], states["web"]["state"]) == ("error", "error")
    assert states["web"]["message"] == "Not applied: it needs bad, which failed"
    assert states["lost"]["message"] == 'namespaces "no-such-namespace" not found'
    assert k("get", "deploy", "-o", "json")["items"] == []
    assert eventually(lambda: system.states(workflow)["good"]["state"] == "created")


def test_an_object_that_is_not_ours_is_never_taken_over(system: System, namespace: str, k: Kubectl) -> None:
    k("create", "configmap", "theirs", "--from-literal=a=theirs")
    k("create", "configmap", "earlier", "--from-literal=a=old")
    k("label", "configmap", "earlier", "managed-by=kubeorch")
    nodes = [
        a_node("configmap", name, name=name, namespace=namespace, data={"a": "ours"}) for name in ("theirs", "earlier")
    ]
    workflow = system.workflow(nodes)

    run = system.ended(workflow, system.run(workflow))

    assert run["status"] == "failed"
    assert 'ConfigMap "theirs"' in run["error"]
    assert "isn't this workflow's" in run["error"]
    assert k("get", "configmap", "theirs", "-o", "json")["data"] == {"a": "theirs"}
    assert k("get", "configmap", "earlier", "-o", "json")["data"] == {"a": "ours"}


def test_what_is_deleted_or_changed_behind_our_back_shows_within_a_second(
    system: System, namespace: str, k: Kubectl
) -> None:
    nodes = [web(namespace), a_node("configmap", "c", name="c", namespace=namespace, data={"a": "1"})]
    workflow = system.workflow(nodes)
    system.ended(workflow, system.run(workflow))
    system.all_in(workflow, *HEALTHY)

    k("scale", "deploy", "web", "--replicas=0")
    eventually(lambda: system.states(workflow)["web"]["message"] == "Scaled to 0", within_s=3)
    k("delete", "configmap", "c")
    eventually(lambda: system.states(workflow)["c"].get("reason") == "Deleted", within_s=1)

    system.ended(workflow, system.run(workflow))
    states = system.all_in(workflow, *HEALTHY)
    assert states["web"]["readyReplicas"] == 1


def test_objects_of_removed_and_renamed_nodes_go(system: System, namespace: str, k: Kubectl) -> None:
    def configmap(node: str, name: str) -> Any:
        return a_node("configmap", node, name=name, namespace=namespace, data={"a": "1"})

    def names() -> set[str]:
        found = k("get", "configmaps", "-l", "kubeorch.io/workflow", "-o", "json")["items"]
        return {item["metadata"]["name"] for item in found}

    workflow = system.workflow([configmap("a", "one"), configmap("b", "two")])
    system.ended(workflow, system.run(workflow))
    assert names() == {"one", "two"}

    system.save(workflow, [configmap("a", "one")])
    eventually(lambda: names() == {"one"}, within_s=15)

    system.save(workflow, [configmap("a", "other")])
    system.ended(workflow, system.run(workflow))
    assert names() == {"other"}


def test_an_archived_workflow_leaves_nothing_in_the_cluster(system: System, namespace: str, k: Kubectl) -> None:
    workflow = system.workflow([web(namespace), a_node("service", "s", name="s", namespace=namespace, targetApp="web")])
    system.ended(workflow, system.run(workflow))

    answer = system.api.call("PUT", f"/workflows/{workflow}/status", {"status": "archived"})

    assert answer["message"] == "Workflow status updated successfully"
    left = k("get", "deploy,svc", "-l", "kubeorch.io/workflow", "-o", "json")["items"]
    assert left == [] or "warning" in answer
    eventually(lambda: k("get", "deploy,svc", "-l", "kubeorch.io/workflow", "-o", "json")["items"] == [], within_s=20)
    with pytest.raises(ApiError, match="must be published"):
        system.run(workflow)


def test_a_changed_job_is_made_again_and_an_unchanged_one_is_not(system: System, namespace: str, k: Kubectl) -> None:
    def job(text: str) -> Any:
        data = {"name": "j", "namespace": namespace, "image": "localhost:5000/busybox:1", "command": ["echo", text]}
        return a_node("job", "j", **data)

    def uid() -> str:
        return str(k("get", "job", "j", "-o", "json")["metadata"]["uid"])

    workflow = system.workflow([job("one")])
    system.ended(workflow, system.run(workflow))
    system.all_in(workflow, "completed")
    first = uid()
    system.ended(workflow, system.run(workflow))
    unchanged = uid()
    system.save(workflow, [job("two")])
    system.ended(workflow, system.run(workflow))

    assert unchanged == first
    assert uid() != first
    system.all_in(workflow, "completed")


def test_a_job_that_has_gone_by_its_ttl_is_not_run_again(system: System, namespace: str, k: Kubectl) -> None:
    data = {"name": "t", "namespace": namespace, "image": "localhost:5000/busybox:1", "command": ["true"]}
    workflow = system.workflow([a_node("job", "t", **data, ttlSecondsAfterFinished=0)])
    system.ended(workflow, system.run(workflow))
    eventually(lambda: k("get", "jobs", "-o", "json")["items"] == [], within_s=30)

    again = system.ended(workflow, system.run(workflow))

    assert again["status"] == "completed"
    assert k("get", "jobs", "-o", "json")["items"] == []


def test_a_running_run_can_be_cancelled(system: System, namespace: str) -> None:
    slow = {"image": "localhost:5000/busybox:1", "command": ["sleep", "600"], "namespace": namespace}
    nodes = [
        a_node("job", "first", name="first", **slow),
        a_node(
            "deployment",
            "then",
            name="then",
            namespace=namespace,
            image="localhost:5000/web:1",
            dependsOn=[{"nodeId": "first", "condition": "completed"}],
        ),
    ]
    workflow = system.workflow(nodes, [an_edge("first", "then")])
    run = system.run(workflow)
    eventually(lambda: system.the_run(workflow, run)["status"] == "running", within_s=10)

    system.api.call("POST", f"/workflows/{workflow}/runs/{run}/cancel")

    ended = system.ended(workflow, run, within_s=15)
    assert ended["status"] == "cancelled"
    system.api.call("DELETE", f"/workflows/{workflow}")
