"""In which order nodes are applied: level by level, what others need first. Pure."""

from collections.abc import Mapping, Sequence, Set
from graphlib import CycleError, TopologicalSorter
from typing import Final

MOST_CIRCLES: Final = 20
"""Each costs a pass over the graph, and nobody reads more."""


def find_cycles(after: Mapping[str, Set[str]]) -> list[list[str]]:
    """The circles in which nodes wait for each other, each once, from what comes first; the first few.

    Args:
        after: by node id, the ids that come before it.
    """
    left = {node: set(before) for node, before in after.items()}
    cycles: list[list[str]] = []
    while len(cycles) < MOST_CIRCLES:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # graphlib gives the circle with its first node at the end again.
            circle: list[str] = error.args[1][:-1]
            cycles.append(circle)
            for node in circle:  # and go on without it: people want to see all circles at once
                left[node] -= set(circle)
        else:
            break
    return cycles


def levels_of(after: Mapping[str, Set[str]], order: Sequence[str]) -> list[list[str]]:
    """Nodes that can be applied side by side, level by level; inside a level in the given order.

    Args:
        after: by node id, the ids that come before it; without circles.
        order: all ids, as the canvas has them: the same graph gives the same plan.
    """
    rank = {node: i for i, node in enumerate(order)}
    sorter = TopologicalSorter({node: after.get(node, ()) for node in order})
    sorter.prepare()
    levels: list[list[str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
        levels.append(ready)
        sorter.done(*ready)
    return levels
