"""Values stay themselves: no text, and no shape of value, leaves its place in the object."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidError
from app.workflows.plan import NOTHING_GIVEN
from tests.nodes import FULL, a_node, an_edge, plan_of
from tests.unit.manifests.rendering import the_node, the_pod

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
nasty = st.sampled_from(
    ['"', "'", "\n---\nkind: Secret\n", "{{ 7*7 }}", "{% x %}", "&a", "*a", "!!int 3", "null", "1", "yes"]
)


@settings(max_examples=60, deadline=None)
@given(value=texts | nasty)
def test_any_text_is_that_very_text_in_the_object(value: str) -> None:
    free: dict[str, Any] = {
        "env": {"V": value},
        "command": [value],
        "args": [value, value],
        "annotations": {"note": value},
        "livenessProbe": {"type": "exec", "command": [value]},
    }
    config = the_node("configmap", data={"k": value})
    pod = the_pod(**free)

    assert len(config.objects) == 1
    assert config.objects[0]["data"] == {"k": value}
    assert pod["metadata"]["annotations"] == {"note": value}
    container = pod["spec"]["containers"][0]
    assert container["env"] == [{"name": "V", "value": value}]
    assert (container["command"], container["args"]) == ([value], [value, value])
    assert container["livenessProbe"] == {"exec": {"command": [value]}}


FIELDS = [(kind, field) for kind, data in sorted(FULL.items()) for field in data]


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_field_with_yaml_in_it_is_refused_or_changes_that_field_only(kind: str, field: str) -> None:
    evil = 'x"\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: evil}\n'
    try:
        node = the_node(kind, NOTHING_GIVEN, **{field: evil})
    except InvalidError as error:
        assert all(place.split(".")[1].startswith(field) for place in error.details)
    else:
        plain = the_node(kind)
        assert [obj["kind"] for obj in node.objects] == [obj["kind"] for obj in plain.objects]


@pytest.mark.parametrize(
    "junk", ["x", 1, 1.5, True, [], {}, [1], ["x"], [[]], [None], {"a": 1}, [{"a": []}], [{"id": {}}]]
)
@pytest.mark.parametrize("kind", sorted(FULL))
def test_no_shape_of_value_breaks_a_plan(kind: str, junk: Any) -> None:
    for field in FULL[kind]:
        with contextlib.suppress(InvalidError):
            the_node(kind, node_id="node", **{field: junk})
    with contextlib.suppress(InvalidError):
        plan_of(
            a_node(kind, "node", **dict.fromkeys((*FULL[kind], "_build", "templateId", "_linkedTarget"), junk)),
            a_node("deployment", "web"), a_node("service", "front"), a_node("secret", "keys"),
            an_edge("node", "web"), an_edge("front", "node"), an_edge("node", "keys"),
        )  # fmt: skip
