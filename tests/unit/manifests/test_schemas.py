"""Objects keep to the published schemas, strictly: no field that the API doesn't know. Needs no cluster."""

from typing import Any

import kubernetes_validate
import pytest

from tests.nodes import FULL, a_node, plan_of

VERSION = "1.34"


def objects() -> list[Any]:
    every = [(f"{kind}: every field", a_node(kind, **data)) for kind, data in sorted(FULL.items())]
    least = [(f"{kind}: least", a_node(kind)) for kind in sorted(FULL)]
    return [
        pytest.param(obj, id=f"{name} ({obj['kind']})")
        for name, node in (*every, *least)
        for obj in plan_of(node).nodes[0].objects
    ]


@pytest.mark.parametrize("obj", objects())
def test_an_object_keeps_to_its_schema(obj: dict[str, Any]) -> None:
    kubernetes_validate.validate(obj, VERSION, strict=True)  # raises
