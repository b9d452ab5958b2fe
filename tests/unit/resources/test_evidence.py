"""When evidence is worth reading, and what is made of it."""

from datetime import timedelta
from typing import Any

from app.resources.evidence import event_facts, log_lines, needs_evidence, object_needs_evidence
from app.resources.status.pods import pod_facts
from app.resources.status.reasons import explain
from app.resources.status.registry import status_of
from app.resources.status.related import NOTHING_RELATED, EventFact, Evidence
from tests.unit.resources.building import NOW, a_container, a_pod, ago, ended, running, waiting


def asked(pod: dict[str, Any], after_s: float = 0) -> bool:
    return needs_evidence(pod_facts(pod), NOW + timedelta(seconds=after_s))


def test_a_pod_that_starts_in_time_needs_none() -> None:
    pod = a_pod(a_container(waiting("ContainerCreating")), phase="Pending", conditions=[])
    pod["metadata"]["creationTimestamp"] = ago(0)

    assert not asked(pod, after_s=9.9)
    assert asked(pod, after_s=10)


def test_a_pod_that_crashes_needs_it_at_once() -> None:
    pod = a_pod(a_container(waiting("CrashLoopBackOff"), ended(1), restartCount=1))
    pod["status"]["conditions"][0]["lastTransitionTime"] = ago(0)

    assert asked(pod)


def test_a_ready_pod_and_one_that_leaves_need_none() -> None:
    leaving = a_pod(a_container(running()))
    leaving["metadata"]["deletionTimestamp"] = ago(0)

    assert not asked(a_pod(a_container(running()), ready=True), after_s=3600)
    assert not asked(leaving, after_s=10)


def read(seconds_ago: float, restarts: int = 0) -> Evidence:
    return Evidence(read_at=NOW - timedelta(seconds=seconds_ago), restarts=restarts)


def test_a_pod_that_says_itself_what_is_wrong_needs_none() -> None:
    assert not asked(a_pod(a_container(waiting("ImagePullBackOff"))), after_s=3600)


def test_a_pod_that_stays_unready_is_looked_at_again_ever_more_seldom() -> None:
    pod = pod_facts(a_pod(a_container(running())))  # unready for a minute

    def again_after_s(read_after_s: float) -> float:
        evidence = read(60 - read_after_s)
        due = explain(pod, evidence, NOW - timedelta(seconds=60)).recheck_at
        assert due and evidence.read_at
        assert needs_evidence(pod, due, evidence)
        assert not needs_evidence(pod, due - timedelta(milliseconds=1), evidence)
        return (due - evidence.read_at).total_seconds()

    assert [again_after_s(after) for after in (0, 10, 40, 160, 640)] == [30, 30, 120, 480, 600]


def test_after_a_restart_it_is_read_again_but_not_more_often_than_every_30_seconds() -> None:
    pod = pod_facts(a_pod(a_container(waiting("CrashLoopBackOff"), ended(1), restartCount=2)))

    assert not needs_evidence(pod, NOW, read(29, restarts=1))
    assert explain(pod, read(29, restarts=1), NOW).recheck_at == NOW + timedelta(seconds=1)
    assert needs_evidence(pod, NOW, read(30, restarts=1))
    assert not needs_evidence(pod, NOW, read(30, restarts=2))


def test_a_pod_that_has_failed_for_good_is_read_about_once() -> None:
    pod = pod_facts(a_pod(a_container(ended(1)), phase="Failed"))

    assert needs_evidence(pod, NOW)
    assert not needs_evidence(pod, NOW, read(3600))


def test_a_claim_without_a_volume_needs_it_after_10_seconds() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"creationTimestamp": ago(9)}, "status": {"phase": "Pending"}}

    assert not object_needs_evidence(claim, NOW)
    assert status_of(claim, NOTHING_RELATED, NOW).recheck_at == NOW + timedelta(seconds=1), "no event comes then"
    assert object_needs_evidence(claim, NOW + timedelta(seconds=1))
    assert not object_needs_evidence({**claim, "status": {"phase": "Bound"}}, NOW + timedelta(seconds=1))


def test_a_workload_that_gets_no_pods_needs_it() -> None:
    meta = {"creationTimestamp": ago(60)}

    assert object_needs_evidence({"kind": "StatefulSet", "metadata": meta, "spec": {"replicas": 2}}, NOW)
    assert object_needs_evidence({"kind": "DaemonSet", "metadata": meta, "status": {"desiredNumberScheduled": 1}}, NOW)
    assert object_needs_evidence({"kind": "Job", "metadata": meta}, NOW)
    assert not object_needs_evidence({"kind": "Job", "metadata": meta, "spec": {"suspend": True}}, NOW)
    assert not object_needs_evidence({"kind": "StatefulSet", "metadata": meta}, NOW, read(59))
    assert object_needs_evidence({"kind": "StatefulSet", "metadata": meta}, NOW, read(60))
    assert object_needs_evidence({"metadata": meta}, NOW, kind="StatefulSet")
    assert not object_needs_evidence({"kind": "ConfigMap", "metadata": meta}, NOW)


def test_events_come_newest_first_by_whichever_time_they_have() -> None:
    old = {"reason": "Old", "lastTimestamp": ago(60), "count": 3, "message": "a\nb"}
    series = {"reason": "Series", "eventTime": ago(90), "series": {"count": 7, "lastObservedTime": ago(30)}}
    new = {"reason": "New", "eventTime": ago(1)}

    assert event_facts([old, new, series]) == (
        EventFact("New", "", 1),
        EventFact("Series", "", 7),
        EventFact("Old", "a b", 3),
    )


def test_of_two_events_of_one_second_the_later_version_is_newer() -> None:
    mount = {"reason": "FailedMount", "lastTimestamp": ago(5), "metadata": {"resourceVersion": "99"}}
    pull = {"reason": "Pulling", "lastTimestamp": ago(5), "metadata": {"resourceVersion": "100"}}

    assert [event.reason for event in event_facts([mount, pull])] == ["Pulling", "FailedMount"]


def test_of_a_log_the_last_ten_lines_are_kept_as_plain_text() -> None:
    written = "".join(f"line {n}\n" for n in range(20)) + "\x1b[31mred\x1b[0m\ttab\x00bell\x07\n\n"

    lines = log_lines(written.encode() + b"\xff broken\n")

    assert len(lines) == 10
    assert lines[:2] == ("line 12", "line 13")
    assert lines[-2:] == ("red tab bell", "\ufffd broken")


def test_a_line_without_end_is_cut() -> None:
    (line,) = log_lines(b"x" * 100_000)

    assert len(line) == 300
    assert line.endswith("…")
