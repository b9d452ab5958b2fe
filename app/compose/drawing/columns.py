"""In which column does each card stand? Every edge points right, workloads stand by their dependency level. Pure."""

from collections.abc import Sequence
from typing import Final

_ROUNDS: Final = 4  # more shorten nothing any more in graphs of 100 cards


def without_circles(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same edges, each once, those that close a circle turned round.

    A walk in depth, from the cards that nothing leads to, in the canvas's order. No recursion: a chain may be longer
    than Python's stack.
    """
    after = _neighbours(count, edges)
    entered = [False] * count
    left = [False] * count
    turned: set[tuple[int, int]] = set()
    fed = {target for _, target in edges}
    for root in sorted(range(count), key=lambda card: card in fed):
        if entered[root]:
            continue
        entered[root] = True
        path = [(root, iter(after[root]))]
        while path:
            card, coming = path[-1]
            for following in coming:
                if not entered[following]:
                    entered[following] = True
                    path.append((following, iter(after[following])))
                    break
                if not left[following]:  # it is on the path: this edge closes a circle
                    turned.add((card, following))
            else:
                left[card] = True
                path.pop()
    return sorted({(target, source) if (source, target) in turned else (source, target) for source, target in edges})


def columns(edges: Sequence[tuple[int, int]], is_workload: Sequence[bool]) -> list[int]:
    """The column of each card, the leftmost is 0.

    Workloads that need no other one share a column, and each other stands one right of the last that it needs: what is
    added further right moves none of them. All else stands just left of the first that it feeds.

    Args:
        edges: without circles, each (left, right).
        is_workload: of each card.
    """
    count = len(is_workload)
    after = _neighbours(count, edges)
    before = _neighbours(count, [(target, source) for source, target in edges])
    order = _topological(after, before)
    depth = [0] * count  # how many cards, none of them a workload, lead here
    for card in order:
        for earlier in before[card]:
            if not is_workload[earlier]:
                depth[card] = max(depth[card], depth[earlier] + 1)
    first = max((depth[card] for card in order if is_workload[card]), default=0)
    column = [first if is_workload[card] else 0 for card in range(count)]
    for card in order:
        for earlier in before[card]:
            column[card] = max(column[card], column[earlier] + 1)
    for card in reversed(order):
        if not is_workload[card] and after[card]:
            column[card] = min(column[following] for following in after[card]) - 1
    return _from_zero(column)


def shortened(edges: Sequence[tuple[int, int]], column: Sequence[int]) -> list[int]:
    """Other columns for the same cards, with shorter edges: each card goes to the side where it has more of them.

    Levels no longer count, only the edges: a data store that the last of ten services needs stands beside that one.
    """
    count = len(column)
    after = _neighbours(count, edges)
    before = _neighbours(count, [(target, source) for source, target in edges])
    place = list(column)
    for _ in range(_ROUNDS):
        for card in sorted(range(count), key=lambda card: -place[card]):
            # On a tie too: it costs nothing, and may let those that feed it follow.
            if after[card] and len(after[card]) >= len(before[card]):
                place[card] = min(place[following] for following in after[card]) - 1
        for card in sorted(range(count), key=place.__getitem__):
            if len(before[card]) > len(after[card]):
                place[card] = max(place[earlier] for earlier in before[card]) + 1
    return _from_zero(place)


def _from_zero(column: Sequence[int]) -> list[int]:
    leftmost = min(column, default=0)
    return [place - leftmost for place in column]


def _neighbours(count: int, edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        found[source].append(target)
    return found


def _topological(after: Sequence[Sequence[int]], before: Sequence[Sequence[int]]) -> list[int]:
    missing = [len(earlier) for earlier in before]
    order = [card for card, needed in enumerate(missing) if not needed]
    for card in order:  # grows while we walk along it
        for following in after[card]:
            missing[following] -= 1
            if not missing[following]:
                order.append(following)
    return order
