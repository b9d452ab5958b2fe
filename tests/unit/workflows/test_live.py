"""Which node a cluster's object is, what of it has changed, and when it is written."""

import pytest

from app.workflows.live import BURST, Pace, changed_live

DOCUMENT = {
    "nodes": {
        "web": {"type": "deployment", "live": {"state": "partial"}},
        "db": {"type": "statefulset"},
        "a b": {"type": "configmap"},
    }
}


def test_only_what_differs_is_changed() -> None:
    states = {("web", "Deployment"): {"state": "partial"}, ("db", "StatefulSet"): {"state": "healthy"}}

    assert changed_live(DOCUMENT, states) == {"db": {"state": "healthy"}}


def test_a_further_object_of_a_node_does_not_decide_its_state() -> None:
    assert changed_live(DOCUMENT, {("db", "Service"): {"state": "healthy"}}) == {}


def test_a_node_whose_id_is_no_label_value_is_found_by_its_hash() -> None:
    from app.manifests.labels import node_label

    assert changed_live(DOCUMENT, {(node_label("a b"), "ConfigMap"): {"state": "created"}}) == {
        "a b": {"state": "created"}
    }


def test_an_object_of_a_node_that_is_gone_changes_nothing() -> None:
    assert changed_live(DOCUMENT, {("old", "Deployment"): {"state": "healthy"}}) == {}


def test_a_quiet_workflow_is_written_at_once_and_a_storm_at_its_pace() -> None:
    pace = Pace(0.05)
    now, written = 100.0, []

    for _ in range(40):
        now = max(now, pace.due_at)
        pace.spend(now)
        written.append(now)

    assert written[BURST - 1] == 100.0
    assert written[-1] - 100.0 == pytest.approx((40 - BURST) * 0.05, abs=0.051)
    assert Pace(0.05).due_at < 0


def test_a_pause_gives_the_burst_back() -> None:
    pace = Pace(0.05)
    for _ in range(20):
        pace.spend(100.0)

    pace.spend(200.0)

    assert pace.due_at < 200.0
