"""Edges over several columns become strands: a chain of points, one in each column between, that hold a lane free."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_POINTS_PER_CARD: Final = 6
_POINTS: Final = 2_000
"""How many points at most: a made-up graph of long chains would have a million. Longer edges then get no lane."""


@dataclass(frozen=True, slots=True)
class Strands:
    """Cards and points, numbered through: first the cards. Each link joins neighbouring columns.

    Attributes:
        cards: how many of the numbers are cards; the others are points.
        layers: a list a column, top to bottom.
        left, right: neighbours of each number in the column before and after.
    """

    cards: int
    layers: list[list[int]]
    left: list[list[int]]
    right: list[list[int]]


def strands(edges: Sequence[tuple[int, int]], column: Sequence[int]) -> Strands:
    """Columns in the order of the cards' numbers; the points under them."""
    cards = len(column)
    layers: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for card, place in enumerate(column):
        layers[place].append(card)
    left: list[list[int]] = [[] for _ in range(cards)]
    right: list[list[int]] = [[] for _ in range(cards)]
    spare = _POINTS + _POINTS_PER_CARD * cards
    # Shortest first, so that it is the longest ones that go without a lane.
    for source, target in sorted(edges, key=lambda edge: column[edge[1]] - column[edge[0]]):
        spare -= column[target] - column[source] - 1
        if spare < 0:
            break
        here = source
        for place in range(column[source] + 1, column[target]):
            point = len(left)
            left.append([here])
            right.append([])
            right[here].append(point)
            layers[place].append(point)
            here = point
        right[here].append(target)
        left[target].append(here)
    return Strands(cards, layers, left, right)
