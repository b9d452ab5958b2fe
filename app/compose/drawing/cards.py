"""How large is a card, before the canvas has drawn it? Sizes in its pixels, as the UI draws each type. Pure."""

from collections.abc import Mapping, Sized
from typing import Any, Final

from app.manifests.graph import Node

GRID: Final = 20  # the canvas snaps to it
WIDTH: Final = 280
COLUMN_GAP: Final = 80
ROW_GAP: Final = 40
COLUMN: Final = WIDTH + COLUMN_GAP

WORKLOADS: Final = frozenset({"deployment", "statefulset", "daemonset", "job", "cronjob"})

_HEIGHTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(WORKLOADS, 170),
    "cronjob": 230,
    "service": 120,
    "persistentvolumeclaim": 220,
    "hpa": 220,
    "networkpolicy": 280,
}
_OTHER_HEIGHT: Final = 220  # plugins and what is still to come: as the larger ones
_ENTRY_HEIGHT, _ENTRIES_SHOWN = 34, 4
_PATH_HEIGHT: Final = 100


def card_height(node: Node) -> int:
    """Of one card. Data that isn't as it should be counts as empty: never raises."""
    data = node.get("data")
    match node["type"]:
        case "configmap":
            return 100 + _ENTRY_HEIGHT * min(_entries(data, "data"), _ENTRIES_SHOWN)
        case "secret":
            return 100 + _ENTRY_HEIGHT * min(_entries(data, "keys"), _ENTRIES_SHOWN)
        case "ingress":
            return 180 + _PATH_HEIGHT * max(_entries(data, "paths"), 1)  # without a list: the one of `path`
        case other:
            return _HEIGHTS.get(other, _OTHER_HEIGHT)


def _entries(data: Any, field: str) -> int:
    held = data.get(field) if isinstance(data, Mapping) else None
    return len(held) if isinstance(held, Sized) and not isinstance(held, str | bytes) else 0


def overlap(one: Node, other: Node) -> bool:
    """Do two cards cover each other, where they lie?"""
    (x, y), (x2, y2) = _corner(one), _corner(other)
    return abs(x - x2) < WIDTH and y < y2 + card_height(other) and y2 < y + card_height(one)


def _corner(node: Node) -> tuple[float, float]:
    return node["position"]["x"], node["position"]["y"]
