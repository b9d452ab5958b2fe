"""What is kept of an object is enough to judge it, and no more."""

import json
from datetime import timedelta

import pytest

from app.resources.status.registry import keep, status_of
from tests.unit.resources.captured_cases import ALL_CASES, load_captured


@pytest.mark.parametrize("case", ALL_CASES)
def test_what_is_kept_has_the_same_state(case: str) -> None:
    obj, related, at, _ = load_captured(case)

    kept = keep(obj)

    for now in (at, at + timedelta(seconds=10), at + timedelta(hours=1)):
        assert status_of(kept, related, now) == status_of(obj, related, now)


@pytest.mark.parametrize("case", ALL_CASES)
def test_what_is_kept_finds_its_node_again(case: str) -> None:
    obj = load_captured(case).obj

    kept = keep(obj)

    assert {key: kept[key] for key in ("apiVersion", "kind")} == {key: obj[key] for key in ("apiVersion", "kind")}
    for key in ("name", "namespace", "uid", "resourceVersion", "labels"):
        assert kept["metadata"].get(key) == obj["metadata"].get(key)


def test_templates_values_and_managed_fields_are_not_kept() -> None:
    deployment = dict(load_captured("deployment/crash").obj)
    deployment["metadata"] = {
        **deployment["metadata"],
        "managedFields": [{"manager": "kubeorch"}],
        "annotations": {"a": "b"},
    }

    kept = keep(deployment)

    assert "template" not in kept["spec"]
    assert not {"managedFields", "annotations"} & set(kept["metadata"])


def test_no_value_of_a_secret_is_kept() -> None:
    secret = load_captured("secret/created").obj
    assert secret["data"], "a test of nothing otherwise"

    kept = json.dumps(keep(secret))

    assert "data" not in keep(secret)
    assert not any(value in kept for value in secret["data"].values())


def test_an_object_of_a_list_is_judged_by_the_kind_that_was_listed() -> None:
    obj, related, at, _ = load_captured("job/complete")
    bare = {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}}

    assert status_of(bare, related, at, kind="Job").state == "completed"
    assert status_of(keep(bare, kind="Job"), related, at, kind="Job").state == "completed"
