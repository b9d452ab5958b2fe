"""Where does each part of the drawing go? Parts that hang together beside each other, in the canvas's order. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.compose.drawing.cards import COLUMN, COLUMN_GAP, GRID, ROW_GAP

_PART_GAP: Final = 2 * COLUMN_GAP
_ROW_OF_PARTS_GAP: Final = 3 * ROW_GAP
_SHAPE: Final = 1.6  # width to height, as a screen
_STEP: Final = 4 * COLUMN  # the wanted width changes in such steps only: one more card rarely breaks rows elsewhere


@dataclass(frozen=True, slots=True)
class Part:
    """Cards with their places, from (0, 0), and the size of all together."""

    places: dict[int, tuple[int, int]]
    width: int
    height: int


def packed(parts: Sequence[Part]) -> dict[int, tuple[int, int]]:
    """Rows of parts, as wide as a screen's shape wants it, or as the widest part is.

    A part that fits under the one before it, in the height that the row has anyway, goes there.
    """
    area = sum((part.width + _PART_GAP) * (part.height + _ROW_OF_PARTS_GAP) for part in parts)
    widest = max((part.width for part in parts), default=0)
    wanted = max(widest, _STEP * math.ceil(math.sqrt(area * _SHAPE) / _STEP))
    places: dict[int, tuple[int, int]] = {}
    x = y = 0  # of the stack that grows
    row_height = stack_width = stack_height = 0
    for part in parts:
        room_below = row_height - stack_height - _ROW_OF_PARTS_GAP
        if stack_width and part.height <= room_below and x + part.width <= wanted:
            top = y + stack_height + _ROW_OF_PARTS_GAP
        else:
            x += stack_width + _PART_GAP if stack_width else 0
            if x and x + part.width > wanted:
                x, y, row_height = 0, y + row_height + _ROW_OF_PARTS_GAP, 0
            top, stack_width = y, 0
        places |= {card: (x + across, top + down) for card, (across, down) in part.places.items()}
        stack_width, stack_height = max(stack_width, part.width), top + _on_grid(part.height) - y
        row_height = max(row_height, stack_height)
    return places


def block(cards: Sequence[int], heights: Sequence[int]) -> Part:
    """Cards that nothing is joined to, row by row, each row as high as its highest card.

    Args:
        cards: in the canvas's order, at least one.
        heights: of all cards, by number.
    """
    tallest = max(heights[card] for card in cards)
    columns = math.ceil(math.sqrt(len(cards) * _SHAPE * (tallest + ROW_GAP) / COLUMN))
    places: dict[int, tuple[int, int]] = {}
    y = 0
    for start in range(0, len(cards), columns):
        row = cards[start : start + columns]
        places |= {card: (at * COLUMN, y) for at, card in enumerate(row)}
        y += _on_grid(max(heights[card] for card in row) + ROW_GAP)
    return Part(places, min(columns, len(cards)) * COLUMN - COLUMN_GAP, max(y - ROW_GAP, 0))


def _on_grid(length: int) -> int:
    return -(-length // GRID) * GRID
