"""What a person types."""

import subprocess

from tests.conformance.builders import a_deployment
from tests.conformance.conftest import Target


def started(cluster: Target) -> None:
    cluster.kubectl("create", "configmap", "page", "--from-literal=index.html=It works")
    volumes = [{"name": "page", "configMap": {"name": "page"}}]
    mounts = [{"name": "page", "mountPath": "/page"}]
    env = [{"name": "GREETING", "value": "hello"}]
    cluster.apply(a_deployment(volumes=volumes, volumeMounts=mounts, env=env))
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")


def test_get_prints_the_usual_columns(cluster: Target) -> None:
    started(cluster)

    header, line = cluster.kubectl("get", "pods").splitlines()
    wide = cluster.kubectl("get", "pods", "-o", "wide")
    deployment = cluster.kubectl("get", "deploy").splitlines()

    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert line.split()[1:4] == ["1/1", "Running", "0"]
    assert "NODE" in wide
    assert deployment[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert deployment[1].split()[:4] == ["web", "1/1", "1", "1"]


def test_describe_tells_the_story(cluster: Target) -> None:
    started(cluster)

    pod = cluster.kubectl("describe", "pod", "-l", "app=web")
    deployment = cluster.kubectl("describe", "deployment", "web")

    for text in ("Controlled By:", "GREETING:", "Scheduled", "Created container: app", "Started container app"):
        assert text in pod
    assert "Scaled up replica set web-" in deployment
    assert "NewReplicaSetAvailable" in deployment


def test_exec_runs_a_command_in_a_container(cluster: Target) -> None:
    started(cluster)

    assert cluster.kubectl("exec", "deploy/web", "--", "cat", "/page/index.html") == "It works"
    assert cluster.kubectl("exec", "deploy/web", "--", "sh", "-c", "echo $GREETING").strip() == "hello"
    status, said = cluster.kubectl_fails("exec", "deploy/web", "--", "sh", "-c", "exit 7")
    assert status == 7
    assert "exit code 7" in said


def test_a_shell_reads_its_input_to_the_end(cluster: Target) -> None:
    started(cluster)
    command = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", "-n", cluster.namespace]
    command += ["exec", "-i", "deploy/web", "--", "sh"]

    done = subprocess.run(command, input="echo $GREETING\n", capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stdout.strip()) == (0, "hello")


def test_apply_changes_what_the_file_changes_and_delete_removes_it(cluster: Target) -> None:
    manifest = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: a, image: "localhost:5000/web:1", env: [{name: X, value: "1"}]}
      - {name: b, image: "localhost:5000/web:1"}
"""
    command = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", "-n", cluster.namespace, "apply", "-f", "-"]
    first = subprocess.run(command, input=manifest, capture_output=True, text=True, timeout=30, check=True)
    again = subprocess.run(command, input=manifest, capture_output=True, text=True, timeout=30, check=True)
    shorter = "\n".join(line for line in manifest.splitlines() if "name: b," not in line).replace(
        ', env: [{name: X, value: "1"}]', ""
    )
    changed = subprocess.run(command, input=shorter, capture_output=True, text=True, timeout=30, check=True)

    assert [said.stdout.split()[-1] for said in (first, again, changed)] == ["created", "unchanged", "configured"]
    containers = cluster.get("deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in containers] == ["a"]
    assert "env" not in containers[0]
    cluster.kubectl("delete", "deployment", "shop")
    assert cluster.listed("deployments") == []


def test_undo_goes_back_to_the_revision_before(cluster: Target) -> None:
    cluster.apply(a_deployment(replicas=0))
    cluster.kubectl("set", "image", "deployment/web", "app=localhost:5000/web:2")
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=30s")

    cluster.kubectl("rollout", "undo", "deployment/web")
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=30s")

    web = cluster.get("deployment", "web")
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost:5000/web:1"
    assert len(cluster.listed("replicasets")) == 2


def test_a_port_can_be_forwarded(cluster: Target) -> None:
    started(cluster)
    command = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", "-n", cluster.namespace]
    forward = subprocess.Popen([*command, "port-forward", "deploy/web", ":8080"], stdout=subprocess.PIPE, text=True)
    try:
        assert forward.stdout is not None
        port = forward.stdout.readline().split(" -> ")[0].rpartition(":")[2]
        fetched = subprocess.run(
            ["curl", "-s", "--max-time", "5", f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=False
        )
        assert "hello from" in fetched.stdout
    finally:
        forward.kill()
        forward.wait()
