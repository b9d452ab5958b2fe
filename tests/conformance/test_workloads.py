"""What becomes of workloads: the fields that states are made of, well and in trouble."""

from typing import Any

import pytest

from tests.conformance.builders import BUSYBOX, WEB, a_deployment, a_job, a_workload
from tests.conformance.conftest import Target
from tests.waiting import eventually


def condition(obj: Any, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next((each for each in obj["status"].get("conditions") or [] if each["type"] == kind), {})
    return {key: found.get(key) for key in ("status", "reason", "message") if found.get(key)}


def waiting_reason(pod: Any) -> str:
    statuses = pod["status"].get("containerStatuses") or [{}]
    return str((statuses[0].get("state") or {}).get("waiting", {}).get("reason", ""))


def test_a_deployment_rolls_out(cluster: Target) -> None:
    cluster.apply(a_deployment(replicas=2))
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")

    status = cluster.get("deployment", "web")["status"]
    counts = {key: value for key, value in status.items() if key != "conditions"}
    assert counts == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    web = {"status": status}
    assert condition(web, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(web, "Progressing")["reason"] == "NewReplicaSetAvailable"
    pods = cluster.pods("web")
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert {pod["metadata"]["ownerReferences"][0]["kind"] for pod in pods} == {"ReplicaSet"}
    assert all(condition(pod, "Ready") == {"status": "True"} for pod in pods)
    assert {pod["metadata"]["generation"] for pod in pods} == {1}


def test_a_rolling_update_replaces_pods_and_never_has_too_few(cluster: Target) -> None:
    cluster.apply(a_deployment(replicas=2))
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    before = {pod["metadata"]["uid"] for pod in cluster.pods("web")}
    cluster.apply(a_deployment(replicas=2, env=[{"name": "A", "value": "2"}]))

    least = []

    def is_over() -> bool:
        web = cluster.get("deployment", "web")
        least.append(web["status"].get("availableReplicas", 0))
        return bool(
            web["status"].get("updatedReplicas") == web["status"].get("replicas") == 2
            and web["status"]["observedGeneration"] == 2
            and web["status"].get("availableReplicas") == 2
        )

    eventually(is_over, within_s=60, every_s=0.1)
    assert min(least) >= 2
    eventually(lambda: not before & {pod["metadata"]["uid"] for pod in cluster.pods("web")}, within_s=40, every_s=0.3)
    sets = cluster.listed("replicasets", "-l", "app=web")
    assert sorted(each["spec"]["replicas"] for each in sets) == [0, 2]


def test_scaling_to_nothing_and_back(cluster: Target) -> None:
    cluster.apply(a_deployment())
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")

    cluster.kubectl("scale", "deployment/web", "--replicas=0")

    eventually(lambda: "replicas" not in cluster.get("deployment", "web")["status"], within_s=30, every_s=0.3)
    assert condition(cluster.get("deployment", "web"), "Available")["status"] == "True"


def test_an_image_that_is_not_there(cluster: Target) -> None:
    cluster.apply(a_deployment("bad", image="localhost:5000/nowhere:1"))

    pod = cluster.eventually_pod("bad", lambda pod: waiting_reason(pod) == "ImagePullBackOff")

    assert pod["status"]["phase"] == "Pending"
    message = pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    assert message.startswith('Back-off pulling image "localhost:5000/nowhere:1": ErrImagePull: ')
    assert "not found" in message
    assert condition(pod, "Ready")["reason"] == "ContainersNotReady"
    assert condition(cluster.get("deployment", "bad"), "Available")["status"] == "False"


def test_a_container_that_crashes(cluster: Target) -> None:
    cluster.apply(a_deployment("crash", image="localhost:5000/crash:1"))

    pod = cluster.eventually_pod("crash", lambda pod: waiting_reason(pod) == "CrashLoopBackOff")

    status = pod["status"]["containerStatuses"][0]
    assert status["restartCount"] >= 1
    assert (status["lastState"]["terminated"]["exitCode"], status["lastState"]["terminated"]["reason"]) == (1, "Error")
    name = f"container=app pod={pod['metadata']['name']}_{cluster.namespace}({pod['metadata']['uid']})"
    pause_s = 10 * 2 ** (status["restartCount"] - 1)
    assert status["state"]["waiting"]["message"] == f"back-off {pause_s}s restarting failed {name}"
    assert pod["status"]["phase"] == "Running"
    assert "failing on purpose" in cluster.kubectl("logs", "deployment/crash", "--previous")


def test_more_than_the_node_has(cluster: Target) -> None:
    cluster.apply(a_deployment("big", resources={"requests": {"cpu": "1000"}}))

    pod = cluster.eventually_pod("big", lambda pod: condition(pod, "PodScheduled").get("status") == "False")

    said = condition(pod, "PodScheduled")
    assert said["reason"] == "Unschedulable"
    assert said["message"].startswith("0/1 nodes are available: 1 Insufficient cpu.")
    assert "nodeName" not in pod["spec"]


def test_a_secret_that_is_missing(cluster: Target) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "k"}}}]
    cluster.apply(a_deployment("noenv", env=env))

    pod = cluster.eventually_pod("noenv", lambda pod: waiting_reason(pod) == "CreateContainerConfigError")
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] == 'secret "absent" not found'

    cluster.kubectl("create", "secret", "generic", "absent", "--from-literal=k=v")
    cluster.eventually_pod("noenv", lambda pod: condition(pod, "Ready").get("status") == "True")


def test_a_mount_that_is_missing(cluster: Target) -> None:
    volumes = [{"name": "settings", "configMap": {"name": "absent"}}]
    cluster.apply(a_deployment("nomount", volumes=volumes, volumeMounts=[{"name": "settings", "mountPath": "/s"}]))

    def told() -> bool:
        events = cluster.listed("events", "--field-selector", "reason=FailedMount")
        text = 'MountVolume.SetUp failed for volume "settings" : configmap "absent" not found'
        return any(event["message"] == text for event in events)

    eventually(told, within_s=60, every_s=0.5)
    pod = cluster.pods("nomount")[0]
    assert (pod["status"]["phase"], waiting_reason(pod)) == ("Pending", "ContainerCreating")
    assert condition(pod, "PodReadyToStartContainers")["status"] == "False"


def test_a_readiness_probe_that_fails(cluster: Target) -> None:
    probe = {"tcpSocket": {"port": 9}, "periodSeconds": 1}
    cluster.apply(a_deployment("unready", ports=[{"containerPort": 8080}], readinessProbe=probe))

    def told() -> bool:
        events = cluster.listed("events", "--field-selector", "reason=Unhealthy")
        return any(event["message"].startswith("Readiness probe failed: dial tcp") for event in events)

    eventually(told, within_s=40, every_s=0.5)
    pod = cluster.pods("unready")[0]
    assert (pod["status"]["phase"], condition(pod, "Ready")["status"]) == ("Running", "False")


def test_a_service_has_the_addresses_of_its_ready_pods(cluster: Target) -> None:
    cluster.apply(a_deployment(replicas=2, ports=[{"containerPort": 8080, "name": "http"}]))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    made = cluster.apply(service | {"spec": spec})

    def slices() -> Any:
        found = cluster.listed("endpointslices", "-l", "kubernetes.io/service-name=front")
        ready = [each for item in found for each in item["endpoints"] or [] if each["conditions"]["ready"]]
        return found if len(ready) == 2 else None

    found = eventually(slices, within_s=60, every_s=0.3)[0]
    assert made["spec"]["clusterIP"].startswith("10.96.")
    assert (made["spec"]["type"], made["spec"]["ports"][0]["protocol"]) == ("ClusterIP", "TCP")
    assert [(port["port"], port["protocol"]) for port in found["ports"]] == [(8080, "TCP")]
    addresses = {each["addresses"][0] for each in found["endpoints"]}
    assert addresses == {pod["status"]["podIP"] for pod in cluster.pods("web")}
    cluster.kubectl("scale", "deployment/web", "--replicas=0")
    eventually(
        lambda: not cluster.listed("endpointslices", "-l", "kubernetes.io/service-name=front")[0]["endpoints"],
        within_s=30,
        every_s=0.3,
    )


def test_a_claim_is_bound(cluster: Target) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"}, "spec": spec}
    cluster.apply(claim)
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "disk"}}]
    cluster.apply(a_deployment(volumes=volumes, volumeMounts=[{"name": "d", "mountPath": "/d"}]))

    def bound() -> Any:
        found = cluster.get("pvc", "disk")
        return found if found["status"]["phase"] == "Bound" else None

    found = eventually(bound, within_s=60, every_s=0.3)
    assert found["status"]["capacity"] == {"storage": "10Mi"}
    assert found["spec"]["volumeName"].startswith("pvc-")
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")


def test_a_statefulset_starts_and_ends_in_order(cluster: Target) -> None:
    cluster.apply(a_workload("StatefulSet", "db", spec={"replicas": 2, "serviceName": "db"}))
    cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=60s")

    first, second = sorted(cluster.pods("db"), key=lambda pod: pod["metadata"]["name"])
    status = cluster.get("statefulset", "db")["status"]
    assert [pod["metadata"]["name"] for pod in (first, second)] == ["db-0", "db-1"]
    assert first["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0"
    assert second["metadata"]["creationTimestamp"] >= first["status"]["startTime"]
    assert status["currentRevision"] == status["updateRevision"]
    assert (status["readyReplicas"], status["updatedReplicas"], status["currentReplicas"]) == (2, 2, 2)
    cluster.kubectl("scale", "statefulset/db", "--replicas=1")
    eventually(lambda: [pod["metadata"]["name"] for pod in cluster.pods("db")] == ["db-0"], within_s=30, every_s=0.3)


def test_a_daemonset_is_on_every_node(cluster: Target) -> None:
    cluster.apply(a_workload("DaemonSet", "agent"))
    cluster.kubectl("rollout", "status", "daemonset/agent", "--timeout=60s")

    status = cluster.get("daemonset", "agent")["status"]
    assert status == {
        "currentNumberScheduled": 1,
        "desiredNumberScheduled": 1,
        "numberAvailable": 1,
        "numberMisscheduled": 0,
        "numberReady": 1,
        "observedGeneration": 1,
        "updatedNumberScheduled": 1,
    }


def test_a_job_completes(cluster: Target) -> None:
    cluster.apply(a_job("seed", ["echo", "done it"], completions=2, parallelism=1))
    cluster.kubectl("wait", "--for=condition=Complete", "job/seed", "--timeout=50s")

    job = cluster.get("job", "seed")
    assert (job["status"]["succeeded"], job["status"].get("active", 0)) == (2, 0)
    assert condition(job, "Complete")["reason"] == "CompletionsReached"
    assert {pod["status"]["phase"] for pod in cluster.pods("seed")} == {"Succeeded"}
    assert cluster.kubectl("logs", "job/seed").strip().endswith("done it")


def test_a_job_that_fails_says_so(cluster: Target) -> None:
    cluster.apply(a_job("fails", ["sh", "-c", "echo oh no; exit 3"], backoffLimit=0))
    cluster.kubectl("wait", "--for=condition=Failed", "job/fails", "--timeout=50s")

    job = cluster.get("job", "fails")
    assert condition(job, "Failed") == {
        "status": "True",
        "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit",
    }
    assert job["status"]["failed"] == 1
    pod = cluster.pods("fails")[0]
    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    assert condition(pod, "Ready")["reason"] == "PodFailed"


def test_an_autoscaler_without_a_target_says_so(cluster: Target) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "absent"}
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    spec = {"scaleTargetRef": target, "maxReplicas": 3, "metrics": [{"type": "Resource", "resource": metric}]}
    about = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
    cluster.apply(about | {"spec": spec})

    def said() -> Any:
        return (
            condition(cluster.get("hpa", "h"), "AbleToScale")
            if "conditions" in cluster.get("hpa", "h")["status"]
            else None
        )

    able = eventually(said, within_s=40, every_s=0.5)
    assert (able["status"], able["reason"]) == ("False", "FailedGetScale")
    assert '"absent" not found' in able["message"]


def test_a_controller_has_its_own_entry_in_managed_fields(cluster: Target) -> None:
    cluster.apply(a_deployment(replicas=0))

    def managers() -> bool:
        web = cluster.client.get(cluster.ref("apps/v1", "Deployment", "web"))
        return "kube-controller-manager" in {each["manager"] for each in web["metadata"]["managedFields"]}

    eventually(managers, within_s=5)


def test_a_quota_is_enforced(cluster: Target) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}}
    cluster.apply(quota)
    eventually(lambda: cluster.get("quota", "q").get("status", {}).get("hard"), within_s=10, every_s=0.3)
    cluster.apply(a_deployment())

    eventually(lambda: condition(cluster.get("deployment", "web"), "ReplicaFailure"), within_s=10, every_s=0.3)


@pytest.mark.parametrize("command", [["/bin/absent"], ["sh", "-c", "exit 0"]], ids=["not-found", "ends"])
def test_a_server_that_does_not_keep_running_is_restarted(cluster: Target, command: list[str]) -> None:
    name = "gone"
    cluster.apply(a_deployment(name, image=BUSYBOX if command[0] == "sh" else WEB, command=command))

    pod = cluster.eventually_pod(name, lambda pod: waiting_reason(pod) == "CrashLoopBackOff")

    end = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert end["reason"] in ("StartError", "Completed")
    assert end["exitCode"] in (128, 0)
