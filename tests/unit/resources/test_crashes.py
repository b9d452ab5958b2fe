"""When a crash is a crash loop, and what is said between two crashes."""

from datetime import timedelta
from typing import Any

from app.resources.status.pods import pod_facts
from app.resources.status.reasons import Finding, explain
from app.resources.status.related import EventFact, Evidence
from tests.unit.resources.building import NOW, a_container, a_pod, ended, running, waiting


def said(pod: dict[str, Any], evidence: Evidence | None = None, after_s: float = 0) -> Finding:
    return explain(pod_facts(pod), evidence or Evidence(), NOW + timedelta(seconds=after_s))


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


def test_a_restart_without_back_off_is_none() -> None:
    found = said(a_pod(a_container(running(4), ended(1, finished_s=5), restartCount=3, ready=True), ready=True))

    assert found == Finding("", "", False, None)


def test_a_container_that_isnt_ready_after_a_crash_says_so() -> None:
    found = said(a_pod(a_container(running(4), ended(1, finished_s=5), restartCount=1)))

    assert (found.text, found.fatal) == ("exited with code 1, restarted 1 time (Error)", False)


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
