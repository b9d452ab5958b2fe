"""Edges as people draw them, and what became of them in a plan."""

import pytest

from app.manifests.graph import Edge
from app.workflows.plan import Plan, PlannedNode
from tests.nodes import an_edge

BOTH_WAYS = pytest.mark.parametrize("reverse", [False, True], ids=["as drawn", "the other way"])


def drawn(source: str, target: str, *, at: str | None = None, reverse: bool) -> Edge:
    """An edge in either direction; the handle stays at the first node."""
    if reverse:
        return an_edge(target, source, at_target=at)
    return an_edge(source, target, at_source=at)


def the(plan: Plan, node_id: str) -> PlannedNode:
    return next(node for node in plan.nodes if node.id == node_id)


def before(plan: Plan, first: str, then: str) -> bool:
    level = {node.id: i for i, nodes in enumerate(plan.levels) for node in nodes}
    return level[first] < level[then]
