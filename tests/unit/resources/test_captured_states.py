"""What a person reads about each captured situation: state and message, at the moment of the capture or later."""

from datetime import timedelta
from typing import Final

import pytest

from app.resources.status.registry import status_of
from tests.unit.resources.captured_cases import ALL_CASES, load_captured

CASES: Final = [
    ("deployment/rolled-out", "healthy", "2 of 2 ready"),
    ("deployment/scaled-to-0", "healthy", "Scaled to 0"),
    ("deployment/starting", "partial", "0 of 2 ready"),
    ("deployment/new-pods-not-ready-yet", "partial", "2 of 2 ready, 1 of 2 updated"),
    ("deployment/paused", "partial", "Paused. 1 of 1 ready, 0 of 1 updated"),
    (
        "deployment/readiness-probe-fails",
        "partial",
        "0 of 1 ready. notready-0000000001-00000: readiness probe fails: HTTP 404 (Unhealthy)",
    ),
    (
        "deployment/past-progress-deadline",
        "error",
        "No progress for 5 s: 0 of 1 ready. late-0000000001-00000: readiness probe fails: HTTP 404 (Unhealthy)",
    ),
    (
        "deployment/image-just-not-found",
        "error",
        "nope2-0000000001-00000: can't pull nginx:nope: not found (ErrImagePull)",
    ),
    (
        "deployment/image-not-found",
        "error",
        "nope-0000000001-00000: can't pull nginx:nope: not found (ImagePullBackOff)",
    ),
    (
        "deployment/image-name-invalid",
        "error",
        "badname-0000000001-00000: “Nginx:UP/x” is no valid image name (InvalidImageName)",
    ),
    (
        "deployment/rollout-to-missing-image",
        "error",
        "web-broken-update-0000000002-00002: can't pull nginx:nope: not found (ImagePullBackOff)",
    ),
    (
        "deployment/crash",
        "error",
        "crash-0000000001-00000: exited with code 1, restarted 3 times (CrashLoopBackOff). "
        "Last line of its log: failing on purpose",
    ),
    (
        "deployment/init-container-crash",
        "error",
        "init-0000000001-00000: container migrate exited with code 1, restarted 2 times (CrashLoopBackOff). "
        "Last line of its log: failing on purpose",
    ),
    (
        "deployment/ends-by-itself",
        "error",
        "done-0000000001-00000: ends by itself with code 0, but has to keep running, restarted 2 times "
        "(CrashLoopBackOff)",
    ),
    (
        "deployment/command-not-found",
        "error",
        'nocommand-0000000001-00000: can\'t be started: exec: "/bin/absent": stat /bin/absent: no such file or '
        "directory: unknown (StartError)",
    ),
    (
        "deployment/out-of-memory",
        "error",
        "oom-0000000001-00000: was killed: it took more memory than its limit of 16Mi, restarted 2 times (OOMKilled)",
    ),
    (
        "deployment/liveness-probe-fails",
        "error",
        "notalive-0000000001-00000: exited with code 137 (killed), restarted 3 times (CrashLoopBackOff): liveness "
        "probe fails: HTTP 404. Last line of its log: [::ffff:10.244.0.1]:43242: response:404",
    ),
    (
        "deployment/missing-secret-env",
        "error",
        'noenv-0000000001-00000: secret "absent" not found (CreateContainerConfigError)',
    ),
    ("statefulset/rolled-out", "healthy", "2 of 2 ready"),
    ("statefulset/scaled-to-0", "healthy", "Scaled to 0"),
    (
        "statefulset/first-of-three",
        "partial",
        "1 of 3 ready, one after another. db-ordered-1: readiness probe fails: no output (Unhealthy)",
    ),
    (
        "statefulset/broken-old-pod",
        "error",
        "db-stuck-0: can't pull nginx:nope: not found (ImagePullBackOff); delete this pod so that the update can go on",
    ),
    (
        "statefulset/over-quota",
        "error",
        "Can't create pods: exceeded quota: small, requested: requests.memory=2Gi, used: requests.memory=0, "
        "limited: requests.memory=1Gi",
    ),
    ("daemonset/on-every-node", "healthy", "1 of 1 nodes ready"),
    ("daemonset/starting", "partial", "0 of 1 nodes ready"),
    ("daemonset/no-node-matches", "healthy", "No node matches it, so it has no pods"),
    ("daemonset/image-not-found", "error", "agent-nope-00000: can't pull nginx:nope: not found (ImagePullBackOff)"),
    ("job/running", "running", "0 of 2 completed"),
    ("job/complete", "completed", "2 of 2 completed"),
    (
        "job/failed",
        "failed",
        "Failed 2 times, no attempts left (BackoffLimitExceeded). fails-00000: exited with code 1 (Error). "
        "Last line of its log: failing on purpose",
    ),
    (
        "job/trying-again",
        "running",
        "0 of 1 completed, 1 failed attempt. flaky-00000: exited with code 1 (Error). "
        "Last line of its log: failing on purpose",
    ),
    ("job/past-deadline", "failed", "Not finished within 2 s (DeadlineExceeded)"),
    ("job/image-not-found", "failed", "nojob-00000: can't pull nginx:nope: not found (ImagePullBackOff)"),
    ("job/suspended", "pending", "Suspended. 0 of 1 completed"),
    ("cronjob/active", "active", "Schedule 0 3 * * * (Etc/UTC). Hasn't run yet"),
    ("cronjob/suspended", "suspended", "Suspended. Hasn't run yet"),
    ("cronjob/job-is-running", "active", "Schedule * * * * *. 1 job is running"),
    ("service/with-endpoints", "healthy", "10.96.220.218, 2 ready endpoints"),
    ("service/without-endpoints", "partial", "No ready pod behind it: nothing with app=lonely is ready"),
    ("service/load-balancer-pending", "partial", "No address from a load balancer yet"),
    (
        "service/load-balancer-with-address",
        "healthy",
        "Reached at 203.0.113.7, without a selector: its endpoints are made by others",
    ),
    (
        "service/node-port",
        "healthy",
        "10.96.109.132, port 30934 on every node, without a selector: its endpoints are made by others",
    ),
    ("service/external-name", "healthy", "A name for db.example.com"),
    ("service/headless", "healthy", "Headless, 2 ready endpoints"),
    ("ingress/without-address", "pending", "No address yet: is a controller for class nginx running in the cluster?"),
    ("ingress/with-address", "healthy", "Reached at 203.0.113.8 for shop.example.com"),
    ("persistentvolumeclaim/bound", "Bound", "1Gi, volume pvc-00000000-0000-4000-8000-000000000001"),
    ("persistentvolumeclaim/growing", "Bound", "1Gi, grows to 2Gi when a pod mounts it again"),
    ("persistentvolumeclaim/growth-not-begun", "Bound", "1Gi; 2Gi was asked for, and nothing has begun to grow it"),
    (
        "persistentvolumeclaim/no-volume-fits",
        "Pending",
        "No volume fits: no persistent volumes available for this claim and no storage class is set",
    ),
    ("hpa/stable", "stable", "1 replica, CPU 0%"),
    ("hpa/at-maximum", "limited", "At its maximum of 1, more would be needed, memory 27%"),
    ("networkpolicy/selects-pods", "active", "Limits ingress and egress of 2 pods (app=backed)"),
    ("configmap/created", "created", "Created"),
    ("secret/created", "created", "Created"),
    ("pod/ready", "healthy", "Ready"),
    ("pod/completed", "healthy", "Completed"),
    ("pod/crash", "error", "Exited with code 1, restarted 2 times (CrashLoopBackOff)"),
    ("generic/crd-established", "healthy", "the initial names have been accepted"),
]


@pytest.mark.parametrize(("case", "state", "message"), CASES)
def test_state_and_message(case: str, state: str, message: str) -> None:
    obj, related, at, _ = load_captured(case)

    status = status_of(obj, related, at)

    assert (status.state, status.message) == (state, message)


# What has a grace: it depends on how old it was when it was captured. An hour later it doesn't.
IN_THE_END: Final = [
    (
        "deployment/unschedulable",
        "error",
        "huge-0000000001-00000: can't be scheduled: 0/1 nodes are available: 1 Insufficient cpu (Unschedulable)",
    ),
    (
        "deployment/missing-configmap-mount",
        "error",
        'nomount-0000000001-00000: can\'t mount volume settings: configmap "absent" not found (FailedMount)',
    ),
    (
        "deployment/over-quota",
        "error",
        "Can't create pods: exceeded quota: small, requested: requests.memory=2Gi, used: requests.memory=0, "
        "limited: requests.memory=1Gi",
    ),
    (
        "persistentvolumeclaim/class-is-missing",
        "error",
        'Can\'t get a volume: storageclass.storage.k8s.io "absent" not found',
    ),
    (
        "hpa/target-is-missing",
        "error",
        'Can\'t scale: deployments.apps "scaled-nothing" not found (FailedGetScale)',
    ),
    (
        "hpa/without-figures",
        "error",
        "No figures to scale by: failed to get cpu utilization: missing request for cpu in container app of Pod "
        "scaled-blind-6969cbfdf9-xx8k6 (FailedGetResourceMetric)",
    ),
]


@pytest.mark.parametrize(("case", "state", "message"), IN_THE_END)
def test_state_and_message_after_every_grace(case: str, state: str, message: str) -> None:
    obj, related, at, _ = load_captured(case)

    status = status_of(obj, related, at + timedelta(hours=1))

    assert (status.state, status.message) == (state, message)


def test_no_captured_situation_is_forgotten() -> None:
    assert sorted(case for case, _, _ in [*CASES, *IN_THE_END]) == ALL_CASES


GRACES: Final = [
    ("deployment/unschedulable", "partial", 30),
    ("deployment/missing-configmap-mount", "partial", 30),
    ("deployment/over-quota", "partial", 10),
    ("persistentvolumeclaim/class-is-missing", "Pending", 30),
    ("hpa/target-is-missing", "scaling", 120),
    ("hpa/without-figures", "scaling", 120),
]


@pytest.mark.parametrize(("case", "state_before", "grace_s"), GRACES)
def test_a_grace_ends_without_an_event(case: str, state_before: str, grace_s: float) -> None:
    obj, related, at, _ = load_captured(case)
    early = at - timedelta(seconds=3600)

    before = status_of(obj, related, early)

    assert before.state == state_before
    assert before.recheck_at, "time alone changes this state: it must say when"
    assert status_of(obj, related, before.recheck_at - timedelta(milliseconds=1)).state == state_before
    assert status_of(obj, related, before.recheck_at).state == "error"
    assert before.recheck_at <= at + timedelta(seconds=grace_s), "and not later than its grace after it began"
