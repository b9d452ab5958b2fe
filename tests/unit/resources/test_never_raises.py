"""Whatever stands in an object, it gets a state: the watch of a whole cluster runs through these functions."""

import copy
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.resources.evidence import event_facts, log_lines, needs_evidence, object_needs_evidence
from app.resources.status.endpoints import count_ready, endpoint_facts
from app.resources.status.pods import pod_facts
from app.resources.status.registry import keep, status_of
from app.resources.status.related import Evidence, Related
from app.resources.status.selectors import as_text, selects
from tests.unit.resources.captured_cases import ALL_CASES, load_captured

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.sampled_from(
    [
        "True",
        "False",
        "",
        "Pending",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+23:59",
        "2026-01-02T03:04:05Z",
        "x\x00\n",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
JSON_OBJECTS = st.dictionaries(st.sampled_from(["reason", "message", "count", "lastTimestamp", "metadata"]), JSON)
KINDS = st.sampled_from([*sorted({str(load_captured(case).obj["kind"]) for case in ALL_CASES}), "Postgres"])


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [so_far] if so_far else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        found += paths(item, (*so_far, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """The value with other JSON in one to three places."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(paths(value)))
        holder = value
        for key in parents:
            holder = holder[key]
        holder[last] = draw(JSON)
        if not paths(value):
            break
    return value


@st.composite
def damaged_situations(draw: st.DrawFn) -> tuple[Any, Related]:
    found = load_captured(draw(st.sampled_from(ALL_CASES)))
    pods = [pod_facts(draw(damaged(pod))) for pod in found.pods]
    evidence = {pod.uid: Evidence(event_facts([draw(JSON_OBJECTS)])) for pod in pods}
    return draw(damaged(found.obj)), Related(
        tuple(pods), draw(st.none() | st.integers(0, 9)), {**found.related.evidence, **evidence}
    )


@QUICK
@given(damaged_situations())
def test_a_damaged_object_has_a_state(situation: tuple[Any, Related]) -> None:
    obj, related = situation

    status = status_of(obj, related, NOW)

    assert status.state
    assert status.message
    assert len(status.message) <= 1000
    assert status_of(keep(obj), related, NOW) == status


@QUICK
@given(KINDS, st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), JSON))
def test_any_json_of_any_kind_has_a_state(kind: str, parts: dict[str, Any]) -> None:
    status = status_of({"kind": kind, **parts}, Related(), NOW)

    assert status.as_json()["state"] == status.state


@QUICK
@given(JSON, JSON, st.binary(max_size=200))
def test_so_have_pods_slices_events_and_logs(one: Any, other: Any, written: bytes) -> None:
    pod = pod_facts({"metadata": one, "status": other})

    assert pod.trouble is None or pod.trouble.text
    assert needs_evidence(pod, NOW) in {True, False}
    assert object_needs_evidence({"kind": "Job", "metadata": one, "status": other}, NOW) in {True, False}
    assert count_ready([endpoint_facts({"metadata": one, "endpoints": other})]) >= 0
    assert all(line.isprintable() for line in log_lines(written))
    assert selects(one, {"app": "web"}) in {True, False}
    assert isinstance(as_text(one), str)
