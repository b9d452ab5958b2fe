"""When a crash is a crash loop, and what is said between two crashes."""

from datetime import timedelta
from typing import Any

import pytest

from app.resources.evidence import needs_evidence
from app.resources.status.deployment import deployment_status
from app.resources.status.model import Status
from app.resources.status.pods import pod_facts
from app.resources.status.reasons import NOTHING_FOUND, Finding, explain
from app.resources.status.related import EventFact, Evidence, Related
from app.resources.status.troubles import CRASH_SETTLED_S
from tests.unit.resources.building import NOW, a_container, a_pod, ended, running, waiting


def said(pod: dict[str, Any], evidence: Evidence | None = None, after_s: float = 0) -> Finding:
    return explain(pod_facts(pod), evidence or Evidence(), NOW + timedelta(seconds=after_s))


def a_deployment_of(pod: dict[str, Any], after_s: float = 0) -> Status:
    """Of one replica, which Kubernetes counts as ready."""
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    read = Evidence(read_at=NOW, restarts=pod["status"]["containerStatuses"][0]["restartCount"])
    related = Related(pods=(pod_facts(pod),), evidence={"pod-1": read})
    return deployment_status({"status": dict.fromkeys(counts, 1)}, related, NOW + timedelta(seconds=after_s))


def test_the_first_crash_may_be_the_last() -> None:
    found = said(a_pod(a_container(ended(1))))

    assert (found.text, found.fatal) == ("exited with code 1 (Error)", False)


def test_a_second_crash_within_minutes_is_a_loop_before_the_kubelet_backs_off() -> None:
    found = said(a_pod(a_container(ended(1), ended(1, finished_s=5), restartCount=1)))

    assert (found.text, found.fatal) == ("exited with code 1, restarted 1 time (CrashLoopBackOff)", True)


def test_a_crash_after_a_long_good_run_is_no_loop() -> None:
    found = said(a_pod(a_container(ended(1, ran_s=3600), ended(1, finished_s=3700), restartCount=1)))

    assert not found.fatal


def test_back_off_is_a_loop_at_once() -> None:
    found = said(a_pod(a_container(waiting("CrashLoopBackOff"), ended(3), restartCount=1)))

    assert (found.text, found.fatal) == ("exited with code 3, restarted 1 time (CrashLoopBackOff)", True)


def test_a_container_that_was_backed_off_is_believed_after_it_has_run_for_a_while() -> None:
    pod = a_pod(a_container(running(4), ended(1, finished_s=30), restartCount=3, ready=True), ready=True)

    assert said(pod).fatal, "it looks well between two crashes"
    assert said(pod).recheck_at == NOW + timedelta(seconds=6)
    assert not said(pod, after_s=6).fatal


def test_a_restart_without_back_off_is_no_loop_and_is_believed_after_a_while() -> None:
    pod = a_pod(a_container(running(4), ended(1, finished_s=5), restartCount=3, ready=True), ready=True)

    found = said(pod)

    assert (found.fatal, found.doubtful, found.recheck_at) == (False, True, NOW + timedelta(seconds=7))
    assert said(pod, after_s=7) == NOTHING_FOUND


def test_a_crash_after_a_long_good_run_is_soon_forgotten() -> None:
    last = ended(1, ran_s=3600, finished_s=5)
    pod = a_pod(a_container(running(4), last, restartCount=3, ready=True), ready=True)

    assert said(pod).doubtful
    assert said(pod, after_s=6) == NOTHING_FOUND


@pytest.mark.parametrize("restarts", [1, 3])
def test_it_is_believed_once_it_has_outlived_the_last_time(restarts: int) -> None:
    last = ended(1, ran_s=20, finished_s=50)
    pod = a_pod(a_container(running(11), last, restartCount=restarts, ready=True), ready=True)

    found = said(pod)

    assert (found.fatal, found.doubtful, found.recheck_at) == (False, True, NOW + timedelta(seconds=19))
    assert said(pod, after_s=19) == NOTHING_FOUND


def test_containers_that_come_back_with_their_node_are_in_no_loop() -> None:
    last = ended(255, ran_s=86_400, finished_s=120, reason="Unknown")

    assert not said(a_pod(a_container(running(4), last, restartCount=9, ready=True), ready=True)).fatal


@pytest.mark.parametrize("code", [0, 1, 137])
@pytest.mark.parametrize("lives_s", [0.5, 20, 300])
def test_whoever_loops_is_never_healthy_between_two_crashes(code: int, lives_s: float) -> None:
    states = set()

    for restarts, backed_off_s in enumerate((0, 10, 20, 40, 80, 160, 300), start=1):
        for age_s in (0.0, lives_s / 2, lives_s):  # at its start, in between, a moment before the next crash
            last = ended(code, ran_s=lives_s, finished_s=age_s + backed_off_s)
            container = a_container(running(age_s), last, restartCount=restarts, ready=True)
            states.add((restarts > 1, a_deployment_of(a_pod(container, ready=True)).state))

    lasting = {"error"} if lives_s < CRASH_SETTLED_S else {"error", "partial"}
    assert {state for looping, state in states if looping} == lasting
    assert {state for looping, state in states if not looping} == {"partial"}, "the first crash may be the last"


def test_a_ready_deployment_says_whom_it_doesnt_believe() -> None:
    pod = a_pod(a_container(running(4), ended(3, finished_s=5), restartCount=1, ready=True), ready=True)

    status = a_deployment_of(pod)

    assert status.message == "1 of 1 ready. web-7d4b-x: exited with code 3, restarted 1 time (Error)"
    assert status.recheck_at == NOW + timedelta(seconds=7)
    later = a_deployment_of(pod, after_s=7)
    assert (later.state, later.message, later.recheck_at) == ("healthy", "1 of 1 ready", None)
    assert "reason" not in later.details


def test_nobody_reads_about_a_crash_that_is_over() -> None:
    pod = pod_facts(a_pod(a_container(running(3600), ended(1, finished_s=3601), restartCount=1), ready=True))

    assert not needs_evidence(pod, NOW)


def test_a_container_that_isnt_ready_after_a_crash_says_so() -> None:
    found = said(a_pod(a_container(running(4), ended(1, finished_s=5), restartCount=1)))

    assert (found.text, found.fatal) == ("exited with code 1, restarted 1 time (Error)", False)


def test_a_restart_of_which_nothing_is_left_is_believed_after_a_while() -> None:
    pod = a_pod(a_container(running(4), restartCount=1, ready=True), ready=True)

    found = said(pod)

    assert (found.text, found.doubtful) == ("was restarted, the cluster doesn't say why (Restarted)", True)
    assert said(pod, after_s=6) == NOTHING_FOUND


def test_ending_well_is_a_crash_for_what_has_to_keep_running() -> None:
    pod = a_pod(a_container(ended(0, reason="Completed")))

    found = said(pod)

    assert (found.text, found.fatal) == ("ends by itself with code 0, but has to keep running (Completed)", False)
    assert a_deployment_of(pod).state == "partial", "its controller counts the pod as ready until it has heard of it"
    assert said({**pod, "spec": {"restartPolicy": "OnFailure"}}) == NOTHING_FOUND


def test_an_init_container_that_is_done_is_no_trouble() -> None:
    done = a_container(ended(0, reason="Completed"))

    found = said(a_pod(a_container(running()), initContainerStatuses=[done]))

    assert found.text == ""


def test_with_several_containers_the_one_in_trouble_is_named() -> None:
    sidecar = a_container(waiting("CrashLoopBackOff"), ended(2), restartCount=2, name="proxy")

    found = said(a_pod(a_container(running(), ready=True), sidecar))

    assert found.text == "container proxy exited with code 2, restarted 2 times (CrashLoopBackOff)"


def test_what_is_lasting_is_said_before_what_may_pass() -> None:
    crashed_once = a_container(ended(1))
    no_image = a_container(waiting("ErrImagePull"), name="proxy", image="proxy:nope")

    found = said(a_pod(crashed_once, no_image))

    assert found.text == "container proxy can't pull proxy:nope (ErrImagePull)"


def test_the_last_lines_of_the_log_follow_the_exit_code() -> None:
    pod = a_pod(a_container(waiting("CrashLoopBackOff"), ended(1), restartCount=1))

    found = said(pod, Evidence(last_lines=("starting", "connecting to db:5432", "connection refused", "giving up")))

    assert found.text.endswith(
        "(CrashLoopBackOff). Last lines of its log: connecting to db:5432 | connection refused | giving up"
    )


def test_a_liveness_probe_that_fails_explains_the_kill() -> None:
    pod = a_pod(a_container(waiting("CrashLoopBackOff"), ended(137), restartCount=1))
    probe = EventFact("Unhealthy", "Liveness probe failed: dial tcp 10.0.0.1:80: connection refused", 3)

    found = said(pod, Evidence((probe,)))

    assert "exited with code 137 (killed)" in found.text
    assert found.text.endswith(": liveness probe fails: dial tcp 10.0.0.1:80: connection refused")


def test_a_readiness_probe_doesnt_explain_a_crash() -> None:
    pod = a_pod(a_container(waiting("CrashLoopBackOff"), ended(1), restartCount=1))
    probe = EventFact("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 3)

    assert "probe" not in said(pod, Evidence((probe,))).text
