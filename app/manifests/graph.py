"""The graph as the canvas sends and gets it. Shapes only; `workflows/sanitise.py` checks strangers' graphs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict


class Position(TypedDict):
    """Where a card lies on the canvas, in its pixels."""

    x: float
    y: float


class Node(TypedDict):
    """A card of the canvas. React Flow's further keys (`width`, `style`, ...) ride along."""

    id: str
    type: str
    position: Position
    data: dict[str, Any]


class Edge(TypedDict):
    """A line between two cards; people draw it in either direction."""

    id: str
    source: str
    target: str
    sourceHandle: NotRequired[str | None]
    targetHandle: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Graph:
    """A workflow's nodes and edges, in the canvas's order."""

    nodes: Sequence[Node] = ()
    edges: Sequence[Edge] = ()
