"""What a run of a graph will apply, and in which order. Pure: the deployer does the applying.

Called when a workflow is published (`check_graph`), when a run is asked for and when a worker carries it out
(`make_plan`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.manifests.graph import Graph


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave for this run only (`trigger_data`). Never part of a graph."""

    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """By node id: values of a secret's keys."""
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """By node id: values of a workload's `envKeys`."""


NOTHING_GIVEN = Given()


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node, ready to be applied."""

    id: str
    type: str
    name: str
    namespace: str
    objects: tuple[Mapping[str, Any], ...] = field(repr=False)
    """In the order to apply them. The last one is the node's own; before it what it can't be without."""
    needs: frozenset[str] = frozenset()
    """Ids of the nodes whose failure stops this one."""
    completes: frozenset[str] = frozenset()
    """Ids of job nodes that must have completed before this one is applied."""
    uses: frozenset[str] = frozenset()
    """Ids of the configmap and secret nodes whose values its pods read."""
    env_kept: frozenset[str] = frozenset()
    """Names of environment entries without a value in this run: what the cluster has stays."""
    secret_keys: tuple[str, ...] = ()
    """The keys that a Secret must end with; values missing from the object come from elsewhere."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Levels are applied one after the other, the nodes of a level side by side."""

    levels: tuple[tuple[PlannedNode, ...], ...]
    warnings: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[PlannedNode, ...]:
        """All nodes in the order of the levels."""
        return tuple(node for level in self.levels for node in level)


def make_plan(
    graph: Graph,
    *,
    workflow_id: str,
    instance: str,
    default_namespace: str,
    given: Given = NOTHING_GIVEN,
) -> Plan:
    """Render, wire, check and order a graph.

    Raises:
        InvalidError: its message is the first problem, `details` has all, by `<node id>.<field>`.
    """
    raise NotImplementedError


def check_graph(graph: Graph, default_namespace: str) -> None:
    """Would it run? An image that isn't built yet is fine: publishing comes before the build.

    Raises:
        InvalidError: as `make_plan`.
    """
    raise NotImplementedError
