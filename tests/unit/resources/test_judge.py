"""A captured crash, judged as the watcher does: with evidence that comes later, is kept, and is read again."""

import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.resources.judge import Judge
from app.resources.view import ClusterView, Subject
from tests.unit.resources.captured_cases import load_captured

CRASH = Subject("Deployment", "status-capture", "crash")


def a_view_without_evidence() -> tuple[ClusterView, dict[str, Any], datetime]:
    """Of the crashing Deployment; also its pod's object, and the time."""
    found = load_captured("deployment/crash")
    view, pod = ClusterView(), copy.deepcopy(dict(found.pods[0]))
    owner = {"uid": found.obj["metadata"]["uid"], "controller": True}
    view.put("Pod", pod)
    view.put("ReplicaSet", {"metadata": {"uid": found.related.pods[0].owner_uid, "ownerReferences": [owner]}})
    view.put("Deployment", found.obj)
    return view, pod, found.at


def message(judge: Judge, now: datetime) -> str:
    """What is said about it now."""
    ((_, status),) = judge.judge({CRASH}, now, again=True)
    return status.message


def test_what_was_read_about_a_crash_is_said_until_newer_has_been_read() -> None:
    view, pod, now = a_view_without_evidence()
    judge = Judge(view)
    assert "Last line" not in message(judge, now)
    assert [each.uid for each in judge.pods_in_need({CRASH}, now)] == [pod["metadata"]["uid"]]

    read = load_captured("deployment/crash").related.evidence[pod["metadata"]["uid"]]
    view.add_evidence(
        pod["metadata"]["uid"], replace(read, read_at=now, restarts=view.pods[pod["metadata"]["uid"]].restarts)
    )
    assert message(judge, now).endswith("Last line of its log: failing on purpose")
    assert list(judge.pods_in_need({CRASH}, now)) == []

    pod["status"]["containerStatuses"][0]["restartCount"] += 1
    view.put("Pod", pod)
    assert message(judge, now).endswith("Last line of its log: failing on purpose")
    assert list(judge.pods_in_need({CRASH}, now)) == []
    later = now + timedelta(seconds=30)
    assert judge.next_at() == later, "no event comes then"
    assert judge.due(later) == {CRASH}
    assert len(list(judge.pods_in_need({CRASH}, later))) == 1


def test_a_state_that_is_the_same_is_not_told_again() -> None:
    view, _, now = a_view_without_evidence()
    judge = Judge(view)

    assert len(list(judge.judge({CRASH}, now))) == 1
    assert list(judge.judge({CRASH}, now)) == []
