"""From orders to coordinates: each card near the middle of what it is joined to, none over another. Pure.

A column at a time: the places that are wished for, nearest in the sense of least squares, under the gaps that must be
(the pool-adjacent-violators algorithm of isotonic regression: exact, and linear in the column).
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from app.compose.drawing.cards import GRID, ROW_GAP
from app.compose.drawing.crossings import settle_ties
from app.compose.drawing.strands import Strands

_SWEEPS: Final = 2  # there and back
_LAST_SWEEPS: Final = 3
_LANE: Final = GRID  # between two points of strands
_POINT_PULL: Final = 4.0  # a strand is drawn straight, level with its ends: so the canvas's curve runs in its lane
_IDLE_PULL: Final = 0.1  # a card that nothing pulls this time gives way


def tops(drawn: Strands, heights: Sequence[int]) -> list[int]:
    """The upper edge of each card, a multiple of GRID, the highest is 0.

    Args:
        drawn: its columns in their orders.
        heights: of the cards.
    """
    half = [height / 2 for height in heights] + [0.0] * (len(drawn.left) - drawn.cards)
    links = [[*before, *after] for before, after in zip(drawn.left, drawn.right, strict=True)]
    # One that many are joined to pulls each a little: what only feeds this one card decides where it stands.
    strengths = [1 / max(len(joined), 1) for joined in links[: drawn.cards]]
    strengths += [_POINT_PULL] * (len(links) - drawn.cards)
    middle = _middles(drawn, _with_gaps(drawn, heights), half, links, strengths)
    settle_ties(drawn, [_pull(card, links[card], middle, strengths)[0] for card in range(len(links))])
    columns = _with_gaps(drawn, heights)
    middle = _middles(drawn, columns, half, links, strengths)
    found = [0] * len(half)
    for layer, distances in columns:
        lowest = -math.inf
        for card, distance in zip(layer, [0, *distances], strict=True):
            # Rounding keeps the gaps, but for the last bit of a float: so they are held once more, in whole numbers.
            lowest = max(lowest + distance, math.floor((middle[card] - half[card]) / GRID) * GRID)
            found[card] = int(lowest)
    highest = min(found[: drawn.cards], default=0)
    return [top - highest for top in found[: drawn.cards]]


def _with_gaps(drawn: Strands, heights: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Each column, and from each of its cards to the next how far it is at least."""
    return [
        (layer, [_distance(upper, lower, drawn.cards, heights) for upper, lower in pairwise(layer)])
        for layer in drawn.layers
    ]


def _distance(upper: int, lower: int, cards: int, heights: Sequence[int]) -> int:
    """From upper edge to upper edge, on the grid, so that rounding both keeps the gap."""
    if upper >= cards:
        return _LANE if lower >= cards else ROW_GAP
    return -(-(heights[upper] + ROW_GAP) // GRID) * GRID


def _middles(
    drawn: Strands,
    columns: Sequence[tuple[list[int], list[int]]],
    half: Sequence[float],
    both: Sequence[Sequence[int]],
    strengths: Sequence[float],
) -> list[float]:
    """Column by column there and back, first by the neighbours on one side, at last by all."""
    middle = [0.0] * len(half)
    for layer, distances in columns:
        _place(layer, distances, half, middle, [(0.0, 1.0)] * len(layer))
    for step, side in [(1, drawn.left), (-1, drawn.right)] * _SWEEPS + [(1, both), (-1, both)] * _LAST_SWEEPS:
        for layer, distances in columns[::step]:
            pulls = [_pull(card, side[card], middle, strengths) for card in layer]
            _place(layer, distances, half, middle, pulls)
    return middle


def _pull(card: int, others: Sequence[int], middle: Sequence[float], strengths: Sequence[float]) -> tuple[float, float]:
    """Where to, and how strongly."""
    if not others:
        return middle[card], _IDLE_PULL
    pulled = weight = 0.0
    for other in others:
        pulled += strengths[other] * middle[other]
        weight += strengths[other]
    return pulled / weight, weight


def _place(
    layer: Sequence[int],
    distances: Sequence[int],
    half: Sequence[float],
    middle: list[float],
    pulls: Sequence[tuple[float, float]],
) -> None:
    """Set the middles of a column: as near to the wishes as the distances allow."""
    offset = 0.0
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    offsets = []
    for card, (wish, weight), distance in zip(layer, pulls, [0, *distances], strict=True):
        offset += distance
        offsets.append(offset)
        mean, total, size = wish - half[card] - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, held = blocks.pop()
            mean = (mean * total + other * more) / (total + more)
            total, size = total + more, size + held
        blocks.append((mean, total, size))
    at = 0
    for mean, _, size in blocks:
        for card in layer[at : at + size]:
            middle[card] = mean + offsets[at] + half[card]
            at += 1
