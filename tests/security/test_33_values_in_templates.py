"""Security 33: no value leaves its place in a template, no template id leaves the folder (ASVS 1.3.7)."""

import pytest

from app.errors import InvalidError
from app.manifests.graph import Graph
from app.workflows.plan import check_graph
from tests.nodes import a_node, plan_of

VALUES = [
    '"',
    "'",
    "a\nb",
    "---\nkind: Secret",
    "{{ 7*7 }}",
    "{% include 'x' %}",
    "&anchor",
    "*alias",
    "!!python/object x",
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_renders_as_that_very_string_and_no_further_object(value: str) -> None:
    plan = plan_of(a_node("configmap", data={"key": value}), a_node("deployment", env={"NAME": value}, args=[value]))

    config, deployment = (node.objects for node in plan.nodes)
    assert len(config) == len(deployment) == 1
    assert config[0]["data"] == {"key": value}
    container = deployment[0]["spec"]["template"]["spec"]["containers"][0]
    assert (container["env"], container["args"]) == ([{"name": "NAME", "value": value}], [value])


@pytest.mark.parametrize(
    "template_id", ["../secrets", "core/../../etc/passwd", "core/deployment/..", "..", "/etc/passwd"]
)
def test_a_template_id_with_dots_is_refused(template_id: str) -> None:
    with pytest.raises(InvalidError, match="there is no node type"):
        check_graph(Graph([a_node("deployment", templateId=template_id)]), "default")
