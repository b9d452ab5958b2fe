"""Label selectors mean what they mean to Kubernetes."""

from typing import Any

import pytest

from app.resources.status.selectors import as_text, selects

WEB = {"app": "web", "tier": "front"}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


CASES: list[tuple[Any, bool]] = [
    ({}, True),
    (None, False),
    ("nonsense", False),
    ({"matchLabels": {"app": "web"}}, True),
    ({"matchLabels": {"app": "web", "tier": "back"}}, False),
    (expression("tier", "In", "front", "back"), True),
    (expression("tier", "In", "back"), False),
    (expression("absent", "In", "x"), False),
    (expression("tier", "NotIn", "back"), True),
    (expression("tier", "NotIn", "front"), False),
    (expression("absent", "NotIn", "x"), True),
    (expression("app", "Exists"), True),
    (expression("absent", "Exists"), False),
    (expression("app", "DoesNotExist"), False),
    (expression("absent", "DoesNotExist"), True),
    (expression("app", "Unheard", "web"), False),
    ({"matchLabels": {"app": "web"}, **expression("tier", "In", "back")}, False),
]


@pytest.mark.parametrize(("selector", "picked"), CASES)
def test_selects(selector: Any, picked: bool) -> None:
    assert selects(selector, WEB) is picked


def test_a_selector_is_written_as_kubectl_does() -> None:
    both = {"matchLabels": {"tier": "front", "app": "web"}, **expression("zone", "NotIn", "a", "b")}

    assert as_text(both) == "app=web, tier=front, zone notin (a, b)"
    assert as_text(expression("app", "Exists")) == "app"
    assert as_text(expression("app", "DoesNotExist")) == "!app"
    assert as_text({}) == ""
