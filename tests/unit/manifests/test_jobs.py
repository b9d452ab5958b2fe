"""When has a Job changed? And what a deployer puts on pods."""

from typing import Any

import pytest

from app.manifests.jobs import job_checksum, split_ttl
from app.manifests.labels import CHECKSUM
from app.manifests.pod_template import pod_template, with_pod_annotations
from tests.nodes import a_node, plan_of


def the_object(kind: str, **data: Any) -> Any:
    return plan_of(a_node(kind, **data)).nodes[0].objects[-1]


def checksum(job: Any) -> str:
    mark: str = job["metadata"]["annotations"][CHECKSUM]
    return mark


def test_a_job_says_what_it_was_made_from() -> None:
    job = the_object("job", ttlSecondsAfterFinished=5, annotations={"note": "x"})

    assert checksum(job) == job_checksum(job)
    assert job["metadata"]["annotations"]["note"] == "x"
    assert CHECKSUM not in the_object("cronjob")["metadata"].get("annotations", {})


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, False),
        ({"ttlSecondsAfterFinished": 90}, False),
        ({"image": "other"}, True),
        ({"env": {"A": "2"}}, True),
        ({"backoffLimit": 2}, True),
        ({"args": ["x"]}, True),
    ],
)
def test_a_job_has_changed_when_its_checksum_has(change: dict[str, Any], differs: bool) -> None:
    before, after = the_object("job", env={"A": "1"}), the_object("job", **{"env": {"A": "1"}, **change})

    assert (checksum(before) != checksum(after)) == differs


def test_the_ttl_can_be_set_later() -> None:
    job, ttl = split_ttl(the_object("job", ttlSecondsAfterFinished=30))

    assert ttl == 30
    assert "ttlSecondsAfterFinished" not in job["spec"]
    assert job_checksum(job) == checksum(job)
    assert split_ttl(job) == (job, None)


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset", "job", "cronjob"])
def test_annotations_go_to_the_pods_and_nowhere_else(kind: str) -> None:
    before = the_object(kind, annotations={"own": "1"})

    after = with_pod_annotations(before, {"kubeorch.io/config": "abc"})

    marked, unmarked = pod_template(after), pod_template(before)
    assert marked is not None and unmarked is not None
    assert marked["metadata"]["annotations"] == {"own": "1", "kubeorch.io/config": "abc"}
    assert unmarked["metadata"]["annotations"] == {"own": "1"}, "the one before isn't changed"
    assert after["spec"].keys() == before["spec"].keys()


def test_a_job_with_other_values_behind_it_is_another_job() -> None:
    job = the_object("job")

    marked = with_pod_annotations(job, {"kubeorch.io/config": "abc"})

    assert checksum(marked) != checksum(job)
    assert checksum(marked) == job_checksum(marked)


def test_other_objects_have_no_pods() -> None:
    config = the_object("configmap")

    assert pod_template(config) is None
    assert with_pod_annotations(config, {"a": "b"}) is config
