"""Deployments, StatefulSets, DaemonSets and Jobs, each with its pods. The words are those of `scenarios.py`."""

from typing import Final

from tests.unit.resources.scenarios import (
    BUSYBOX,
    CRASH,
    WEB,
    WEB_2,
    a_job,
    container,
    count,
    has_condition,
    http_get,
    is_ready,
    one,
    patched,
    sleeps,
    waits_for,
    workload,
)

MISSING_MOUNT = {"volumes": [{"name": "settings", "configMap": {"name": "absent"}}]}
NEVER_READY = {"readinessProbe": http_get("/ready", initialDelaySeconds=600)}
TOO_MUCH = {"requests": {"cpu": "1", "memory": "2Gi"}}

DEPLOYMENTS: Final = [
    one("deployment", "rolled-out", workload("Deployment", "web", container(WEB), replicas=2), is_ready(2)),
    one(
        "deployment",
        "new-pods-not-ready-yet",
        workload("Deployment", "web-update", container(WEB), replicas=2),
        lambda obj, pods: count(obj, "updatedReplicas") == 1 and len(pods) == 3 and count(obj, "readyReplicas") == 2,
        first=is_ready(2),
        then=[patched(WEB_2, **NEVER_READY)],
    ),
    one(
        "deployment",
        "starting",
        workload("Deployment", "web-starting", container(WEB, **NEVER_READY), replicas=2),
        lambda obj, pods: len(pods) == 2 and all(pod["status"].get("phase") == "Running" for pod in pods),
    ),
    one(
        "deployment",
        "image-not-found",
        workload("Deployment", "nope", container("nginx:nope")),
        waits_for("ImagePullBackOff"),
    ),
    one(
        "deployment",
        "image-just-not-found",
        workload("Deployment", "nope2", container("nginx:nope")),
        waits_for("ErrImagePull"),
    ),
    one(
        "deployment",
        "image-name-invalid",
        workload("Deployment", "badname", container("Nginx:UP/x")),
        waits_for("InvalidImageName"),
    ),
    one(
        "deployment",
        "rollout-to-missing-image",
        workload("Deployment", "web-broken-update", container(WEB), replicas=2),
        waits_for("ImagePullBackOff"),
        first=is_ready(2),
        then=[patched("nginx:nope")],
    ),
    one("deployment", "crash", workload("Deployment", "crash", container(CRASH)), waits_for("CrashLoopBackOff")),
    one(
        "deployment",
        "ends-by-itself",
        workload("Deployment", "done", container(BUSYBOX, command=["true"])),
        waits_for("CrashLoopBackOff"),
    ),
    one(
        "deployment",
        "command-not-found",
        workload("Deployment", "nocommand", container(BUSYBOX, command=["/bin/absent"])),
        waits_for("CrashLoopBackOff"),
    ),
    one(
        "deployment",
        "out-of-memory",
        workload(
            "Deployment",
            "oom",
            # tail keeps what it reads until it has seen the end, which never comes
            container(BUSYBOX, command=["tail", "/dev/zero"], resources={"limits": {"memory": "16Mi"}}),
        ),
        waits_for("CrashLoopBackOff"),
    ),
    one(
        "deployment",
        "init-container-crash",
        workload(
            "Deployment",
            "init",
            container(WEB),
            pod={"initContainers": [{"name": "migrate", "image": CRASH}]},
        ),
        lambda _, pods: any(
            each.get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff"
            for pod in pods
            for each in pod["status"].get("initContainerStatuses", [])
        ),
    ),
    one(
        "deployment",
        "unschedulable",
        workload("Deployment", "huge", container(WEB, resources={"requests": {"cpu": "1000"}})),
        lambda _, pods: any(has_condition(pod, "PodScheduled", status="False") for pod in pods),
    ),
    one(
        "deployment",
        "missing-configmap-mount",
        workload(
            "Deployment",
            "nomount",
            container(WEB, volumeMounts=[{"name": "settings", "mountPath": "/etc/settings"}]),
            pod=MISSING_MOUNT,
        ),
        lambda _, pods: len(pods) == 1 and bool(pods[0].get("_events_with", {}).get("FailedMount")),
    ),
    one(
        "deployment",
        "missing-secret-env",
        workload(
            "Deployment",
            "noenv",
            container(WEB, env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "key"}}}]),
        ),
        waits_for("CreateContainerConfigError"),
    ),
    one(
        "deployment",
        "readiness-probe-fails",
        workload("Deployment", "notready", container(WEB, readinessProbe=http_get("/absent"))),
        lambda _, pods: len(pods) == 1 and bool(pods[0].get("_events_with", {}).get("Unhealthy")),
    ),
    one(
        "deployment",
        "liveness-probe-fails",
        workload("Deployment", "notalive", container(WEB, livenessProbe=http_get("/absent"))),
        waits_for("CrashLoopBackOff"),
    ),
    one(
        "deployment",
        "scaled-to-0",
        workload("Deployment", "off", container(WEB), replicas=0),
        lambda obj, _: count(obj, "observedGeneration") > 0,
    ),
    one(
        "deployment",
        "past-progress-deadline",
        workload("Deployment", "late", container(WEB, readinessProbe=http_get("/absent")), progressDeadlineSeconds=5),
        lambda obj, pods: (
            has_condition(obj, "Progressing", status="False")
            and bool(pods and pods[0].get("_events_with", {}).get("Unhealthy"))
        ),
    ),
    one(
        "deployment",
        "over-quota",
        workload("Deployment", "greedy", container(WEB, resources=TOO_MUCH)),
        lambda obj, _: has_condition(obj, "ReplicaFailure"),
        over_quota=True,
    ),
    one(
        "deployment",
        "paused",
        workload("Deployment", "held", container(WEB)),
        lambda obj, _: count(obj, "observedGeneration") == obj["metadata"]["generation"] > 1,
        first=is_ready(1),
        then=[("rollout", "pause", "{kind}/{name}"), patched(WEB_2)],
    ),
]

STATEFULSETS: Final = [
    one(
        "statefulset",
        "rolled-out",
        workload("StatefulSet", "db", container(WEB), serviceName="db", replicas=2),
        is_ready(2),
    ),
    one(
        "statefulset",
        "first-of-three",
        workload(
            "StatefulSet",
            "db-ordered",
            container(WEB, readinessProbe={"exec": {"command": ["sh", "-c", "[ $(hostname) = db-ordered-0 ]"]}}),
            serviceName="db",
            replicas=3,
        ),
        lambda obj, pods: (
            count(obj, "readyReplicas") == 1 and len(pods) == 2 and pods[1]["status"]["phase"] == "Running"
        ),
    ),
    one(
        "statefulset",
        "broken-old-pod",
        workload("StatefulSet", "db-stuck", container("nginx:nope"), serviceName="db"),
        lambda obj, pods: obj["status"].get("updateRevision") != obj["status"].get("currentRevision"),
        first=waits_for("ImagePullBackOff"),
        then=[patched(WEB)],
    ),
    one(
        "statefulset",
        "over-quota",
        workload("StatefulSet", "db-greedy", container(WEB, resources=TOO_MUCH), serviceName="db"),
        lambda obj, _: bool(obj.get("_events_with", {}).get("FailedCreate")),
        over_quota=True,
    ),
    one(
        "statefulset",
        "scaled-to-0",
        workload("StatefulSet", "db-off", container(WEB), serviceName="db", replicas=0),
        lambda obj, _: count(obj, "observedGeneration") > 0,
    ),
]

DAEMONSETS: Final = [
    one(
        "daemonset",
        "on-every-node",
        workload("DaemonSet", "agent", container(WEB)),
        lambda obj, _: count(obj, "numberAvailable") == 1,
    ),
    one(
        "daemonset",
        "image-not-found",
        workload("DaemonSet", "agent-nope", container("nginx:nope")),
        waits_for("ImagePullBackOff"),
    ),
    one(
        "daemonset",
        "no-node-matches",
        workload("DaemonSet", "agent-nowhere", container(WEB), pod={"nodeSelector": {"disk": "golden"}}),
        lambda obj, _: count(obj, "observedGeneration") > 0,
    ),
    one(
        "daemonset",
        "starting",
        workload("DaemonSet", "agent-starting", container(WEB, **NEVER_READY)),
        lambda obj, pods: count(obj, "desiredNumberScheduled") == 1 and pods[0]["status"]["phase"] == "Running",
    ),
]

JOBS: Final = [
    one(
        "job",
        "running",
        a_job("import", sleeps(), completions=2, parallelism=1),
        lambda obj, _: count(obj, "ready") == 1,
    ),
    one(
        "job",
        "complete",
        a_job("seed", container(BUSYBOX, command=["true"]), completions=2),
        lambda obj, _: has_condition(obj, "Complete"),
    ),
    one("job", "failed", a_job("fails", container(CRASH), backoffLimit=1), lambda obj, _: has_condition(obj, "Failed")),
    one(
        "job",
        "trying-again",
        a_job("flaky", container(CRASH), backoffLimit=6),
        lambda obj, _: count(obj, "failed") >= 1 and not has_condition(obj, "Failed"),
    ),
    one(
        "job",
        "past-deadline",
        a_job("slow", sleeps(), activeDeadlineSeconds=2),
        lambda obj, _: has_condition(obj, "Failed"),
    ),
    one("job", "image-not-found", a_job("nojob", container("nginx:nope")), waits_for("ImagePullBackOff")),
    one("job", "suspended", a_job("held-job", sleeps(), suspend=True), lambda obj, _: has_condition(obj, "Suspended")),
]
