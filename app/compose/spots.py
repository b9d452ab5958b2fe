"""Where new cards lie beside old ones. Pure: old nodes stay, new ones are moved together, or laid out anew. Called by
`placing.py`.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, cast

from app.compose.drawing.cards import COLUMN_GAP, GRID, WIDTH, card_height, overlap
from app.compose.layout import laid_out
from app.manifests.graph import Edge, Graph, Node

_CELL: Final = 600  # higher than most cards: what overlaps is in this cell or beside it


def beside(old: Sequence[Node], new: Sequence[Node], edges: Sequence[Edge]) -> list[Node]:
    """The new nodes where they cover nothing.

    As they lie, if that covers nothing; laid out anew, if they cover each other; right of all old ones, if they cover
    one of those.
    """
    placed = list(new)
    if _cover(placed, placed):
        placed = list(laid_out(Graph(placed, edges)).nodes)
    if placed and _cover(placed, old):
        return _moved_right(placed, old)
    return placed


def _moved_right(new: Sequence[Node], old: Sequence[Node]) -> list[Node]:
    right = max(node["position"]["x"] for node in old) + WIDTH + COLUMN_GAP
    top = min(node["position"]["y"] for node in old)
    across = _on_grid(right - min(node["position"]["x"] for node in new), up=True)
    down = _on_grid(top - min(node["position"]["y"] for node in new), up=False)
    return [
        cast(Node, {**node, "position": {"x": node["position"]["x"] + across, "y": node["position"]["y"] + down}})
        for node in new
    ]


def _on_grid(distance: float, *, up: bool) -> int:
    return (math.ceil(distance / GRID) if up else round(distance / GRID)) * GRID


def _cover(some: Sequence[Node], others: Sequence[Node]) -> bool:
    """Does one of these cover one of those? The same node doesn't cover itself."""
    cells: dict[tuple[int, int], list[Node]] = {}
    for node in others:
        for cell in _cells(node):
            cells.setdefault(cell, []).append(node)
    return any(
        other is not node and overlap(node, other) for node in some for c in _cells(node) for other in cells.get(c, ())
    )


def _cells(node: Node) -> Iterable[tuple[int, int]]:
    """All cells that a card touches."""
    x, y = node["position"]["x"], node["position"]["y"]
    across = {math.floor(x / _CELL), math.floor((x + WIDTH) / _CELL)}
    height = card_height(node)
    down = range(math.floor(y / _CELL), math.floor((y + height) / _CELL) + 1)
    return [(column, row) for column in across for row in down]
