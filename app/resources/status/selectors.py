"""Label selectors as Kubernetes means them: `matchLabels` and `matchExpressions`. Pure; used by status and wiring."""

from collections.abc import Mapping
from typing import Any

from app.kube.objects import KubeObject
from app.resources.status import fields


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector (`{matchLabels, matchExpressions}`) picks these labels.

    An empty selector picks everything, an absent one (`None`) nothing, one that can't be understood nothing.
    """
    if not isinstance(selector, Mapping):
        return False
    wanted = fields.section(selector, "matchLabels")
    if not all(labels.get(key) == value for key, value in wanted.items()):
        return False
    expressions = selector.get("matchExpressions") or []
    return isinstance(expressions, list) and all(_holds(each, labels) for each in expressions)


def as_text(selector: Any) -> str:
    """`app=web, tier in (a, b)`: as `kubectl` writes it; empty for one that picks everything."""
    parts = [f"{key}={value}" for key, value in sorted(fields.section(selector, "matchLabels").items())]
    for each in fields.items(selector, "matchExpressions"):
        key, values = fields.text(each, "key"), ", ".join(_values(each))
        match each.get("operator"):
            case "In":
                parts.append(f"{key} in ({values})")
            case "NotIn":
                parts.append(f"{key} notin ({values})")
            case "Exists":
                parts.append(key)
            case "DoesNotExist":
                parts.append(f"!{key}")
    return ", ".join(parts)


def _values(expression: KubeObject) -> list[str]:
    values = expression.get("values")
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _holds(expression: Any, labels: Mapping[str, str]) -> bool:
    key = fields.text(expression, "key")
    match fields.at(expression, "operator"):
        case "In":
            return labels.get(key) in _values(expression)
        case "NotIn":  # an absent label is not in any set
            return labels.get(key) not in _values(expression)
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
