"""Secrets, kept variables and the mark that restarts pods."""

from typing import Any

import pytest

from app.errors import InvalidError
from app.workflows.values import content_of, filled_secret, joined, with_kept_env


def secret(**data: str) -> dict[str, Any]:
    return {"kind": "Secret", "metadata": {"name": "s"}, "data": data}


def workload(**env: str) -> dict[str, Any]:
    entries = [{"name": name, "value": value} for name, value in env.items()]
    template = {"metadata": {}, "spec": {"containers": [{"name": "c", "env": entries}]}}
    return {"kind": "Deployment", "metadata": {"name": "w"}, "spec": {"template": template}}


def test_a_key_without_a_value_keeps_what_the_cluster_holds_and_unlisted_ones_go() -> None:
    held = secret(password="b2xk", user="dXNlcg==", gone="eA==")

    filled = filled_secret(secret(password="bmV3"), ["password", "user"], held)

    assert filled["data"] == {"password": "bmV3", "user": "dXNlcg=="}


def test_a_secret_without_values_anywhere_names_the_keys() -> None:
    with pytest.raises(InvalidError, match="no values given for password, user"):
        filled_secret(secret(), ["user", "password"], None)


def test_variables_without_a_value_stay_as_the_cluster_has_them() -> None:
    held = workload(TOKEN="old", OTHER="x")

    kept = with_kept_env(workload(MODE="a"), ["TOKEN", "NEVER_GIVEN"], held)

    env = kept["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "MODE", "value": "a"}, {"name": "TOKEN", "value": "old"}]


def test_a_value_given_for_this_run_wins() -> None:
    kept = with_kept_env(workload(TOKEN="new"), ["TOKEN"], workload(TOKEN="old"))

    assert kept["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "TOKEN", "value": "new"}]


def test_equal_content_is_equal_however_it_was_ordered() -> None:
    first = {"kind": "ConfigMap", "data": {"a": "1", "b": "2"}}
    second = {"kind": "ConfigMap", "data": {"b": "2", "a": "1"}}

    assert content_of(first) == content_of(second)
    assert content_of(first) != content_of({"kind": "ConfigMap", "data": {"a": "1", "b": "3"}})
    assert joined({"x": b"1", "y": b"2"}) == joined({"y": b"2", "x": b"1"})
    assert joined({"x": b"1", "y": b"2"}) != joined({"x": b"12", "y": b""})
