"""In which order do the cards of a column stand? Sweeps by barycentre, then swaps of neighbours. Pure.

Ties keep the order they have, which at first is the canvas's (a Compose file's): so one more service moves few, and
nothing depends on an id.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import Final

from app.compose.drawing.strands import Strands

_PATIENCE: Final = 3  # sweeps there and back without a better order, then it is done
_WORK: Final = 24_000  # links walked along at most: bounds the time of huge graphs
_LEAST_SWEEPS: Final = 3


def settle_orders(drawn: Strands) -> None:
    """Put each column of `drawn.layers` into an order with few crossings."""
    layers, left, right = drawn.layers, drawn.left, drawn.right
    place = [0] * len(left)
    for layer in layers:
        _number(layer, place)
    links = sum(map(len, right))
    best, fewest = [list(layer) for layer in layers], _crossings(layers, right, place)
    waited = 0
    for _ in range(max(_LEAST_SWEEPS, _WORK // (links + 1))):
        if not fewest or waited == _PATIENCE:
            break
        for layer in layers[1:]:
            _sort(layer, left, place)
        for layer in reversed(layers[:-1]):
            _sort(layer, right, place)
        _swap_neighbours(layers, left, right, place)
        crossed = _crossings(layers, right, place)
        waited += 1
        if crossed < fewest:
            best, fewest, waited = [list(layer) for layer in layers], crossed, 0
    layers[:] = best


def _number(layer: Sequence[int], place: list[int]) -> None:
    for at, card in enumerate(layer):
        place[card] = at


def _sort(layer: list[int], fixed: Sequence[Sequence[int]], place: list[int]) -> None:
    """By the mean place of the neighbours on one side; a card that has none there stays where it is."""
    pulls = {card: sum([place[other] for other in fixed[card]]) / len(fixed[card]) for card in layer if fixed[card]}
    moved = iter(sorted(pulls, key=pulls.__getitem__))
    layer[:] = [next(moved) if card in pulls else card for card in layer]
    _number(layer, place)


def _swap_neighbours(
    layers: Sequence[list[int]], left: Sequence[Sequence[int]], right: Sequence[Sequence[int]], place: list[int]
) -> None:
    for layer in layers:
        better = True
        while better:
            better = False
            for at in range(len(layer) - 1):
                upper, lower = layer[at], layer[at + 1]
                gain = _gain(left[upper], left[lower], place) + _gain(right[upper], right[lower], place)
                if gain > 0:
                    layer[at], layer[at + 1] = lower, upper
                    place[upper], place[lower] = at + 1, at
                    better = True


def _gain(upper: Sequence[int], lower: Sequence[int], place: Sequence[int]) -> int:
    """How many crossings fewer, were the two swapped."""
    gain = 0
    for one in upper:
        for other in lower:
            if place[one] > place[other]:
                gain += 1
            elif place[one] < place[other]:
                gain -= 1
    return gain


def _crossings(layers: Sequence[Sequence[int]], right: Sequence[Sequence[int]], place: Sequence[int]) -> int:
    crossed = 0
    for layer in layers:
        passed: list[int] = []  # where the links above end, sorted
        for card in layer:
            ends = sorted([place[other] for other in right[card]])
            for end in ends:
                crossed += len(passed) - bisect_right(passed, end)
            for end in ends:
                insort(passed, end)
    return crossed
