"""In which order do the cards of a column stand? Sweeps by barycentre, then swaps of neighbours. Pure.

Ties keep the order they have, which at first is the canvas's (a Compose file's): so one more service moves few, and
nothing depends on an id.
"""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Final

from app.compose.drawing.strands import Strands

_PATIENCE: Final = 2  # sweeps there and back without a better order, then it is done
_LEAST_GAIN: Final = 0.2  # another beginning must save this share of the crossings to be worth the moves
_WORK: Final = 60_000  # links walked along at most: bounds the time of huge graphs


def settle_orders(drawn: Strands) -> int:
    """Put each column of `drawn.layers` into an order with few crossings; returns how many are left.

    The canvas's own order is tried first, then orders in which what hangs together stands together. As one order or
    another may win by a hair, and each gives another picture, the first one stays unless another is clearly better.
    """
    work = _WORK // (sum(map(len, drawn.right)) + 1)
    best, fewest = _swept(drawn, drawn.layers, max(1, work))
    for first, then, deep in (
        (drawn.right, drawn.left, True),
        (drawn.left, drawn.right, True),
        (drawn.left, drawn.right, False),
    ):
        if not fewest or work < 3:
            break
        found, crossed = _swept(drawn, _walked(drawn.layers, first, then, deep=deep), work)
        if crossed < fewest * (1 - _LEAST_GAIN):
            best, fewest = found, crossed
    drawn.layers[:] = best
    return fewest


def _walked(
    layers: Sequence[Sequence[int]], first: Sequence[Sequence[int]], then: Sequence[Sequence[int]], *, deep: bool
) -> list[list[int]]:
    """The columns in the order in which a walk along the links meets the cards."""
    met: dict[int, None] = {}
    for root in chain.from_iterable(layers):
        waiting = deque([root])
        while waiting:
            card = waiting.pop() if deep else waiting.popleft()
            if card not in met:
                met[card] = None
                links = [*first[card], *then[card]]
                waiting.extend(reversed(links) if deep else links)
    number = {card: at for at, card in enumerate(met)}
    return [sorted(layer, key=number.__getitem__) for layer in layers]


def _swept(drawn: Strands, beginning: Sequence[Sequence[int]], sweeps: int) -> tuple[list[list[int]], int]:
    """The best order that sweeps come to from here, and its crossings."""
    layers, left, right = [list(layer) for layer in beginning], drawn.left, drawn.right
    place = [0] * len(left)
    for layer in layers:
        _number(layer, place)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, right, place)
    waited = 0
    for _ in range(sweeps):
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
    return best, fewest


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
