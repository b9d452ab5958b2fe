"""In which order do the cards of a column stand? Sweeps by barycentre, then swaps of neighbours. Pure.

Ties keep the order they have, which at first is the canvas's (a Compose file's): so one more service moves few, and
nothing depends on an id.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Final

from app.compose.drawing.strands import Strands

_PATIENCE: Final = 3  # sweeps there and back without a better order, then it is done
_LEAST_GAIN: Final = 0.2  # another beginning must save this share of the crossings to be worth the moves
_TIE_ROUNDS: Final = 3  # up and down a column: one card may go all the way in each
_WORK: Final = 16_000  # links looked at in all sweeps together: bounds the time of huge graphs


def settle_orders(drawn: Strands, *, leave_tangles: bool = False) -> int:
    """Put each column of `drawn.layers` into an order with few crossings; returns how many are left.

    The canvas's own order is tried first, then orders in which what hangs together stands together. As one order or
    another may win by a hair, and each gives another picture, the first one stays unless another is clearly better.
    In a tangle every crossing counts.

    Args:
        drawn: its columns are put into order.
        leave_tangles: try no other beginning in a tangle, as the caller will try other columns.
    """
    left, right = drawn.left, drawn.right
    sweeps = 1 + _WORK // (sum(map(len, right)) + 1)
    best, fewest, made = _swept(drawn, drawn.layers, sweeps)
    for first, then, deep in ((right, left, True), (left, right, True), (left, right, False)):
        sweeps -= made
        if not fewest or sweeps <= 0 or (leave_tangles and is_tangle(drawn, fewest)):
            break
        found, crossed, made = _swept(drawn, _walked(drawn.layers, first, then, deep=deep), sweeps)
        if crossed < fewest * (1 if is_tangle(drawn, fewest) else 1 - _LEAST_GAIN):
            best, fewest = found, crossed
    drawn.layers[:] = best
    return fewest


def settle_ties(drawn: Strands, wishes: Sequence[float]) -> None:
    """Exchange two that wish to stand the other way round, where that costs no crossing: shorter links, calmer picture.

    Args:
        drawn: its columns are put into order.
        wishes: for each card and point, how far down it would stand.
    """
    place = [0] * len(drawn.left)
    for layer in drawn.layers:
        _number(layer, place)
    for layer in drawn.layers:
        ends = _ends(drawn, layer, place)
        upwards, downwards = range(len(layer) - 2, -1, -1), range(len(layer) - 1)
        for at in chain(*[upwards, downwards] * _TIE_ROUNDS):
            (upper_left, upper_right), (lower_left, lower_right) = ends[at], ends[at + 1]
            if wishes[layer[at]] > wishes[layer[at + 1]] and (
                _gain(upper_left, lower_left) + _gain(upper_right, lower_right) >= 0
            ):
                layer[at], layer[at + 1] = layer[at + 1], layer[at]
                ends[at], ends[at + 1] = ends[at + 1], ends[at]
        _number(layer, place)


def is_tangle(drawn: Strands, crossed: int) -> bool:
    """More crossings than cards: nobody keeps such a picture in mind, so few crossings matter more than steadiness."""
    return crossed > drawn.cards


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


def _swept(drawn: Strands, beginning: Sequence[Sequence[int]], sweeps: int) -> tuple[list[list[int]], int, int]:
    """The best order that so many sweeps come to from here, its crossings, and how many sweeps it took."""
    layers, left, right = [list(layer) for layer in beginning], drawn.left, drawn.right
    place = [0] * len(left)
    for layer in layers:
        _number(layer, place)
    best, fewest, waited, made = beginning, _crossings(layers, right, place), 0, 0
    while made < sweeps and fewest and waited < _PATIENCE:
        for layer in layers[1:]:
            _sort(layer, left, place)
        for layer in reversed(layers[:-1]):
            _sort(layer, right, place)
        _swap_neighbours(drawn, layers, place)
        crossed = _crossings(layers, right, place)
        made, waited = made + 1, waited + 1
        if crossed < fewest:
            best, fewest, waited = [list(layer) for layer in layers], crossed, 0
    return [list(layer) for layer in best], fewest, made


def _number(layer: Sequence[int], place: list[int]) -> None:
    for at, card in enumerate(layer):
        place[card] = at


def _sort(layer: list[int], fixed: Sequence[Sequence[int]], place: list[int]) -> None:
    """By the mean place of the neighbours on one side; a card that has none there stays where it is."""
    pulls = {}
    for card in layer:
        others = fixed[card]
        if len(others) == 1:  # points, and most cards
            pulls[card] = float(place[others[0]])
        elif others:
            pulls[card] = sum([place[other] for other in others]) / len(others)
    moved = iter(sorted(pulls, key=pulls.__getitem__))
    layer[:] = [next(moved) if card in pulls else card for card in layer]
    _number(layer, place)


def _swap_neighbours(drawn: Strands, layers: Sequence[list[int]], place: list[int]) -> None:
    """Exchange two that stand one under the other wherever it saves crossings; once through, the next sweep goes on."""
    for layer in layers:
        ends = _ends(drawn, layer, place)
        for at in range(len(layer) - 1):
            (upper_left, upper_right), (lower_left, lower_right) = ends[at], ends[at + 1]
            if _gain(upper_left, lower_left) + _gain(upper_right, lower_right) > 0:
                layer[at], layer[at + 1] = layer[at + 1], layer[at]
                ends[at], ends[at + 1] = ends[at + 1], ends[at]
        _number(layer, place)


def _ends(drawn: Strands, layer: Sequence[int], place: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Where the links of each card end, left and right: the columns beside this one keep still meanwhile."""
    return [
        ([place[other] for other in drawn.left[card]], [place[other] for other in drawn.right[card]]) for card in layer
    ]


def _gain(upper: Sequence[int], lower: Sequence[int]) -> int:
    """How many crossings fewer, were the two with these ends swapped."""
    gain = 0
    for one in upper:
        for other in lower:
            if one > other:
                gain += 1
            elif one < other:
                gain -= 1
    return gain


def _crossings(layers: Sequence[Sequence[int]], right: Sequence[Sequence[int]], place: Sequence[int]) -> int:
    crossed = 0
    for layer in layers:
        passed: list[int] = []  # where the links above end, sorted
        for card in layer:
            for end in sorted([place[other] for other in right[card]]):  # so that those of one card don't count
                at = bisect_right(passed, end)
                crossed += len(passed) - at
                passed.insert(at, end)
    return crossed
