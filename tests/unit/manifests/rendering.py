"""One node, rendered, and the part of its object that a test is about."""

from typing import Any

from app.workflows.plan import NOTHING_GIVEN, Given, PlannedNode
from tests.nodes import a_node, plan_of


def the_node(kind: str, given: Given = NOTHING_GIVEN, **data: Any) -> PlannedNode:
    return plan_of(a_node(kind, **data), given=given).nodes[0]


def the_object(kind: str, given: Given = NOTHING_GIVEN, **data: Any) -> Any:
    return the_node(kind, given, **data).objects[-1]


def the_pod(kind: str = "deployment", **data: Any) -> Any:
    spec = the_object(kind, **data)["spec"]
    return (spec["jobTemplate"]["spec"] if kind == "cronjob" else spec)["template"]


def the_container(kind: str = "deployment", **data: Any) -> Any:
    return the_pod(kind, **data)["spec"]["containers"][0]
