"""How large the canvas draws a card."""

from typing import Any

import pytest

from app.compose.drawing.cards import card_height, overlap
from app.manifests.graph import Node
from tests.drawings import a_node


def at(x: float, y: float, type_: str = "deployment") -> Node:
    return {**a_node("n", type_), "position": {"x": x, "y": y}}


@pytest.mark.parametrize(
    ("type_", "data", "height"),
    [
        ("deployment", {}, 170),
        ("statefulset", {}, 170),
        ("cronjob", {}, 230),
        ("service", {}, 120),
        ("configmap", {"data": {}}, 100),
        ("configmap", {"data": {"A": "1", "B": "2"}}, 168),
        ("secret", {"keys": [{}] * 9}, 236),
        ("persistentvolumeclaim", {}, 220),
        ("hpa", {}, 220),
        ("ingress", {"path": "/"}, 280),
        ("ingress", {"paths": [{}, {}]}, 380),
        ("networkpolicy", {}, 280),
        ("plugin", {}, 220),
        ("secret", {"keys": "no list"}, 100),
        ("configmap", {"data": 7}, 100),
    ],
)
def test_height_by_type_and_content(type_: str, data: dict[str, Any], height: int) -> None:
    assert card_height(a_node("n", type_, **data)) == height


def test_cards_overlap_only_where_they_share_ground() -> None:
    assert overlap(at(0, 0), at(279, 169))
    assert not overlap(at(0, 0), at(280, 0))
    assert not overlap(at(0, 0), at(0, 170))
    assert not overlap(at(0, 120), at(0, 0, "service"))
